"""PCK: the share of keypoints that lie within a fraction of a body length. Pure functions of arrays.

A keypoint counts where it is annotated, visible or occluded; it is a hit where its distance is at most the threshold
(`<=`, as the official MPII toolkit). What was not predicted is infinitely far.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def normalised_distances(keypoints: Array, truth: Array, lengths: Array, missing: Array | None = None) -> Array:
    """Distances in units of each person's length.

    Args:
        keypoints, truth: (N, K, 2) pixels.
        lengths: (N,) pixels, such as head lengths.
        missing: (N, K) True where nothing was predicted.

    Returns:
        (N, K), inf where missing.
    """
    difference = keypoints - truth
    distances = np.sqrt((difference**2).sum(axis=2)) / lengths[:, None]
    return distances if missing is None else np.where(missing, np.inf, distances)


def hits(distances: Array, counted: Array, thresholds: Array, strict: bool = False) -> Array:
    """Which counted keypoints lie within each threshold.

    Args:
        distances: (N, K), as `normalised_distances` returns.
        counted: (N, K) bool.
        thresholds: (T,).
        strict: `<` instead of `<=`.

    Returns:
        (N, T, K) bool.
    """
    compare = np.less if strict else np.less_equal
    within: Array = compare(distances[:, None], thresholds[:, None]) & counted[:, None]
    return within


def percentage(numbers: Array, total: Array) -> Array:
    """`100 * numbers / total`, NaN where the total is 0."""
    result: Array = 100 * np.divide(numbers, total, out=np.full(np.shape(numbers), np.nan), where=np.asarray(total) > 0)
    return result


def area_under_curve(values: Array) -> Array:
    """Mean height of the piecewise linear curve through equally spaced values (..., T): the official MPII toolkit's AUC."""
    area: Array = (values[..., :-1] + values[..., 1:]).mean(axis=-1) / 2
    return area


def personal_area_under_curve(distances: Array, counted: Array, limit: float) -> Array:
    """(N,) each person's own area under the curve over 0 ... `limit`, in percent; NaN for people without a keypoint."""
    within = np.clip(1 - distances / limit, 0, 1).sum(axis=1, where=counted)
    return percentage(within, counted.sum(axis=1))
