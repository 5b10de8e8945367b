"""Detections matched to people by OKS, as pycocotools' COCOeval does it. Pure functions of arrays.

Reference: cocodataset/cocoapi 8c9bcc3, PythonAPI/pycocotools/cocoeval.py (evaluateImg). Its rules are kept
to the last bit, the surprising ones too:

* per image the 20 best-scored detections are matched, ties in file order, best first;
* of the free people above the threshold the most similar is taken, the *later* of equals;
* a person who is ignored (crowd, no keypoints, outside the area range) is taken only where no other is left, and the
  detection is then ignored; a crowd can be taken again and again;
* an annotation with the id 0 can be matched, but never counts as found.

Most pairs within an image are of different people (oks_similarity.Estimate); only the others get an OKS. They are matched rank by
rank over all images at once. A case is a threshold within an area range; what differs between cases is kept as bits of one number,
bit `thresholds * range + threshold`. What follows from the matches is computed by average_precision.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from posebench.array_type import Array
from posebench.scoring.average_precision import AREAS, THRESHOLDS, Matches
from posebench.scoring.oks_similarity import Estimate, People, as_complex, similarity

MAX_DETECTIONS = 20
_OF_RANGE = (1 << len(THRESHOLDS)) - 1
"""Bits of all thresholds."""
_RANGES = sum(1 << len(THRESHOLDS) * place for place in range(len(AREAS)))
"""Times bits of thresholds: bits of the same thresholds in every area range."""
_BLOCK = 512
"""Detections that stay in the processor's cache while their keypoints are compared."""
_PAIRED = 1 << 13
"""Detections that are paired with people at once: the pairs of all need as much memory as the keypoints."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Detections:
    """D detected people, in file order. image: (D,) int. keypoints: (D, K, 2). score: (D,). area: (D,)."""

    image: Array
    keypoints: Array
    score: Array
    area: Array


def extent(keypoints: Array) -> Array:
    """(D,) area of the smallest box about each detection's (D, K, 2) keypoints: COCOeval's area of it. NaN is no keypoint."""
    area: Array = extent_boxes(keypoints)[:, 2:].prod(axis=1)
    return area


def extent_boxes(keypoints: Array) -> Array:
    """(D, 4) smallest box (x, y, width, height) about each detection's (D, K, 2) keypoints. NaN is no keypoint."""
    boxes = np.empty((len(keypoints), 4))
    for start in range(0, len(keypoints), _BLOCK):
        # Long rows, one per coordinate: D short ones take four times as long.
        block = np.ascontiguousarray(keypoints[start : start + _BLOCK].transpose(1, 2, 0))
        low = np.fmin.reduce(block, axis=0)
        boxes[start : start + _BLOCK] = np.concatenate([low, np.fmax.reduce(block, axis=0) - low]).T
    return boxes


Similarity = Callable[[Array, Array], Array]
"""Rows of detections (P,) and rows of people (P,) → (P,) how similar each pair is, in 0..1."""


def match(
    detections: Detections, people: People, sigmas: Array, images: int, similar: Similarity | None = None
) -> Matches:
    """Match detections to people at every threshold of `THRESHOLDS` and area range of `AREAS`.

    Args:
        sigmas: (K,) OKS constants. images: their number. similar: what is compared with the thresholds; None for OKS.
    """
    best_first, rank, by_image = _ranked(detections, images)
    image = detections.image[best_first]
    ignored_people = people.ignored[:, None] | _outside(people.area)
    if similar is None:
        similar = of_oks(detections, people, sigmas)
        place, person = _possible_pairs(detections, people, sigmas, (best_first, by_image), images)
    else:
        left, person = pairs(image[by_image], people.image, images)
        place = by_image[left]
    value = similar(best_first[place], person)
    possible = value >= THRESHOLDS[0]
    place, person, value = place[possible], person[possible], value[possible]
    ignoring = _bits(ignored_people)
    taken = _greedy((place, person, value), rank, people.crowd, ignoring)
    found, ignored = np.zeros((2, len(image)), np.int64)
    np.bitwise_or.at(found, place, np.where(people.id[person] != 0, taken, 0))
    np.bitwise_or.at(ignored, place, taken & ignoring[person])
    ignored |= _bits(_outside(detections.area[best_first])) & ~found
    to_find = [np.bincount(people.image[~ignored_here], minlength=images) for ignored_here in ignored_people.T]
    return Matches(image, _by_range(found), _by_range(ignored), np.array(to_find))


def of_oks(detections: Detections, people: People, sigmas: Array) -> Similarity:
    """The OKS of detections with people."""
    return lambda detection, person: similarity(detections.keypoints, people, detection, person, sigmas)


def _ranked(detections: Detections, images: int) -> tuple[Array, Array, Array]:
    """The detections that are matched.

    Returns:
        (D',) rows of `detections`, best score first over all images, ties by image and then in file order; (D',) rank of
        each of these within its image; and (D',) places among these, image by image, best score first.
    """
    image = detections.image.astype(np.min_scalar_type(max(images, 1)))  # small numbers are sorted by counting
    order = np.argsort(image, kind="stable")
    order = order[_stable_order(-detections.score[order])]
    by_image = np.argsort(image[order], kind="stable")
    count = np.bincount(image, minlength=images)
    rank = np.empty(len(order), np.int64)
    rank[by_image] = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    kept = rank < MAX_DETECTIONS
    place = np.cumsum(kept) - 1
    return order[kept], rank[kept], place[by_image[kept[by_image]]]


