"""Each person beside the prediction that is compared with it: what a protocol says of a file that is diagnosed.

Kinds of errors are those of Ronchi, Perona, "Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation" (ICCV 2017). They
follow from three distances of a keypoint: is it right, is it at another keypoint, is it at least near?
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.matching import align
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.scoring.pck import PCK, hits, measured
from posebench.scoring.scores import Curve, Scores

JITTER = 2
"""A PCK's jitter is nearer than so many times its threshold. Ronchi and Perona's limits of a keypoint's similarity, 0.85 and 0.5,
have distances of the ratio 2.07."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Detected:
    """What is asked of detections beside their keypoints: R predicted people of whom each may find any person.

    Attributes:
        background: (R,) bool, detections that are of nobody.
        similarity: (R,) the largest similarity to any person of the image, which would be the best score.
        similarities: (N, K) the similarity of each person's predicted keypoints to their annotations; 0 where nothing is predicted.
        outdone: (N,) bool, people who are found by a detection although another one is more similar to them.
        least: the similarity from which on a detection finds a person.
        precision: → precision over recall, a curve for each threshold of similarity, which is its label.
        with_sigmas: factor → the scores of the same predictions with all sigmas multiplied by it.
    """

    background: Array
    similarity: Array
    similarities: Array
    outdone: Array
    least: float
    precision: Callable[[], tuple[Curve, ...]]
    with_sigmas: Callable[[float], Scores]


@dataclass(frozen=True, eq=False, kw_only=True)
class Compared:
    """N annotated people with K keypoints, and the R predicted people that they are compared with.

    Attributes:
        people: the annotated people, with the labels of the convention.
        predictions: as the convention's evaluator scores them.
        row: (N,) the row of the prediction that each person is compared with; -1 for none.
        counted: (N, K) bool, the keypoints that count.
        good: (N, K) bool, predictions that have no error. right: (N, K) bool, those that are right in slices and calibration.
        clear: (N, K) pixels. A prediction within this distance of another keypoint is confused with it, if its own keypoint is
            farther away, each in units of its own distance.
        near: (N, K) pixels. Errors within this distance are jitter, unless they are a confusion.
        pooled: indices of the keypoints that the headline pools; slices are of these.
        limits: what good, clear and near are, as a sentence. right_if: what right is, such as `PCKh@0.5`.
        rescored: predictions → their scores on these people, without the convention's processing, which is done.
        detected: where predictions are detections; None where each is asked about one person.
        hits_are_good: a good prediction is never a confusion, because the score counts it as right. Of OKS, which has no hits of
            keypoints, it is one where another keypoint is still nearer.
    """

    people: Instances
    predictions: Predictions
    row: Array
    counted: Array
    good: Array
    right: Array
    clear: Array
    near: Array
    pooled: tuple[int, ...]
    limits: str
    right_if: str
    rescored: Callable[[Predictions], Scores]
    detected: Detected | None = None
    hits_are_good: bool = True

    @property
    def found(self) -> Array:
        """(N,) bool, people who are compared with a prediction."""
        return self.row >= 0

    @cached_property
    def keypoints(self) -> Array:
        """(N, K, 2) predicted keypoints, image pixels; NaN where nothing is predicted."""
        return predicted(self.predictions, self.row)

    @cached_property
    def distances(self) -> Array:
        """(N, K) pixels from each predicted keypoint to its annotation; inf where nothing is predicted."""
        return distances(self.keypoints, self.people.keypoints)


def predicted(predictions: Predictions, row: Array) -> Array:
    """(N, K, 2) keypoints of the predictions at `row` (N,); NaN where it is -1 and where nothing is predicted."""
    if not len(predictions):
        return np.full((len(row), *predictions.keypoints.shape[1:]), np.nan)
    absent = predictions.missing[row] | (row < 0)[:, None]
    return np.where(absent[..., None], np.nan, predictions.keypoints[row])


def distances(keypoints: Array, truth: Array) -> Array:
    """(N, K) pixels between keypoints and truth (N, K, 2); inf where a keypoint is NaN."""
    with np.errstate(over="ignore"):  # coordinates of 1e300 are far, not wrong
        apart = np.hypot(*np.moveaxis(keypoints - truth, 2, 0))
    return np.where(np.isnan(apart), np.inf, apart)


def by_pck(
    predictions: Predictions, people: Instances, rule: PCK, rescored: Callable[[Predictions], Scores]
) -> Compared:
    """One guess per person, by a PCK: good is a hit, and the lengths are the rule's.

    Args:
        people: with the labels of the convention.
        rescored: as of `Compared`.

    Raises:
        PosebenchError: as `pck.score`; or the rule is of limbs.
    """
    if rule.parts:
        raise PosebenchError(
            f"diagnose is about keypoints, but {rule.metric} scores limbs. Use a convention of keypoints (`posebench list`)."
        )
    rows, missing = align(predictions, people)
    normalised, _, asked = measured(predictions.keypoints[rows], missing, people, rule)
    threshold = float(rule.thresholds[rule.at])
    good = hits(normalised, asked, rule.thresholds[rule.at : rule.at + 1], rule.strict)[:, 0]
    clear = np.repeat(threshold * people.measures[rule.measure][:, None], missing.shape[1], axis=1)
    return Compared(
        people=people, predictions=predictions, row=rows, counted=asked, good=good, right=good,
        clear=clear, near=JITTER * clear, pooled=rule.pooled, right_if=rule.metric, rescored=rescored,
        limits=f"good is {rule.metric}; a confusion is at the other keypoint by the same threshold; jitter is within {JITTER} x "
        "the threshold",
    )  # fmt: skip
