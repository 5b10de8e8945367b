"""OKS of pairs, and the proof that most pairs need none."""

from typing import Any

import numpy as np
import pytest

from posebench.scoring.oks_similarity import Estimate, People, as_complex, similarity

SIGMAS = np.array([0.1, 0.05, 0.2])


def people(keypoints: Any, labelled: Any, area: Any, bbox: Any = None) -> People:
    n = len(keypoints)
    return People(
        image=np.zeros(n, int), id=np.arange(1, n + 1), keypoints=np.array(keypoints, float), labelled=np.array(labelled, bool),
        area=np.array(area, float), bbox=np.zeros((n, 4)) if bbox is None else np.array(bbox, float),
        crowd=np.zeros(n, bool), ignored=np.zeros(n, bool),
    )  # fmt: skip


def test_a_keypoint_one_sigma_away_has_the_similarity_of_the_paper() -> None:
    # Area 100, sigma 0.1: k·s = 2 · 0.1 · 10 = 2 pixels, and exp(-2² / (2 · 2²)) = exp(-1/2).
    one = people([[[5, 5], [0, 0], [0, 0]]], [[1, 0, 0]], [100])
    assert similarity(
        np.array([[[5.0, 7.0], [99, 99], [99, 99]]]), one, np.array([0]), np.array([0]), SIGMAS
    ) == pytest.approx([np.exp(-0.5)])


def test_whoever_has_no_labelled_keypoint_is_compared_by_the_doubled_box() -> None:
    # Box 10..20 x 30..50 doubles to 0..30 x 10..70. Two keypoints lie in it, the third is infinitely far.
    one = people(np.zeros((1, 3, 2)), np.zeros((1, 3)), [100], [[10, 30, 10, 20]])
    found = np.array([[[0.0, 10.0], [30.0, 70.0], [900.0, 40.0]]])
    assert similarity(found, one, np.array([0]), np.array([0]), SIGMAS) == pytest.approx([2 / 3])


def drawn(seed: int, keypoint_count: int) -> tuple[np.ndarray, People, np.ndarray, np.ndarray, np.ndarray]:
    """300 detections beside and far from 60 people, and 3,000 pairs of them."""
    random = np.random.default_rng(seed)
    at = random.uniform(0, 300, (60, keypoint_count, 2))
    labelled = random.random((60, keypoint_count)) < random.choice([0, 0.2, 0.7, 1], 60)[:, None]
    area = random.choice([0, 50, 2000, 40000], 60)
    annotated = people(at, labelled, area, random.uniform(-20, 150, (60, 4)))
    person, detection = random.integers(0, 60, 3000), random.integers(0, 300, 3000)
    nearest = random.integers(0, 60, 300)
    person[::3] = nearest[detection[::3]]
    near = at[nearest] + random.normal(0, 1, (300, keypoint_count, 2)) * random.choice([0, 1, 9, 40], (300, 1, 1))
    near[random.random((300, keypoint_count)) < 0.3] += 500  # some keypoints far off, so that OKS is about a half
    return near, annotated, detection, person, random.uniform(0.02, 0.11, keypoint_count)


@pytest.mark.parametrize("keypoint_count", [1, 2, 5, 17, 30])
@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.9])
def test_no_pair_that_reaches_the_threshold_is_dropped(keypoint_count: int, threshold: float) -> None:
    reaching = dropped = 0
    for seed in range(12):
        found, annotated, detection, person, sigmas = drawn(seed, keypoint_count)
        value = similarity(found, annotated, detection, person, sigmas)
        kept = Estimate(annotated, sigmas, threshold).possible(as_complex(found), detection, person)
        assert np.isin(np.flatnonzero(value >= threshold), kept).all()
        assert (np.diff(kept) > 0).all()
        reaching += int((value >= threshold).sum())
        dropped += len(person) - len(kept)
    assert reaching > 150 and dropped > 1000  # the cases are worth something


def test_a_pair_of_exactly_the_threshold_is_kept() -> None:
    one = people(np.zeros((1, 4, 2)), np.ones((1, 4)), [100])
    found = np.array([[[0.0, 0.0], [0.0, 0.0], [1e6, 0.0], [0.0, 1e6]]])
    sigmas = np.full(4, 0.1)
    pair = np.array([0]), np.array([0])
    assert similarity(found, one, *pair, sigmas).tolist() == [0.5]
    assert Estimate(one, sigmas, 0.5).possible(as_complex(found), *pair).tolist() == [0]


def test_hardly_a_pair_of_different_people_is_compared_in_full() -> None:
    random = np.random.default_rng(0)
    annotated = people(random.uniform(0, 500, (50, 17, 2)), random.random((50, 17)) < 0.7, np.full(50, 3000))
    found = random.uniform(0, 500, (200, 17, 2))
    detection, person = np.divmod(np.arange(10000), 50)
    sigmas = np.full(17, 0.08)
    assert len(Estimate(annotated, sigmas, 0.5).possible(as_complex(found), detection, person)) < 50


@pytest.mark.parametrize("far", [1e200, -1.7e308])
def test_keypoints_beyond_all_numbers_are_not_similar(far: float) -> None:
    annotated = people(
        [[[1, 2]] * 3, [[-far, 2]] * 3, [[1, 2]] * 3], [[1, 0, 0], [1, 1, 1], [0, 0, 0]], [100, 100, 100]
    )
    found, rows = np.full((3, 3, 2), far), np.arange(3)
    assert similarity(found, annotated, rows, rows, SIGMAS).tolist() == [0, 0, 0]
    kept = Estimate(annotated, SIGMAS, 0.5).possible(as_complex(found), rows, rows)
    assert set(kept.tolist()) <= {0, 1, 2}  # without a warning, which would be an error here
