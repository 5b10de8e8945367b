"""What kind of error each keypoint has, and what repairing the errors of one kind would add to the headline.

Kinds are those of Ronchi and Perona (ICCV 2017). A keypoint may be at one of several places: its own, the same person's other side,
and other annotated people's keypoints of this name or of the other side's name. Distances to a place are in units of the place's
`clear` (posebench.scoring.compared); of OKS, the nearest place in these units is the one of the largest similarity. By the nearest:

    inversion   it is the other side, within `clear`: the left wrist at the right wrist.
    swap        it is another person's keypoint, within `clear`.
    jitter      it is the keypoint's own place, or no place is within `clear`; and the own place is within `near`.
    miss        neither, or the keypoint is not predicted.

A repaired keypoint lies on its annotation.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.predictions import Predictions
from posebench.diagnosis.estimate import Estimate, difference, shares
from posebench.scoring.compared import Compared, Detected, distances
from posebench.scoring.oks_matching import pairs
from posebench.scoring.scores import Scores

KINDS = "good", "jitter", "inversion", "swap", "miss"
GOOD, JITTER, INVERSION, SWAP, MISS = range(len(KINDS))
NOT_COUNTED = -1
WORST = 10
"""How many people are named as the worst."""


@dataclass(frozen=True)
class Repair:
    """The errors of one kind.

    Attributes:
        kind: its name; `all` for all keypoints at once.
        count: how many there are. of: what is counted, `keypoints` or `detections` or `people`.
        share: percent of the keypoints that are compared; None for kinds of other things.
        gain: what repairing them alone adds to the headline.
    """

    kind: str
    count: int
    of: str
    share: Estimate | None
    gain: Estimate

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        share = None if self.share is None else self.share.as_json()
        return {"kind": self.kind, "count": self.count, "of": self.of, "share": share, "gain": self.gain.as_json()}


@dataclass(frozen=True)
class Worst:
    """A person with many wrong keypoints: how many of each kind, by `KINDS`."""

    image: str
    person: int
    kinds: tuple[int, ...]

    @property
    def wrong(self) -> int:
        """Number of keypoints that are not good."""
        return sum(self.kinds) - self.kinds[GOOD]

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        return {"image": self.image, "person": self.person, **dict(zip(KINDS, self.kinds, strict=True))}


@dataclass(frozen=True, eq=False)
class ErrorKinds:
    """The errors of a predictions file.

    Attributes:
        kinds: (N, K) places in `KINDS`; `NOT_COUNTED` for keypoints that do not count and people who are not found.
        repairs: by kind, the good keypoints left out; `all` last of the kinds of keypoints.
        joints: keypoint → number of its predictions of each kind, by `KINDS`; keypoints that count for nobody are left out.
        worst: people with the most wrong keypoints, the worst first.
        people, unfound: how many people have keypoints that count, and how many of these no detection finds.
    """

    kinds: Array
    repairs: tuple[Repair, ...]
    joints: dict[str, tuple[int, ...]]
    worst: tuple[Worst, ...]
    people: int
    unfound: int

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """Number of keypoints of each kind, by `KINDS`."""
        return tuple(int((self.kinds == kind).sum()) for kind in range(len(KINDS)))

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        return {
            "keypoints": dict(zip(KINDS, self.counts, strict=True)),
            "people": self.people, "unfound": self.unfound,
            "repairs": [repair.as_json() for repair in self.repairs],
            "joints": {name: dict(zip(KINDS, counts, strict=True)) for name, counts in self.joints.items()},
            "worst": [person.as_json() for person in self.worst],
        }  # fmt: skip


def error_kinds(compared: Compared, headline: str, before: Scores) -> ErrorKinds:
    """Every keypoint's kind, and what repairs would add.

    Args:
        headline: the metric that ranks. before: the scores of the predictions as they are.
    """
    kinds = kinds_of(compared)
    one_by_one = np.stack([(kinds == kind).sum(axis=1) for kind in range(len(KINDS))], axis=1)  # (N, kinds)
    total = one_by_one.sum(axis=1, keepdims=True)
    share = shares(one_by_one, np.repeat(total, len(KINDS), axis=1), compared.people)
    repairs = [
        Repair(KINDS[kind], int((kinds == kind).sum()), "keypoints", share[kind],
               _gain(compared, repaired(compared, kinds == kind), headline, before))
        for kind in range(JITTER, len(KINDS))
    ]  # fmt: skip
    wrong = kinds > GOOD
    all_repaired = _gain(compared, repaired(compared, wrong), headline, before)
    everything = Repair("all", int(wrong.sum()), "keypoints", _wrong_share(one_by_one, compared), all_repaired)
    asked = compared.counted.any(axis=1)
    return ErrorKinds(
        kinds,
        (*repairs, everything, *_of_detections(compared, headline, before)),
        by_joint(compared, kinds),
        worst_people(compared, one_by_one),
        int(asked.sum()),
        int((asked & ~compared.found).sum()),
    )


def kinds_of(compared: Compared) -> Array:
    """(N, K) places in `KINDS`; `NOT_COUNTED` for keypoints that do not count and people who are not found."""
    own, side, person = to_own(compared), to_other_side(compared), to_other_person(compared)
    confused = np.minimum(side, person)
    astray = (confused <= 1) & (confused < own)
    kinds = np.where(compared.distances <= compared.near, JITTER, MISS)
    kinds[astray] = np.where(side <= person, INVERSION, SWAP)[astray]
    kinds[compared.good if compared.hits_are_good else compared.good & ~astray] = GOOD
    kinds[~(compared.counted & compared.found[:, None])] = NOT_COUNTED
    return kinds.astype(np.int8)


def to_own(compared: Compared) -> Array:
    """(N, K) distance of each prediction from its annotation, in units of `clear`; inf where nothing is predicted."""
    return in_units(compared.keypoints, compared.people.keypoints, compared.clear)


def to_other_side(compared: Compared) -> Array:
    """(N, K) distance from the annotation of the same person's other side, in its units; inf where there is none."""
    order = list(compared.people.skeleton.flip_order)
    sided = np.array(order) != np.arange(len(order))
    labelled = (compared.people.visibility > 0)[:, order] & sided
    apart = in_units(compared.keypoints, compared.people.keypoints[:, order], compared.clear[:, order])
    return np.where(labelled, apart, np.inf)


