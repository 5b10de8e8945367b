"""Detections → COCO's result form."""

from typing import Any

import numpy as np

from posebench.data.instances import Instances
from posebench.data.predictions import Predictions

from . import partial_detections
from .evaluator_input import image_rows


def results_of(predictions: Predictions, instances: Instances) -> list[dict[str, Any]]:
    """Detections in COCO's result form. A box changes areas, so it is written only where the predictions came with one, or
    where detections lack keypoints: see partial_detections.

    Raises:
        PosebenchError: an image that the annotation does not have.
    """
    predictions = partial_detections.boxed(predictions)
    rows = np.flatnonzero(partial_detections.are_detections(predictions))
    image_id = instances.image_ids[image_rows(predictions, instances)[rows]].tolist()
    person = next(iter(instances.measures.get("category_id", np.ones(1, int)).tolist()), 1)
    points = np.dstack(
        [partial_detections.placed(predictions)[rows], partial_detections.confidences(predictions)[rows]]
    )
    keypoints = points.reshape(len(rows), 3 * points.shape[1]).tolist()
    score = predictions.score[rows].tolist()
    written = [
        {"image_id": i, "category_id": person, "keypoints": k, "score": s}
        for i, k, s in zip(image_id, keypoints, score, strict=True)
    ]
    if predictions.bbox is not None:
        for entry, box in zip(written, predictions.bbox[rows].tolist(), strict=True):
            entry["bbox"] = box
    return written
