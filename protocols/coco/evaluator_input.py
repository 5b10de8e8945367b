"""Predictions and annotations as COCO's evaluators take them: the arrays of `oks_matching`."""

from typing import NamedTuple

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.scoring import oks_matching, oks_similarity
from posebench.scoring.oks_matching import Similarity

from ..image_rows import image_rows
from . import partial_detections


class Evaluated(NamedTuple):
    """What a convention's evaluator takes.

    Attributes:
        given: the predictions as they came. made: as they are scored.
        people: who is to be found, with the keypoints that count. sigmas: (K,) OKS constants of these.
    """

    given: Predictions
    made: Predictions
    people: Instances
    sigmas: Array


def detections_of(predictions: Predictions, instances: Instances) -> oks_matching.Detections:
    """Predictions as the evaluator takes them. A row without any keypoint is no detection.

    Raises:
        PosebenchError: another skeleton, or an image that the annotation does not have.
    """
    image = image_rows(predictions, instances)
    kept = partial_detections.are_detections(predictions) if predictions.missing.any() else slice(None)
    with np.errstate(over="ignore"):  # an area beyond all numbers is large
        if predictions.bbox is None:
            area = oks_matching.extent(partial_detections.with_gaps(predictions)[kept])
        else:
            area = predictions.bbox[kept, 2:].prod(axis=1)
    keypoints = partial_detections.placed(predictions)[kept]
    return oks_matching.Detections(image=image[kept], keypoints=keypoints, score=predictions.score[kept], area=area)


def people_of(instances: Instances, recounted: bool = False, any_id: bool = False) -> oks_similarity.People:
    """Annotations as the evaluator takes them: `num_keypoints`, as stored, decides who is ignored.

    Args:
        recounted: who is ignored follows from the visibility instead. any_id: an id of 0 is like any other.
    """
    measures, bbox = instances.measures, instances.bbox
    crowd, labelled, number = measures["iscrowd"].astype(bool), instances.visibility > 0, measures["id"]
    empty = ~labelled.any(axis=1) if recounted else measures["num_keypoints"] == 0
    return oks_similarity.People(
        image=instances.image, id=np.where(number == 0, -1, number) if any_id else number,
        keypoints=instances.keypoints, labelled=labelled, area=measures["area"],
        bbox=np.zeros((len(instances), 4)) if bbox is None else bbox, crowd=crowd, ignored=crowd | empty,
    )  # fmt: skip


def id_notes(people: oks_similarity.People) -> tuple[str, ...]:
    """A note if an annotation has the id 0, which COCOeval takes for "not matched"."""
    if (people.id != 0).all():
        return ()
    return (
        "annotation id 0 is never counted as found, as in pycocotools: number annotations from 1 to have that person count.",
    )


def best_similarity(
    detections: oks_matching.Detections, people: oks_similarity.People, instances: Instances, similar: Similarity
) -> Array:
    """(N,) the largest similarity that any detection reaches with each usable person; NaN for the others."""
    order = np.argsort(detections.image, kind="stable")
    person, detection = oks_matching.pairs(people.image, detections.image[order], len(instances.images))
    value = similar(order[detection], person)
    best = np.zeros(len(instances))
    np.maximum.at(best, person, value)
    return np.where(instances.usable, best, np.nan)
