"""A note on keypoints in another order than the annotation's, and none on files that are merely good or bad."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posebench.data.instances import Instances
from posebench.plugins.registry import protocol
from posebench.scoring.joint_order import reordered
from posebench.synthetic.people import instances as synthetic

SKELETON = protocol("mpii").skeleton
FILES = {
    "mpii": ("annot/valid.h5", "val", ("hg_s2_b1.mat", "hg_s8_b1.mat", "newell.h5", "valid-example.h5")),
    "flic": ("annot/valid.h5", "test", ("yang16_oc.mat",)),
    "lsp": ("lsp/joints.mat", "test", ("yang16_pc.mat",)),
}


@pytest.fixture(scope="module")
def people() -> Instances:
    return synthetic(SKELETON, "val", 60)


def notes(people: Instances, keypoints: Any) -> tuple[str, ...]:
    return reordered(keypoints, np.zeros(keypoints.shape[:2], bool), people)


def noisy(people: Instances, part: float) -> Any:
    """The truth, moved at random by a part of each person's size."""
    noise = np.random.default_rng(3).normal(size=people.keypoints.shape)
    return people.keypoints + part * people.size[:, None, :1] * noise


def test_two_exchanged_keypoints_are_named(people: Instances) -> None:
    order = np.arange(16)
    order[[0, 9]] = 9, 0  # right ankle and head top
    (note,) = notes(people, people.keypoints[:, order])
    assert "(2 of 16): predicted right_ankle lies at head_top, head_top lies at right_ankle." in note


@pytest.mark.parametrize("part", [0.0, 0.03])
def test_reversed_and_shuffled_keypoints_draw_a_note(people: Instances, part: float) -> None:
    given = noisy(people, part)
    assert "predicted right_ankle lies at left_wrist" in notes(people, given[:, ::-1])[0]
    assert "(16 of 16)" in notes(people, given[:, np.roll(np.arange(16), 5)])[0]


@pytest.mark.parametrize("part", [0.0, 0.05, 0.2, 1.0])
def test_neither_the_truth_nor_noise_around_it_draws_a_note(people: Instances, part: float) -> None:
    assert notes(people, noisy(people, part)) == ()


def test_bad_networks_draw_no_note(people: Instances) -> None:
    rng = np.random.default_rng(5)
    middle = np.repeat(people.center[:, None], 16, axis=1)
    assert notes(people, middle) == ()
    assert notes(people, middle + rng.uniform(-0.5, 0.5, middle.shape) * people.size[:, None]) == ()
    mean = np.mean((people.keypoints - people.center[:, None]) / people.size[:, None], axis=0)
    assert notes(people, people.center[:, None] + mean * people.size[:, None]) == ()


def test_few_people_draw_no_note(people: Instances) -> None:
    few = people.take(np.arange(29))
    assert notes(few, few.keypoints[:, ::-1]) == ()


def test_a_keypoint_that_nobody_has_is_left_out(people: Instances) -> None:
    missing = np.zeros((60, 16), bool)
    missing[:, 4] = True
    keypoints = np.where(missing[..., None], np.nan, people.keypoints)
    assert reordered(keypoints, missing, people) == ()
    assert "(14 of 15)" in reordered(keypoints[:, ::-1], missing[:, ::-1], people)[0]


@pytest.mark.parametrize("name, change", [
    ("reversed", lambda points, pairs: points[:, ::-1]),
    ("left and right exchanged", lambda points, pairs: points[:, pairs]),
])  # fmt: skip
@pytest.mark.parametrize("dataset", ["mpii", "flic", "lsp"])
def test_real_files_draw_a_note_only_when_their_keypoints_are_exchanged(
    shared: Path, dataset: str, name: str, change: Callable[[Any, Any], Any]
) -> None:
    annotation, split, files = FILES[dataset]
    rules = protocol(dataset)
    truth = rules.instances(shared / "data" / dataset / annotation, split)
    for file in files:
        given = rules.read_predictions(shared / "data" / dataset / "predictions" / file, truth).keypoints
        assert notes(truth, given) == ()
        assert len(notes(truth, change(given, list(truth.skeleton.flip_order)))) == 1
