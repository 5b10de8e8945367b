"""Detections beside the people that they find, for a diagnosis; Ronchi and Perona's limits."""

from collections.abc import Callable

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.scoring import oks_pairing
from posebench.scoring.average_precision import precision_over_recall
from posebench.scoring.compared import Compared, Detected, distances, predicted
from posebench.scoring.oks_matching import Detections, match
from posebench.scoring.oks_pairing import GOOD, LEAST, NEAR
from posebench.scoring.oks_similarity import People
from posebench.scoring.scores import Scores

from . import partial_detections

LIMITS = (
    f"good is a keypoint similarity of {GOOD} or more; jitter and confusions are from {NEAR} on; the most similar place decides; a "
    f"person is found from an OKS of {LEAST} on"
)


def compare(
    predictions: Predictions, instances: Instances, detections: Detections, people: People, sigmas: Array,
    scored: Callable[[Predictions, Array], Scores],
) -> Compared:  # fmt: skip
    """Detections paired with people.

    Args:
        predictions: as the convention's evaluator scores them. detections, people: as it matches them.
        scored: processed predictions and (K,) sigmas → their scores.
    """
    rows = np.flatnonzero(partial_detections.are_detections(predictions))
    pairing = oks_pairing.paired(detections, people, sigmas, len(instances.images))
    row = np.append(rows, -1)[pairing.detection]
    similarity, background = np.zeros(len(predictions)), np.zeros(len(predictions), bool)
    similarity[rows], background[rows] = pairing.similarity, pairing.background
    counted = people.labelled & ~people.ignored[:, None]
    apart = distances(predicted(predictions, row), instances.keypoints)
    clear, good = (oks_pairing.reach(least, people.area, sigmas) for least in (NEAR, GOOD))
    return Compared(
        people=instances, predictions=predictions, row=row, counted=counted, good=counted & (apart <= good),
        right=counted & (apart <= clear), clear=clear, near=clear, limits=LIMITS, right_if=f"keypoint similarity ≥ {NEAR}",
        pooled=tuple(range(len(sigmas))), rescored=lambda again: scored(again, sigmas),
        detected=Detected(
            background=background, similarity=similarity, outdone=pairing.outdone, least=LEAST,
            similarities=oks_pairing.of_keypoints(apart, people.area, sigmas),
            precision=lambda: precision_over_recall(match(detections, people, sigmas, len(instances.images))),
            with_sigmas=lambda factor: scored(predictions, factor * sigmas),
        ),
        hits_are_good=False,
    )  # fmt: skip
