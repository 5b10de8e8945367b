"""Which image of the annotation each predicted person is in, for protocols whose predictions are detections."""

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError, counted


def image_rows(predictions: Predictions, instances: Instances) -> Array:
    """(R,) row of `instances.images` of every predicted person.

    Raises:
        PosebenchError: another skeleton, or an image that the annotation does not have.
    """
    if predictions.keypoint_names != instances.skeleton.keypoints:
        raise other_skeleton(predictions, instances)
    if predictions.images == instances.images:
        return predictions.image
    row_of = {name: row for row, name in enumerate(instances.images)}
    strange = sorted({predictions.images[i] for i in set(predictions.image.tolist())} - row_of.keys())
    if strange:
        raise PosebenchError(
            f"{counted(len(strange), 'predicted image is', 'predicted images are')} not in {instances.what}; "
            f"the first is {strange[0]}. Does --data name the data it was predicted on?"
        )
    return np.array([row_of.get(name, -1) for name in predictions.images], np.int64)[predictions.image]


def other_skeleton(predictions: Predictions, instances: Instances) -> PosebenchError:
    """The error for predictions of other keypoints than the people have."""
    return PosebenchError(
        f"keypoints are (N, {len(predictions.keypoint_names)}, 2), but {instances.dataset} has {len(instances.skeleton)} "
        "with other names. Was this file written for another protocol? --joints or --mapping scores the keypoints that both have."
    )
