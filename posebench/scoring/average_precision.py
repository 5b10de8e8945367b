"""Average precision of matched detections, as pycocotools' COCOeval accumulates it. Pure functions of arrays.

Reference: cocodataset/cocoapi 8c9bcc3, PythonAPI/pycocotools/cocoeval.py (accumulate, summarize), equal to the last bit.

Datasets whose images count several times (resamples) go through the same lines as a dataset itself, many at once
(precision_curves), on all cores. Each resample is computed by itself, so its numbers do not depend on the number of cores.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array
from posebench.cores import cores
from posebench.scoring.precision_curves import RECALLS, count, sampled, weight_table
from posebench.scoring.scores import Curve

THRESHOLDS = np.linspace(0.5, 0.95, 10)
AREAS = {"all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
_BLOCK = 32
"""Resamples computed at once: their numbers at the hits of a threshold should fit the processor's cache."""
_THREADS = 8
"""At most: each has its own block in memory. numpy works outside the interpreter's lock."""


@dataclass(frozen=True, eq=False)
class Matches:
    """The result of matching each detection, best score first over all images.

    Attributes:
        image: (D',) of the detections.
        found: (areas, D') int; bit t is set where the detection found a person at threshold t. ignored: likewise, where it counts
            neither way.
        people: (areas, images) how many there were to find in each image.
    """

    image: Array
    found: Array
    ignored: Array
    people: Array


def precision_recall(matches: Matches, weights: Array | None = None) -> tuple[Array, Array]:
    """Interpolated precision at `RECALLS` and the largest recall; -1 where there was no person to find.

    Args:
        weights: (images,) int, how often each image counts, as if it were in the dataset so many times; None for once.

    Returns:
        precision (areas, thresholds, 101) and recall (areas, thresholds).
    """
    once = np.ones(matches.people.shape[1], np.int64)
    precision, recall = _of_resamples(matches, (once if weights is None else weights)[None])
    return precision[:, :, 0], recall[:, :, 0]


def over_thresholds(precision: Array) -> Curve:
    """AP of people of any size at each of `THRESHOLDS`, from `precision_recall`; NaN where there was no person to find."""
    values = np.where(precision[0] < 0, np.nan, precision[0]).mean(axis=1)
    return Curve("AP", "OKS threshold", tuple(THRESHOLDS.tolist()), tuple(values.tolist()))


def recall_over_thresholds(recall: Array) -> Curve:
    """AR of people of any size at each of `THRESHOLDS`, from `precision_recall`; NaN where there was no person to find."""
    values = np.where(recall[0] < 0, np.nan, recall[0])
    return Curve("AR", "OKS threshold", tuple(THRESHOLDS.tolist()), tuple(values.tolist()))


def precision_over_recall(matches: Matches) -> tuple[Curve, ...]:
    """Interpolated precision over recall for people of any size: a curve for each of `THRESHOLDS`; 0 beyond the largest recall."""
    precision = np.maximum(precision_recall(matches)[0][0], 0)
    recalls = tuple(RECALLS.tolist())
    return tuple(
        Curve(f"{threshold:.2f}", "recall", recalls, tuple(values))
        for threshold, values in zip(THRESHOLDS.tolist(), precision.tolist(), strict=True)
    )


def resampled(matches: Matches, weights: Array) -> dict[str, Array]:
    """`metrics` of many datasets that differ in how often each image counts, matched once.

    Args:
        weights: (R, images) int.

    Returns:
        name → (R,), equal to `metrics(*precision_recall(matches, weights[r]))`; NaN also of one image, which
        drawn again is itself and says nothing of other images.
    """
    precision, recall = _of_resamples(matches, weights)
    columns = _table(precision.transpose(0, 2, 1, 3), recall.transpose(0, 2, 1))
    alone = weights.shape[1] == 1
    return {name: np.where((values < 0) | alone, np.nan, values) for name, values in columns.items()}


def summary(precision: Array, recall: Array) -> dict[str, float]:
    """The ten numbers of COCO's keypoint table, as fractions; -1 where there was no person to find, as COCO's evaluator writes."""
    return {name: float(values[0]) for name, values in _table(precision[:, None], recall[:, None]).items()}


def metrics(precision: Array, recall: Array) -> dict[str, float]:
    """`summary` as `Scores.metrics` has it: NaN where there was no person to find."""
    return {name: math.nan if value < 0 else value for name, value in summary(precision, recall).items()}


def _table(precision: Array, recall: Array) -> dict[str, Array]:
    """COCO's ten means from precision (areas, R, thresholds, 101) and recall (areas, R, thresholds): name → (R,)."""
    names = list(AREAS)
    every, medium, large = (names.index(name) for name in ("all", "medium", "large"))
    half, three_quarters = 0, 5

    def mean(values: Array) -> Array:
        # Of one area range all values are known or none is, so a mean of all is the mean of the known.
        means: Array = np.ascontiguousarray(values).reshape(len(values), -1).mean(axis=1)
        return means

    return {
        "AP": mean(precision[every]), "AP50": mean(precision[every, :, half]),
        "AP75": mean(precision[every, :, three_quarters]), "APM": mean(precision[medium]), "APL": mean(precision[large]),
        "AR": mean(recall[every]), "AR50": recall[every, :, half], "AR75": recall[every, :, three_quarters],
        "ARM": mean(recall[medium]), "ARL": mean(recall[large]),
    }  # fmt: skip


def _of_resamples(matches: Matches, weights: Array) -> tuple[Array, Array]:
    """precision (areas, thresholds, R, 101) and recall (areas, thresholds, R) of R datasets; -1 where there is no person."""
    areas, thresholds = len(matches.found), len(THRESHOLDS)
    people = matches.people.astype(float)  # whole numbers still; numpy multiplies floats many times faster
    precision = np.empty((areas, thresholds, len(weights), len(RECALLS)))
    recall = np.empty((areas, thresholds, len(weights)))
    ranges = [
        count(matches.image, found, ignored, thresholds, weights.shape[1])
        for found, ignored in zip(matches.found, matches.ignored, strict=True)
    ]

    def compute(start: int) -> None:
        block = slice(start, start + _BLOCK)
        table = weight_table(weights[block])
        to_find = (people @ weights[block].T.astype(float)).astype(np.int64)
        for a, counted in enumerate(ranges):
            precision[a, :, block], recall[a, :, block] = sampled(counted, table, to_find[a])

    starts = range(0, len(weights), _BLOCK)
    with ThreadPoolExecutor(min(len(starts), cores(), _THREADS) or 1) as executor:
        list((executor.map if len(starts) > 1 else map)(compute, starts))
    return precision, recall
