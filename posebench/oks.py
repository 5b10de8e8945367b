"""OKS and its average precision, as pycocotools' COCOeval computes them. Pure functions of arrays.

Object keypoint similarity of a detection d and a person g with n labelled keypoints:
`mean over labelled i of exp(-|d_i - g_i|² / (2 · area_g · (2 sigma_i)²))`.

Reference: cocodataset/cocoapi 8c9bcc3, PythonAPI/pycocotools/cocoeval.py (computeOks, evaluateImg, accumulate,
summarize). Its rules are kept to the last bit, the surprising ones too:

* per image the 20 best-scored detections are matched, ties in file order, best first;
* of the free people above the threshold the most similar is taken, the *later* of equals;
* a person who is ignored (crowd, no keypoints, outside the area range) is taken only where no other is left, and the
  detection is then ignored; a crowd can be taken again and again;
* an annotation whose id is 0 can be taken, but never counts as found.

Detections are matched rank by rank over all images, thresholds and area ranges at once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

THRESHOLDS = np.linspace(0.5, 0.95, 10)
RECALLS = np.linspace(0.0, 1.0, 101)
AREAS = {"all": (0.0, 1e10), "medium": (32.0**2, 96.0**2), "large": (96.0**2, 1e10)}
MAX_DETECTIONS = 20
_EPSILON = np.spacing(1)


@dataclass(frozen=True, eq=False, kw_only=True)
class People:
    """G annotated people, people of one image together and images ascending.

    Attributes:
        image: (G,) int. id: (G,) int, the annotation's own. keypoints: (G, K, 2). labelled: (G, K) bool.
        area: (G,) square pixels. bbox: (G, 4). crowd: (G,) bool. ignored: (G,) bool, at every size.
    """

    image: Array
    id: Array
    keypoints: Array
    labelled: Array
    area: Array
    bbox: Array
    crowd: Array
    ignored: Array


@dataclass(frozen=True, eq=False, kw_only=True)
class Detections:
    """D detected people, in file order. image: (D,) int. keypoints: (D, K, 2). score: (D,). area: (D,)."""

    image: Array
    keypoints: Array
    score: Array
    area: Array


@dataclass(frozen=True, eq=False)
class Matches:
    """What became of each detection that was looked at, best score first over all images.

    Attributes:
        image: (D',) of the detections.
        found: (areas, thresholds, D') bool, it found a person. ignored: likewise, it counts neither way.
        people: (areas, images) how many there were to find in each image.
    """

    image: Array
    found: Array
    ignored: Array
    people: Array


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
    labelled = people.labelled[rows]
    boxed = ~labelled.any(axis=1)
    difference = keypoints - people.keypoints[rows]
    if boxed.any():
        x, y, width, height = people.bbox[rows[boxed]].T
        low = np.stack([x - width, y - height], axis=1)[:, None]
        high = np.stack([x + width * 2, y + height * 2], axis=1)[:, None]
        points = keypoints[boxed]
        difference[boxed] = np.maximum(0, low - points) + np.maximum(0, points - high)
        labelled[boxed] = True
    exponent = (difference[..., 0] ** 2 + difference[..., 1] ** 2) / (sigmas * 2) ** 2
    exponent = exponent / (people.area[rows] + _EPSILON)[:, None] / 2
    # Labelled keypoints first, so that a sum adds exactly the numbers that COCOeval adds, in its order.
    exponent = np.take_along_axis(exponent, np.argsort(~labelled, axis=1, kind="stable"), axis=1)
    count = labelled.sum(axis=1)
    result = np.zeros(len(rows))
    for n in np.unique(count):
        of_n = count == n
        result[of_n] = np.exp(-exponent[of_n, :n]).sum(axis=1) / n
    return result


def match(detections: Detections, people: People, sigmas: Array, images: int) -> Matches:
    """Match detections to people at every threshold of `THRESHOLDS` and area range of `AREAS`; `images` is their number."""
    order = np.lexsort((-detections.score, detections.image))
    image = detections.image[order]
    rank = np.arange(len(order)) - np.searchsorted(image, image)
    order = order[rank < MAX_DETECTIONS]
    rank = rank[rank < MAX_DETECTIONS]

    ranges = np.array(list(AREAS.values()))
    outside = _outside(people.area, ranges)
    ignored_people = people.ignored[:, None] | outside
    pair_detection, pair_person = pairs(detections.image[order], people.image)
    value = similarity(detections.keypoints[order[pair_detection]], people, pair_person, sigmas)
    possible = value >= THRESHOLDS[0]
    candidates = pair_detection[possible], pair_person[possible], value[possible]
    taken = _greedy(candidates, rank, people.crowd, ignored_people)

    hit = taken >= 0
    found = hit & (people.id[taken] != 0) if len(people.id) else hit
    area_index = np.arange(len(ranges))[None, :, None]
    ignored = hit & ignored_people[taken, area_index] if len(people.id) else hit
    ignored |= ~found & _outside(detections.area[order], ranges)[:, :, None]
    best_first = np.argsort(-detections.score[order], kind="stable")
    to_find = [np.bincount(people.image[~ignored_here], minlength=images) for ignored_here in ignored_people.T]
    return Matches(
        detections.image[order[best_first]],
        found[best_first].transpose(1, 2, 0),
        ignored[best_first].transpose(1, 2, 0),
        np.array(to_find),
    )


def _outside(area: Array, ranges: Array) -> Array:
    """(N, A) whether an area is outside each range; both ends belong to it."""
    return (area[:, None] < ranges[:, 0]) | (area[:, None] > ranges[:, 1])


def pairs(left_image: Array, right_image: Array) -> tuple[Array, Array]:
    """Every (left, right) pair of rows that share an image; `right_image` must ascend."""
    first = np.searchsorted(right_image, left_image, side="left")
    count = np.searchsorted(right_image, left_image, side="right") - first
    left = np.repeat(np.arange(len(left_image)), count)
    within = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count)
    return left, np.repeat(first, count) + within


def _greedy(candidates: tuple[Array, Array, Array], rank: Array, crowd: Array, ignored: Array) -> Array:
    """Who takes whom.

    Args:
        candidates: detection, person and similarity of the P pairs that could match.
        rank: (D,) place of each detection within its image.
        crowd: (G,) bool. ignored: (G, areas) bool.

    Returns:
        (D, areas, thresholds) row of the person, -1 for nobody.
    """
    detection, person, value = candidates
    # Within one detection the pair to prefer comes last: the most similar, of equals the later.
    order = np.lexsort((person, value, detection))
    detection, person, value = detection[order], person[order], value[order]
    at_least = np.minimum(THRESHOLDS, 1 - 1e-10)
    free = np.ones((len(crowd), ignored.shape[1], len(at_least)), bool)
    taken = np.full((len(rank), ignored.shape[1], len(at_least)), -1)
    for step in range(int(rank.max(initial=-1)) + 1):
        now = np.flatnonzero(rank[detection] == step)
        if not len(now):
            continue
        who = person[now]
        eligible = (free[who] | crowd[who, None, None]) & (value[now, None, None] >= at_least)
        # Position within `now`, raised above all others for people who count.
        choice = np.arange(1, len(now) + 1)[:, None] + len(now) * ~ignored[who]
        starts = np.flatnonzero(np.diff(detection[now], prepend=-1))
        best = np.maximum.reduceat(np.where(eligible, choice[:, :, None], 0), starts, axis=0)
        winner = np.where(best > 0, who[(best - 1) % len(now)], -1)
        taken[detection[now][starts]] = winner
        _, area, threshold = np.nonzero(winner >= 0)
        free[winner[winner >= 0], area, threshold] = False
    return taken


def precision_recall(matches: Matches, weights: Array | None = None) -> tuple[Array, Array]:
    """Interpolated precision at `RECALLS` and the largest recall; -1 where there was nobody to find.

    Args:
        weights: (images,) how often each image counts, as if it were in the dataset so many times; None for once.

    Returns:
        precision (areas, thresholds, 101) and recall (areas, thresholds).
    """
    areas, thresholds, _ = matches.found.shape
    precision = np.full((areas, thresholds, len(RECALLS)), -1.0)
    recall = np.full((areas, thresholds), -1.0)
    weight = np.ones(len(matches.image)) if weights is None else weights[matches.image].astype(float)
    people = matches.people.sum(axis=1) if weights is None else matches.people @ weights
    for a, t in np.argwhere(people[:, None] * np.ones(thresholds) > 0):
        counted = np.flatnonzero(~matches.ignored[a, t])
        found = matches.found[a, t, counted]
        running = np.cumsum(weight[counted])
        at_hits = np.flatnonzero(found)  # precision only rises at a hit, so the envelope needs no other place
        true = np.cumsum(weight[counted[at_hits]])
        reached = true / people[a]
        exact = true / ((running[at_hits] - true) + true + _EPSILON)
        envelope = np.maximum.accumulate(exact[::-1])[::-1]
        precision[a, t] = np.append(envelope, 0)[np.searchsorted(reached, RECALLS, side="left")]
        recall[a, t] = reached[-1] if len(reached) else 0
    return precision, recall


def summary(precision: Array, recall: Array) -> dict[str, float]:
    """The ten numbers of COCO's keypoint table, as fractions; -1 where there was nobody to find."""
    ap, ar = ([_mean(p) for p in precision], [_mean(r) for r in recall])
    half, three_quarters = 0, 5
    names = list(AREAS)
    medium, large = names.index("medium"), names.index("large")
    return {
        "AP": ap[0], "AP50": _mean(precision[0, half]), "AP75": _mean(precision[0, three_quarters]),
        "APM": ap[medium], "APL": ap[large],
        "AR": ar[0], "AR50": _mean(recall[0, half]), "AR75": _mean(recall[0, three_quarters]),
        "ARM": ar[medium], "ARL": ar[large],
    }  # fmt: skip


def _mean(values: Array) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else -1.0
