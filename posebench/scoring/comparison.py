"""Comparison: the differences of two runs on the same people, and whether they are more than chance.

Scores of equal images are resampled alike (posebench.scoring.bootstrap), so a difference is taken resample by resample: what makes
an image hard for both runs cancels. Where several differences are looked at, one of them is large by chance; so p-values are
corrected within a family by the single-step max-|t| method (Westfall, Young, "Resampling-Based Multiple Testing", 1993;
Romano, Wolf, "Exact and Approximate Stepdown Methods for Multiple Hypothesis Testing", JASA 2005): a difference counts only
if it is larger, in its own standard errors, than the largest of the whole family tends to be by chance.

Families: the headline is the single primary comparison and is tested on its own (with several pairs, the headlines of all pairs
together); the other rows of a pair, metrics and keypoints, are one family.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.errors import PosebenchError
from posebench.files.validation import Known
from posebench.scoring import bootstrap
from posebench.scoring.scores import Scores

SIGNIFICANT = 1 - bootstrap.LEVEL / 100
"""The largest p-value at which a difference is said to be resolved."""
CORRECTION = (
    "The headline is tested on its own; the other rows are corrected together (single-step max-|t|). "
    "Intervals are for each row alone"
)
CORRECTION_OF_PAIRS = (
    "The headlines of all pairs are corrected together, and so are the keypoints and other metrics of one pair "
    "(single-step max-|t|). Intervals are for each row alone"
)
FLAT = 1e-9
"""A difference that varies over resamples by less than this part of itself does not vary: the rest is rounding."""


@dataclass(frozen=True)
class Difference:
    """One score of two runs.

    Attributes:
        name: the metric or keypoint.
        a, b: what either run scored; NaN where it is unknown.
        interval: (low, high), where 95 % of the resamples of a − b are, each difference for itself; None where unknown.
        p: how often chance alone makes the largest difference of the family at least as large; None where unknown.
    """

    name: str
    a: Known
    b: Known
    interval: tuple[float, float] | None = None
    p: float | None = None

    @property
    def value(self) -> float:
        """a − b."""
        return self.a - self.b

    @property
    def resolved(self) -> bool:
        """Whether the difference is more than chance, at the 95 % level and corrected for its family."""
        return self.p is not None and self.p <= SIGNIFICANT

    @property
    def never_differs(self) -> bool:
        """Whether the scores are equal on the sample and on its resamples, so that other images would hardly tell them apart."""
        return self.value == 0 and self.interval == (0, 0)


@dataclass(frozen=True)
class Pair:
    """Two runs on the same people.

    Attributes:
        a, b: their names.
        headline: the metric that ranks.
        metrics: all of them in the field's order, the headline among them.
        joints: by keypoint.
    """

    a: str
    b: str
    headline: Difference
    metrics: tuple[Difference, ...]
    joints: tuple[Difference, ...]


def compare(runs: Sequence[tuple[str, Scores]], headline: str) -> list[Pair]:
    """Every pair of runs, the earlier one first.

    Args:
        runs: (name, scores), all by one protocol and convention on the same instances.
        headline: the metric that ranks.
    """
    pairs = list(combinations(runs, 2))
    units = units_of([scores for _, scores in runs])
    headlines = family([Taken.metric(headline, a, b) for (_, a), (_, b) in pairs], units)
    compared = []
    for ((name_a, a), (name_b, b)), first in zip(pairs, headlines, strict=True):
        names = list(dict.fromkeys([*a.metrics, *b.metrics]))
        metric_rows = [Taken.metric(name, a, b) for name in names if name != headline]
        joint_rows = [Taken.joint(name, a, b) for name in dict.fromkeys([*a.per_joint, *b.per_joint])]
        rows = family([*metric_rows, *joint_rows], units)
        by_name = {difference.name: difference for difference in [first, *rows[: len(metric_rows)]]}
        joints = rows[len(metric_rows) :]
        metrics = tuple(by_name[name] for name in names)
        compared.append(Pair(name_a, name_b, first, metrics, tuple(joints)))
    return compared


def units_of(scores: Sequence[Scores]) -> int:
    """How many units all of the scores were resampled by.

    Raises:
        PosebenchError: they were resampled by different units, so their resamples are no pairs.
    """
    by = sorted({(one.sampling.unit, one.sampling.units) for one in scores})
    if len(by) > 1:
        raise PosebenchError(
            f"The runs were resampled by different units ({' and '.join(f'{unit} ({n:,})' for unit, n in by)}), so they cannot be "
            "compared. Score both files with the same annotation and version."
        )
    return by[0][1] if by else 0


def as_json(pairs: Sequence[Pair]) -> dict[str, Any]:
    """All pairs as values for `json.dumps`; unknown numbers are None."""
    return {
        "level": bootstrap.LEVEL,
        "resamples": bootstrap.RESAMPLES,
        "correction": CORRECTION if len(pairs) == 1 else CORRECTION_OF_PAIRS,
        "pairs": [
            {
                "a": pair.a, "b": pair.b, "headline": _plain(pair.headline),
                "metrics": [_plain(one) for one in pair.metrics], "joints": [_plain(one) for one in pair.joints],
            }
            for pair in pairs
        ],
    }  # fmt: skip


def _plain(one: Difference) -> dict[str, Any]:
    numbers = {"a": one.a, "b": one.b, "difference": one.value}
    known = {key: value if math.isfinite(value) else None for key, value in numbers.items()}
    return {"name": one.name, **known, "interval": one.interval, "p": one.p, "resolved": one.resolved}


@dataclass(frozen=True)
class Taken:
    """One score of two runs with the resamples of its difference; None where some resample is unknown."""

    name: str
    a: float
    b: float
    resampled: Array | None

    @classmethod
    def metric(cls, name: str, a: Scores, b: Scores) -> "Taken":
        """From `Scores.metrics`."""
        return cls.of(name, (a.metrics, a.resampled), (b.metrics, b.resampled))

    @classmethod
    def joint(cls, name: str, a: Scores, b: Scores) -> "Taken":
        """From `Scores.per_joint`."""
        return cls.of(name, (a.per_joint, a.per_joint_resampled), (b.per_joint, b.per_joint_resampled))

    @classmethod
    def of(cls, name: str, a: tuple[Mapping[str, float], Any], b: tuple[Mapping[str, float], Any]) -> "Taken":
        """From (values, resamples) of either run."""
        values = a[0].get(name, math.nan), b[0].get(name, math.nan)
        drawn = [resampled[name] for _, resampled in (a, b) if name in resampled]
        all_known = len(drawn) == 2 and bool(np.isfinite([*values, *np.concatenate(drawn)]).all())
        return cls(name, *values, drawn[0] - drawn[1] if all_known else None)


def family(taken: Sequence[Taken], units: int = 0) -> list[Difference]:
    """The differences of one family, with p-values corrected for how many of them are known.

    Args:
        units: how many were resampled; 0 where unknown.
    """
    tested = [one for one in taken if one.resampled is not None]
    found = [Difference(one.name, one.a, one.b) for one in taken]
    if not tested:
        return found
    resampled = np.array([one.resampled for one in tested])
    t, largest = studentised(np.array([one.a - one.b for one in tested]), resampled, units)
    numbers = zip(resampled, p_values(t, largest), strict=True)
    return [
        found[place] if one.resampled is None else Difference(one.name, one.a, one.b, *_tested(*next(numbers), units))
        for place, one in enumerate(taken)
    ]


def _tested(resampled: Array, p: float, units: int) -> tuple[tuple[float, float], float]:
    return bootstrap.interval(resampled, units), float(p)


def studentised(differences: Array, resampled: Array, units: int = 0) -> tuple[Array, Array]:
    """Differences in their own standard errors, and how large the largest of them is by chance.

    Args:
        differences: (F,) of the sample. resampled: (F, R) the same on every resample.
        units: how many were resampled: resamples of few vary too little; 0 where unknown.

    Returns:
        (F,) |t|, and (R,) the largest |t| of each resample about the sample's difference. A difference that does not vary
        (a file and itself) says nothing of chance: its t is 0.
    """
    apart, t = _in_standard_errors(differences, resampled)
    return t, bootstrap.widening(units) * apart.max(axis=0, initial=0)


def _in_standard_errors(differences: Array, resampled: Array) -> tuple[Array, Array]:
    """(F, R) distances of resampled differences from the sample's, and (F,) those of the sample's from 0, in standard errors.

    Args:
        differences, resampled: as of `studentised`.
    """
    error = resampled.std(axis=1, ddof=1)
    varies = error > FLAT * np.abs(resampled).max(axis=1, initial=0)
    scale = np.where(varies, error, np.inf)
    return np.abs(resampled - differences[:, None]) / scale[:, None], np.abs(differences) / scale


def each_alone(differences: Array, resampled: Array, units: int = 0) -> tuple[Array, Array]:
    """As `family`, of many differences of which each is a family of its own.

    Args:
        differences: (F,) of the sample. resampled: (F, R) the same on every resample, all known.
        units: how many were resampled; 0 where unknown.

    Returns:
        (F, 2) intervals, and (F,) p-values.
    """
    apart, t = _in_standard_errors(differences, resampled)
    reached = (bootstrap.widening(units) * apart >= t[:, None]).sum(axis=1)
    low, high = np.percentile(resampled, bootstrap.tails(units), axis=1)
    return np.stack([low, high], axis=1), (1 + reached) / (1 + resampled.shape[1])


def of_intervals(
    a: float, bounds_a: tuple[float, float], b: float, bounds_b: tuple[float, float]
) -> tuple[float, float]:
    """The interval of a − b from the intervals of a and b alone, as if the two were independent.

    Of two runs on the same people it is too wide, since what makes an image hard for both does not cancel. Method of variance
    estimates recovery: Zou, Donner, "Construction of confidence limits about effect measures" (Statistics in Medicine, 2008).
    """
    below = math.hypot(a - bounds_a[0], bounds_b[1] - b)
    above = math.hypot(bounds_a[1] - a, b - bounds_b[0])
    return a - b - below, a - b + above


def p_values(t: Array, largest: Array) -> Array:
    """(F,) p-values of |t| under (R,) the largest |t| of each resample: (1 + how many reach it) / (1 + R)."""
    reached = len(largest) - np.searchsorted(np.sort(largest), t, side="left")
    p: Array = (1 + reached) / (1 + len(largest))
    return p
