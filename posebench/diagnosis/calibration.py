"""Calibration: does a confidence of 0.8 mean that a keypoint is right in 80 % of cases?

Keypoints are divided into ten parts of equal number by their confidence. In each, the mean confidence is compared with the share of
keypoints that are right (`Compared.right`). The expected calibration error is the mean of the absolute differences, weighted by the
number of keypoints: Guo, Pleiss, Sun, Weinberger, "On Calibration of Modern Neural Networks" (ICML 2017), here with parts of equal
number (Nguyen, O'Connor, "Posterior Calibration and Exploratory Analysis for Natural Language Processing Models", EMNLP 2015).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.diagnosis.estimate import Estimate
from posebench.scoring.bootstrap import Sampling, image_weights, interval, score_interval
from posebench.scoring.compared import Compared

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
class Calibration:
    """How confidences compare with being right.

    Attributes:
        bins: the least confident first; empty where the file has no confidences.
        error: the expected calibration error, in percent; None where confidences are no probabilities.
        problem: why there are no bins or no error, as a sentence; empty where there are both.
    """

    bins: tuple[Bin, ...]
    error: Estimate | None
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        error = None if self.error is None else self.error.as_json()
        return {"bins": [one.as_json() for one in self.bins], "expected_error": error, "problem": self.problem}


def calibration(compared: Compared) -> Calibration:
    """The reliability of confidences, over all predicted keypoints that count."""
    asked = compared.counted & compared.found[:, None] & np.isfinite(compared.distances)
    n, k = np.nonzero(asked)
    confidence = compared.predictions.scores[compared.row[n], k].astype(float)
    if not len(confidence) or (confidence == confidence[0]).all():
        value = f": all are {confidence[0]:g}" if len(confidence) else ""
        return Calibration((), None, f"The file has no confidences of keypoints{value}.")
    right = compared.right[n, k]
    part = parts_of(confidence)
    kept, unit = np.unique(compared.people.units[n], return_inverse=True)
    sums = _sums(np.stack([np.ones(len(n)), right, confidence], axis=1), part, unit, len(kept))
    units = Sampling(len(kept), compared.people.group, 100)
    bins = tuple(_bin(confidence[part == p], sums[:, p], units) for p in range(sums.shape[1]))
    least, most = float(confidence.min()), float(confidence.max())
    if least < 0 or most > 1:
        return Calibration(
            bins, None,
            f"Confidences are from {least:.3g} to {most:.3g}, so they are no probabilities and have no calibration error.",
        )  # fmt: skip
    errors = 100 * np.abs(sums[:, :, 1] - sums[:, :, 2]).sum(axis=1) / sums[:, :, 0].sum(axis=1)
    return Calibration(bins, Estimate(float(errors[0]), interval(errors[1:], len(kept)) if len(kept) > 1 else None))


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
