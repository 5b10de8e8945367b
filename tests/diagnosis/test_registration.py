"""The constant offset of a predictions file, in heatmap cells."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import posebench as pb
from posebench.data.instances import Instances
from posebench.data.predictions import for_instances
from posebench.diagnosis.estimate import weighted_medians
from posebench.diagnosis.registration import Registration, registration
from posebench.plugins import registry
from posebench.synthetic import people as synthetic

MPII = registry.protocol("mpii")


@pytest.fixture(scope="module", autouse=True)
def _fewer_resamples() -> Iterator[None]:
    """200 tell offsets of a third of a cell from none, in a fifth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posebench.scoring.bootstrap.RESAMPLES", 200)
        yield


def audit(
    people: Instances, keypoints: np.ndarray, input_size: tuple[int, int] = (256, 256), **more: np.ndarray
) -> Registration:
    predictions = for_instances(people, keypoints, **more)
    compared = MPII.compared(predictions, people, "official")
    return registration(compared, compared.rescored(predictions), input_size, 4)


def of_sizes(people: Instances, *sizes: tuple[float, float]) -> Instances:
    return replace(people, size=np.array(sizes))


def test_an_offset_is_in_cells_of_each_persons_region(two_people: Instances) -> None:
    people = of_sizes(two_people, (64, 32), (128, 64))  # cells of 1 and of 2 pixels: 64 cells across the longer side
    found = audit(people, people.keypoints + [[[0.5, -0.25]], [[1.0, -0.5]]])
    assert (found.overall.x.value, found.overall.y.value, found.overall.keypoints) == (0.5, -0.25, 32)
    assert found.overall.large
    assert found.joints["pelvis"].x.value == 0.5


def test_a_smaller_input_has_larger_cells_and_its_aspect_widens_the_region(two_people: Instances) -> None:
    people = of_sizes(two_people, (30, 64), (30, 64))
    found = audit(people, people.keypoints + [1.0, 0], input_size=(192, 256))  # 48 × 64 cells over 48 × 64 pixels
    assert found.overall.x.value == 1
    assert audit(people, people.keypoints + [1.0, 0], input_size=(96, 128)).overall.x.value == 0.5


def test_the_region_that_a_file_states_comes_before_the_protocols_box(two_people: Instances) -> None:
    people = of_sizes(two_people, (64, 64), (64, 64))
    region = np.array([[0, 0, 128.0, 128.0]] * 2)
    assert audit(people, people.keypoints + [1.0, 0], region=region).overall.x.value == 0.5


def test_keypoints_two_cells_away_or_farther_are_other_errors(two_people: Instances) -> None:
    people = of_sizes(two_people, (64, 64), (64, 64))
    keypoints = people.keypoints.copy()
    keypoints[0, :, 0] += 2.0
    keypoints[1, :, 0] += 1.5
    found = audit(people, keypoints)
    assert (found.overall.x.value, found.overall.keypoints) == (1.5, 16)


def test_a_file_without_near_keypoints_has_no_offset(two_people: Instances) -> None:
    people = of_sizes(two_people, (64, 64), (64, 64))
    found = audit(people, people.keypoints + 400)
    assert (found.overall.keypoints, found.removed, found.joints, found.overall.large) == (0, (), {}, False)
    assert found.as_json()["overall"]["x"] == {"value": None, "interval": None}


def test_a_quarter_of_a_cell_is_not_large(two_people: Instances) -> None:
    people = of_sizes(two_people, (64, 64), (64, 64))
    assert not audit(people, people.keypoints + [0.25, 0]).overall.large
    assert audit(people, people.keypoints + [0, -0.26]).overall.large


def test_a_median_that_other_images_could_have_below_a_quarter_is_not_large() -> None:
    people = of_sizes(synthetic.instances(MPII.skeleton, "val", 21), *[(64, 64)] * 21)
    right = np.where(np.arange(21) % 2, 0.0, 0.3)  # 11 images are off by 0.3 cells, 10 by nothing
    shift = np.stack([right, np.zeros(21)], axis=-1)[:, None]
    overall = audit(people, people.keypoints + shift).overall
    assert overall.x.value == pytest.approx(0.3)
    assert overall.x.interval is not None and overall.x.interval[0] < 0.25
    assert not overall.large
    assert audit(people, people.keypoints + [0.3, 0]).overall.large


