"""Robustness: the mean of a score over corrupted photographs, and what share of the clean score it is.

AdvMix (Wang et al., "When Human Pose Estimation Meets Robustness", CVPR 2021) calls them mPC, the mean performance under
corruption, and rPC, the relative one. Every score is of the same people, so all have the same resamples, and means and ratios are
taken resample by resample.
"""

from dataclasses import replace

import numpy as np

from posebench.array_type import Array
from posebench.diagnosis.estimate import Estimate, known_bounds
from posebench.scoring.bootstrap import Sampling, interval, score_interval
from posebench.scoring.scores import Scores


def sampled(scores: Scores, metric: str) -> Array:
    """(1 + resamples,) a metric and its resamples; (1,) where the protocol does not resample it."""
    resampled = scores.resampled.get(metric, np.zeros(0))
    return np.concatenate([[scores.metrics[metric]], resampled])


def estimate(values: Array, sampling: Sampling) -> Estimate:
    """A score of (1 + resamples,) values with its interval."""
    if len(values) == 1:
        return Estimate(float(values[0]))
    return Estimate(float(values[0]), known_bounds(score_interval(float(values[0]), values[1:], sampling)))


def change(values: Array, clean: Array, sampling: Sampling) -> Estimate:
    """By how much a score is larger than the clean one, with the interval of paired resamples."""
    differences = values - clean
    if len(differences) == 1:
        return Estimate(float(differences[0]))
    return Estimate(float(differences[0]), known_bounds(interval(differences[1:], sampling.units)))


def mean(several: list[Array], sampling: Sampling) -> Estimate:
    """The mean of several scores, such as mPC."""
    return estimate(np.mean(several, axis=0), sampling)


def relative(several: list[Array], clean: Array, sampling: Sampling) -> Estimate:
    """The mean of several scores in percent of the clean one: rPC. NaN where the clean score is 0."""
    return estimate(percent(np.mean(several, axis=0), clean), replace(sampling, largest=None))


def percent(values: Array, clean: Array) -> Array:
    """(1 + resamples,) a score in percent of the clean one; NaN where that is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Array = 100 * values / clean
    share[~np.isfinite(share)] = np.nan
    return share
