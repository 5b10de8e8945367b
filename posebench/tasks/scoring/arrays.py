"""Arrays of any network → predictions."""

from typing import Any

import numpy as np

from posebench.data.instances import Instances
from posebench.data.predictions import Predictions, for_instances
from posebench.data.provenance import Provenance
from posebench.errors import PosebenchError


def predictions_of(
    keypoints: Any, people: Instances, scores: Any = None, provenance: Provenance | None = None, presence: Any = None
) -> Predictions:
    """Predictions from arrays of all people.

    Args:
        keypoints: (N, K, 2) image pixels; NaN where a keypoint is not predicted. Crowds and people without keypoints may be NaN
            altogether, and are then left out.
        scores: (N, K) confidences; None for 1 everywhere.
        presence: (N, K) probabilities that each keypoint is within the image; None where they are not known.

    Raises:
        PosebenchError: another number of people or keypoints.
    """
    points = np.asarray(keypoints, float)
    if points.shape != people.keypoints.shape:
        raise PosebenchError(f"keypoints are {points.shape}, but {people.what} needs {people.keypoints.shape}.")
    given = {
        name: np.asarray(values, float)
        for name, values in (("scores", scores), ("presence", presence))
        if values is not None
    }
    for name, values in given.items():
        if values.shape != points.shape[:2]:
            raise PosebenchError(f"{name} are {values.shape}, but {people.what} needs {points.shape[:2]}.")
    missing = np.isnan(points).any(axis=2)
    rows = people.usable | ~missing.all(axis=1)
    return for_instances(
        people.take(rows), points[rows], missing=missing[rows], provenance=provenance or Provenance(),
        **{name: values[rows] for name, values in given.items()},
    )  # fmt: skip


def provenance_of(
    arch: str | None, input_size: tuple[int, int] | None, parameters: int | None, trained_on: str | None
) -> Provenance:
    """What is known of a network; None is unknown.

    Args:
        trained_on: the data that it was trained on, such as `MPII`.
    """
    facts = {
        "arch": arch, "input_size": input_size, "parameters": parameters,
        "trained_on": None if trained_on is None else {"dataset": trained_on},
    }  # fmt: skip
    return Provenance.model_validate({name: value for name, value in facts.items() if value is not None})
