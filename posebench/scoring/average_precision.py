"""Average precision of matched detections, as pycocotools' COCOeval accumulates it. Pure functions of arrays.

Reference: cocodataset/cocoapi 8c9bcc3, PythonAPI/pycocotools/cocoeval.py (accumulate, summarize), equal to the last bit.

Two observations make it cheap. Precision rises only where a person is found (a hit), so its envelope needs no other
place. And a detection counts at nearly all thresholds of an area range or at none, so the running number of counted
detections is summed once per range, and corrected per threshold at the few detections that change.
Datasets whose images count several times (resamples) go through the same lines, many at once.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from posebench.array_type import Array

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
AREAS = {"all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
_EPSILON = np.spacing(1)
_BLOCK = 16
"""Resamples computed at once: their running counts (detections x block, 4 bytes each) should fit the processor's cache."""


@dataclass(frozen=True, eq=False)
class Matches:
    """The result of matching each detection, best score first over all images.

    Attributes:
        image: (D',) of the detections.
        found: (areas, thresholds, D') bool, it found a person. ignored: likewise, it counts neither way.
        people: (areas, images) how many there were to find in each image.
    """

    image: Array
    found: Array
    ignored: Array
    people: Array


class _Hits(NamedTuple):
    """Where one area range and threshold differ from their range: places among the D' detections.

    Attributes:
        at: (H,) detections that found a person. changed: (C,) detections that count here but not in the range's common
            part, or the reverse. sign: (C, 1) +1 or -1, which of the two. before: (H,) how many of `changed` come no
            later than each hit.
    """

    at: Array
    changed: Array
    sign: Array
    before: Array


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


def resampled(matches: Matches, weights: Array) -> dict[str, Array]:
    """`summary` of many datasets that differ in how often each image counts, matched once.

    Args:
        weights: (R, images) int.

    Returns:
        name → (R,), equal to `summary(*precision_recall(matches, weights[r]))`; NaN where it had no person to find, and
        of one image, which drawn again is itself and says nothing of other images.
    """
    precision, recall = _of_resamples(matches, weights)
    columns = _table(precision.transpose(0, 2, 1, 3), recall.transpose(0, 2, 1))
    alone = weights.shape[1] == 1
    return {name: np.where((values < 0) | alone, np.nan, values) for name, values in columns.items()}


def summary(precision: Array, recall: Array) -> dict[str, float]:
    """The ten numbers of COCO's keypoint table, as fractions; -1 where there was no person to find."""
    return {name: float(values[0]) for name, values in _table(precision[:, None], recall[:, None]).items()}


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
    areas, thresholds, _ = matches.found.shape
    people = matches.people @ weights.T
    precision = np.full((areas, thresholds, len(weights), len(RECALLS)), -1.0)
    recall = np.full((areas, thresholds, len(weights)), -1.0)
    blocks = [slice(start, start + _BLOCK) for start in range(0, len(weights), _BLOCK)]
    # One row per image, so that the weight of a detection is a row to copy and sums run along rows.
    columns = [np.ascontiguousarray(weights[block].T, np.int32) for block in blocks]
    for a in range(areas):
        common = ~matches.ignored[a, 0]
        hits = [_hits(matches.found[a, t], ~matches.ignored[a, t], common) for t in range(thresholds)]
        counted = np.flatnonzero(common)
        place = np.cumsum(common)  # of a detection among the counted ones, 1 for the first
        for block, weight in zip(blocks, columns, strict=True):
            running = _running(weight, matches.image[counted])
            for t in range(thresholds):
                known = people[a, block] > 0
                values = _curve(hits[t], running, place, matches.image, weight)
                precision[a, t, block], recall[a, t, block] = _sampled(*values, people[a, block], known)
    return precision, recall


def _hits(found: Array, counted: Array, common: Array) -> _Hits:
    at = np.flatnonzero(found & counted)
    changed = np.flatnonzero(counted != common)
    sign = np.where(counted[changed], 1, -1).astype(np.int32)
    return _Hits(at, changed, sign[:, None], np.searchsorted(changed, at, side="right"))


def _running(weight: Array, image: Array) -> Array:
    """(1 + N, R) running sum over N detections, from zero, of their images' weights (images, R)."""
    running = np.empty((1 + len(image), weight.shape[1]), np.int32)
    running[0] = 0
    np.cumsum(weight[image], axis=0, dtype=np.int32, out=running[1:])
    return running


def _curve(hits: _Hits, running: Array, place: Array, image: Array, weight: Array) -> tuple[Array, Array]:
    """People found up to each hit, (H, R) int, and the precision envelope there, (1 + H, R), which ends with zero."""
    found = _running(weight, image[hits.at])[1:]
    changed = _running(hits.sign * weight[image[hits.changed]], np.arange(len(hits.changed)))
    counted = running[place[hits.at]] + changed[hits.before]
    envelope = np.zeros((1 + len(found), weight.shape[1]))
    np.divide(found, counted + _EPSILON, out=envelope[:-1])
    return found, np.maximum.accumulate(envelope[::-1], axis=0)[::-1]


def _sampled(found: Array, envelope: Array, people: Array, known: Array) -> tuple[Array, Array]:
    """Precision at `RECALLS`, (R, 101), and the largest recall, (R,), of curves from `_curve`; -1 where not known."""
    row = np.arange(len(people))[:, None]
    total = np.maximum(people, 1)[:, None]
    # The fewest people found that make the recall, as a float, at least the one that is asked for.
    needed = np.ceil(RECALLS * total).astype(np.int64)
    needed -= (needed - 1) / total >= RECALLS
    needed += needed / total < RECALLS
    # One search for all datasets: counts ascend within each, and every dataset's are raised above the one before.
    most = found[-1] if len(found) else np.zeros(len(people), np.int64)
    step = max(int(needed.max(initial=0)), int(most.max(initial=0))) + 1
    at = np.searchsorted((found.T + row * step).ravel(), (needed + row * step).ravel()).reshape(needed.shape)
    precision = envelope[at - row * len(found), row]
    return np.where(known[:, None], precision, -1.0), np.where(known, most / total[:, 0], -1.0)
