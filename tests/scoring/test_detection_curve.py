"""Precision and recall of detections, and the area under their curve."""

from typing import Any

import numpy as np
import pytest

from posebench.scoring import detection_curve
from posebench.scoring.detection_curve import Detected, curves

ONE = np.ones((1, 2), np.uint8)


def detected(score: list[float], right: list[int], wanted: list[int], unit: list[int] | None = None) -> Detected:
    return Detected(np.array(score), np.array(right, bool), np.array(unit or [0] * len(score), int), np.array(wanted))


def test_each_precision_is_raised_to_the_largest_behind_it() -> None:
    # Right, wrong, right, right of 5: precision 1, 1/2, 2/3, 3/4; both later ones count as 3/4.
    found = curves(detected([0.9, 0.8, 0.7, 0.6], [1, 0, 1, 1], [3, 2]), ONE)
    assert found.area[0] == pytest.approx(100 * (1 + 3 / 4 + 3 / 4) / 5)
    assert (found.precision[0], found.recall[0]) == (75, 60)


def test_detections_of_one_score_stay_in_their_order() -> None:
    assert curves(detected([0.5, 0.5], [1, 0], [1, 0]), ONE).area[0] == 100
    assert curves(detected([0.5, 0.5], [0, 1], [1, 0]), ONE).area[0] == 50


def test_without_a_detection_all_are_0_and_with_nothing_to_find_all_are_unknown() -> None:
    assert np.ravel(curves(detected([], [], [1, 1]), ONE)).tolist() == [0, 0, 0]
    assert np.isnan(curves(detected([0.5], [0], [0, 0]), ONE)).all()


@pytest.mark.parametrize("block", [1, 1 << 17])
def test_a_weight_counts_a_unit_as_often_as_if_it_were_there_so_often(block: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(detection_curve, "BLOCK", block)
    generator = np.random.default_rng(3)
    score, right, unit = generator.random(30), generator.random(30) < 0.6, generator.integers(0, 3, 30)
    wanted, weights = np.array([9, 8, 11]), np.array([[1, 1, 1], [0, 3, 1], [2, 0, 0]], np.uint8)
    found = curves(Detected(score, right, unit, wanted), weights)
    for row, weight in enumerate(weights):
        again = np.repeat(np.arange(30), weight[unit])
        repeated = Detected(score[again], right[again], np.zeros(len(again), int), np.array([weight @ wanted]))
        single = curves(repeated, np.ones((1, 1), np.uint8))
        assert np.allclose([values[row] for values in found], np.ravel(single), rtol=1e-13)
