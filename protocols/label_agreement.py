"""What two annotations of the same people say of the annotators: the ceiling of a dataset's scores."""

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances
from posebench.scoring.pck import PCK, as_curves, hits, measured
from posebench.scoring.scores import Ceiling


def ceiling(one: Instances, other: Instances, rule: PCK, what: str) -> Ceiling:
    """What the annotators reach against each other, by the rule's own columns.

    A keypoint is a hit where it is one whichever of the two annotations is taken for the truth: the distance is divided
    by the shorter length. This needs no choice of a truth, and is the stricter reading.

    Args:
        one, other: two annotations of the same P people, in the same order, with the measure of the rule.
        what: the ceiling's sentence.
    """
    errors, both = _errors(one, other, rule)
    back, counted = _errors(other, one, rule)
    both &= counted
    number = hits(np.maximum(errors, back), both, rule.thresholds, rule.strict).sum(axis=0, dtype=float)[None]
    lines = rule.values(number, both.sum(axis=0, dtype=float)[None, None])
    columns = {name: float(values[0]) for name, values in rule.columns(lines).items()}
    return Ceiling(
        what=what,
        metrics={name: value for name, value in columns.items() if np.isfinite(value)},
        curves=as_curves(lines, rule),
    )


def _errors(guess: Instances, truth: Instances, rule: PCK) -> tuple[Array, Array]:
    """(P, K) errors of one annotation against the other, and what counts."""
    errors, counted, _ = measured(guess.keypoints, guess.visibility == UNLABELLED, truth, rule)
    return errors, counted
