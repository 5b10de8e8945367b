"""Whose left and right a predictions file has: a sign that it is an observer's, and is scored by person-centric labels."""

import numpy as np

from posebench.data.instances import UNLABELLED, Instances
from posebench.data.matching import align
from posebench.data.predictions import Predictions
from posebench.scoring.pck import hits, normalised_distances

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
    keypoints, truth, labelled = predictions.keypoints[rows], instances.keypoints, instances.visibility > UNLABELLED
    order = list(instances.skeleton.flip_order)
    straight, crossed = (
        hits(normalised_distances(its[scored], truth[scored], torso[scored], gone[scored]), labelled[scored], np.array([WITHIN]))
        for its, gone in ((keypoints, missing), (keypoints[:, order], missing[:, order]))
    )  # fmt: skip
    gained = crossed.sum(axis=(1, 2)) - straight.sum(axis=(1, 2))
    return float((gained >= BETTER_BY).mean())


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
