"""Uncertainty: how much a score would differ on other images of the same kind.

A bootstrap over images: people of one image stay together, since they share its light, its crowd and its annotator. Where the
images' films are known, people of one film stay together (`Sampling.unit`). A resample draws as many units as there are, with
replacement; it is kept as how often each was drawn, so that any score which is made of sums over units is one matrix product
away from all its resamples (Efron, Tibshirani, "An Introduction to the Bootstrap", 1993).

The interval of a score is a t interval on the logit scale, with the resamples' standard error; that of a difference is an expanded
percentile interval (Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician, 2015). On few images
both hold the true value more often than percentile intervals: docs/scoring.md has the measured coverage.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from posebench.array_type import Array

RESAMPLES = 1000
SEED = 0
"""One seed for all scores: a report regenerates to the byte, and two runs on one split are resampled alike."""
LEVEL = 95
"""Percent of datasets in which an interval should hold the true value."""
NORMAL = NormalDist().inv_cdf(0.5 + LEVEL / 200)


@dataclass(frozen=True)
class Sampling:
    """What was resampled.

    Attributes:
        units: how many were drawn from; 0 where unknown.
        unit: what they are, such as `image` or `film`.
        largest: the score of a perfect prediction, such as 100 of percentages; None where scores have no such bound.
    """

    units: int = 0
    unit: str = "image"
    largest: float | None = None


IMAGES = Sampling()
"""Images, an unknown number of them."""


@lru_cache
def widening(units: int) -> float:
    """By how much the bootstrap's normal interval of few units must be widened: sqrt(n / (n - 1)) x t quantile / normal quantile.

    1 where the number of units is unknown (0), or one.
    """
    if units < 2:
        return 1.0
    from scipy.special import stdtrit  # takes 0.1 s to import

    return float(np.sqrt(units / (units - 1)) * stdtrit(units - 1, 0.5 + LEVEL / 200) / NORMAL)


def image_weights(images: int) -> Array:
    """How often each image counts. Not to be written to.

    Returns:
        (1 + RESAMPLES, images) unsigned int: the first row is all ones (the sample itself), every other one a resample.
    """
    return _weights(images, RESAMPLES)


@lru_cache(maxsize=2)
def _weights(images: int, resamples: int) -> Array:
    drawn = np.random.default_rng(SEED).integers(0, max(images, 1), (resamples, images))
    weights = np.ones((1 + resamples, images), np.min_scalar_type(images))
    for row, images_drawn in zip(weights[1:], drawn, strict=True):  # one row at a time stays in the processor's cache
        row[:] = np.bincount(images_drawn, minlength=images)
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
    order = np.argsort(place, kind="stable")
    number = np.arange(len(place)) - np.searchsorted(place[order], place[order])  # of a person within its image
    for k in range(int(number.max(initial=-1)) + 1):  # numpy adds whole rows where none is there twice
        rows = order[number == k]
        per_image[place[rows]] += values[rows].reshape(len(rows), -1)
    sums = (image_weights(len(kept)).astype(np.float32) @ per_image).astype(float)
    if len(kept) == 1:
        sums[1:] = np.nan
    return sums.reshape(len(sums), *values.shape[1:])


def interval(resampled: Array, units: int = 0) -> tuple[float, float]:
    """The expanded percentile interval of (resamples,) differences or scores; NaN where one of them is unknown.

    Args:
        units: how many were resampled; 0 where unknown, for the middle 95 % as it is.
    """
    if not np.isfinite(resampled).all():
        return float("nan"), float("nan")
    low, high = np.percentile(resampled, tails(units))
    return float(low), float(high)


def tails(units: int) -> tuple[float, float]:
    """The percentiles at which an expanded percentile interval of so many units ends."""
    tail = 100 * NormalDist().cdf(-NORMAL * widening(units))
    return tail, 100 - tail


def score_interval(value: float, resampled: Array, sampling: Sampling) -> tuple[float, float]:
    """The 95 % interval of a score; NaN where its value or a resample is unknown, or resamples do not vary.

    A bounded score has a t interval on the logit scale. Where all units are perfect, or all score 0, the interval ends at the
    largest share of imperfect units that shows none among `units` in 2.5 % of datasets (Clopper, Pearson, Biometrika, 1934).
    A score without a bound, or with a negative resample, has an expanded percentile interval.
    """
    if not np.isfinite([value, *resampled]).all():
        return float("nan"), float("nan")
    largest, units = sampling.largest, sampling.units
    if largest is None or units < 2 or not 0 <= value <= largest or (resampled < 0).any():
        return interval(resampled, units)
    if value in (0, largest):
        share = 1 - (0.5 - LEVEL / 200) ** (1 / units)
        return (0.0, largest * share) if value == 0 else (largest * (1 - share), largest)
    if not np.ptp(resampled):  # few units that score alike say nothing of others
        return float("nan"), float("nan")
    part = value / largest
    error = float(resampled.std(ddof=1)) / largest / (part * (1 - part)) * NORMAL * widening(units)
    low, high = (largest / (1 + np.exp(sign * error) * (1 - part) / part) for sign in (1, -1))
    return float(low), float(high)


def intervals(
    values: Mapping[str, float], resampled: Mapping[str, Array], sampling: Sampling
) -> dict[str, tuple[float, float]]:
    """The interval of every score whose value and resamples are all known."""
    found = {
        name: score_interval(values[name], scores, sampling) for name, scores in resampled.items() if name in values
    }
    return {name: bounds for name, bounds in found.items() if not np.isnan(bounds).any()}


def split(scores: Mapping[str, Array]) -> tuple[dict[str, float], dict[str, Array]]:
    """Split (1 + resamples,) scores into the sample's values and the resampled ones."""
    values = {name: float(score[0]) for name, score in scores.items()}
    return values, {name: score[1:] for name, score in scores.items()}
