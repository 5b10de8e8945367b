"""Uncertainty: resamples draw images, keep the sample itself first, and are the same every time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from posebench.data.instances import Instances
from posebench.data.predictions import for_instances
from posebench.plugins.registry import protocol
from posebench.scoring import bootstrap
from posebench.scoring.bootstrap import (
    Sampling,
    image_weights,
    interval,
    intervals,
    resampled_sums,
    score_interval,
    split,
    widening,
)


def test_the_first_row_is_the_sample_and_every_other_draws_as_many_images() -> None:
    weights = image_weights(7)
    assert weights.shape == (1001, 7)
    assert weights[0].tolist() == [1] * 7
    assert set(weights.sum(axis=1)) == {7}
    assert len(np.unique(weights, axis=0)) > 600


def test_weights_are_the_same_every_time() -> None:
    np.testing.assert_array_equal(image_weights(5), image_weights(5))


def test_people_of_one_image_stay_together() -> None:
    sums = resampled_sums(np.array([1, 10, 100]), np.array([4, 9, 4]))
    assert sums[0] == 111
    assert set(sums.tolist()) == {111, 202, 20}  # both images once, the first twice, the second twice


def test_sums_keep_the_shape_of_what_is_summed() -> None:
    values = np.arange(24).reshape(4, 3, 2)
    sums = resampled_sums(values, np.array([0, 0, 1, 2]))
    assert sums.shape == (1001, 3, 2)
    np.testing.assert_array_equal(sums[0], values.sum(axis=0))


def test_an_interval_holds_the_middle_95_percent() -> None:
    assert interval(np.arange(1001.0)) == pytest.approx((25.0, 975.0))


def test_an_interval_of_few_units_is_wider() -> None:
    assert widening(20) == pytest.approx(1.026 * 2.093 / 1.960, abs=0.001)
    assert widening(0) == widening(1) == 1
    low, high = interval(np.arange(1001.0), 20)
    assert (low, high) == pytest.approx((16, 984), abs=1)


def test_a_bounded_score_has_an_interval_within_its_bounds() -> None:
    resampled = np.tile([1.0, 0.94], 50)
    low, high = score_interval(0.97, resampled, Sampling(20, largest=1))
    assert 0.7 < low < 0.94
    assert 0.97 < high < 1


def test_half_of_an_interval_is_1_96_standard_errors_of_the_resamples_on_the_logit_scale() -> None:
    # √((10² + 10²) / 1) = 14.14; of 50 %: 0.1414 / (0.5 · 0.5) · 1.96 = 1.1087, and 1 / (1 + exp(1.1087)) = 0.2481
    found = score_interval(50.0, np.array([40.0, 60.0]), Sampling(10**6, largest=100.0))
    assert found == pytest.approx((24.81, 75.19), abs=0.01)


@pytest.mark.parametrize(("value", "bounds"), [(100.0, (83.16, 100.0)), (0.0, (0.0, 16.84))])
def test_no_miss_in_20_images_leaves_room_for_the_binomial_bound(value: float, bounds: tuple[float, float]) -> None:
    # 0.8316 ** 20 = 0.025
    assert score_interval(value, np.full(9, value), Sampling(20, largest=100)) == pytest.approx(bounds, abs=0.01)


def test_units_that_score_alike_and_not_perfectly_have_no_interval() -> None:
    assert np.isnan(score_interval(0.6, np.full(9, 0.6), Sampling(2, largest=1))).all()


def test_what_some_resample_cannot_know_has_no_interval() -> None:
    values, resampled = split({"a": np.array([5.0, 4.0, 6.0]), "b": np.array([5.0, np.nan, 6.0])})
    assert values == {"a": 5.0, "b": 5.0}
    assert resampled["a"].tolist() == [4.0, 6.0]
    assert list(intervals(values, resampled, Sampling(9))) == ["a"]


def test_nobody_has_no_spread() -> None:
    assert image_weights(0).shape == (1001, 0)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_for_one_keypoint_per_image_the_interval_is_the_binomial_one(share: float) -> None:
    n = 900
    hit = np.arange(n) < share * n
    sums = 100 * resampled_sums(hit, np.arange(n)) / n
    low, high = interval(sums[1:])
    expected = 1.96 * 100 * np.sqrt(share * (1 - share) / n)
    assert sums[0] == pytest.approx(100 * share)
    assert (high - low) / 2 == pytest.approx(expected, rel=0.12)


def test_mpii_intervals_are_the_published_check(shared: Path) -> None:
    mpii = protocol("mpii")
    people = mpii.instances(shared / "data/mpii", "val")
    scores = mpii.score(
        mpii.read_predictions(shared / "data/mpii/predictions/hg_s8_b1.mat", people), people, "official"
    )
    assert [round(bound, 1) for bound in scores.intervals["Mean"]] == [88.5, 89.7]
    assert scores.intervals.keys() == scores.metrics.keys()
    assert scores.per_joint_intervals.keys() == scores.per_joint.keys()
    for low, high in (*scores.intervals.values(), *scores.per_joint_intervals.values()):
        assert 0 < high - low < 5


def test_a_perfect_prediction_of_two_images_is_not_known_to_be_perfect(two_people: Instances, monkeypatch: Any) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 50)
    people = replace(two_people, images=("a.jpg", "b.jpg"), image_ids=np.array([5, 6]), image=np.array([0, 1]))
    scores = protocol("mpii").score(for_instances(people, people.keypoints), people, "official")
    assert scores.intervals["Mean"] == pytest.approx((100 * 0.025**0.5, 100.0))


def test_one_image_says_nothing_of_others(shared: Path) -> None:
    sums = resampled_sums(np.array([1, 10]), np.array([4, 4]))
    assert sums[0] == 11
    assert np.isnan(sums[1:]).all()
    pairs, coco = shared / "data/coco/pairs", protocol("coco")
    people = coco.instances(pairs / "image139099_gt.json", "val")
    scores = coco.score(coco.read_predictions(pairs / "image139099_dt.json", people), people, "official")
    assert (scores.images, scores.intervals) == (1, {})


def test_flic_is_resampled_by_film(shared: Path) -> None:
    flic = protocol("flic")
    people = flic.instances(shared / "data/flic", "test")
    assert (people.group, len(np.unique(people.units))) == ("film", 30)
    scores = flic.score(
        flic.read_predictions(shared / "data/flic/predictions/yang16_oc.mat", people), people, "observer-centric"
    )
    assert (scores.sampling.unit, scores.sampling.units) == ("film", 30)
    widths = {name: high - low for name, (low, high) in scores.intervals.items()}
    assert 3 < widths["Wrist"] < 4  # 2.29 by image
    assert widths["Elbow"] < 1.81  # by image