def to_other_person(compared: Compared) -> Array:
    """(N, K) distance from the nearest keypoint of this or the other side's name of another person, in its units; inf for none."""
    people = compared.people
    by_image = np.argsort(people.image, kind="stable")
    one = np.flatnonzero(compared.found)
    place, other = pairs(people.image[one], people.image[by_image], len(people.images))
    one, other = one[place], by_image[other]
    one, other = one[one != other], other[one != other]
    nearest = np.full(compared.counted.shape, np.inf)
    labelled, predicted = people.visibility > 0, compared.keypoints[one]
    for order in (np.arange(len(people.skeleton)), np.array(people.skeleton.flip_order)):
        apart = in_units(predicted, people.keypoints[other][:, order], compared.clear[other][:, order])
        np.minimum.at(nearest, one, np.where(labelled[other][:, order], apart, np.inf))
    return nearest


def in_units(keypoints: Array, places: Array, clear: Array) -> Array:
    """(..., K) distances of keypoints from places (..., K, 2) in units of clear (..., K); inf where one of them is unknown."""
    apart: Array = np.divide(distances(keypoints, places), clear, out=np.full(clear.shape, np.inf), where=clear > 0)
    return apart


def repaired(compared: Compared, wrong: Array) -> Predictions:
    """The predictions with the keypoints `wrong` (N, K) on their annotations."""
    predictions = compared.predictions
    person, joint = np.nonzero(wrong)
    row = compared.row[person]
    keypoints, missing, scores = predictions.keypoints.copy(), predictions.missing.copy(), predictions.scores.copy()
    keypoints[row, joint] = compared.people.keypoints[person, joint]
    missing[row, joint] = False
    scores[row, joint] = np.nan_to_num(scores[row, joint])  # a missing keypoint may have had none
    return replace(predictions, keypoints=keypoints, missing=missing, scores=scores)


def _gain(compared: Compared, predictions: Predictions, headline: str, before: Scores) -> Estimate:
    return difference(headline, compared.rescored(predictions), before)


def _wrong_share(one_by_one: Array, compared: Compared) -> Estimate:
    total = one_by_one.sum(axis=1, keepdims=True)
    return shares(total - one_by_one[:, [GOOD]], total, compared.people)[0]


def _of_detections(compared: Compared, headline: str, before: Scores) -> tuple[Repair, ...]:
    """What better scores, and no detections of nobody, would add; nothing where predictions are no detections."""
    detected = compared.detected
    if detected is None:
        return ()
    return (
        Repair("score", int(detected.outdone.sum()), "people", None,
               _gain(compared, _scored_best(compared.predictions, detected), headline, before)),
        Repair("background", int(detected.background.sum()), "detections", None,
               _gain(compared, _without_background(compared.predictions, detected), headline, before)),
    )  # fmt: skip


def _scored_best(predictions: Predictions, detected: Detected) -> Predictions:
    """Scores are the similarity to the nearest person: the order in which matching finds the most."""
    return replace(predictions, score=detected.similarity)


def _without_background(predictions: Predictions, detected: Detected) -> Predictions:
    """Detections of nobody come last in the order: there they take no place and lower no precision that is counted."""
    lowest = predictions.score.min(initial=0.0) - 1
    return replace(predictions, score=np.where(detected.background, lowest, predictions.score))


def by_joint(compared: Compared, kinds: Array) -> dict[str, tuple[int, ...]]:
    """Keypoint → number of its predictions of each kind, by `KINDS`."""
    counts = np.stack([(kinds == kind).sum(axis=0) for kind in range(len(KINDS))], axis=1)
    names = compared.people.skeleton.keypoints
    return {name: tuple(row) for name, row in zip(names, counts.tolist(), strict=True) if sum(row)}


def worst_people(compared: Compared, one_by_one: Array) -> tuple[Worst, ...]:
    """The people with the most wrong keypoints; of equal ones those with the fewest good, then in the annotation's order.

    Args:
        one_by_one: (N, kinds) number of keypoints of each kind.
    """
    people = compared.people
    wrong = one_by_one.sum(axis=1) - one_by_one[:, GOOD]
    order = np.lexsort((np.arange(len(people)), one_by_one[:, GOOD], -wrong))[:WORST]
    return tuple(
        Worst(people.images[people.image[n]], int(people.person[n]), tuple(one_by_one[n].tolist()))
        for n in order
        if wrong[n]
    )
