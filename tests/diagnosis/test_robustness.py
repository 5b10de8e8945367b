"""Means over corruptions, and what share of the clean score they are."""

import numpy as np
import pytest

from posebench.diagnosis import robustness
from posebench.scoring.bootstrap import Sampling
from posebench.scoring.scores import Scores

PERCENT = Sampling(units=60, largest=100.0)
CLEAN = np.array([80.0, 79, 81, 80])
FOG, SNOW = np.array([60.0, 58, 63, 60]), np.array([20.0, 21, 18, 20])


def test_mpc_is_the_mean_and_rpc_its_percentage_of_the_clean_score() -> None:
    assert robustness.mean([FOG, SNOW], PERCENT).value == 40
    assert robustness.relative([FOG, SNOW], CLEAN, PERCENT).value == 50


def test_a_ratio_is_taken_resample_by_resample() -> None:
    half = robustness.relative([CLEAN / 2], CLEAN, PERCENT)
    assert half.value == 50 and half.interval == pytest.approx((50, 50))  # the scores vary, their ratio does not


def test_a_change_is_paired() -> None:
    lower = robustness.change(CLEAN - 3, CLEAN, PERCENT)
    assert (lower.value, lower.interval) == (-3, (-3, -3))


def test_of_a_clean_score_of_0_nothing_is_left_to_compare_with() -> None:
    nothing = robustness.relative([np.zeros(4)], np.zeros(4), PERCENT)
    assert np.isnan(nothing.value) and nothing.interval is None


def test_a_protocol_without_resamples_has_values_without_intervals() -> None:
    values = robustness.sampled(Scores(metrics={"Both": 70.0}), "Both")
    assert values.tolist() == [70]
    for one in (robustness.estimate(values, PERCENT), robustness.change(values, values, PERCENT)):
        assert one.interval is None
    assert robustness.relative([values], values, PERCENT).value == 100
