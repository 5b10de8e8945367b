"""Precision over recall of many resampled datasets at once, whose detections are matched already. Pure functions of arrays.

A resample is how often each image counts, and all its numbers are running sums of these weights over detections, best first.

* Precision rises only where a person is found (a hit), so its envelope needs no other place.
* A detection counts at nearly all thresholds of an area range or at none. The detections that count at all of them are summed
  once for the range, and each threshold adds its own.
* Sums run in lanes: rows 0 to 15 are the first column of a matrix, rows 16 to 31 the second. A step adds a whole row of the
  matrix to the next, and within a column sums are so small that one byte holds them. What is before each column is added
  where it is needed.
* The envelope is computed within each column only; behind it, the largest precision of each column is enough.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from posebench.array_type import Array

RECALLS = np.linspace(0.0, 1.0, 101)
_LANES = 16
"""A power of two: a column is searched by halves."""
_EPSILON = np.spacing(1)


class _Hits(NamedTuple):
    """One area range and threshold: its hits, and the detections that count here but not at every threshold.

    Attributes:
        image: (LANES, h) image of each hit. The last column is filled up with images without weight.
        place: (LANES, h) which of the range's places each hit is. The last column is filled up with the last hit.
        added: (LANES, c) images of the added detections, after one without weight.
        before: (LANES, h) where in `added`, as one row, the sum ends that each hit needs.
    """

    image: Array
    place: Array
    added: Array
    before: Array


class Counted(NamedTuple):
    """The detections of one area range.

    Attributes:
        image: (LANES, n) images of the detections that count at every threshold, after one without weight.
        before: (P,) where in `image`, as one row, the sum ends that each place with a hit at any threshold needs.
        hits: one entry for each threshold.
    """

    image: Array
    before: Array
    hits: tuple[_Hits, ...]


def count(image: Array, found: Array, ignored: Array, thresholds: int, images: int) -> Counted:
    """Arrange the detections of an area range.

    Args:
        image: (D,) image of each detection, best detection first; below `images`.
        found: (D,) int; bit t is set where it found a person at threshold t. ignored: likewise, where it counts neither way.
    """
    counted = ~ignored & (1 << thresholds) - 1
    hit, always = found & counted, counted == (1 << thresholds) - 1
    places, sometimes = np.flatnonzero(hit), np.flatnonzero((counted != 0) & ~always)
    common, before = _sums_until(np.cumsum(always)[places], np.flatnonzero(always), image, images)
    hits = []
    for threshold in range(thresholds):
        place = np.flatnonzero(hit[places] >> threshold & 1)
        added = sometimes[np.flatnonzero(counted[sometimes] >> threshold & 1)]
        until = np.searchsorted(places[place], added)
        added_before = np.cumsum(np.bincount(until, minlength=len(place) + 1))[: len(place)]
        more, row = _sums_until(added_before, added, image, images)
        laid = _lanes(place, *place[-1:]), more, _lanes(row, *row[-1:])
        hits.append(_Hits(_lanes(image[places[place]], images), *laid))
    return Counted(common, before, tuple(hits))


def _sums_until(rows: Array, detections: Array, image: Array, images: int) -> tuple[Array, Array]:
    """Images of detections in lanes, and where among them, as one row, the sum over the first of them, `rows` in number, ends."""
    lanes = _lanes(np.concatenate([[images], image[detections]]), images)
    return lanes, rows % _LANES * lanes.shape[1] + rows // _LANES


def _lanes(rows: Array, filling: int = 0) -> Array:
    """(LANES, n) of (N,): row i is [i % LANES, i // LANES]. There is at least one column."""
    columns = max(-(-len(rows) // _LANES), 1)
    filled = np.full(columns * _LANES, filling, np.int64)
    filled[: len(rows)] = rows
    return np.ascontiguousarray(filled.reshape(columns, _LANES).T)


def weight_table(weights: Array) -> Array:
    """(images + 1, R) of (R, images) weights, in the smallest type that a column's sum fits; the last row is zero."""
    table = np.zeros((weights.shape[1] + 1, len(weights)), np.min_scalar_type(_LANES * int(weights.max(initial=0))))
    table[:-1] = weights.T
    return table


def sampled(counted: Counted, table: Array, people: Array) -> tuple[Array, Array]:
    """Precision and recall of R datasets.

    Args:
        table: their weights (`weight_table`). people: (R,) how many there are to find.

    Returns:
        (thresholds, R, 101) interpolated precision at `RECALLS` and (thresholds, R) the largest recall; -1 where there is
        no person to find.
    """
    common = _whole_sums(table, counted.image, counted.before)
    total = np.maximum(people, 1)[:, None]
    # The fewest people found that make the recall, as a float, at least the one that is asked for.
    needed = np.ceil(RECALLS * total).astype(np.int64)
    needed -= (needed - 1) / total >= RECALLS
    needed += needed / total < RECALLS
    precision = np.empty((len(counted.hits), *needed.shape))
    most = np.empty(precision.shape[:2])
    for t, hits in enumerate(counted.hits):
        within, before = _running_sums(table, hits.image)
        precision[t] = _interpolated(_precision(hits, table, common, within, before), within, before, needed)
        most[t] = before[-1]
    known = people > 0
    return np.where(known[:, None], precision, -1.0), np.where(known, most / total[:, 0], -1.0)


def _running_sums(table: Array, lanes: Array) -> tuple[Array, Array]:
    """Of (LANES, n) images: (LANES, n, R) running sums within each column, and (1 + n, R) the sum before each, then of all."""
    within = table.take(lanes, axis=0, mode="clip")
    for above, lane in pairwise(within):
        np.add(lane, above, out=lane)
    before = np.zeros((1 + lanes.shape[1], table.shape[1]), np.int32)
    np.cumsum(within[-1], axis=0, dtype=np.int32, out=before[1:])
    return within, before


def _whole_sums(table: Array, lanes: Array, ends: Array) -> Array:
    """(..., R) sums over images in lanes, each up to one of (...) `ends`."""
    within, before = _running_sums(table, lanes)
    resamples = table.shape[1]
    sums: Array = before.take(ends % lanes.shape[1], axis=0, mode="clip")
    sums += within.reshape(-1, resamples).take(ends, axis=0, mode="clip")
    return sums


def _precision(hits: _Hits, table: Array, common: Array, within: Array, before: Array) -> Array:
    """(LANES, h, R) precision at each hit."""
    counted = common.take(hits.place, axis=0, mode="clip") if len(common) else np.zeros(within.shape, np.int32)
    counted += _whole_sums(table, hits.added, hits.before)
    precision: Array = within + before[:-1].astype(float)
    precision /= counted + _EPSILON
    return precision


def _interpolated(precision: Array, within: Array, before: Array, needed: Array) -> Array:
    """(R, 101) the largest precision from the first hit on with which as many people are found as `needed`, (R, 101); else 0.

    Args:
        precision: (LANES, h, R), which becomes the largest of each column from each hit on.
        within, before: `_running_sums` of people found.
    """
    columns, resamples = precision.shape[1:]
    for below, lane in pairwise(precision[::-1]):
        np.maximum(lane, below, out=lane)
    behind = np.zeros((columns + 1, resamples))
    behind[:-1] = np.maximum.accumulate(precision[0, ::-1], axis=0)[::-1]
    # One search for all datasets: sums ascend within each, and the sums of each dataset are raised above those before.
    row = np.arange(resamples)[:, None]
    step = max(int(needed.max()), int(before[-1].max())) + 1
    found = (before[1:].T + row * step).ravel()
    column = np.searchsorted(found, (needed + row * step).ravel()).reshape(needed.shape) - row * columns
    reached = column < columns
    at = np.minimum(column, columns - 1) * resamples + row  # as one row of (h, R)
    missing = needed - before.ravel().take(at)
    place, lane_size, half = at.copy(), columns * resamples, _LANES // 2
    sums = within.ravel()
    while half:
        place += half * lane_size * (sums.take(place + (half - 1) * lane_size) < missing)
        half //= 2
    best = np.maximum(precision.ravel().take(place), behind.ravel().take(at + resamples))
    return np.where(reached, best, 0.0)
