"""Average precision of matches, of a dataset and of its resamples."""

from typing import Any

import numpy as np
import pytest

from posebench.scoring import average_precision
from posebench.scoring.average_precision import RECALLS, Matches, metrics, precision_recall, resampled, summary


def matches(image: Any, found: Any, people: Any, ignored: Any = None) -> Matches:
    """The same at every area range and threshold."""
    shape = (3, 10, len(image))
    return Matches(
        np.array(image, int), bits(np.broadcast_to(np.array(found, bool), shape)),
        bits(np.broadcast_to(np.zeros(len(image), bool) if ignored is None else np.array(ignored, bool), shape)),
        np.tile(people, (3, 1)),
    )  # fmt: skip


def bits(of_thresholds: Any) -> Any:
    """(areas, D) numbers whose bit t is entry t of (areas, 10, D) bool."""
    return (of_thresholds * 2 ** np.arange(10)[:, None]).sum(axis=1)


def test_precision_is_the_best_of_any_later_place() -> None:
    # Right, wrong, right, right of four people: precision 1, 1/2, 2/3, 3/4 at recall 1/4, 1/4, 2/4, 3/4.
    precision, recall = precision_recall(matches([0, 0, 1, 1], [1, 0, 1, 1], [2, 2]))
    assert recall[0].tolist() == [0.75] * 10
    expected = np.select([RECALLS <= 0.25, RECALLS <= 0.75], [1, 0.75], 0)
    np.testing.assert_allclose(precision[1, 4], expected, rtol=1e-15)


def test_an_ignored_detection_counts_neither_way() -> None:
    with_one = precision_recall(matches([0, 0, 1], [1, 0, 1], [1, 1], [0, 1, 0]))
    without = precision_recall(matches([0, 1], [1, 1], [1, 1]))
    assert all((a == b).all() for a, b in zip(with_one, without, strict=True))


def test_a_weight_of_two_counts_an_image_twice_and_of_zero_not_at_all() -> None:
    # Image 1 twice, image 0 never: right, right of two people per copy, and the wrong one of image 0 is gone.
    precision, recall = precision_recall(matches([0, 1, 0], [0, 1, 1], [3, 2]), np.array([0, 2]))
    assert recall[0, 0] == 0.5
    assert precision[0, 0, [0, 50, 51]].tolist() == [1, 1, 0]


def test_no_detection_reaches_nothing_and_nobody_to_find_is_unknown() -> None:
    assert summary(*precision_recall(matches([], [], [2, 1])))["AP"] == 0
    assert summary(*precision_recall(matches([0], [0], [0, 0])))["AR"] == -1


def random_matches(seed: int) -> Matches:
    random = np.random.default_rng(seed)
    images, detections = int(random.integers(2, 30)), int(random.integers(0, 200))
    found = random.random((3, 10, detections)) < random.choice([0.1, 0.6])
    ignored = (random.random((3, 1, detections)) < 0.4) ^ (random.random((3, 10, detections)) < 0.1)
    people = random.integers(0, 4, (3, images)) * (random.random((3, images)) < 0.6)
    return Matches(random.integers(0, images, detections), bits(found), bits(ignored), people)


def plain(made: Matches, weights: Any) -> dict[str, float]:
    """COCOeval's accumulation, detection by detection, of a dataset whose images are there so often."""
    precision, recall = np.full((3, 10, 101), -1.0), np.full((3, 10), -1.0)
    for a, t in np.ndindex(3, 10):
        if not (people := int(made.people[a] @ weights)):
            continue
        right = wrong = 0
        curve = []
        for d, image in enumerate(made.image):
            found, ignored = (bool(of[a, d] & 1 << t) for of in (made.found, made.ignored))
            for _ in range(0 if ignored else weights[image]):
                right, wrong = right + found, wrong + (not found)
                curve.append((right / people, right / (wrong + right + np.spacing(1))))
        precision[a, t] = [max((p for reached, p in curve if reached >= r), default=0) for r in RECALLS]
        recall[a, t] = curve[-1][0] if curve else 0
    return summary(precision, recall)


@pytest.mark.parametrize("seed", range(12))
def test_many_resamples_equal_each_dataset_counted_out(seed: int) -> None:
    made = random_matches(seed)
    images = made.people.shape[1]
    weights = np.random.default_rng(seed).multinomial(images, np.full(images, 1 / images), size=37)
    columns = resampled(made, weights)
    for r, weight in enumerate(weights):
        alone = metrics(*precision_recall(made, weight))
        np.testing.assert_array_equal([column[r] for column in columns.values()], list(alone.values()))
    assert summary(*precision_recall(made, weights[0])) == plain(made, weights[0])


def test_a_resample_with_nobody_to_find_is_not_a_number() -> None:
    columns = resampled(matches([0, 1], [1, 0], [1, 0]), np.array([[0, 2], [1, 1]]))
    assert np.isnan(columns["AP"]).tolist() == [True, False]
    assert columns["AR"][1] == 1


def test_the_resamples_of_several_cores_and_blocks_are_those_of_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made = random_matches(3)
    images = made.people.shape[1]
    weights = np.random.default_rng(3).multinomial(images, np.full(images, 1 / images), size=150)
    columns = {}
    for cores in (1, 3):
        monkeypatch.setattr(average_precision, "cores", lambda cores=cores: cores)
        columns[cores] = np.array(list(resampled(made, weights).values()))
    np.testing.assert_array_equal(columns[1], columns[3])
    alone = np.hstack([list(resampled(made, weights[[r]]).values()) for r in (0, 63, 64, 149)])
    np.testing.assert_array_equal(columns[3][:, [0, 63, 64, 149]], alone)


@pytest.mark.parametrize("detections", [1, 15, 16, 17, 47, 48])
def test_an_image_may_count_thousands_of_times_and_any_number_of_detections_may_be_found(detections: int) -> None:
    # Right, wrong, right, wrong, ... of image 1, of which 5,000 copies are there.
    made = matches([1] * detections, [d % 2 == 0 for d in range(detections)], [7, 48])
    right = (detections + 1) // 2
    precision, recall = precision_recall(made, np.array([0, 5000]))
    assert recall[0, 0] == right / 48
    # From the last right one on, all are right up to there but every second.
    assert precision[2, 9, int(100 * right / 48)] == 5000 * right / (5000 * (2 * right - 1))
