"""What must hold of every protocol, whatever the people: the truth is perfect, order is nothing, and moving away never helps."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posebench.data.instances import Instances
from posebench.data.predictions import Predictions, for_instances
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import protocol
from posebench.scoring import bootstrap

PROTOCOLS = ("mpii", "flic", "coco", "lsp")
FAR = 10_000.0
"""Pixels between people, so that nobody's keypoints are near another's."""


@pytest.fixture(autouse=True)
def _few_resamples() -> Iterator[None]:
    """The intervals are not what is tested here."""
    before, bootstrap.RESAMPLES = bootstrap.RESAMPLES, 2
    yield
    bootstrap.RESAMPLES = before


def people(name: str, seed: int) -> Instances:
    """Two to five people in up to three images, far from each other, with some keypoints occluded or unlabelled."""
    random = np.random.default_rng(seed)
    skeleton = protocol(name).skeleton
    n, k = int(random.integers(2, 6)), len(skeleton)
    image = np.sort(random.integers(0, 3, n))
    visibility = random.choice(np.array([0, 1, 2], np.int8), (n, k), p=[0.2, 0.3, 0.5])
    visibility[:, 0] = 2
    visibility[0] = np.where(visibility[0] == 0, 2, visibility[0])  # every keypoint is annotated on somebody
    corner = FAR * np.arange(n)[:, None, None]
    size = random.uniform(60, 200, n)
    numbers = random.permutation(n) + 1
    measures = {
        "head_length": size / 8, "torso_diameter": size / 3, "torso_diameter_normalize": size / 3,
        "area": size**2 / 2, "id": numbers,
        "iscrowd": np.zeros(n, np.int64), "num_keypoints": (visibility > 0).sum(axis=1), "category_id": np.ones(n, np.int64),
    }  # fmt: skip
    return Instances(
        dataset=name, split=protocol(name).report_split, skeleton=skeleton, images=("a.jpg", "b.jpg", "c.jpg"),
        image_ids=np.array([3, 5, 9]), image=image, person=numbers, center=corner[:, 0] + np.zeros((n, 2)) + size[:, None] / 2,
        size=np.repeat(size[:, None], 2, axis=1), keypoints=corner + random.uniform(0, 1, (n, k, 2)) * size[:, None, None],
        visibility=visibility, usable=np.ones(n, bool),
        bbox=np.column_stack([corner[:, 0, 0], corner[:, 0, 0], size, size]), measures=measures,
    )  # fmt: skip


def scale(name: str, people: Instances) -> Any:
    """(N,) pixels by which a keypoint may be off and still count at the protocol's own threshold, with a margin."""
    if name == "coco":  # at OKS 0.95 for the smallest sigma, 0.25 / 10
        return 0.9 * np.sqrt(2 * -np.log(0.95) * people.measures["area"]) * 2 * 0.025
    part, of = {"mpii": (0.5, "head_length"), "flic": (0.2, "torso_diameter"), "lsp": (0.2, "torso_diameter")}[name]
    return 0.99 * part * people.measures[of]


def headlines(rules: Protocol, made: Predictions, of: Instances) -> dict[str, float]:
    return {name: rules.score(made, of, name).metrics[rules.headline] for name in _conventions(rules)}


def _conventions(rules: Protocol) -> list[str]:
    """Those that can be computed on any people: COCO's others need boxes, FLIC's person-centric ones somebody's own sides.

    Of LSP's, those of keypoints: `scale` is not about limbs.
    """
    return [
        name
        for name in rules.conventions
        if name == "official" or rules.name == "mpii" or (name.startswith("observer") and not name.endswith("pcp"))
    ]


def full(rules: Protocol) -> float:
    return 100.0 if rules.unit == "%" else 1.0


any_people = given(st.sampled_from(PROTOCOLS), st.integers(0, 2**32 - 1))
quick = settings(max_examples=60, deadline=None)


@quick
@any_people
def test_the_truth_is_perfect(name: str, seed: int) -> None:
    rules, of = protocol(name), people(name, seed)
    for convention, value in headlines(rules, for_instances(of, of.keypoints), of).items():
        assert value == pytest.approx(full(rules)), convention


@quick
@any_people
def test_the_order_of_predictions_is_nothing(name: str, seed: int) -> None:
    rules, of = protocol(name), people(name, seed)
    random = np.random.default_rng(seed)
    made = for_instances(
        of, of.keypoints + random.normal(0, 8, of.keypoints.shape), random.uniform(0, 1, of.visibility.shape)
    )
    order = random.permutation(len(made))
    columns = {
        column: getattr(made, column)[order]
        for column in ("image", "person", "keypoints", "scores", "score", "missing")
    }
    assert headlines(rules, replace(made, **columns), of) == headlines(rules, made, of)


@quick
@any_people
def test_the_order_of_annotations_is_nothing(name: str, seed: int) -> None:
    rules, of = protocol(name), people(name, seed)
    random = np.random.default_rng(seed)
    made = for_instances(
        of, of.keypoints + random.normal(0, 8, of.keypoints.shape), random.uniform(0, 1, of.visibility.shape)
    )
    order = random.permutation(len(of))
    order = order[np.argsort(of.image[order], kind="stable")]  # people of one image stay together
    assert headlines(rules, made, of.take(order)) == pytest.approx(headlines(rules, made, of))


@quick
@any_people
def test_a_prediction_off_by_less_than_the_threshold_still_counts(name: str, seed: int) -> None:
    rules, of = protocol(name), people(name, seed)
    angle = np.random.default_rng(seed).uniform(0, 2 * np.pi, of.visibility.shape)
    off = scale(name, of)[:, None, None] * np.stack([np.cos(angle), np.sin(angle)], axis=2)
    for convention, value in headlines(rules, for_instances(of, of.keypoints + off), of).items():
        assert value == pytest.approx(full(rules)), convention


@quick
@given(st.sampled_from(PROTOCOLS), st.integers(0, 2**32 - 1), st.floats(1, 30))
def test_a_prediction_that_moves_away_never_scores_higher(name: str, seed: int, factor: float) -> None:
    rules, of = protocol(name), people(name, seed)
    random = np.random.default_rng(seed)
    off = random.normal(0, 6, of.keypoints.shape)
    scores = random.uniform(0, 1, of.visibility.shape)
    further = np.where(random.uniform(0, 1, of.visibility.shape) < 0.5, factor, 1)[..., None] * off
    before = headlines(rules, for_instances(of, of.keypoints + off, scores), of)
    after = headlines(rules, for_instances(of, of.keypoints + further, scores), of)
    assert all(after[convention] <= before[convention] + 1e-12 for convention in before)
