"""Uncertainty: how much a score would differ on other images of the same kind.

A bootstrap over images: people of one image stay together, since they share its light, its crowd and its annotator. A
resample draws as many images as there are, with replacement; it is kept as how often each image was drawn, so that any
score which is made of sums over images is one matrix product away from all its resamples (Efron, Tibshirani, "An
Introduction to the Bootstrap", 1993; percentile intervals).
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

RESAMPLES = 1000
SEED = 0
"""One seed for all scores: a report regenerates to the byte, and two runs on one split are resampled alike."""
LEVEL = 95
"""Percent of the resamples that an interval holds."""


def image_weights(images: int) -> Array:
    """How often each image counts. Not to be written to.

    Returns:
        (1 + RESAMPLES, images) int64: the first row is all ones (the sample itself), every other one a resample.
    """
    return _weights(images, RESAMPLES)


@lru_cache(maxsize=2)
def _weights(images: int, resamples: int) -> Array:
    drawn = np.random.default_rng(SEED).integers(0, max(images, 1), (resamples, images))
    places = drawn + images * np.arange(resamples)[:, None]
    counts = np.bincount(places.ravel(), minlength=images * resamples).reshape(resamples, images)
    weights = np.concatenate([np.ones((1, images), np.int64), counts])
    weights.flags.writeable = False
    return weights


def resampled_sums(values: Array, image: Array) -> Array:
    """Sums over people, of the sample and of every resample.

    Args:
        values: (N, ...) integers below 2 ** 24 in all, per person.
        image: (N,) which image each person is in; only images with people are drawn.

    Returns:
        (1 + resamples, ...) float64, the first row the sample's. Of one image the resamples are NaN: drawn again it is
        itself, which says nothing of other images.
    """
    kept, place = np.unique(image, return_inverse=True)
    # Whole numbers below 2 ** 24 are exact in single precision, which multiplies twice as fast.
    per_image = np.zeros((len(kept), values[0].size if len(values) else 0), np.float32)
    np.add.at(per_image, place, values.reshape(len(values), -1))
    sums = (image_weights(len(kept)).astype(np.float32) @ per_image).astype(float)
    if len(kept) == 1:
        sums[1:] = np.nan
    return sums.reshape(len(sums), *values.shape[1:])


def interval(resampled: Array) -> tuple[float, float]:
    """The middle 95 % of (resamples,) scores; NaN where one of them is unknown."""
    if not np.isfinite(resampled).all():
        return float("nan"), float("nan")
    low, high = np.percentile(resampled, [50 - LEVEL / 2, 50 + LEVEL / 2])
    return float(low), float(high)


def intervals(resampled: Mapping[str, Array]) -> dict[str, tuple[float, float]]:
    """The interval of every score whose resamples are all known."""
    return {name: interval(scores) for name, scores in resampled.items() if np.isfinite(scores).all()}


def split(scores: Mapping[str, Array]) -> tuple[dict[str, float], dict[str, Array]]:
    """Split (1 + resamples,) scores into the sample's values and the resampled ones."""
    values = {name: float(score[0]) for name, score in scores.items()}
    return values, {name: score[1:] for name, score in scores.items()}
