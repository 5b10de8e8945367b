"""COCO's conventions: what each evaluator does to detections before pycocotools' rules are applied."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.box_source import SUBMITTED
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError, counted
from posebench.plugins.protocol import Convention
from posebench.scoring import oks_nms

from . import extended_oks, regions
from .partial_detections import are_detections, confidences, with_gaps

AP_RULE = "OKS AP, mean over thresholds 0.50:0.05:0.95 and 101 recalls; 20 detections an image"
_RESCORED = "Scores are box score x mean keypoint confidence above 0.2"


@dataclass(frozen=True, kw_only=True)
class Suppression:
    """How people who were found twice are removed from rescored detections.

    Attributes:
        kept: arrays as `oks_nms.suppress` takes them → the rows that are kept.
        reason: why a detection is left out, as a note says it.
    """

    kept: Callable[[Array, Array, Array, Array, Array], Array]
    reason: str


HARD = Suppression(kept=oks_nms.suppress, reason="as people found twice")
SOFT = Suppression(kept=oks_nms.soft_suppress, reason=f"beyond the {oks_nms.SOFT_LIMIT} of an image")


@dataclass(frozen=True, kw_only=True)
class COCOConvention(Convention):
    """A published rule that is OKS AP of detections, as they are or rescored.

    Attributes:
        suppression: applied after rescoring; None: detections are neither rescored nor suppressed.
        precision: the floating-point type of rescoring and suppression.
        by_person: an image's detections are ordered by their person's number, which decides ties.
        confident: a detection needs a keypoint with a confidence above 0.
        boxes_as_areas: a detection's area is that of the box that the network was given, not the extent of its keypoints.
        recounted: people without labelled keypoints are found by visibility, not by the stored num_keypoints.
        any_id: an annotation with the id 0 is like any other.
        extended: Ex-OKS instead of OKS, which also asks what is within the image: see extended_oks.
        part: the part of the keypoints that is scored, where a dataset has such; empty for all.
    """

    suppression: Suppression | None = None
    precision: type[np.floating[Any]] = np.float64
    by_person: bool = False
    confident: bool = False
    boxes_as_areas: bool = False
    recounted: bool = False
    any_id: bool = False
    extended: bool = False
    part: str = ""


MMPOSE = COCOConvention(
    "mmpose", f"{_RESCORED}; OKS-NMS at 0.9, in single precision as under numpy 2; then {AP_RULE}.",
    "mmpose 759b39c, CocoMetric, with xtcocotools 1.14.3", published_by="MMPose's model zoo",
    difference="As hrnet, but in single precision, which decides ties; people without labelled keypoints are found "
    "by visibility, not by num_keypoints; a detection's area is that of the box that the network was given.",
    suppression=HARD, precision=np.float32, by_person=True, confident=True, boxes_as_areas=True, recounted=True,
    any_id=True,
)  # fmt: skip
CONVENTIONS = {
    convention.name: convention
    for convention in (
        COCOConvention(
            "official", f"{AP_RULE}.", "pycocotools 2.0.11", published_by="COCO's leaderboard, on results as submitted"
        ),
        COCOConvention(
            "hrnet", f"{_RESCORED}; OKS-NMS at 0.9; then {AP_RULE}.", "HRNet 6f69e46, lib/dataset/coco.py",
            published_by="HRNet, SimpleBaseline and most top-down papers",
            difference="Detections are ranked by other scores, and of nearly equal poses only the best is left.",
            suppression=HARD,
        ),
        COCOConvention(
            "hrnet-soft", f"{_RESCORED}; soft OKS-NMS at 0.9 to 20 an image; then {AP_RULE}.",
            "HRNet 6f69e46, lib/dataset/coco.py with TEST.SOFT_NMS",
            difference="As hrnet, but nearly equal poses only get lower scores: the 20 best of an image are left.",
            suppression=SOFT,
        ),
        MMPOSE,
        COCOConvention(
            "ex-oks", f"Ex-OKS: a keypoint is predicted inside from a presence of {extended_oks.PRESENT} on; then {AP_RULE}.",
            "exococotools 1.0.0, extended_oks=True", published_by="ProbPose, on CropCOCO",
            difference="What is predicted inside the image and annotated outside, or the other way round, is at the distance from "
            "the border; crowds with keypoints count; detections in images without people do not.",
            confident=True, recounted=True, any_id=True, extended=True,
        ),
    )
}  # fmt: skip


def processed(predictions: Predictions, convention: COCOConvention, sigmas: Array) -> Predictions:
    """Detections as the convention's evaluator passes them to AP: rescored, and without people found twice.

    HRNet's numbers are in double precision here, as its evaluator gives on results that were written to a file; where it adds
    a network's single-precision confidences itself, scores differ in the eighth digit.

    The results' own boxes are removed. HRNet's evaluator writes no boxes, so areas are the keypoints' extent. mmpose's
    evaluator writes the box that the network was given, so areas are that box's.

    Args:
        sigmas: (K,) OKS constants.

    Raises:
        PosebenchError: the convention needs boxes and their scores, which these predictions do not have.
    """
    if convention.suppression is None:
        sure = extended_oks.presence(predictions) if convention.extended else confidences(predictions)
        return confident(predictions, sure) if convention.confident else predictions
    region, box_score = regions.regions(predictions), predictions.box_score
    if not len(predictions):
        return replace(predictions, bbox=None)
    if region is None or box_score is None:
        raise PosebenchError(
            f"The convention {convention.name} suppresses people found twice by the area that the network saw, and these "
            "predictions have no boxes. Give results with 'bbox' (or HRNet's 'center' and 'scale'), posebench's own file with "
            "/region and /box_score, or score by official."
        )
    kind = convention.precision
    rows = np.flatnonzero(are_detections(predictions))
    if convention.by_person:  # CocoMetric visits an image's people by their number
        rows = rows[np.lexsort((predictions.person[rows], predictions.image[rows]))]
    confidence = confidences(predictions)[rows]
    score = oks_nms.rescored(confidence.astype(kind), box_score[rows].astype(kind))
    area = region[rows, 2:].astype(kind).prod(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):  # of absurd distances; such poses are like no other
        poses = np.clip(with_gaps(predictions)[rows], np.finfo(kind).min, np.finfo(kind).max).astype(kind)
        kept = convention.suppression.kept(predictions.image[rows], poses, score, area, sigmas.astype(kind))
    if convention.confident:
        kept = kept[(confidence[kept] > 0).any(axis=1)]
    return predictions.take(
        rows[kept], score=score[kept].astype(float), keypoints=poses[kept].astype(float), part_scores=None,
        bbox=_written_by_mmpose(predictions)[rows[kept]] if convention.boxes_as_areas else None,
    )  # fmt: skip


def confident(predictions: Predictions, sure: Array) -> Predictions:
    """Detections with a keypoint of a confidence above 0: those that xtcocotools takes. Rows that are no detections stay.

    Args:
        sure: (R, K) the confidences.
    """
    kept = (sure > 0).any(axis=1) | ~are_detections(predictions)
    return predictions if kept.all() else predictions.take(np.flatnonzero(kept))


def _written_by_mmpose(predictions: Predictions) -> Array:
    """(R, 4) the boxes in CocoMetric's results. mmpose keeps corners in single precision, so widths are differences of those."""
    boxes = regions.unpadded(predictions)
    if boxes is None:
        raise ValueError("processed has refused these predictions")
    with np.errstate(over="ignore", invalid="ignore"):
        corner, size = boxes[:, :2].astype(np.float32), boxes[:, 2:].astype(np.float32)
        return np.column_stack([corner, (corner + size) - corner]).astype(float)


def assumptions(predictions: Predictions, convention: COCOConvention) -> tuple[str, ...]:
    """Sentences on what `processed` has to assume, because the predictions do not state it."""
    if convention.suppression is None:
        return ()
    found = list(regions.aspect_notes(predictions))
    if convention.boxes_as_areas:
        found.extend(regions.padding_notes(predictions))
    if predictions.box_source == SUBMITTED:
        found.append(
            "The results' scores were taken as box scores. Results that an evaluator wrote are already rescored: "
            "score them under official."
        )
    return tuple(found)


def notes(before: Predictions, after: Predictions, convention: COCOConvention) -> tuple[str, ...]:
    """Sentences on what `processed` did."""
    if convention.suppression is None:
        gone, why = len(before) - len(after), "without a confidence above 0"
    else:
        gone, why = int(are_detections(before).sum()) - len(after), convention.suppression.reason
    found = [f"{counted(gone, 'detection was', 'detections were')} left out {why}."] if gone else []
    return (*found, *assumptions(before, convention))
