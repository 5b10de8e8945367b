"""Label errors: two people with head length 10, so that a keypoint is right within 5 pixels (PCKh@0.5)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_data import annotation, dataset, written

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions, for_instances
from posebench.diagnosis.label_errors import LabelErrors, label_errors
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.scoring.compared import Compared

MPII, COCO = protocol("mpii"), protocol("coco")
WRIST, OTHER, KNEE = MPII.skeleton.index("left_wrist", "right_wrist", "left_knee")


def run(people: Instances, moved: dict[tuple[int, int], Any], **more: Any) -> Compared:
    """A file that is right but for some keypoints: (person, keypoint) → where it lies from the annotation, pixels."""
    guess = people.keypoints.copy()
    for place, by in moved.items():
        guess[place] += by
    return MPII.compared(for_instances(people, guess, **more), people, "official")


def found(*runs: Compared) -> list[tuple[int, str, str]]:
    return [(one.row, one.keypoint, one.kind) for one in label_errors(runs).found]


def test_a_keypoint_on_which_all_runs_agree_against_the_annotation_is_found(two_people: Instances) -> None:
    runs = run(two_people, {(0, WRIST): (30, 0)}), run(two_people, {(0, WRIST): (34, 0)})
    (one,) = label_errors(runs).found
    x, y = two_people.keypoints[0, WRIST]
    assert (one.row, one.image, one.person, one.keypoint) == (0, "a.jpg", 0, "left_wrist")
    assert (one.annotated, one.agreed) == ((x, y), (x + 32, y))
    assert (one.pixels, one.times, one.spread, one.kind) == pytest.approx((32, 32 / 5, 4 / 5, "miss"))


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ((30, 0), (36, 0), "runs that are 6 pixels apart do not agree"),
        ((30, 0), (0, 0), "the second run agrees with the annotation"),
        ((4, 0), (8, 0), "the first run is right"),
    ],
)
def test_a_keypoint_is_not_found_where(two_people: Instances, first: Any, second: Any, why: str) -> None:
    assert found(run(two_people, {(1, KNEE): first}), run(two_people, {(1, KNEE): second})) == [], why


def test_the_farthest_comes_first_in_units_of_each_persons_threshold(two_people: Instances) -> None:
    people = replace(two_people, measures={"head_length": np.array([10.0, 100.0])})
    moved: dict[tuple[int, int], Any] = {(1, KNEE): (0, 99), (0, WRIST): (0, 30)}
    assert [key[0] for key in found(run(people, moved), run(people, moved))] == [0, 1]


def test_what_lies_at_the_agreed_place_is_told(two_people: Instances) -> None:
    truth = two_people.keypoints
    moved: dict[tuple[int, int], Array] = {
        (0, WRIST): truth[0, OTHER] - truth[0, WRIST],
        (1, KNEE): truth[0, KNEE] - truth[1, KNEE],
    }
    assert set(found(run(two_people, moved), run(two_people, moved))) == {
        (0, "left_wrist", "inversion"), (1, "left_knee", "swap"),
    }  # fmt: skip


def test_a_keypoint_that_one_run_does_not_predict_is_agreed_on_by_nobody(two_people: Instances) -> None:
    missing = np.zeros(two_people.visibility.shape, bool)
    missing[0, WRIST] = True
    moved = {(0, WRIST): (30, 0)}
    assert found(run(two_people, moved), run(two_people, moved, missing=missing)) == []


def test_an_unlabelled_keypoint_is_not_found(two_people: Instances) -> None:
    two_people.visibility[0, WRIST] = 0
    moved = {(0, WRIST): (30, 0)}
    assert found(run(two_people, moved), run(two_people, moved)) == []


def test_the_lowest_score_of_the_runs_is_kept(two_people: Instances) -> None:
    scores = np.full(two_people.visibility.shape, 0.75)
    moved = {(0, WRIST): (30, 0)}
    made = label_errors([run(two_people, moved), run(two_people, moved, scores=scores)])
    assert [one.confidence for one in made.found] == [0.75]


def test_the_counts_are_of_keypoints_that_count(two_people: Instances) -> None:
    made: LabelErrors = label_errors([run(two_people, {(0, WRIST): (30, 0)}), run(two_people, {(0, WRIST): (90, 0)})])
    counted = int(MPII.compared(for_instances(two_people, two_people.keypoints), two_people, "official").counted.sum())
    assert (made.runs, made.counted, made.agreed, made.right) == (2, counted, counted - 1, counted - 1)
    assert made.right_if == "PCKh@0.5"


def test_files_without_a_detection_agree_on_nothing(tmp_path: Path) -> None:
    people, none = COCO.instances(written(tmp_path / "a.json", dataset(annotation())), "val"), np.zeros(0, int)
    empty = Predictions(
        keypoint_names=people.skeleton.keypoints, images=people.images, image=none, person=none, score=np.zeros(0),
        keypoints=np.zeros((0, 17, 2)), scores=np.zeros((0, 17)), missing=np.zeros((0, 17), bool),
    )  # fmt: skip
    compared = COCO.compared(empty, people, "official")
    made = label_errors([compared, compared])
    assert (made.counted, made.agreed, made.found) == (17, 0, ())


def test_one_run_has_nobody_to_agree_with(two_people: Instances) -> None:
    with pytest.raises(PosebenchError, match="need 2 runs or more that agree with each other; there is 1"):
        label_errors([run(two_people, {})])
