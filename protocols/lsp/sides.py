"""Whose left and right a predictions file has: a sign that it is an observer's, and is scored by person-centric labels."""

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances
from posebench.data.matching import align
from posebench.data.predictions import Predictions

BETTER_BY = 3
"""Keypoints of a person that must be nearer with left and right exchanged, so that a coincidence does not count."""
MANY = 0.2
"""Share of such people. Yang et al.'s predictions by an observer's left and right have 28 %, their person-centric ones 7 %."""
WITHIN = 0.2
"""Torso diameters within which a keypoint is found, as in PCK@0.2."""


def exchanged(predictions: Predictions, instances: Instances) -> float:
    """Share of the people with a torso for whom at least `BETTER_BY` more keypoints are found with left and right exchanged."""
    rows, missing = align(predictions, instances)
    torso = instances.measures["torso_diameter"]
    scored = torso > 0
    if not scored.any():
        return 0.0
    keypoints = np.where(missing[..., None], np.inf, predictions.keypoints[rows])

    def found(candidate: Array) -> Array:
        distances = np.linalg.norm(candidate - instances.keypoints, axis=2)
        labelled = instances.visibility > UNLABELLED
        return np.asarray(((distances <= WITHIN * torso[:, None]) & labelled).sum(axis=1))

    gained = found(keypoints[:, list(instances.skeleton.flip_order)]) - found(keypoints)
    return float((gained[scored] >= BETTER_BY).mean())


def other_sides(predictions: Predictions, instances: Instances, convention: str) -> tuple[str, ...]:
    """A sentence where left and right seem to be an observer's.

    Args:
        convention: name of the observer-centric one, for the sentence.
    """
    share = exchanged(predictions, instances)
    if share <= MANY:
        return ()
    return (
        f"For {100 * share:.0f} % of the people, {BETTER_BY} or more keypoints fit better with left and right exchanged. If these "
        f"predictions have an observer's left and right, score them with --convention {convention}.",
    )
