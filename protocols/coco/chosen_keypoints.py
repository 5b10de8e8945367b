"""COCO's rules on some keypoints alone: what a dataset has in which no others are annotated and no others are predicted."""

from dataclasses import replace

import numpy as np

from posebench.data.instances import UNLABELLED, Instances
from posebench.data.predictions import Predictions

from ..image_rows import other_skeleton


def of_chosen(
    chosen: tuple[int, ...] | None, predictions: Predictions, instances: Instances
) -> tuple[Predictions, Instances]:
    """Predictions and people with the chosen keypoints alone.

    People of whom none of these is labelled are ignored, as COCO ignores people without keypoints. Their areas are as annotated.

    Raises:
        PosebenchError: the predictions are of other keypoints than the people.
    """
    if chosen is None:
        return predictions, instances
    if predictions.keypoint_names != instances.skeleton.keypoints:
        raise other_skeleton(predictions, instances)
    people = instances.of_keypoints(chosen)
    labelled = (people.visibility > UNLABELLED).sum(axis=1)
    stated = np.where(people.measures["num_keypoints"] > 0, labelled, 0)
    measures = dict(people.measures) | {"num_keypoints": stated}
    return predictions.of_keypoints(chosen), replace(people, measures=measures)
