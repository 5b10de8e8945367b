"""A part of a split's people: who is chosen, and what is left out with the others."""

from dataclasses import replace

import numpy as np
import pytest

from posebench.data.chosen import choose, chosen, in_images_of
from posebench.data.instances import Instances
from posebench.data.provenance import Chosen
from posebench.errors import PosebenchError


@pytest.fixture
def people(two_people: Instances) -> Instances:
    """Seven people in the images 0, 0, 1, 2, 2, 3 and 4, numbered in order; the second one is a crowd."""
    rows = np.array([0, 1, 0, 0, 1, 0, 0])
    return replace(
        two_people.take(rows), images=tuple("abcde"), image_ids=np.arange(10, 15), image=np.array([0, 0, 1, 2, 2, 3, 4]),
        person=np.arange(7), usable=np.arange(7) != 1, groups=np.array(list("vvwwx")), image_sizes=np.arange(10.0).reshape(5, 2),
        image_measures={"crowdIndex": np.arange(5) / 10}, ignored={2: (np.zeros((3, 2)),), 3: (np.ones((4, 2)),)},
    )  # fmt: skip


def test_chosen_people_are_spread_over_the_usable_ones_and_only_their_images_stay(people: Instances) -> None:
    part = choose(people, 3)  # of the rows 0, 2, 3, 4, 5, 6
    assert part.person.tolist() == [0, 3, 5]
    assert (part.images, part.image.tolist(), part.image_ids.tolist()) == (("a", "c", "d"), [0, 1, 2], [10, 12, 13])
    assert part.groups is not None and part.groups.tolist() == ["v", "w", "w"]
    assert part.image_sizes is not None and part.image_sizes.tolist() == [[0, 1], [4, 5], [6, 7]]
    assert part.image_measures["crowdIndex"].tolist() == [0, 0.2, 0.3]
    assert {row: len(regions[0]) for row, regions in part.ignored.items()} == {1: 3, 2: 4}
    assert part.chosen == Chosen(people=3, of=6, in_images=False)
    assert part.chosen.sentence == "3 of 6 people"


def test_with_a_detectors_boxes_everybody_in_the_images_counts_and_no_other_box(people: Instances) -> None:
    part = choose(people, 3, detected=True)
    assert part.person.tolist() == [0, 1, 3, 4, 5]
    assert part.chosen is not None and part.chosen.sentence == "everybody in the images of 3 of 6 people"
    boxes = replace(people.take(np.array([2, 4, 6])), box_source="boxes.json >= 0.3", groups=None, ignored={})
    found = in_images_of(boxes, part)
    assert (found.person.tolist(), found.images, found.chosen) == ([4], part.images, part.chosen)
    assert in_images_of(boxes, people) is boxes
    with pytest.raises(PosebenchError, match=r"boxes.json >= 0.3 has no box in 1 image of --people"):
        in_images_of(boxes, choose(people, 1, detected=True))


def test_a_stated_part_is_found_again_and_of_all_people_nobody_is_left_out(people: Instances) -> None:
    part = choose(people, 4)
    assert chosen(people, part.chosen).person.tolist() == part.person.tolist() == [0, 2, 4, 5]
    assert chosen(part, part.chosen) is part
    assert choose(people, 6) is choose(people, None) is chosen(people, None) is people


@pytest.mark.parametrize("count", [0, 7])
def test_more_people_than_there_are_cannot_be_chosen(people: Instances, count: int) -> None:
    with pytest.raises(PosebenchError, match=f"--people {count} should be from 1 to 6, the people of mpii val"):
        choose(people, count)


def test_a_part_of_other_people_is_refused(people: Instances) -> None:
    with pytest.raises(PosebenchError, match="The predictions are of 2 of 9 people, but mpii val has 6 people"):
        chosen(people, Chosen(people=2, of=9))
    with pytest.raises(PosebenchError, match="are of 2 of 6 people, but mpii val has 3 of 6 people"):
        chosen(choose(people, 3), Chosen(people=2, of=6))
    with pytest.raises(PosebenchError, match="are of 9 of 6 people"):
        chosen(people, Chosen(people=9, of=6))