def _stable_order(values: Array) -> Array:
    """np.argsort(values, kind="stable"), three times as fast: numpy sorts with vector instructions where order may be lost."""
    order = np.argsort(values)
    which = np.cumsum(np.diff(values[order], prepend=values[order[:1]]) != 0)  # the same number for equal values
    return np.sort(which * len(values) + order) % max(len(values), 1)


def _outside(area: Array) -> Array:
    """(N, A) whether an area is outside each range of `AREAS`; both ends belong to it."""
    low, high = np.array(list(AREAS.values())).T
    outside: Array = (area[:, None] < low) | (area[:, None] > high)
    return outside


def _bits(ranges: Array) -> Array:
    """(N,) bits of the cases in the area ranges that are True in (N, A), at all thresholds."""
    bits: Array = ranges @ (_OF_RANGE << len(THRESHOLDS) * np.arange(len(AREAS)))
    return bits


def _by_range(bits: Array) -> Array:
    """(A, N) bits of thresholds, of (N,) bits of cases."""
    small = np.min_scalar_type(_OF_RANGE)
    return np.stack([(bits >> len(THRESHOLDS) * place & _OF_RANGE).astype(small) for place in range(len(AREAS))])


def _possible_pairs(
    detections: Detections, people: People, sigmas: Array, order: tuple[Array, Array], images: int
) -> tuple[Array, Array]:
    """Places and people of the pairs within an image that may match; `order` is best_first and by_image of `_ranked`."""
    best_first, by_image = order
    poses, estimate = as_complex(detections.keypoints), Estimate(people, sigmas, THRESHOLDS[0])
    found = [np.zeros((2, 0), np.int64)]
    for start in range(0, len(by_image), _PAIRED):
        some = by_image[start : start + _PAIRED]
        left, person = pairs(detections.image[best_first[some]], people.image, images)
        place = some[left]
        kept = estimate.possible(poses, best_first[place], person)
        found.append(np.stack([place[kept], person[kept]]))
    place, person = np.concatenate(found, axis=1)
    return place, person


def pairs(left_image: Array, right_image: Array, images: int) -> tuple[Array, Array]:
    """Every (left, right) pair of rows that share one of `images` images; `right_image` must ascend."""
    of_image = np.bincount(right_image, minlength=images)
    count = of_image[left_image]
    first = (np.cumsum(of_image) - of_image)[left_image]
    left = np.repeat(np.arange(len(left_image)), count)
    return left, np.arange(len(left)) + np.repeat(first - (np.cumsum(count) - count), count)


def _greedy(candidates: tuple[Array, Array, Array], rank: Array, crowd: Array, ignoring: Array) -> Array:
    """Match detections to people.

    Args:
        candidates: detection, person and similarity of the P pairs that could match.
        rank: (D,) place of each detection within its image.
        crowd: (G,) bool. ignoring: (G,) bits of the cases in which a person is ignored.

    Returns:
        (P,) bits of the cases in which each pair is matched.
    """
    detection, person, value = candidates
    everywhere = _OF_RANGE * _RANGES
    reached = ((1 << np.searchsorted(np.minimum(THRESHOLDS, 1 - 1e-10), value, side="right")) - 1) * _RANGES
    free, always = np.full(len(crowd), everywhere), np.where(crowd, everywhere, 0)
    unmatched, taken = np.full(len(rank), everywhere), np.zeros(len(person), np.int64)
    for turns in _turns(detection, person, value, rank):
        for asked in (~ignoring, ignoring):  # whoever is ignored is taken only where no other is left
            for pair in turns:
                who, which = person[pair], detection[pair]
                now = (free[who] | always[who]) & asked[who] & reached[pair] & unmatched[which]
                free[who] &= ~now
                unmatched[which] &= ~now
                taken[pair] |= now
    return taken


def _turns(detection: Array, person: Array, value: Array, rank: Array) -> list[list[Array]]:
    """Pairs in the order in which they are asked whether they match: for each rank, first every detection's pair that it prefers,
    then its next, and so on. No two pairs that are asked at once share a detection or a person.
    """
    # A detection prefers the most similar person, of equals the later.
    order = np.lexsort((-person, -value, detection))
    start = np.flatnonzero(np.diff(detection[order], prepend=-1))
    turn = np.arange(len(order)) - np.repeat(start, np.diff(start, append=len(order)))
    ranks = rank[detection[order]]
    together = ranks * len(order) + turn
    by_turn = np.argsort(together, kind="stable")
    steps = np.split(order[by_turn], np.flatnonzero(np.diff(together[by_turn])) + 1) if len(order) else []
    return [list(turns) for _, turns in groupby(steps, lambda pairs: rank[detection[pairs[0]]])]
