"""Object keypoint similarity (OKS), as pycocotools' COCOeval computes it; pairs that cannot match are skipped.

Of a detection d and a person g with n labelled keypoints:
`mean over labelled i of exp(-|d_i - g_i|² / (2 · area_g · (2 sigma_i)²))`.

Reference: cocodataset/cocoapi 8c9bcc3, PythonAPI/pycocotools/cocoeval.py (computeOks), equal to the last bit.

The last bit is expensive: divisions, and sums in COCOeval's order. So `Estimate` computes OKS by multiplications and in any
order first, and only pairs that may reach the threshold are computed as COCOeval does it. Points are complex numbers here, x + iy.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array

_EPSILON = np.spacing(1)
_BLOCK = 1 << 11
"""Pairs computed at once: their keypoints should fit the processor's cache."""
_FAR = -30.0
"""exp of it is nothing beside the slack; numpy's exp is several times slower where it underflows."""
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


def similarity(
    keypoints: Array, people: People, detection: Array, person: Array, sigmas: Array, targets: "Targets | None" = None
) -> Array:
    """OKS of P pairs.

    Args:
        keypoints: (D, K, 2) detections, of which the rows `detection` (P,) are compared.
        people: of whom the rows `person` (P,) are. Where nothing is labelled, distances are taken to the person's box, doubled,
            over all K.
        sigmas: (K,).
        targets: of these people, which say what a distance is; None for COCO's.

    Returns:
        (P,) in 0..1.
    """
    result = np.zeros(len(person))
    poses, targets = as_complex(keypoints), targets or Targets(people)
    first = np.argsort(~people.labelled, axis=1, kind="stable")  # labelled keypoints first, in their order
    count = people.labelled.sum(axis=1)[person].astype(np.uint16)
    by_count, ends = np.argsort(count, kind="stable"), np.cumsum(np.bincount(count))
    divisor = (sigmas * 2) ** 2
    # By number of labelled keypoints, so that a sum adds exactly the numbers that COCOeval adds, in its order.
    for n, pairs in enumerate(np.split(by_count, ends[:-1])):
        for pair in _blocks(pairs):
            rows = person[pair]
            with np.errstate(over="ignore"):  # what is infinitely far is not similar at all
                squares = targets.squares(poses, detection[pair], rows, to_box=n == 0)
                exponent = squares / divisor / (people.area[rows] + _EPSILON)[:, None] / 2
            terms = np.exp(-exponent)
            if 0 < n < len(sigmas):
                terms = np.take_along_axis(terms, first[rows, :n], axis=1)
            result[pair] = terms.sum(axis=1) / terms.shape[1]
    return result


class Estimate:
    """An estimate of OKS without divisions, and with sums in any order: which pairs may reach a threshold."""

    def __init__(self, people: People, sigmas: Array, threshold: float) -> None:
        """Prepare people (areas not negative) for comparisons with detections of as many keypoints as `sigmas`, (K,)."""
        boxed: Array = np.logical_not(people.labelled.any(axis=1))
        counts = people.labelled | boxed[:, None]
        self._boxed, self._targets = boxed, Targets(people)
        # What does not count has a scale of 0, and so adds 1.
        self._scale = counts * (-1 / (2 * (2 * sigmas) ** 2))
        self._scale /= (people.area + _EPSILON)[:, None]
        self._least = counts.sum(axis=1) * threshold + (~counts).sum(axis=1) - _SLACK

    def possible(self, poses: Array, detection: Array, person: Array) -> Array:
        """Which of P pairs may have an OKS of the threshold or more.

        Args:
            poses: (D, K) keypoints as complex numbers, of which the rows `detection` (P,) are compared.
            person: (P,) rows of the people.

        Returns:
            (P',) ascending places among the pairs: all that reach the threshold, and hardly one that does not.
        """
        kept = [np.zeros(0, np.int64)]
        to_box = self._boxed[person]
        ones = np.ones(poses.shape[1])
        with np.errstate(over="ignore", invalid="ignore"):  # coordinates of 1e300 are far, not wrong
            for wanted in (False, True):
                for pair in _blocks(np.flatnonzero(to_box == wanted)):
                    rows = person[pair]
                    terms = self._targets.squares(poses, detection[pair], rows, to_box=wanted)
                    terms *= self._scale.take(rows, axis=0)
                    np.exp(np.maximum(terms, _FAR, out=terms), out=terms)
                    total = terms @ ones  # several times as fast as the sum of short rows
                    kept.append(pair[~(total < self._least[rows])])  # also where it is not a number
        return np.sort(np.concatenate(kept))


class Targets:
    """Where the keypoints of people are, or their doubled boxes."""

    def __init__(self, people: People) -> None:
        """Those of people with boxes."""
        self.at = as_complex(people.keypoints)
        # Boxes three times as wide and high about the same middle, which COCOeval calls double.
        with np.errstate(over="ignore"):
            corners = people.bbox[:, :2] - people.bbox[:, 2:], people.bbox[:, :2] + people.bbox[:, 2:] * 2
        self.low, self.high = (as_complex(corner)[:, None] for corner in corners)

    def squares(self, poses: Array, detection: Array, person: Array, to_box: bool) -> Array:
        """(P, K) squared distances of the rows `detection` of `poses`, (D, K) complex, to the rows `person`, or to their boxes."""
        found = poses.take(detection, axis=0)
        if to_box:
            below, above = self.low[person] - found, found - self.high[person]
            found.real = np.maximum(0, below.real) + np.maximum(0, above.real)
            found.imag = np.maximum(0, below.imag) + np.maximum(0, above.imag)
        else:
            found -= self.at.take(person, axis=0)
        parts = found.view(float)
        parts *= parts
        total: Array = found.real + found.imag
        return total


def _blocks(rows: Array) -> Iterator[Array]:
    return (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))


def as_complex(points: Array) -> Array:
    """(..., 2) as (...) x + iy: one number to fetch for each point."""
    joined: Array = np.ascontiguousarray(points, float).view(complex)[..., 0]
    return joined
