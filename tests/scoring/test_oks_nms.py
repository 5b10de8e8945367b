"""Rescoring and OKS-NMS: by hand, and equal to one pose after the other, in both precisions."""

import time
from typing import Any

import numpy as np
import pytest

from posebench.scoring.oks_nms import SOFT_LIMIT, rescored, similarity, soft_suppress, suppress

SIGMAS = np.array([0.05, 0.1, 0.025])


def test_a_score_is_the_boxs_times_the_mean_of_confidences_above_a_fifth() -> None:
    confidences = np.array([[0.2, 0.4, 0.8], [0.1, 0.2, 0.0], [0.3, 0.3, 0.9]])
    assert rescored(confidences, np.array([0.5, 0.9, 1.0])).tolist() == pytest.approx([0.3, 0.0, 0.5])


def test_confidences_are_added_one_after_the_other() -> None:
    """A pairwise sum would differ in the last bit, and bits decide ties."""
    confidences = np.random.default_rng(0).random((50, 17)).astype(np.float32) * 0.8 + 0.2001
    expected = []
    for row in confidences:
        total = np.float32(0)
        for value in row:
            total = np.float32(total + value)
        expected.append(total / np.float32(17))
    assert rescored(confidences, np.ones(50, np.float32)).tolist() == expected
    assert rescored(confidences, np.ones(50, np.float32)).tolist() != confidences.mean(axis=1).tolist()


def test_similarity_is_oks_of_the_mean_area_over_all_keypoints() -> None:
    one, other = np.zeros((1, 3, 2)), np.array([[[3.0, 4.0], [0, 0], [0, 0]]])
    first = np.exp(-25 / (2 * 500 * 0.1**2))
    assert similarity(one, other, np.array([500.0]), SIGMAS)[0] == pytest.approx((first + 2) / 3)


def cluster(*shifts: float) -> Any:
    """Poses of three keypoints, moved to the right by these pixels."""
    return np.array([[[10.0, 20], [30, 40], [50, 10]]]) + np.array(shifts)[:, None, None] * [1, 0]


def test_of_equal_poses_in_an_image_the_best_scored_is_left() -> None:
    image, score = np.array([1, 1, 0, 1]), np.array([0.5, 0.9, 0.1, 0.7])
    kept = suppress(image, cluster(0, 0, 0, 200), score, np.full(4, 900.0), SIGMAS)
    assert kept.tolist() == [2, 1, 3]  # image 0 first; within image 1 by score


def test_of_equal_scores_the_later_is_left() -> None:
    assert suppress(np.zeros(3, int), cluster(0, 0, 0), np.ones(3), np.full(3, 900.0), SIGMAS).tolist() == [2]


def test_who_is_suppressed_suppresses_nobody() -> None:
    area, score = np.full(3, 900.0), np.array([0.9, 0.8, 0.7])
    near = (
        similarity(cluster(0), cluster(0.8), area[:1], SIGMAS)[0],
        similarity(cluster(0), cluster(1.6), area[:1], SIGMAS)[0],
    )
    assert near[0] > 0.9 > near[1]
    assert suppress(np.zeros(3, int), cluster(0, 0.8, 1.6), score, area, SIGMAS).tolist() == [0, 2]


def test_the_soft_kind_puts_equal_poses_behind_and_keeps_twenty() -> None:
    score = np.array([0.9, 0.8, 0.7])
    kept = soft_suppress(np.zeros(3, int), cluster(0, 0, 200), score, np.full(3, 900.0), SIGMAS)
    assert kept.tolist() == [0, 2, 1]
    many = np.arange(30.0)
    kept = soft_suppress(np.zeros(30, int), cluster(*(many * 300)), many, np.full(30, 900.0), SIGMAS)
    assert kept.tolist() == list(range(29, 9, -1))
    assert len(kept) == SOFT_LIMIT


@pytest.mark.parametrize("kind", [suppress, soft_suppress])
def test_nobody_is_left_of_nobody(kind: Any) -> None:
    none = np.zeros(0)
    assert kind(np.zeros(0, int), np.zeros((0, 3, 2)), none, none, SIGMAS).tolist() == []


def one_by_one(poses: Any, score: Any, area: Any, sigmas: Any, soft: bool) -> list[int]:
    """The rule, read aloud: pairs in plain loops, for one image."""

    def oks(i: int, j: int) -> Any:
        kind = area.dtype.type
        squares = ((poses[i] - poses[j]) ** 2)[:, 0] + ((poses[i] - poses[j]) ** 2)[:, 1]
        exponent = squares / (sigmas * 2) ** 2 / ((area[i] + area[j]) / 2 + kind(np.spacing(1))) / 2
        return kind(np.sum(np.exp(-exponent)) / kind(len(sigmas)))

    left, now, kept = list(range(len(score))), score.copy(), []
    left = [int(i) for i in np.argsort(score, kind="stable")[::-1]]
    while left and (not soft or len(kept) < SOFT_LIMIT):
        best, *left = left
        kept.append(best)
        if soft:
            for other in left:
                now[other] = now[other] * np.exp(-(oks(best, other) ** 2) / area.dtype.type(0.9))
            left = [left[i] for i in np.argsort(now[left], kind="stable")[::-1]]
        else:
            left = [other for other in left if oks(best, other) <= area.dtype.type(0.9)]
    return kept


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("keypoints", [3, 17])
@pytest.mark.parametrize("soft", [False, True])
def test_all_images_at_once_equal_one_by_one(soft: bool, keypoints: int, dtype: Any) -> None:
    """Twelve images of up to 60 detections around few people, with ties of score and of pose."""
    random = np.random.default_rng(keypoints)
    sigmas = random.uniform(0.025, 0.11, keypoints).astype(dtype)
    image = random.integers(0, 12, 300) * (random.random(300) < 0.8)
    people = random.uniform(0, 150, (4, 1, 2)) + random.normal(0, 30, (4, keypoints, 2))
    noise = random.choice([0.0, 1.0, 4.0, 10.0], 300)[:, None, None] * random.normal(0, 1, (300, keypoints, 2))
    poses = (people[random.integers(0, 4, 300)] + noise).astype(dtype)
    score = (random.integers(0, 12, 300) / 11).astype(dtype)
    area = random.uniform(2000, 20000, 300).astype(dtype)
    together = (soft_suppress if soft else suppress)(image, poses, score, area, sigmas)
    apart = [
        int(row)
        for number in np.unique(image)
        for rows in [np.flatnonzero(image == number)]
        for row in rows[one_by_one(poses[rows], score[rows], area[rows], sigmas, soft)]
    ]
    assert together.tolist() == apart
    assert 12 < len(together) < 300  # some are left, some are not


def test_a_hundred_thousand_detections_take_less_than_a_second() -> None:
    random = np.random.default_rng(0)
    image = random.integers(0, 5000, 104_000)
    base = random.uniform(0, 500, (25_000, 1, 2)) + random.normal(0, 40, (25_000, 17, 2))
    poses = base[image * 5 + random.integers(0, 5, len(image))] + random.normal(0, 4, (len(image), 17, 2))
    score, area, sigmas = random.random(len(image)), np.full(len(image), 20_000.0), np.full(17, 0.07)
    start = time.process_time()
    kept = suppress(image, poses, rescored(np.ones((len(image), 17)), score), area, sigmas)
    assert time.process_time() - start < 1.5  # 0.3 s where nothing else runs
    assert len(kept) < len(image)
