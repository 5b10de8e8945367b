"""Calibration: does a confidence of 0.8 mean that a keypoint is right in 80 % of cases?

Keypoints are divided into ten parts of equal number by their confidence. In each, the mean confidence is compared with the share of
keypoints that are right (`Compared.right`). The expected calibration error is the mean of the absolute differences, weighted by the
number of keypoints: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017), here with parts of equal
number (Nguyen, O'Connor, "Posterior Calibration and Exploratory Analysis for Natural Language Processing Models", EMNLP 2015).

Chance alone makes this error larger than 0, also in resamples. So it stands beside the error that is to be expected by chance, that
of resamples against the sample. The interval is the bootstrap's basic one, which takes the bias off (Davison, Hinkley, "Bootstrap
Methods and their Application", 1997), and begins at 0 where chance makes such an error in 2.5 % of samples or more.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.diagnosis.estimate import Estimate
from posebench.diagnosis.recalibration import Reordered, recalibrated, reordered
from posebench.files.validation import Known
from posebench.scoring.bootstrap import Sampling, image_weights, interval, score_interval
from posebench.scoring.compared import Compared
from posebench.scoring.scores import Scores

PARTS = 10


@dataclass(frozen=True)
class Bin:
    """Keypoints of like confidence.

    Attributes:
        low, high: their least and largest confidence. confidence: the mean. right: percent that are right. keypoints: how many.
    """

    low: float
    high: float
    confidence: float
    right: Estimate
    keypoints: int

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        return {
            "low": self.low, "high": self.high, "confidence": self.confidence, "right": self.right.as_json(),
            "keypoints": self.keypoints,
        }  # fmt: skip


@dataclass(frozen=True)
class Error:
    """An expected calibration error, in percent, and what chance alone would make of a file that has none."""

    error: Estimate
    by_chance: Known

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        return self.error.as_json() | {"by_chance": Estimate(self.by_chance).as_json()["value"]}


@dataclass(frozen=True)
class Calibration:
    """How confidences compare with being right.

    Attributes:
        bins: the least confident first; empty where the file has no confidences.
        error: the expected calibration error; None where confidences are no probabilities.
        recalibrated: the same of confidences that are mapped by what is right on other images; None where there are no others.
        reordered: the headline with detections in the order of recalibrated scores; empty where it does not depend on an order.
        problem: why there are no bins or no error, as a sentence; empty where there are both.
    """

    bins: tuple[Bin, ...] = ()
    error: Error | None = None
    recalibrated: Error | None = None
    reordered: tuple[Reordered, ...] = ()
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        return {
            "bins": [one.as_json() for one in self.bins],
            "expected_error": None if self.error is None else self.error.as_json(),
            "recalibrated_error": None if self.recalibrated is None else self.recalibrated.as_json(),
            "reordered": [one.as_json() for one in self.reordered],
            "problem": self.problem,
        }


def calibration(compared: Compared, headline: str, before: Scores) -> Calibration:
    """The reliability of confidences, over all predicted keypoints that count.

    Args:
        headline: the metric that ranks. before: the scores of the predictions as they are.
    """
    asked = compared.counted & compared.found[:, None] & np.isfinite(compared.distances)
    n, k = np.nonzero(asked)
    confidence = compared.predictions.scores[compared.row[n], k].astype(float)
    if not len(confidence) or (confidence == confidence[0]).all():
        value = f": all are {confidence[0]:g}" if len(confidence) else ""
        return Calibration(problem=f"The file has no confidences of keypoints{value}.")
    right, unit = compared.right[n, k], np.unique(compared.people.units[n], return_inverse=True)[1]
    bins, error = _reliability(confidence, right, unit, compared.people.group)
    mapped = recalibrated(confidence, right, k, unit)
    later = _reliability(mapped, right, unit, compared.people.group)[1] if np.isfinite(mapped).all() else None
    order = reordered(compared, headline, before)
    least, most = float(confidence.min()), float(confidence.max())
    if least < 0 or most > 1:
        problem = f"Confidences are from {least:.3g} to {most:.3g}, so they are no probabilities and have no calibration error."
        return Calibration(bins, None, later, order, problem)
    return Calibration(bins, error, later, order)


def _reliability(confidence: Array, right: Array, unit: Array, group: str) -> tuple[tuple[Bin, ...], Error]:
    """Parts of equal number, and how far confidences are from the share of right keypoints in them.

    Args:
        confidence: (V,). right: (V,) bool. unit: (V,) int from 0, what is resampled. group: what a unit is.
    """
    part, units = parts_of(confidence), int(unit.max()) + 1
    sums = _sums(np.stack([np.ones(len(unit)), right, confidence], axis=1), part, unit, units)
    sampling = Sampling(units, group, 100)
    bins = tuple(_bin(confidence[part == p], sums[:, p], sampling) for p in range(sums.shape[1]))
    return bins, expected_error(sums, units)


def expected_error(sums: Array, units: int) -> Error:
    """Args: sums: (1 + RESAMPLES, parts, 3) keypoints, right ones, and confidences, the sample's first."""
    number, above = sums[:, :, 0], sums[:, :, 2] - sums[:, :, 1]
    gap = np.divide(above, number, out=np.zeros_like(above), where=number > 0)
    share = number / number.sum(axis=1, keepdims=True)
    errors = 100 * (share * np.abs(gap)).sum(axis=1)
    error = float(errors[0])
    if units < 2:
        return Error(Estimate(error), np.nan)
    noise = 100 * (share[1:] * np.abs(gap[1:] - gap[0])).sum(axis=1)
    low, high = interval(errors[1:], units)
    begins = 0.0 if error <= interval(noise, units)[1] else max(2 * error - high, 0.0)
    return Error(Estimate(error, (begins, max(2 * error - low, error))), float(noise.mean()))


def parts_of(confidence: Array) -> Array:
    """(V,) which of at most `PARTS` parts of equal number each confidence is in, from 0; equal ones are in one part."""
    edges = np.unique(np.quantile(confidence, np.arange(1, PARTS) / PARTS, method="lower"))
    place = np.searchsorted(edges, confidence, side="left")
    parts: Array = np.unique(place, return_inverse=True)[1]
    return parts


def _sums(values: Array, part: Array, unit: Array, units: int) -> Array:
    """(1 + RESAMPLES, parts, C) sums of values (V, C) of each part, the sample's first."""
    parts = int(part.max()) + 1
    per_unit = np.zeros((units, parts, values.shape[1]))
    np.add.at(per_unit, (unit, part), values)
    weighted: Array = image_weights(units).astype(float) @ per_unit.reshape(units, -1)
    return weighted.reshape(-1, parts, values.shape[1])


def _bin(confidence: Array, sums: Array, units: Sampling) -> Bin:
    """Args: sums: (1 + RESAMPLES, 3) keypoints, right ones, and confidences."""
    with np.errstate(invalid="ignore", divide="ignore"):  # a resample may have none of them
        right = 100 * sums[:, 1] / sums[:, 0]
    bounds = score_interval(float(right[0]), right[1:], units)
    known = None if units.units < 2 or np.isnan(bounds).any() else bounds
    return Bin(
        float(confidence.min()), float(confidence.max()), float(confidence.mean()), Estimate(float(right[0]), known),
        len(confidence),
    )  # fmt: skip
