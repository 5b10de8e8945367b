"""Detections matched to people by OKS, as pycocotools' COCOeval does it. Pure functions of arrays.

Reference: cocodataset/cocoapi 8c9bcc3, PythonAPI/pycocotools/cocoeval.py (evaluateImg). Its rules are kept
to the last bit, the surprising ones too:

* per image the 20 best-scored detections are matched, ties in file order, best first;
* of the free people above the threshold the most similar is taken, the *later* of equals;
* a person who is ignored (crowd, no keypoints, outside the area range) is taken only where no other is left, and the
  detection is then ignored; a crowd can be taken again and again;
* an annotation with the id 0 can be matched, but never counts as found.

Most pairs within an image are of different people, and a few keypoints prove it (oks_similarity); only the others get an
OKS. They are matched rank by rank over all images, thresholds and area ranges at once. What follows from the matches is
computed by average_precision.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from posebench.array_type import Array
from posebench.scoring.average_precision import AREAS, THRESHOLDS, Matches
from posebench.scoring.oks_similarity import People, as_complex, plausible, similarity_of

MAX_DETECTIONS = 20
_BLOCK = 512
"""Detections that stay in the processor's cache while their keypoints are compared."""


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


def match(detections: Detections, people: People, sigmas: Array, images: int) -> Matches:
    """Match detections to people at every threshold of `THRESHOLDS` and area range of `AREAS`; `images` is their number."""
    best_first, rank, by_image = _ranked(detections, images)
    image = detections.image[best_first]
    ranges = np.array(list(AREAS.values()))
    ignored_people = people.ignored[:, None] | _outside(people.area, ranges)

    place, person = pairs(image[by_image], people.image, images)
    detection = by_image[place]
    points, start = as_complex(detections.keypoints).ravel(), best_first[detection] * len(sigmas)
    kept = plausible(points, start, people, person, sigmas, THRESHOLDS[0])
    detection, person = detection[kept], person[kept]
    value = similarity_of(points, start[kept], people, person, sigmas)
    possible = value >= THRESHOLDS[0]
    candidates = detection[possible], person[possible], value[possible]
    taker, taken = _greedy(candidates, rank, people.crowd, ignored_people)

    outside = _outside(detections.area[best_first], ranges)
    found = np.zeros((len(ranges), len(THRESHOLDS), len(image)), bool)
    ignored = np.repeat(outside.T[:, None], len(THRESHOLDS), axis=1)
    hit = taken >= 0
    counts = hit & (people.id != 0)[taken]
    not_asked = hit & ignored_people[taken, np.arange(len(ranges))[:, None]]
    found[:, :, taker] = counts.transpose(1, 2, 0)
    ignored[:, :, taker] = (not_asked | (~counts & outside[taker, :, None])).transpose(1, 2, 0)
    to_find = [np.bincount(people.image[~ignored_here], minlength=images) for ignored_here in ignored_people.T]
    return Matches(image, found, ignored, np.array(to_find))


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


def _outside(area: Array, ranges: Array) -> Array:
    """(N, A) whether an area is outside each range; both ends belong to it."""
    return (area[:, None] < ranges[:, 0]) | (area[:, None] > ranges[:, 1])


def pairs(left_image: Array, right_image: Array, images: int) -> tuple[Array, Array]:
    """Every (left, right) pair of rows that share one of `images` images; `right_image` must ascend."""
    of_image = np.bincount(right_image, minlength=images)
    count = of_image[left_image]
    first = (np.cumsum(of_image) - of_image)[left_image]
    left = np.repeat(np.arange(len(left_image)), count)
    return left, np.arange(len(left)) + np.repeat(first - (np.cumsum(count) - count), count)


def _greedy(candidates: tuple[Array, Array, Array], rank: Array, crowd: Array, ignored: Array) -> tuple[Array, Array]:
    """Match detections to people.

    Args:
        candidates: detection, person and similarity of the P pairs that could match.
        rank: (D,) place of each detection within its image.
        crowd: (G,) bool. ignored: (G, areas) bool.

    Returns:
        (N,) detections with such a pair, and (N, areas, thresholds) row of the person that each is matched to, -1 for none.
    """
    detection, person, value = candidates
    # Rank by rank. Within one detection the pair to prefer comes last: the most similar, of equals the later.
    order = np.lexsort((person, value, detection, rank[detection]))
    detection, person, value = detection[order], person[order], value[order]
    first = np.flatnonzero(np.diff(detection, prepend=-1))  # of each detection
    taker = detection[first]
    at_least = np.minimum(THRESHOLDS, 1 - 1e-10)
    area, threshold = np.ogrid[: ignored.shape[1], : len(at_least)]
    free = np.ones((len(crowd) + 1, ignored.shape[1], len(at_least)), bool)  # the last row is for no person
    taken = np.full((len(taker), ignored.shape[1], len(at_least)), -1)
    steps = np.searchsorted(rank[taker], np.arange(MAX_DETECTIONS + 1))
    for begin, end in pairwise(steps.tolist()):
        if begin == end:
            continue
        now = slice(first[begin], first[end] if end < len(first) else None)
        who = person[now]
        eligible = (free[who] | crowd[who, None, None]) & (value[now, None, None] >= at_least)
        # Position within `now`, raised above all others for people who count.
        choice = np.arange(1, len(who) + 1)[:, None] + len(who) * ~ignored[who]
        best = np.maximum.reduceat(np.where(eligible, choice[:, :, None], 0), first[begin:end] - first[begin], axis=0)
        winner = np.concatenate([[-1], who, who])[best]
        taken[begin:end] = winner
        free[winner, area, threshold] = False
    return taker, taken
