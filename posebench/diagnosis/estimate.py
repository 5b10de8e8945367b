"""A number of a diagnosis with its 95 % interval."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.files.validation import Known
from posebench.scoring.bootstrap import interval, resampled_sums, score_interval
from posebench.scoring.pck import percentage, sampling_of
from posebench.scoring.scores import Scores, known


@dataclass(frozen=True)
class Estimate:
    """A value and its 95 % interval; NaN and None where unknown."""

    value: Known
    interval: tuple[float, float] | None = None

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`, which has no NaN."""
        return {"value": self.value if np.isfinite(self.value) else None, "interval": self.interval}


def shares(part: Array, whole: Array, people: Instances) -> list[Estimate]:
    """What share of each person's numbers is of a part, in percent over all people.

    Args:
        part: (N, P) numbers of P parts of each person. whole: (N, P) out of how many.
        people: the N people.

    Returns:
        P estimates; images are resampled, of all people who have anything of any part.
    """
    asked = whole.any(axis=1)
    if not asked.any():
        return [Estimate(np.nan)] * part.shape[1]
    sums = resampled_sums(np.stack([part, whole], axis=1)[asked], people.units[asked])
    values = percentage(sums[:, 0], sums[:, 1])
    return [_share(values[:, p], whole[:, p] > 0, people) for p in range(part.shape[1])]


def _share(values: Array, asked: Array, people: Instances) -> Estimate:
    value = float(values[0])
    return Estimate(value, _known(score_interval(value, values[1:], sampling_of(people.units[asked], people))))


def difference(metric: str, after: Scores, before: Scores) -> Estimate:
    """By how much a metric is larger after a change; resample by resample, since both are of the same people."""
    value = known(after.metrics[metric]) - known(before.metrics[metric])
    return Estimate(value, _paired(metric, after.resampled, before))


def _paired(metric: str, after: Mapping[str, Array], before: Scores) -> tuple[float, float] | None:
    if metric not in after or metric not in before.resampled:
        return None
    return _known(interval(after[metric] - before.resampled[metric], before.sampling.units))


def _known(bounds: tuple[float, float]) -> tuple[float, float] | None:
    return None if np.isnan(bounds).any() else bounds
