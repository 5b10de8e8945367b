"""Augmentation: how far from a person its crops see."""

import numpy as np
import pytest
from packs import NORMAL, TURNED, UNIFORM

from posebench.data.geometry import Crop, transform
from posebench.plugins.recipe import Augmentation
from posebench.samples.augment import Reach, perturb

RELEASE = Augmentation(draws="log-normal", scale=(2**-0.5, 2**0.5), rotation=30, rotated=0.4, flip=0.5)
"""Newell's release: 2 to the power of a normal draw with deviation 0.25, clipped at two deviations."""


@pytest.mark.parametrize("augmentation", [TURNED, UNIFORM, NORMAL, RELEASE, Augmentation(scale=(0.9, 1.1), rotation=0)])
def test_no_augmentation_shows_more_than_its_reach_and_some_almost_all(augmentation: Augmentation) -> None:
    crop = Crop.around(np.array([70.0, 30.0]), np.array([40.0, 90.0]), (48, 64))
    left, top, right, bottom = Reach.of(augmentation).rectangle(crop)
    corners = np.array([[-0.5, -0.5], [47.5, -0.5], [-0.5, 63.5], [47.5, 63.5]])
    shown = np.array(
        [transform(perturb(crop, augmentation, 0, epoch, 0).inverse, corners) for epoch in range(2000)]
    ).reshape(-1, 2)
    assert (shown >= np.array([left, top]) - 1e-9).all()
    assert (shown <= np.array([right, bottom]) + 1e-9).all()
    assert shown.max(0) - shown.min(0) == pytest.approx([right - left, bottom - top], rel=0.1)


def test_the_reach_of_a_square_turned_by_up_to_45_degrees_is_its_diagonal() -> None:
    crop = Crop.around(np.array([10.0, 20.0]), np.array([6.0, 6.0]), (12, 12))
    half = 3 * 2**0.5
    for angle in (45.0, 90.0, 180.0):
        rectangle = Reach(1.0, angle).rectangle(crop)
        assert rectangle == pytest.approx((10 - half, 20 - half, 10 + half, 20 + half))
    assert Reach(2.0, 0.0).rectangle(crop) == pytest.approx((4, 14, 16, 26))


def changes(augmentation: Augmentation, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scales, degrees and mirrors of so many samples."""
    crop = Crop.around(np.array([70.0, 30.0]), np.array([40.0, 90.0]), (48, 64))
    made = [perturb(crop, augmentation, 5, epoch, 1) for epoch in range(count)]
    linear = np.array([one.matrix[:, :2] / crop.matrix[0, 0] for one in made])
    mirrored = np.array([one.mirrored for one in made])
    linear[mirrored, 0] *= -1
    return np.linalg.det(linear) ** -0.5, np.rad2deg(np.arctan2(linear[:, 1, 0], linear[:, 0, 0])), mirrored


def test_uniform_draws_fill_their_ranges_evenly() -> None:
    scales, angles, mirrored = changes(Augmentation(scale=(0.75, 1.25), rotation=30, flip=0.3), 4000)
    assert (scales.min(), scales.max()) == (pytest.approx(0.75, abs=0.002), pytest.approx(1.25, abs=0.002))
    assert scales.std() == pytest.approx(0.5 / 12**0.5, rel=0.03)
    assert (angles.min(), angles.max()) == (pytest.approx(-30, abs=0.2), pytest.approx(30, abs=0.2))
    assert angles.std() == pytest.approx(60 / 12**0.5, rel=0.03)
    assert mirrored.mean() == pytest.approx(0.3, abs=0.022)


def test_the_releases_scale_is_2_to_the_power_of_a_normal_draw_clipped_at_two_deviations() -> None:
    scales, angles, mirrored = changes(RELEASE, 4000)
    powers = np.log2(scales)
    assert (powers.min(), powers.max()) == (pytest.approx(-0.5), pytest.approx(0.5))
    assert np.isclose(np.abs(powers), 0.5).mean() == pytest.approx(0.0455, abs=0.01)  # a normal's beyond two deviations
    assert (np.abs(powers) < 0.25).mean() == pytest.approx(0.6827, abs=0.022)  # and within one
    turned = angles[np.abs(angles) > 1e-9]
    assert len(turned) / len(angles) == pytest.approx(0.4, abs=0.023)
    assert (turned.min(), turned.max()) == (pytest.approx(-60), pytest.approx(60))
    assert (np.abs(turned) < 30).mean() == pytest.approx(0.6827, abs=0.036)
    assert mirrored.mean() == pytest.approx(0.5, abs=0.024)


OLDER = [
    (Augmentation(), [[-1.0233783, 0.2070476], [0.2070476, 1.0233783]]),
    (Augmentation(draws="normal", rotated=0.6), [[-0.7202548, -0.4788752], [-0.4788752, 0.7202548]]),
]


def test_draws_of_older_recipes_stay_as_they_were() -> None:
    """Numbers of version 0.1.0 before half bodies and colours: weights that were trained then can be trained again."""
    crop = Crop.around(np.array([0.0, 0.0]), np.array([64.0, 64.0]), (64, 64))
    for augmentation, expected in OLDER:
        linear = perturb(crop, augmentation, 4, 2, 7).matrix[:, :2]
        np.testing.assert_allclose(linear, expected, atol=1e-6)