def test_the_scores_without_the_offset_are_those_of_the_file_that_never_had_it(two_people: Instances) -> None:
    people = of_sizes(two_people, (640, 640), (320, 320))  # cells of 10 and 5 pixels; heads of 10
    found = audit(people, people.keypoints + [[[10.0, 0]], [[5.0, 0]]])
    removed = {one.metric: (one.before, one.after) for one in found.removed}
    assert removed["Mean"] == (50, 100)
    assert removed["Mean@0.1"] == (0, 100)


def test_weighted_medians_are_those_of_repeated_values() -> None:
    random = np.random.default_rng(2)
    values, unit = random.normal(size=41).round(1), random.integers(0, 7, 41)
    weights = random.integers(0, 4, (150, 7))
    weights[3] = 0
    expected = [np.median(np.repeat(values, row[unit])) if row[unit].any() else np.nan for row in weights]
    np.testing.assert_array_equal(weighted_medians(values, unit, weights), expected)


def test_weighted_medians_of_many_units_are_exact_also_where_they_are_far_from_the_middle() -> None:
    random = np.random.default_rng(3)
    values = random.normal(size=2000).round(2)
    unit = np.repeat(np.arange(500), 4)[random.permutation(2000)]
    weights = random.multinomial(500, [1 / 500] * 500, 20)
    lowest, highest = (np.bincount(unit[part], minlength=500) for part in (values < -1.5, values > 1.5))
    weights[3], weights[4] = lowest, highest
    weights[5] = 0
    expected = [np.median(np.repeat(values, row[unit])) if row.any() else np.nan for row in weights]
    np.testing.assert_array_equal(weighted_medians(values, unit, weights), expected)
    assert (
        np.abs(expected[:3]).max() < 0.2 and expected[3] < -0.2 and expected[4] > 0.2
    )  # near the middle, and far from it


@pytest.fixture(scope="module")
def published(shared: Path) -> dict[str, Registration]:
    data = shared / "data/mpii"
    people = pb.load_people("mpii", data)
    found = {}
    for name in ("hg_s2_b1.mat", "hg_s8_b1.mat", "newell.h5"):
        predictions = pb.load_predictions(data / "predictions" / name, "mpii", people)
        compared = MPII.compared(predictions, people, "official")
        found[name] = registration(compared, compared.rescored(predictions), (256, 256), 4)
    return found


@pytest.mark.parametrize(
    "name, x, y", [("hg_s2_b1.mat", -0.34, -0.40), ("hg_s8_b1.mat", -0.34, -0.40), ("newell.h5", 0.43, 0.23)]
)
def test_published_files_are_off_by_what_the_reference_measured(
    published: dict[str, Registration], name: str, x: float, y: float
) -> None:
    overall = published[name].overall
    assert (overall.x.value, overall.y.value) == (pytest.approx(x, abs=0.015), pytest.approx(y, abs=0.015))
    assert overall.large
    for axis in (overall.x, overall.y):
        low, high = axis.interval
        assert low < axis.value < high < low + 0.05


@pytest.mark.parametrize(
    "name, mean, at_tenth",
    [("hg_s8_b1.mat", (89.09, 89.46), (24.5, 37.3)), ("newell.h5", (88.43, 88.77), (21.6, 29.5))],
)
def test_scores_of_published_files_without_their_offset(
    published: dict[str, Registration], name: str, mean: tuple[float, float], at_tenth: tuple[float, float]
) -> None:
    removed = {one.metric: one for one in published[name].removed}
    assert (removed["Mean"].before, removed["Mean"].after) == pytest.approx(mean, abs=0.015)
    assert (round(removed["Mean@0.1"].before, 1), round(removed["Mean@0.1"].after, 1)) == at_tenth
    low, high = removed["Mean@0.1"].change.interval
    assert 0 < low < at_tenth[1] - at_tenth[0] < high
