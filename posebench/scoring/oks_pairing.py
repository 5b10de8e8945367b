"""Detections paired with people for a diagnosis: by an OKS that is small, but still tells who is meant.

In the order of scores, a detection is paired with the free person of the largest OKS, if that is `LEAST` or more, as in Ronchi,
Perona, "Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation" (ICCV 2017).
"""

from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array
from posebench.scoring.oks_matching import MAX_DETECTIONS, Detections, pairs
from posebench.scoring.oks_similarity import People, similarity

LEAST = 0.1
GOOD, NEAR = 0.85, 0.5
"""Ronchi and Perona's limits of a keypoint's similarity: good from 0.85, near from 0.5."""
_EPSILON = np.spacing(1)


@dataclass(frozen=True, eq=False)
class Pairing:
    """Who is found by which of D detections.

    Attributes:
        detection: (G,) the detection that each person is paired with; -1 for none, and for people who do not count.
        background: (D,) bool, detections that could find nobody: their OKS with every person, who counts or not, is too small, or
            these people are found already.
        similarity: (D,) the largest OKS with a person who counts; 0 for none.
        outdone: (G,) bool, paired people to whom a detection that is paired with nobody is more similar.
    """

    detection: Array
    background: Array
    similarity: Array
    outdone: Array


def paired(detections: Detections, people: People, sigmas: Array, images: int) -> Pairing:
    """Pair the best-scored detections of every image with its people.

    Args:
        sigmas: (K,) OKS constants. images: their number.
    """
    person, detection = pairs(people.image, np.sort(detections.image), images)
    detection = np.argsort(detections.image, kind="stable")[detection]
    value = similarity(detections.keypoints, people, detection, person, sigmas)
    counts = ~people.ignored[person]
    best = np.zeros(len(detections.image))
    np.maximum.at(best, detection[counts], value[counts])
    possible = value >= LEAST
    found = _greedy(
        (detection[possible], person[possible], value[possible]), detections, ~people.ignored, len(people.image)
    )
    crowded = np.zeros(len(best), bool)
    crowded[detection[possible & ~counts]] = True  # such a detection counts neither way
    taken = np.zeros(len(best), bool)
    taken[found[found >= 0]] = True
    of_pair = np.zeros(len(people.image))
    paired_now = found[person] == detection
    of_pair[person[paired_now]] = value[paired_now]
    outdone = np.zeros(len(people.image), bool)
    rival = (found[person] >= 0) & ~taken[detection] & (value > of_pair[person])
    outdone[person[rival]] = True
    return Pairing(found, ~taken & ~crowded, best, outdone)


def _greedy(candidates: tuple[Array, Array, Array], detections: Detections, counts: Array, people: int) -> Array:
    """(people,) the detection of each, -1 for none: best score first, of one detection the most similar free person first."""
    detection, person, value = candidates
    rank = _rank_in_image(detections)
    order = np.lexsort((person, -value, detection, rank[detection]))
    found = [-1] * people
    used = set()
    for d, p in zip(detection[order].tolist(), person[order].tolist(), strict=True):
        if d not in used and found[p] < 0 and counts[p] and rank[d] < MAX_DETECTIONS:
            found[p] = d
            used.add(d)
    return np.array(found, np.int64)


def _rank_in_image(detections: Detections) -> Array:
    """(D,) place of each detection in its image, the best score first, ties in file order."""
    order = np.lexsort((-detections.score, detections.image))
    image = detections.image[order]
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.searchsorted(image, image)
    return rank


def reach(least: float, area: Array, sigmas: Array) -> Array:
    """(G, K) pixels at which a keypoint's similarity exp(-d² / (2 area (2 sigma)²)) is `least`.

    Args:
        area: (G,) square pixels. sigmas: (K,).
    """
    distance: Array = np.sqrt(-2 * np.log(least) * (area + _EPSILON))[:, None] * 2 * sigmas
    return distance


def of_keypoints(apart: Array, area: Array, sigmas: Array) -> Array:
    """(G, K) similarity of keypoints that are `apart` (G, K) pixels from their annotations: the inverse of `reach`."""
    with np.errstate(over="ignore"):  # what is infinitely far is not similar at all
        exponent = apart**2 / (2 * sigmas) ** 2 / (area + _EPSILON)[:, None] / 2
    similarity: Array = np.exp(-exponent)
    return similarity
