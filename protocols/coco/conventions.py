"""COCO's conventions: what each evaluator does to detections before pycocotools' rules are applied."""

from dataclasses import fields, replace
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.predictions import OPTIONAL, Predictions
from posebench.errors import PosebenchError, counted
from posebench.plugins.protocol import Convention
from posebench.scoring import oks_nms

from . import regions
from .detections import SUBMITTED
from .partial_detections import are_detections, confidences, with_gaps

_AP = "OKS AP, mean over thresholds 0.50:0.05:0.95 and 101 recalls; 20 detections an image"
_RESCORED = "Scores are box score x mean keypoint confidence above 0.2"
CONVENTIONS = {
    convention.name: convention
    for convention in (
        Convention("official", f"{_AP}.", "pycocotools 2.0.11", published_by="COCO's leaderboard, on results as submitted"),
        Convention(
            "hrnet", f"{_RESCORED}; OKS-NMS at 0.9; then {_AP}.", "HRNet 6f69e46, lib/dataset/coco.py",
            published_by="HRNet, SimpleBaseline and most top-down papers",
            difference="Detections are ranked by other scores, and of nearly equal poses only the best is left.",
        ),
        Convention(
            "hrnet-soft", f"{_RESCORED}; soft OKS-NMS at 0.9 to 20 an image; then {_AP}.",
            "HRNet 6f69e46, lib/dataset/coco.py with TEST.SOFT_NMS",
            difference="As hrnet, but nearly equal poses only fall behind: the 20 best of an image are left.",
        ),
        Convention(
            "mmpose", f"{_RESCORED}; OKS-NMS at 0.9, in single precision as under numpy 2; then {_AP}.",
            "mmpose 759b39c, CocoMetric, with xtcocotools 1.14.3", published_by="MMPose's model zoo",
            difference="As hrnet, but in single precision, which decides ties; people without labelled keypoints are told by "
            "visibility, not by num_keypoints; a detection's area is that of the box that the network was given.",
        ),
    )
}  # fmt: skip
ROWS = {"image", "person", "keypoints", "scores", "score", "missing", *OPTIONAL}


def taken(predictions: Predictions, rows: Array, **changes: Any) -> Predictions:
    """The predicted people at `rows`, in that order, with `changes`."""
    columns = {
        field.name: getattr(predictions, field.name)[rows]
        for field in fields(predictions)
        if field.name in ROWS and getattr(predictions, field.name) is not None
    }
    return replace(predictions, **(columns | changes))


def processed(predictions: Predictions, convention: str, sigmas: Array) -> Predictions:
    """Detections as the convention's evaluator hands them to AP: rescored, and rid of people found twice.

    HRNet's numbers are in double precision here, as its evaluator gives on results that were written to a file; where it adds
    a network's single-precision confidences itself, scores differ in the eighth digit.

    Results lose the box that they state of themselves. HRNet's evaluator writes none: areas then are the keypoints' extent.
    mmpose's writes the box that the network was given, so that areas are that box's.

    Args:
        convention: a name of `CONVENTIONS`.
        sigmas: (K,) OKS constants.

    Raises:
        PosebenchError: the convention needs boxes and their scores, which these predictions do not have.
    """
    if convention == "official":
        return predictions
    region, box_score = regions.regions(predictions), predictions.box_score
    if not len(predictions):
        return replace(predictions, bbox=None)
    if region is None or box_score is None:
        raise PosebenchError(
            f"The convention {convention} suppresses people found twice by the area that the network saw, and these predictions "
            "have no boxes. Give results with 'bbox' (or HRNet's 'center' and 'scale'), posebench's own file with "
            "/region and /box_score, or score by official."
        )
    single = convention == "mmpose"
    rows = np.flatnonzero(are_detections(predictions))
    if single:  # CocoMetric visits an image's people by their number
        rows = rows[np.lexsort((predictions.person[rows], predictions.image[rows]))]
    kind = np.float32 if single else np.float64
    confidence = confidences(predictions)[rows]
    score = oks_nms.rescored(confidence.astype(kind), box_score[rows].astype(kind))
    suppress = oks_nms.soft_suppress if convention == "hrnet-soft" else oks_nms.suppress
    area = region[rows, 2:].astype(kind).prod(axis=1)
    poses = with_gaps(predictions)[rows].astype(kind)
    with np.errstate(over="ignore", invalid="ignore"):  # of absurd distances; such poses are like no other
        kept = suppress(predictions.image[rows], poses, score, area, sigmas.astype(kind))
    if single:  # xtcocotools: no confidence above 0, no detection
        kept = kept[(confidence[kept] > 0).any(axis=1)]
    return taken(
        predictions, rows[kept], score=score[kept].astype(float), keypoints=poses[kept].astype(float),
        bbox=_written_by_mmpose(predictions)[rows[kept]] if single else None,
    )  # fmt: skip


def _written_by_mmpose(predictions: Predictions) -> Array:
    """(R, 4) the boxes in CocoMetric's results. mmpose keeps corners in single precision, so widths are differences of those."""
    boxes = regions.unpadded(predictions)
    if boxes is None:
        raise ValueError("processed has refused these predictions")
    with np.errstate(over="ignore", invalid="ignore"):
        corner, size = boxes[:, :2].astype(np.float32), boxes[:, 2:].astype(np.float32)
        return np.column_stack([corner, (corner + size) - corner]).astype(float)


def assumptions(predictions: Predictions, convention: str) -> tuple[str, ...]:
    """Sentences on what `processed` has to assume of predictions that do not state it."""
    if convention == "official":
        return ()
    found = list(regions.aspect_notes(predictions))
    if convention == "mmpose":
        found.extend(regions.padding_notes(predictions))
    if predictions.box_source == SUBMITTED:
        found.append(
            "The results' scores were taken for box scores. Results that an evaluator wrote are rescored already: "
            "those belong to official."
        )
    return tuple(found)


def notes(before: Predictions, after: Predictions, convention: str) -> tuple[str, ...]:
    """Sentences on what `processed` did."""
    if convention == "official":
        return ()
    gone = int(are_detections(before).sum()) - len(after)
    why = f"beyond the {oks_nms.SOFT_LIMIT} of an image" if convention == "hrnet-soft" else "as people found twice"
    found = [f"{counted(gone, 'detection was', 'detections were')} left out {why}."] if gone else []
    return (*found, *assumptions(before, convention))
