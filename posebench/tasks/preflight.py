"""Preflight: everything that would make scoring impossible is found before the first step of training."""

import numpy as np

from posebench.data import predictions
from posebench.data.instances import UNLABELLED, Instances
from posebench.errors import PosebenchError
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import errors_of


def scoring_problem(protocol: Protocol, people: Instances, convention: str | None = None) -> str:
    """Why predictions of these people could not be scored; empty where they can.

    The annotations themselves are scored as predictions, so that whatever a protocol needs is asked for: head lengths, areas,
    labelled keypoints.
    """
    rows = np.flatnonzero(people.usable)
    if not len(rows):
        return f"{people.what} has no person to predict."
    asked = people.take(rows)
    labelled = (asked.visibility > UNLABELLED)[..., None]
    keypoints = np.where(labelled, asked.keypoints, asked.center[:, None])
    try:
        with errors_of("protocol", protocol.name, "score"):
            protocol.score(predictions.for_instances(asked, keypoints), people, protocol.convention(convention).name)
    except PosebenchError as error:
        return str(error)
    return ""
