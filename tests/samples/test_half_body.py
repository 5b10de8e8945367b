"""Half bodies: which half, its region, how often, and for whom."""

import numpy as np
import pytest

from posebench.data.geometry import Crop, transform
from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.plugins.recipe import Augmentation
from posebench.plugins.registry import protocol
from posebench.samples.half_body import half_body, lower_half, possible_halves
from posebench.samples.loader import Samples
from posebench.synthetic import people as synthetic

SKELETON = Skeleton(keypoints=("nose", "left_hip", "left_hand", "left_knee", "right_hand", "right_ankle"))
KEYPOINTS = np.array([[10, 10], [100, 100], [30, 20], [140, 120], [50, 60], [120, 190]])
UPPER = (np.array([30.0, 30.0]), np.array([60.0, 75.0]))
"""Mean of (10, 10), (30, 20), (50, 60); 1.5 times their box of 40 × 50."""
LOWER = (np.array([120.0, 410 / 3]), np.array([60.0, 135.0]))
"""Mean of (100, 100), (140, 120), (120, 190); 1.5 times their box of 40 × 90."""
ALWAYS = Augmentation(half_body=1, half_body_keypoints=3)


def drawn(epochs: int, labelled: tuple[int, ...] = (1, 1, 1, 1, 1, 1), augmentation: Augmentation = ALWAYS) -> list:
    mask = np.array(labelled, bool)
    return [half_body(augmentation, KEYPOINTS, mask, lower_half(SKELETON), (7, epoch, 0)) for epoch in range(epochs)]


def same(one: object, other: object) -> bool:
    return one is not None and other is not None and all(np.allclose(a, b) for a, b in zip(one, other, strict=True))


def test_a_half_is_the_box_of_its_keypoints_widened_by_half_around_their_mean() -> None:
    found = drawn(60)
    assert all(same(one, UPPER) or same(one, LOWER) for one in found)
    assert [len(possible_halves(ALWAYS, KEYPOINTS, np.ones(6, bool), lower_half(SKELETON)))] == [2]


def test_the_upper_half_is_drawn_with_probability_0_69() -> None:
    upper = [same(one, UPPER) for one in drawn(4000)]
    assert np.mean(upper) == pytest.approx(0.6915, abs=0.022)  # three deviations


def test_half_a_person_is_shown_with_the_recipes_probability() -> None:
    some = drawn(4000, augmentation=Augmentation(half_body=0.3, half_body_keypoints=3))
    assert np.mean([one is not None for one in some]) == pytest.approx(0.3, abs=0.022)
    assert drawn(50, augmentation=Augmentation(half_body=0)) == [None] * 50


def test_only_people_with_more_labelled_keypoints_than_the_recipe_says_are_halved() -> None:
    assert Augmentation().half_body_keypoints == 8
    five = (1, 1, 1, 1, 1, 0)
    assert all(drawn(20, five, Augmentation(half_body=1, half_body_keypoints=4)))
    assert drawn(20, five, Augmentation(half_body=1, half_body_keypoints=5)) == [None] * 20


def test_a_half_with_fewer_than_three_labelled_keypoints_is_the_other_half() -> None:
    assert all(same(one, UPPER) for one in drawn(30, (1, 1, 1, 1, 1, 0)))
    assert all(same(one, LOWER) for one in drawn(30, (1, 1, 0, 1, 1, 1)))


def test_the_halves_of_mpii_and_coco_are_hrnets() -> None:
    mpii, coco = (protocol(name).skeleton for name in ("mpii", "coco"))
    assert np.flatnonzero(lower_half(mpii)).tolist() == [0, 1, 2, 3, 4, 5, 6]  # ankles, knees, hips and the pelvis
    assert np.flatnonzero(~lower_half(coco)).tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]  # face, shoulders, arms


def people() -> Instances:
    return synthetic.instances(protocol("coco").skeleton, "train", 2)


def test_the_crop_of_half_a_body_has_the_half_in_its_middle() -> None:
    whole = Augmentation(scale=(1, 1), rotation=0, flip=0)
    samples = Samples(people(), (48, 64), whole.model_copy(update={"half_body": 1.0}), seed=2)
    center, size = samples.half((0, 1))
    crop = samples.crop((0, 1))
    np.testing.assert_allclose(transform(crop.matrix, center[None])[0], [23.5, 31.5])
    np.testing.assert_allclose(crop.matrix, Crop.around(center, size, (48, 64)).matrix)
    assert Samples(people(), (48, 64), whole, seed=2).half((0, 1)) is None


def test_half_bodies_leave_the_other_draws_of_a_sample_as_they_are() -> None:
    plain, halved = (Samples(people(), (64, 64), Augmentation(half_body=p), seed=2) for p in (0.0, 0.5))
    whole = [epoch for epoch in range(20) if halved.half((epoch, 0)) is None]
    assert 4 <= len(whole) <= 16
    for epoch in whole:
        assert (plain.crop((epoch, 0)).matrix == halved.crop((epoch, 0)).matrix).all()
