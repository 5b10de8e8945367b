"""Detections beside the people that they find, for a diagnosis; Ronchi and Perona's limits."""

from collections.abc import Callable

import numpy as np

from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.scoring import oks_pairing
from posebench.scoring.compared import Compared, Detected
from posebench.scoring.oks_matching import Detections
from posebench.scoring.oks_pairing import GOOD, LEAST, NEAR
from posebench.scoring.oks_similarity import People
from posebench.scoring.scores import Scores
from posebench.array_type import Array

LIMITS = (
    f"good is a keypoint similarity of {GOOD} or more; jitter and confusions are from {NEAR} on; a person is found from an OKS of "
    f"{LEAST} on"
)


def compare(
    predictions: Predictions, instances: Instances, detections: tuple[Detections, Array], people: People, sigmas: Array,
    rescored: Callable[[Predictions], Scores], with_sigmas: Callable[[float], Scores],
) -> Compared:  # fmt: skip
    """Detections paired with people.

    Args:
        predictions: as the convention's evaluator scores them.
        detections: the same as detections, and the row of `predictions` of each.
        rescored, with_sigmas: as of `Compared`, `Detected`.
    """
    given, rows = detections
    pairing = oks_pairing.paired(given, people, sigmas, len(instances.images))
    row = np.where(pairing.detection >= 0, np.append(rows, -1)[pairing.detection], -1)
    similarity, background = np.zeros(len(predictions)), np.zeros(len(predictions), bool)
    similarity[rows], background[rows] = pairing.similarity, pairing.background
    clear = oks_pairing.reach(NEAR, people.area, sigmas)
    counted = people.labelled & ~people.ignored[:, None]
    found = Compared(
        people=instances, predictions=predictions, row=row, counted=counted, good=counted, right=counted, clear=clear,
        near=clear, limits=LIMITS, right_if=f"keypoint similarity ≥ {NEAR}", rescored=rescored,
        detected=Detected(background, similarity, pairing.outdone, LEAST, with_sigmas),
    )  # fmt: skip
    return found
