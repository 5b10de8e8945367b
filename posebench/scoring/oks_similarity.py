"""Object keypoint similarity (OKS), as pycocotools' COCOeval computes it; pairs that cannot match are skipped.

Of a detection d and a person g with n labelled keypoints:
`mean over labelled i of exp(-|d_i - g_i|² / (2 · area_g · (2 sigma_i)²))`.

Reference: cocodataset/cocoapi 8c9bcc3, PythonAPI/pycocotools/cocoeval.py (computeOks), equal to the last bit.

Most pairs within an image are of different people, and half of their keypoints prove it (`plausible`): only the others
get an OKS. Points are complex numbers here, x + iy: one number to fetch for each.
"""

from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array

_EPSILON = np.spacing(1)
_BLOCK = 1 << 14
"""Pairs computed at once: their intermediate arrays should fit the processor's cache."""
_FAR = -30.0
"""exp of it is nothing beside the slack; numpy's exp is several times slower where it underflows."""
_WORTH_DROPPING = 0.2
"""Rejected pairs are dropped from a walk once they are this part of it."""
_SLACK = 1e-9
"""Far above what rounding can do to a sum of K numbers in 0..1 (K · 1e-16 or so), far below what rejects a pair."""


@dataclass(frozen=True, eq=False, kw_only=True)
class People:
    """G annotated people, people of one image together and images ascending.

    Attributes:
        image: (G,) int. id: (G,) int, the annotation's own. keypoints: (G, K, 2). labelled: (G, K) bool.
        area: (G,) square pixels, not negative. bbox: (G, 4). crowd: (G,) bool. ignored: (G,) bool, at every size.
    """

    image: Array
    id: Array
    keypoints: Array
    labelled: Array
    area: Array
    bbox: Array
    crowd: Array
    ignored: Array


def similarity(keypoints: Array, people: People, rows: Array, sigmas: Array) -> Array:
    """OKS of P pairs.

    Args:
        keypoints: (P, K, 2) detections.
        people: whose rows `rows` (P,) they are compared with. Where nothing is labelled, distances are taken to the
            person's box, doubled, over all K.
        sigmas: (K,).

    Returns:
        (P,) in 0..1.
    """
    return similarity_of(as_complex(keypoints).ravel(), np.arange(len(rows)) * keypoints.shape[1], people, rows, sigmas)


def similarity_of(points: Array, start: Array, people: People, rows: Array, sigmas: Array) -> Array:
    """`similarity` of detections whose K keypoints begin at `start` (P,) in `points`, complex."""
    result = np.zeros(len(rows))
    first = np.argsort(~people.labelled, axis=1, kind="stable")  # labelled keypoints first, in their order
    count = people.labelled.sum(axis=1)[rows]
    at, (low, high) = as_complex(people.keypoints), (as_complex(corner) for corner in _doubled_boxes(people.bbox))
    divisor = (sigmas * 2) ** 2
    # By number of labelled keypoints, so that a sum adds exactly the numbers that COCOeval adds, in its order.
    for n in np.flatnonzero(np.bincount(count)).tolist():
        pair = np.flatnonzero(count == n)
        person = rows[pair]
        used = first[person, : n or None]
        found = points[start[pair, None] + used]
        with np.errstate(over="ignore"):  # what is infinitely far is not similar at all
            if n:
                gap = found - at[person[:, None], used]
                x, y = gap.real, gap.imag
            else:
                below, above = low[person, None] - found, found - high[person, None]
                x = np.maximum(0, below.real) + np.maximum(0, above.real)
                y = np.maximum(0, below.imag) + np.maximum(0, above.imag)
            exponent = (x**2 + y**2) / divisor[used] / (people.area[person] + _EPSILON)[:, None] / 2
        result[pair] = np.exp(-exponent).sum(axis=1) / used.shape[1]
    return result


def _doubled_boxes(bbox: Array) -> tuple[Array, Array]:
    """(G, 2) lower and upper corners of boxes three times as wide and high about the same middle, as COCOeval says double."""
    with np.errstate(over="ignore"):
        return bbox[:, :2] - bbox[:, 2:], bbox[:, :2] + bbox[:, 2:] * 2


