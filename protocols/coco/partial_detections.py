"""Detections that lack keypoints. pycocotools and COCO's result form do not know them: both take K coordinates of everyone.

A detection with one keypoint or more is a detection. A keypoint that it lacks is put where its term of every OKS is exactly
0, so it is a miss for each person on whom it is labelled; the detection's area is the extent of the keypoints that it has.
The same numbers follow from pycocotools on `export coco-json`, which writes that place, and boxes that keep the areas.
"""

from dataclasses import replace

import numpy as np

from posebench.array_type import Array
from posebench.data.matching import lost_notes
from posebench.data.predictions import Predictions
from posebench.errors import counted
from posebench.scoring import oks_matching

ABSENT = -1e9
"""x and y of a missing keypoint, pixels. exp(-d²/(2 area (2 sigma)²)) is 0 from d = 8e7 on, for sigmas up to 10 and COCO's
largest area, 1e10."""

MOST_NAMES = 20
"""Of more keypoints, a note states the number."""


def are_detections(predictions: Predictions) -> Array:
    """(R,) bool, which rows are detections: those with one keypoint or more."""
    without_any: Array = np.all(predictions.missing, axis=1)
    return ~without_any


def lacking(predictions: Predictions) -> Array:
    """(R,) bool, which rows are detections that lack keypoints."""
    return are_detections(predictions) & predictions.missing.any(axis=1)


def with_gaps(predictions: Predictions) -> Array:
    """(R, K, 2) keypoints; NaN where they are missing."""
    if not predictions.missing.any():
        return predictions.keypoints
    return np.where(predictions.missing[..., None], np.nan, predictions.keypoints)


def placed(predictions: Predictions) -> Array:
    """(R, K, 2) keypoints; `ABSENT` where they are missing."""
    if not predictions.missing.any():
        return predictions.keypoints
    return np.where(predictions.missing[..., None], ABSENT, predictions.keypoints)


def marked(keypoints: Array) -> Array:
    """(R, K) bool, which of (R, K, 2 or more) x, y, … of a results file `placed` has written."""
    is_absent: Array = (keypoints[..., 0] == ABSENT) & (keypoints[..., 1] == ABSENT)
    return is_absent


def confidences(predictions: Predictions) -> Array:
    """(R, K) confidences; 0 where a keypoint is missing."""
    return np.where(predictions.missing, 0.0, predictions.scores)


def boxed(predictions: Predictions, count: int) -> Predictions:
    """Predictions that state the boxes which keep their areas, if detections lack keypoints and they state none.

    Args:
        count: number of keypoints, the first ones, of which the extent is a detection's area.
    """
    if predictions.bbox is not None or not lacking(predictions).any():
        return predictions
    return replace(predictions, bbox=extents(predictions, slice(count)))


def extents(predictions: Predictions, at: slice | list[int]) -> Array:
    """(R, 4) the smallest box about the keypoints at `at` of each row; zeros where all of them are missing."""
    boxes: Array = np.nan_to_num(oks_matching.extent_boxes(with_gaps(predictions)[:, at]))
    return boxes


def notes(predictions: Predictions, areas_are_boxes: bool) -> tuple[str, ...]:
    """Sentences on what was not predicted, and how that is scored.

    Args:
        areas_are_boxes: a detection's area is its box's, not its keypoints' extent.
    """
    if not len(predictions):
        return ("There is not one prediction.",)
    told = list(lost_notes(predictions, ~are_detections(predictions)))
    if partial := int(lacking(predictions).sum()):
        many = counted(partial, "detection lacks", "detections lack")
        area = "" if areas_are_boxes else " The area of such a detection is the extent of the keypoints that it has."
        told.append(f"{many} some keypoints. A missing keypoint counts as a miss: it adds 0 to OKS.{area}")
        nobody: Array = np.all(predictions.missing, axis=0)
        if nobody.any() and not nobody.all():
            names = [name for name, gone in zip(predictions.keypoint_names, nobody, strict=True) if gone]
            many = f"{len(names)} of the {len(nobody)} keypoints; the first is {names[0]}"
            told.append(f"No detection has {', '.join(names) if len(names) <= MOST_NAMES else many}.")
    return tuple(told)


def export_notes(predictions: Predictions) -> tuple[str, ...]:
    """Sentences on what became of detections that lack keypoints, and of people without any, in COCO's result form."""
    told = []
    if partial := int(lacking(predictions).sum()):
        many = counted(partial, "detection lacks", "detections lack")
        boxes = (
            " Every detection has a 'bbox', the extent of its predicted keypoints, so that areas stay the same."
            if predictions.bbox is None
            else ""
        )
        told.append(
            f"{many} some keypoints, which this form cannot say. They are written at x = y = {ABSENT:.0f} with confidence 0, so "
            f"they count as missed.{boxes}"
        )
    if lost := int((~are_detections(predictions)).sum()):
        told.append(
            f"{counted(lost, 'person', 'people')} without a prediction {'is' if lost == 1 else 'are'} left out."
        )
    return tuple(told)
