"""Detections → COCO's result form."""

from typing import Any

import numpy as np

from posebench.data.instances import Instances
from posebench.data.predictions import Predictions

from ..image_rows import image_rows
from . import partial_detections
from .form import Form


def results_of(predictions: Predictions, instances: Instances, form: Form) -> list[dict[str, Any]]:
    """Detections in COCO's result form. A box changes areas, so it is written only where the predictions came with one, or
    where detections lack keypoints: see partial_detections.

    Raises:
        PosebenchError: an image that the annotation does not have.
    """
    counts = list(form.keypoint_lists.values())
    predictions = partial_detections.boxed(predictions, counts[0])
    rows = np.flatnonzero(partial_detections.are_detections(predictions))
    image_id = instances.image_ids[image_rows(predictions, instances)[rows]].tolist()
    person = next(iter(instances.measures.get("category_id", np.ones(1, int)).tolist()), 1)
    points = np.dstack(
        [partial_detections.placed(predictions)[rows], partial_detections.confidences(predictions)[rows]]
    )
    columns: dict[str, list[Any]] = {"image_id": image_id, "category_id": [person] * len(rows)}
    lists = np.split(points, np.cumsum(counts[:-1]), axis=1)
    columns |= {
        name: part.reshape(len(rows), -1).tolist() for name, part in zip(form.keypoint_lists, lists, strict=True)
    }
    columns["score"] = predictions.score[rows].tolist()
    if predictions.part_scores is not None:
        columns |= dict(zip(form.part_scores, predictions.part_scores[rows].T.tolist(), strict=True))
    if predictions.bbox is not None:
        columns["bbox"] = predictions.bbox[rows].tolist()
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