def plausible(points: Array, start: Array, people: People, rows: Array, sigmas: Array, threshold: float) -> Array:
    """Which of P pairs may have an OKS of `threshold` or more.

    A proof that a pair has less: the sum of exp(-e_i) over its n labelled keypoints is n · OKS, and as e_i >= 0, a keypoint
    that was not looked at adds at most 1. So once the sum over *some* keypoints, plus the number of the others, is below
    n · threshold, OKS is below the threshold, whatever the others are. Of two different people nearly every term is 0, so
    that one keypoint more than half of them proves it at 0.5. Those of the smallest sigma, which forgive least, come first.

    Args:
        points: keypoints as complex numbers; the K of each pair's detection begin at `start` (P,).
        people: whose rows `rows` (P,) they are compared with; areas not negative.
        sigmas: (K,).
        threshold: in 0..1.

    Returns:
        (P',) ascending places among the pairs: all that reach the threshold, and few that do not.
    """
    walk = _walk(people, sigmas, threshold)
    boxed = walk.boxed[rows]
    kept = [np.zeros(0, np.int64)]
    with np.errstate(over="ignore", invalid="ignore"):  # coordinates of 1e300 are far, not wrong
        for places, to_box in ((np.flatnonzero(~boxed), False), (np.flatnonzero(boxed), True)):
            for block in range(0, len(places), _BLOCK):
                pair = places[block : block + _BLOCK]
                kept.append(pair[_survivors(points, start[pair], rows[pair], walk, to_box)])
    return np.sort(np.concatenate(kept))


@dataclass(frozen=True, eq=False)
class _Walk:
    """The order in which keypoints are looked at: rows of S steps, columns of G people. Points are complex, x + iy.

    Attributes:
        point: (S, G) int, which keypoint. at: (S, G) complex, where the person has it. scale: (S, G) what |distance|² is
            multiplied by to be -e; 0 once all that count are passed, as if the others were perfect.
        boxed: (G,) bool, nothing is labelled: distances are to the box, low to high, (G,) complex.
        least: (G,) a sum below it after the first step proves that OKS is below the threshold; 1 more each step.
    """

    point: Array
    at: Array
    scale: Array
    boxed: Array
    low: Array
    high: Array
    least: Array


def _walk(people: People, sigmas: Array, threshold: float) -> _Walk:
    """The first half of the keypoints and two more: whoever is left by then is best compared in full."""
    boxed: Array = np.logical_not(people.labelled.any(axis=1))
    counts = people.labelled | boxed[:, None]
    n: Array = counts.sum(axis=1)
    order = np.argsort(np.where(counts, sigmas, sigmas.max(initial=0) + 1), axis=1, kind="stable")
    point = np.ascontiguousarray(order.T[: len(sigmas) // 2 + 2])
    at = as_complex(people.keypoints)[np.arange(len(boxed)), point]
    scale = (-1 / (2 * (2 * sigmas) ** 2))[point] / (people.area + _EPSILON)
    scale[np.arange(len(point))[:, None] >= n] = 0
    low, high = (as_complex(corner) for corner in _doubled_boxes(people.bbox))
    return _Walk(point, at, scale, boxed, low, high, n * threshold - n + 1 - _SLACK)


def as_complex(points: Array) -> Array:
    """(..., 2) as (...) x + iy: one number to fetch for each point."""
    joined: Array = np.ascontiguousarray(points, float).view(complex)[..., 0]
    return joined


def _survivors(points: Array, start: Array, person: Array, walk: _Walk, to_box: bool) -> Array:
    """Places among P pairs, of detections whose keypoints begin at `start` in `points`, that are not proved different."""
    left: Array = np.arange(len(person))
    total: Array = np.zeros(len(person))
    least = walk.least[person]
    for point, at, scale in zip(walk.point, walk.at, walk.scale, strict=True):
        found = points[start + point[person]]
        gap = found - (walk.low if to_box else at)[person]
        x, y = gap.real, gap.imag
        if to_box:
            over = found - walk.high[person]
            x, y = np.maximum(np.maximum(-x, over.real), 0), np.maximum(np.maximum(-y, over.imag), 0)
        total += np.exp(np.maximum((x * x + y * y) * scale[person], _FAR))
        different = total < least  # never of a sum that overflowed
        least += 1
        if np.count_nonzero(different) > _WORTH_DROPPING * len(left):
            left, start, person, total, least = (values[~different] for values in (left, start, person, total, least))
    return left[~(total < least - 1)]
