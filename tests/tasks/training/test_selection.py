"""The people who choose a checkpoint: never those who are reported, never trained on, and the same for every run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_coco import name_of, write_coco

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins import recipe as recipes
from posebench.plugins import registry
from posebench.plugins.protocol import RunSplits
from posebench.synthetic import people as synthetic
from posebench.tasks.people import left_out_note, run_splits
from posebench.tasks.training.selection import choose_people, held_out, scored_split

MPII, COCO = registry.protocol("mpii"), registry.protocol("coco")


def people(count: int = 20) -> Instances:
    return synthetic.instances(MPII.skeleton, "train", count)


def names(instances: Instances) -> set[str]:
    """The images that show the people."""
    return {instances.images[row] for row in instances.image.tolist()}


def test_without_a_selection_split_a_tenth_of_the_training_images_is_held_out() -> None:
    chosen = choose_people(MPII, None, people(20))
    assert (len(chosen.train), len(chosen.people), chosen.split) == (18, 2, "10 % of train")
    assert names(chosen.train).isdisjoint(names(chosen.people))
    assert names(chosen.train) | names(chosen.people) == set(people(20).images)
    assert chosen.note == (
        "2 people of 2 images of train choose the best checkpoint and are not trained on; 18 people are."
    )


def test_of_several_processes_one_validates_and_the_run_says_so() -> None:
    chosen = held_out(people(20))
    assert chosen.notes(1) == (chosen.note,)
    assert chosen.notes(4)[1:] == ("The first of 4 processes validates; the others wait for it.",)


def test_the_held_out_people_are_the_same_every_time() -> None:
    assert names(held_out(people(40)).people) == names(held_out(people(40)).people)


def test_a_selection_is_told_by_its_images() -> None:
    first, again, other = (held_out(people(count)).identity for count in (20, 20, 40))
    assert first == again != other
    assert first.startswith("10 % of train (")


def test_people_of_one_image_are_held_out_together() -> None:
    alone = people(20)
    pairs = replace(alone, image=np.repeat(np.arange(10), 2), images=alone.images[:10], image_ids=np.arange(10))
    chosen = held_out(pairs)
    assert (len(chosen.people), len(names(chosen.people)), len(chosen.people.images)) == (2, 1, 1)
    assert (len(chosen.train), names(chosen.train).isdisjoint(names(chosen.people))) == (18, True)


def test_images_of_one_film_are_held_out_together() -> None:
    films = replace(people(20), groups=np.repeat(["a", "b"], 10), group="film")
    chosen = held_out(films)
    assert (len(chosen.people), len(set(chosen.people.groups))) == (10, 1)
    assert "10 people of 1 film of train" in chosen.note


def test_crowds_of_a_held_out_image_are_scored_with_it() -> None:
    alone = people(3)
    crowded = replace(
        alone, image=np.array([0, 0, 1]), images=alone.images[:2], image_ids=np.arange(2),
        usable=np.array([True, False, True]), person=np.array([0, 1, 0]),
    )  # fmt: skip
    chosen = held_out(crowded)
    assert (len(chosen.train), len(chosen.people)) in ((1, 2), (2, 1))
    assert (chosen.train.usable.sum(), chosen.people.usable.sum()) == (1, 1)


def test_one_image_cannot_be_held_out() -> None:
    with pytest.raises(PosebenchError, match="synthetic people train has 1 image to train on, so none can be held out"):
        held_out(people(1))


def test_the_reported_split_is_refused() -> None:
    with pytest.raises(
        PosebenchError, match=r"--select-by val: scores of val are reported.*another split: train, test"
    ):
        choose_people(MPII, None, people(), "val")


def test_an_unknown_split_names_the_known_ones() -> None:
    with pytest.raises(PosebenchError, match="No split of mpii is named 'vall'. Did you mean 'val'"):
        choose_people(MPII, None, people(), "vall")


def test_a_named_split_chooses_and_all_training_people_stay() -> None:
    chosen = choose_people(MPII, None, people(), "test")
    assert (len(chosen.train), len(chosen.people), chosen.split) == (20, 500, "test")
    assert chosen.note == "500 people of test choose the best checkpoint; 20 people are trained on."


def test_a_protocol_names_its_own_selection_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MPII, "run_splits", lambda root: RunSplits("train", "val", select="test"), raising=False)
    assert choose_people(MPII, None, people()).split == "test"
    assert choose_people(MPII, None, people(), "train").split == "10 % of train"


def described(folder: Path, select: str) -> tuple[Path, Path]:
    """A dataset of three splits in COCO's form, and its description; `choose` has the photographs of `select`."""
    root = write_coco(folder / "data")
    lines = ["name = 'mine'", "sigmas = 'coco'", f"keypoints = {list(COCO.skeleton.keypoints)}"]
    for split, of in (("train", "train"), ("val", "val"), ("choose", select)):
        annotations = f"annotations/person_keypoints_{of}2017.json"
        lines += [f"[files.{split}]", f"annotations = '{annotations}'", f"images = '{of}2017'"]
    file = folder / "mine.toml"
    file.write_text("\n".join(lines) + "\n")
    return root, file


def test_people_who_cannot_be_scored_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise PosebenchError("no head boxes.")

    monkeypatch.setattr(MPII, "score", fail, raising=False)
    with pytest.raises(PosebenchError, match=r"--select-by test: no head boxes\."):
        choose_people(MPII, None, people(), "test")


def test_images_of_a_named_split_are_not_trained_on(tmp_path: Path) -> None:
    root, file = described(tmp_path, "train")
    protocol = registry.protocol(f"coco:{file}")
    train = protocol.instances(root, "train")
    with pytest.raises(PosebenchError, match="Nobody of mine.* is left to train on without the images of choose"):
        choose_people(protocol, root, train, "choose")
    other = replace(train, images=("another.png", *train.images[1:]))
    chosen = choose_people(protocol, root, other, "choose")
    assert (names(chosen.train), len(chosen.people)) == ({"another.png"}, 4)
    assert chosen.note == "4 people of choose choose the best checkpoint and are not trained on; 1 person is."


def test_a_split_that_shares_images_with_the_reported_one_is_refused(tmp_path: Path) -> None:
    root, file = described(tmp_path, "val")
    protocol = registry.protocol(f"coco:{file}")
    with pytest.raises(
        PosebenchError, match=rf"3 images of choose are also in val, whose scores .*{name_of('val', 1)}"
    ):
        choose_people(protocol, root, protocol.instances(root, "train"), "choose")


def test_a_run_scores_the_split_that_is_asked_for_unless_it_was_trained_on_or_selected_by(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_TRAIN", 1_200)
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 30)
    splits = run_splits(MPII, None)
    assert scored_split(MPII, None, splits, "test") == replace(splits, report="test")
    with pytest.raises(PosebenchError, match="--split train: 1,200 images of train are trained on, being in train too"):
        scored_split(MPII, None, splits, "train")
    with pytest.raises(PosebenchError, match="--split val: 30 images of val choose the best checkpoint"):
        scored_split(MPII, None, splits, "val", select_by="val")


@pytest.mark.parametrize(
    ("people", "last_batch", "begins"),
    [(24, "drop", "Each epoch trains on 16 of 24 people,"), (32, "drop", ""), (24, "keep", ""), (9, "drop", "")],
)
def test_people_whom_an_epoch_leaves_out_are_counted(people: int, last_batch: str, begins: str) -> None:
    recipe = recipes.choose("common").changed(batch_size=16, last_batch=last_batch)
    note = left_out_note(people, recipe)
    assert note.startswith(begins) and bool(note) == bool(begins)
