"""Augmentation: how far from a person its crops see."""

import numpy as np
import pytest
from packs import NORMAL, TURNED, UNIFORM

from posebench.data.geometry import Crop, transform
from posebench.plugins.recipe import Augmentation
from posebench.samples.augment import Reach, perturb


@pytest.mark.parametrize("augmentation", [TURNED, UNIFORM, NORMAL, Augmentation(scale=(0.9, 1.1), rotation=0)])
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
