"""Boxes that are moved and scaled, in pixels of a crop that is 256 high."""

from dataclasses import replace

import numpy as np
import pytest

from posebench.data.instances import Instances
from posebench.data.moved_boxes import jittered, moved

INPUT = (192, 256)


def test_a_shift_of_a_tenth_of_256_is_a_tenth_of_the_crop(two_people: Instances) -> None:
    # Boxes 120×160 and 80×60 become crops 120×160 and 80×106.7 of an input that is 192 wide and 256 high.
    there = moved(two_people, INPUT, right=25.6, down=-51.2)
    np.testing.assert_allclose(there.center, [[100 + 16, 80 - 32], [300 + 32 / 3, 90 - 64 / 3]])
    np.testing.assert_array_equal(there.size, two_people.size)


def test_a_scale_grows_the_box_about_its_middle(two_people: Instances) -> None:
    there = moved(two_people, INPUT, scale=1.5)
    np.testing.assert_array_equal(there.size, [[180, 240], [120, 90]])
    np.testing.assert_array_equal(there.center, two_people.center)


def test_regions_of_published_code_move_alike(two_people: Instances) -> None:
    people = replace(two_people, regions={"hrnet": np.array([[10.0, 20, 30, 40], [50, 60, 30, 40]])})
    there = moved(people, INPUT, right=128, scale=0.5)
    np.testing.assert_array_equal(there.regions["hrnet"], [[30, 20, 15, 20], [70, 60, 15, 20]])


def test_jitter_stays_within_its_bounds_and_is_of_each_person_alone(two_people: Instances) -> None:
    there = jittered(two_people, INPUT, 25.6, 0.25, seed=3)
    shift = (there.center - two_people.center) / [[16], [32 / 3]]
    scale = (there.size / two_people.size)[:, 0]
    assert (np.abs(shift) <= 1).all() and (shift[0] != shift[1]).all()
    assert ((scale >= 1 / 1.25) & (scale <= 1.25)).all() and scale[0] != scale[1]
    alone = jittered(two_people.take(np.array([1])), INPUT, 25.6, 0.25, seed=3)
    np.testing.assert_array_equal(alone.center[0], there.center[1])
    assert jittered(two_people, INPUT, 25.6, 0.25, seed=4).center[0, 0] != pytest.approx(there.center[0, 0])
