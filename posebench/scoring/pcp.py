"""Strict PCP: the share of limbs of which both ends are found.

Papers: Ferrari, Marin-Jimenez, Zisserman, "Progressive Search Space Reduction for Human Pose Estimation" (CVPR 2008) state the
measure; Pishchulin, Jain, Andriluka, Thormaehlen, Schiele, "Articulated People Detection and Pose Estimation" (CVPR 2012)
tell its strict reading, which is this one, from the loose one of the released code: both ends must be within half the
length of the annotated limb, not their mean.
"""

from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array


@dataclass(frozen=True)
class Limb:
    """A limb: two ends, each a keypoint or the middle of several.

    Attributes:
        name: such as `left_forearm`.
        one, other: the keypoints' positions.
    """

    name: str
    one: tuple[int, ...]
    other: tuple[int, ...]


def limb_lengths(limbs: tuple[Limb, ...], keypoints: Array) -> Array:
    """(N, L) lengths in pixels of the limbs of `keypoints` (N, K, 2)."""
    lengths = [np.hypot(*(_end(keypoints, limb.one) - _end(keypoints, limb.other)).T) for limb in limbs]
    return np.stack(lengths, axis=1)


def whole(limbs: tuple[Limb, ...], keypoints: Array) -> Array:
    """(N, L) bool, limbs of which every keypoint is True in `keypoints` (N, K)."""
    return np.stack([keypoints[:, limb.one + limb.other].all(axis=1) for limb in limbs], axis=1)


def limb_errors(limbs: tuple[Limb, ...], keypoints: Array, missing: Array, truth: Array) -> Array:
    """The larger of a limb's two errors, divided by the annotated limb's length.

    Args:
        keypoints, truth: (N, K, 2) pixels. missing: (N, K) bool, what was not predicted.

    Returns:
        (N, L); inf where a keypoint is missing. Of an annotated limb without length, 0 where it is met exactly, else inf.
    """
    farther = [
        np.maximum(*(np.hypot(*(_end(keypoints, end) - _end(truth, end)).T) for end in (limb.one, limb.other)))
        for limb in limbs
    ]
    error, lengths = np.stack(farther, axis=1), limb_lengths(limbs, truth)
    predicted = whole(limbs, ~missing)
    result = np.divide(error, lengths, out=np.full(lengths.shape, np.inf), where=predicted & (lengths > 0))
    return np.asarray(np.where(predicted & (error == 0), 0.0, result))


def _end(keypoints: Array, of: tuple[int, ...]) -> Array:
    """(N, 2) the keypoint, or the middle of several."""
    return np.asarray(keypoints[:, of].mean(axis=1))
