"""Recalibration: confidences replaced by what they are worth, and what the order of detections by them adds to the headline.

A confidence is mapped to the share of keypoints that are right at it, by isotonic regression: the monotone map of the least
squared error (Zadrozny, Elkan, "Transforming Classifier Scores into Accurate Multiclass Probability Estimates", KDD 2002). Every
keypoint has a map of its own. Maps are fitted on nine tenths of the images and applied to the others, so that none is judged by
what it was fitted to.

AP depends only on the order of detections. A monotone map of their scores alone changes nothing, but the score of a person is made
of several confidences, and is best where it is the OKS to be expected (Gu, Chen, Yu, Yao, "On the Calibration of Human Pose
Estimation", ICML 2024). Here that is

    worth(score) · sum_k labelled_k(c_k) · similarity_k(c_k) / sum_k labelled_k(c_k)

by monotone maps of the detection's score to its OKS, 0 for detections of nobody, and of each confidence c_k to the share of
labelled keypoints and to their mean similarity. The paper trains a network for it; this needs the file alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.diagnosis.estimate import Estimate, difference
from posebench.scoring.bootstrap import SEED
from posebench.scoring.compared import Compared, Detected
from posebench.scoring.pck import SMALLEST_SLICE
from posebench.scoring.scores import Scores

FOLDS = 10
OTHERS, SAME = "other images", "the same images"

Map = Callable[[Array], Array]


@dataclass(frozen=True)
class Reordered:
    """The headline with detections in the order of recalibrated scores.

    Attributes:
        fitted_on: `OTHERS`, or `SAME`, which is too good.
        headline: its value. change: by how much it differs from that of the file as it is.
    """

    fitted_on: str
    headline: Estimate
    change: Estimate

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        return {
            "fitted_on": self.fitted_on, "headline": self.headline.as_json(), "change": self.change.as_json(),
        }  # fmt: skip


def monotone(x: Array, y: Array) -> Map:
    """The nondecreasing map of x (V,) to y (V,) of the least squared error; straight between values of x, and level beyond them."""
    from scipy.optimize import isotonic_regression  # takes 0.2 s to import

    values, place, count = np.unique(x, return_inverse=True, return_counts=True)
    fitted = isotonic_regression(np.bincount(place, y) / count, weights=count).x
    return lambda other: np.interp(other, values, fitted)


def folds(unit: Array) -> Iterator[tuple[Array, Array]]:
    """At most `FOLDS` pairs of masks (V,): what maps are fitted on, and what they are applied to. No unit is in both.

    Args:
        unit: (V,) int, which image or film each value is in.
    """
    kept, place = np.unique(unit, return_inverse=True)
    fold = np.random.default_rng(SEED).permutation(len(kept)) % FOLDS
    for number in range(min(FOLDS, len(kept))):
        applied = fold[place] == number
        yield ~applied, applied


def recalibrated(confidence: Array, right: Array, joint: Array, unit: Array) -> Array:
    """(V,) confidences as maps give them that are fitted on other images; NaN where there are no others.

    Args:
        confidence: (V,). right: (V,) bool. joint: (V,) int, which keypoint. unit: (V,) int, which image.
    """
    found = np.full(len(confidence), np.nan)
    for fitted, applied in folds(unit):
        if fitted.any():
            found[applied] = _by_joint(confidence, right, joint, fitted)(confidence[applied], joint[applied])
    return found


def _by_joint(x: Array, y: Array, joint: Array, fitted: Array) -> Callable[[Array, Array], Array]:
    """(values, joints) → mapped values; a keypoint with few fitted values has the map of all keypoints."""
    everything = monotone(x[fitted], y[fitted].astype(float))
    maps: dict[int, Map] = {}
    for k in np.unique(joint).tolist():
        own = fitted & (joint == k)
        maps[k] = monotone(x[own], y[own].astype(float)) if own.sum() >= SMALLEST_SLICE else everything

    def mapped(values: Array, joints: Array) -> Array:
        result = np.empty(len(values))
        for k in np.unique(joints).tolist():
            result[joints == k] = maps[k](values[joints == k])
        return result

    return mapped


def reordered(compared: Compared, headline: str, before: Scores) -> tuple[Reordered, ...]:
    """The headline with recalibrated scores; nothing where predictions are no detections, or all of their confidences are equal.

    Args:
        before: the scores of the predictions as they are.
    """
    detected, predictions = compared.detected, compared.predictions
    rows = np.flatnonzero(~predictions.missing.all(axis=1))
    there = ~predictions.missing[rows]
    if detected is None or not len(rows) or np.ptp(predictions.scores[rows][there]) == 0:
        return ()
    found = []
    everyone = np.ones(len(rows), bool)
    for name, parts in ((OTHERS, folds(predictions.image[rows])), (SAME, iter([(everyone, everyone)]))):
        expected = np.zeros(len(rows))
        for fitted, applied in parts:
            if fitted.any():
                expected[applied] = expected_similarity(compared, detected, rows[fitted], rows[applied])
        score = np.zeros(len(predictions))
        # Steps of a map make equal scores; the file's own order then decides.
        score[rows[np.lexsort((predictions.score[rows], expected))]] = np.arange(len(rows))
        after = compared.rescored(replace(predictions, score=score))
        value = Estimate(after.metrics[headline], after.intervals.get(headline))
        found.append(Reordered(name, value, difference(headline, after, before)))
    return tuple(found)


def expected_similarity(compared: Compared, detected: Detected, fitted: Array, applied: Array) -> Array:
    """The OKS to be expected of the detections at the rows `applied`, by maps that are fitted on those at `fitted`."""
    predictions = compared.predictions
    person = np.full(len(predictions), -1)
    person[compared.row[compared.found]] = np.flatnonzero(compared.found)
    worth = monotone(predictions.score[fitted], np.where(person[fitted] >= 0, detected.similarity[fitted], 0))
    fitted = fitted[person[fitted] >= 0]
    total, weight = np.zeros(len(applied)), np.zeros(len(applied))
    for k in range(compared.counted.shape[1]):
        there = fitted[~predictions.missing[fitted, k]]
        labelled = compared.counted[person[there], k]
        if not labelled.any():
            continue
        confidence, similarity = predictions.scores[there, k], detected.similarities[person[there], k]
        c = predictions.scores[applied, k]
        share = monotone(confidence, labelled.astype(float))(c)
        near = monotone(confidence[labelled], similarity[labelled])(c)
        total += np.where(predictions.missing[applied, k], 0, share * near)
        weight += np.where(predictions.missing[applied, k], labelled.mean(), share)
    expected: Array = worth(predictions.score[applied]) * np.divide(total, weight, out=total, where=weight > 0)
    return expected
