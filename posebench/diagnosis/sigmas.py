"""Sensitivity to sigmas: what AP would be if all constants of OKS were larger or smaller by one factor.

The sigmas of a dataset of one's own are often guessed. A sigma that is larger by a tenth forgives distances that are larger by a
tenth.
"""

from dataclasses import dataclass
from typing import Any

from posebench.diagnosis.estimate import Estimate, difference
from posebench.scoring.compared import Compared
from posebench.scoring.scores import Scores

FACTORS = (0.5, 0.75, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)


@dataclass(frozen=True)
class Sensitivity:
    """The headline with all sigmas multiplied by a factor, and by how much it differs from that with the sigmas as they are."""

    factor: float
    headline: Estimate
    change: Estimate

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        return {"factor": self.factor, "headline": self.headline.as_json(), "change": self.change.as_json()}


def sensitivity(compared: Compared, headline: str, before: Scores) -> tuple[Sensitivity, ...]:
    """The headline at every factor of `FACTORS`; nothing where the protocol has no sigmas.

    Args:
        before: the scores with the sigmas as they are.
    """
    detected = compared.detected
    if detected is None:
        return ()
    scores = [before if factor == 1 else detected.with_sigmas(factor) for factor in FACTORS]
    return tuple(
        Sensitivity(factor, Estimate(one.metrics[headline], one.intervals.get(headline)), difference(headline, one, before))
        for factor, one in zip(FACTORS, scores, strict=True)
    )  # fmt: skip
