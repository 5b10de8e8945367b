"""Confusions: at which annotated keypoint, of the same person or of another one, does a prediction lie?"""

from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array
from posebench.diagnosis.error_kinds import in_units
from posebench.scoring.compared import Compared
from posebench.scoring.oks_matching import pairs


@dataclass(frozen=True, eq=False)
class Confusions:
    """Numbers of predictions by the keypoint at which they lie: the nearest one within `Compared.clear`.

    Attributes:
        same: (K, K) predictions of keypoint k that lie at keypoint j of the same person. The diagonal has those at their own place.
        other: (K, K) the same of another annotated person.
        predictions: (K,) how many predictions of each keypoint count, wherever they lie.
    """

    same: Array
    other: Array
    predictions: Array


def confusions(compared: Compared) -> Confusions:
    """Every prediction that counts lies at one keypoint or at none."""
    asked = compared.counted & compared.found[:, None] & np.isfinite(compared.distances)
    own, own_place = _nearest(compared, np.arange(len(compared.row)), np.arange(len(compared.row)))
    others, others_place = _of_others(compared)
    at_own = np.broadcast_to(np.arange(own.shape[1]), own.shape)
    if compared.hits_are_good:  # what is right is at its own place, whatever else is near
        own_place, own = np.where(compared.good, at_own, own_place), np.where(compared.good, 0.0, own)
    same = asked & (own <= 1) & (own <= others)
    other = asked & (others <= 1) & (others < own)
    return Confusions(_counts(same, own_place), _counts(other, others_place), asked.sum(axis=0))


def _nearest(compared: Compared, one: Array, other: Array) -> tuple[Array, Array]:
    """(P, K) distance of each prediction of the people `one` (P,) from the nearest keypoint of `other` (P,), and which that is."""
    people, shape = compared.people, (len(one), compared.counted.shape[1])
    nearest, place = np.full(shape, np.inf), np.zeros(shape, int)
    for j in range(shape[1]):
        clear = np.broadcast_to(compared.clear[other][:, [j]], shape)
        apart = in_units(compared.keypoints[one], people.keypoints[other][:, [j]], clear)
        closer = (apart < nearest) & (people.visibility[other][:, [j]] > 0)
        nearest[closer], place[closer] = apart[closer], j
    return nearest, place


def _of_others(compared: Compared) -> tuple[Array, Array]:
    """As `_nearest`, over all other people of each person's image: (N, K)."""
    people = compared.people
    by_image = np.argsort(people.image, kind="stable")
    one = np.flatnonzero(compared.found)
    first, second = pairs(people.image[one], people.image[by_image], len(people.images))
    one, other = one[first], by_image[second]
    one, other = one[one != other], other[one != other]
    apart, places = _nearest(compared, one, other)
    nearest = np.full(compared.counted.shape, np.inf)
    np.minimum.at(nearest, one, apart)
    place = np.zeros(nearest.shape, int)
    pair, k = np.nonzero((apart == nearest[one]) & np.isfinite(apart))
    place[one[pair], k] = places[pair, k]
    return nearest, place


def _counts(chosen: Array, place: Array) -> Array:
    """(K, K) how many of the chosen (N, K) are at each place (N, K)."""
    counts = np.zeros((chosen.shape[1], chosen.shape[1]), int)
    n, k = np.nonzero(chosen)
    np.add.at(counts, (k, place[n, k]), 1)
    return counts
