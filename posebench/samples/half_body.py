"""Half bodies: crops of a person's upper or lower half, as HRNet trains on COCO (lib/dataset/JointsDataset.py)."""

import numpy as np

from posebench.array_type import Array
from posebench.data.skeleton import Skeleton
from posebench.plugins.recipe import Augmentation

LOWER = ("pelvis", "hip", "knee", "ankle", "heel", "foot", "toe")
"""A keypoint with one of these words in its name is of the lower half; all others are of the upper half."""
UPPER_DRAW = 0.5
"""The upper half is taken where a normal draw is below it: with probability 0.69, as in HRNet's code."""
FEWEST = 3
"""Labelled keypoints that a half needs; else it is the other half."""
WIDENED = 1.5
"""Size of the region, as a factor of the box around the half's keypoints."""
STREAM = 1
"""Separates these draws from the others of a sample."""

Region = tuple[Array, Array]
"""Middle (2,) and size (2,) of a region, image pixels."""


def lower_half(skeleton: Skeleton) -> Array:
    """(K,) bool, the keypoints of the lower half."""
    return np.array([any(word in name for word in LOWER) for name in skeleton.keypoints], bool)


def half_body(
    augmentation: Augmentation, keypoints: Array, labelled: Array, lower: Array, key: tuple[int, int, int]
) -> Region | None:
    """The region of half a person, where a sample shows half.

    Args:
        keypoints: (K, 2) image pixels. labelled: (K,) bool.
        lower: (K,) bool, as `lower_half` gives it.
        key: (seed, epoch, row) of the sample, on which the draws depend.

    Returns:
        Its middle and size; None where the sample shows the whole person.
    """
    if not augmentation.half_body or labelled.sum() <= augmentation.half_body_keypoints:
        return None
    random = np.random.default_rng((*key, STREAM))
    if random.random() >= augmentation.half_body:
        return None
    return _region(keypoints, labelled, lower, prefer_upper=bool(random.normal() < UPPER_DRAW))


def possible_halves(augmentation: Augmentation, keypoints: Array, labelled: Array, lower: Array) -> list[Region]:
    """Every region that `half_body` can return for a person."""
    if not augmentation.half_body or labelled.sum() <= augmentation.half_body_keypoints:
        return []
    both = (_region(keypoints, labelled, lower, prefer_upper) for prefer_upper in (True, False))
    return [region for region in both if region is not None]


def _region(keypoints: Array, labelled: Array, lower: Array, prefer_upper: bool) -> Region | None:
    """The middle of a half's labelled keypoints, and the box around them, widened; None where all are at one place."""
    upper, below = labelled & ~lower, labelled & lower
    half = upper if (prefer_upper and upper.sum() >= FEWEST) or below.sum() < FEWEST else below
    if half.sum() < FEWEST - 1:
        return None
    shown = keypoints[half].astype(float)
    size = np.ptp(shown, axis=0) * WIDENED
    return (shown.mean(axis=0), size) if (size > 0).any() else None
