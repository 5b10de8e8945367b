"""A number of a diagnosis with its 95 % interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.files.validation import Known
from posebench.scoring.bootstrap import image_weights, interval, resampled_sums, score_interval
from posebench.scoring.pck import percentage, sampling_of
from posebench.scoring.scores import Scores

_BLOCK = 64
"""Resamples computed at once, so that their weights of all values stay small."""
_NEAR = 4.0
"""Part of the values, divided by the root of the number of units, on either side of the middle: almost every median is there."""


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval; NaN and None where unknown."""

    value: Known
    interval: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`, which has no NaN."""
        return {"value": self.value if np.isfinite(self.value) else None, "interval": self.interval}


def shares(part: Array, whole: Array, people: Instances) -> list[Estimate]:
    """What share of each person's numbers is of a part, in percent over all people.

    Args:
        part: (N, P) numbers of P parts of each person. whole: (N, P) out of how many.
        people: the N people.

    Returns:
        P estimates. The resamples are those of a PCK, of the images of all N people: so what is everything has the interval of the
        score that it is.
    """
    asked = whole > 0
    everybody = asked.any(axis=1)
    if not everybody.any():
        return [Estimate(np.nan)] * part.shape[1]
    sums = resampled_sums(np.stack([part, whole], axis=1), people.units)
    values = percentage(sums[:, 0], sums[:, 1])
    in_part = (None if (asked[:, p] == everybody).all() else asked[:, p] for p in range(part.shape[1]))
    return [_share(values[:, p], one, people) for p, one in enumerate(in_part)]


def _share(values: Array, asked: Array | None, people: Instances) -> Estimate:
    """A share (1 + resamples,) of the people who are asked about, (N,) bool; None for all."""
    value, units = float(values[0]), people.units if asked is None else people.units[asked]
    return Estimate(value, known_bounds(score_interval(value, values[1:], sampling_of(units, people))))


def difference(metric: str, after: Scores, before: Scores) -> Estimate:
    """By how much a metric is larger after a change; resample by resample, since both are of the same people."""
    value = after.metrics[metric] - before.metrics[metric]
    return Estimate(value, _paired(metric, after.resampled, before))


def _paired(metric: str, after: Mapping[str, Array], before: Scores) -> tuple[float, float] | None:
    if metric not in after or metric not in before.resampled:
        return None
    return known_bounds(interval(after[metric] - before.resampled[metric], before.sampling.units))


def median(values: Array, units: Array) -> Estimate:
    """The median of values (V,), with its interval over resamples of what they are in, units (V,) int; NaN of none."""
    if not len(values):
        return Estimate(np.nan)
    kept, place = np.unique(units, return_inverse=True)
    medians = weighted_medians(values, place, image_weights(len(kept)))
    return Estimate(float(medians[0]), known_bounds(interval(medians[1:], len(kept))) if len(kept) > 1 else None)


def weighted_medians(values: Array, unit: Array, weights: Array) -> Array:
    """(R,) medians of values (V,) that count as often as their unit does.

    Args:
        unit: (V,) int. weights: (R, units) int.
    """
    order = np.argsort(values, kind="stable")
    values, unit = values[order], unit[order]
    middle, reach = len(values) // 2, int(_NEAR * len(values) / np.sqrt(weights.shape[1]))
    medians, left = np.full(len(weights), np.nan), np.flatnonzero(weights[:, np.unique(unit)].any(axis=1))
    for part in (slice(max(middle - reach, 0), middle + reach), slice(0, None)):
        medians[left] = _medians_within(part, values, unit, weights[left])
        left = left[np.isnan(medians[left])]
    return medians


def _medians_within(part: slice, values: Array, unit: Array, weights: Array) -> Array:
    """(R,) medians of ascending values (V,) with their units (V,); NaN where one of its two middle values is not in the part."""
    before, total = (weights @ np.bincount(unit[:end], minlength=weights.shape[1]) for end in (part.start, None))
    # The two middle ones of an even number, the middle one twice of an odd number.
    middle = np.stack([(total + 1) // 2, total // 2 + 1], axis=1) - before[:, None]
    medians = np.full(len(weights), np.nan)
    for start in range(0, len(weights), _BLOCK):
        running = np.cumsum(weights[start : start + _BLOCK, unit[part]], axis=1)
        for r, count in enumerate(running, start):
            if middle[r, 0] > 0 and middle[r, 1] <= count[-1]:
                medians[r] = values[part][np.searchsorted(count, middle[r])].mean()
    return medians


def known_bounds(bounds: tuple[float, float]) -> tuple[float, float] | None:
    """An interval; None where an end of it is unknown."""
    return None if np.isnan(bounds).any() else bounds
