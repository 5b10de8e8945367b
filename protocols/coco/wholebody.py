"""COCO-WholeBody: OKS AP of 133 keypoints of body, feet, face and hands, and of each part.

Goal: find the people of an image and their keypoints, as in COCO. A part is scored as if the others did not exist, except that
areas, of annotations and of detections, are the person's.

Papers: Jin et al., "Whole-Body Human Pose Estimation in the Wild" (ECCV 2020).

Conventions, each equal to xtcocotools 1.14.3 (`keypoints_wholebody`, `keypoints`, `keypoints_foot`, …):
    official: all 133 keypoints, and AP and AR of the parts. As COCO's, but: who is ignored follows from the visibility; a
        detection without a confidence above 0 is left out; an annotation with the id 0 is like any other. A detection's area is
        the extent of its body's keypoints, or its box's. `wholebody_score` ranks where results have it, else `score`.
    body, foot, face, lefthand, righthand: the part's keypoints; `foot_score` and so on rank where results have them.
    mmpose: detections are rescored and suppressed by all 133 keypoints first, then as official; no part has a score of its own.

AP of hands is the mean of left and right, as in the paper's tables (jin-s13/COCO-WholeBody, issue 38).

Files: `coco_wholebody_<split>_v1.0.json`, which has COCO's annotations and further lists of keypoints; COCO's photographs.
"""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from posebench.data.instances import UNLABELLED, Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.scoring import oks_similarity
from posebench.scoring.scores import Scores

from ..dataset_folder import files_named, none_found
from .annotations import read_annotations
from .conventions import AP_RULE, MMPOSE, COCOConvention, confident
from .evaluator_input import Evaluated
from .form import Form
from .partial_detections import confidences, extents
from .rules import COCO
from .wholebody_skeleton import PARTS, SIGMAS, SKELETON

LISTS = ("keypoints", "foot_kpts", "face_kpts", "lefthand_kpts", "righthand_kpts")
"""Fields of annotations and results, one for each of `PARTS`."""
SCORES = ("wholebody_score", "score", "foot_score", "face_score", "lefthand_score", "righthand_score")
"""Fields of results by which detections of the whole body and of each of `PARTS` are ranked."""
FORM = Form(
    "wholebody", SKELETON, lists={field: len(names) for field, names in zip(LISTS, PARTS.values(), strict=True)},
    fractions=True, part_scores=SCORES,
)  # fmt: skip
DOWNLOAD = (
    "https://github.com/jin-s13/COCO-WholeBody has the annotations; photographs are COCO's (https://cocodataset.org/#download) and "
    "belong into 'val2017' and 'train2017' beside 'annotations'."
)
RULE = f"{AP_RULE}; people and areas as in xtcocotools"
OFFICIAL = COCOConvention(
    "official", f"{RULE}; all 133 keypoints.", "xtcocotools 1.14.3, keypoints_wholebody",
    published_by="COCO-WholeBody's paper, on results as submitted", confident=True, recounted=True, any_id=True,
)  # fmt: skip


def _of_part(part: str) -> COCOConvention:
    """The convention that scores one part."""
    name, keypoints = part.replace(" ", ""), f"the {len(PARTS[part])} keypoints of the part {part}"
    return replace(
        OFFICIAL, name=name, rule=f"{RULE}; {keypoints}.", difference=f"Only {keypoints} count.", part=part,
        source=f"xtcocotools 1.14.3, {'keypoints' if part == 'body' else f'keypoints_{name}'}",
    )  # fmt: skip


class WholeBody(COCO):
    """COCO-WholeBody keypoints: OKS AP of body, feet, face and hands."""

    name = "wholebody"
    version = 1
    skeleton = SKELETON
    conventions: ClassVar[dict[str, COCOConvention]] = {
        "official": OFFICIAL,
        **{made.name: made for made in map(_of_part, PARTS)},
        "mmpose": replace(
            MMPOSE, source="mmpose 759b39c, CocoWholeBodyMetric, with xtcocotools 1.14.3", boxes_as_areas=False,
            difference="Detections are ranked by other scores, and of nearly equal poses only the best is left.",
        ),
    }  # fmt: skip
    exports: ClassVar[dict[str, str]] = {"wholebody-json": "COCO-WholeBody's result form, for xtcocotools"}

    def __init__(self) -> None:
        super().__init__()
        self.sigmas, self.form, self.known_counts, self.download = SIGMAS, FORM, {}, DOWNLOAD

    def instances(self, root: Path, split: str) -> Instances:
        """Read `annotations/coco_wholebody_<split>_v1.0.json` below `root`; or the file `root`."""
        self.check_split(split)
        folders, names = ("annotations", ""), (f"coco_wholebody_{split}_v1.0.json",)
        if found := files_named(root, folders, names):
            return read_annotations(found[0], split, FORM)
        raise none_found(f"COCO-WholeBody {split}", root, folders, names, DOWNLOAD)

    def _evaluated(self, predictions: Predictions, instances: Instances, chosen: COCOConvention) -> Evaluated:
        """What COCO's rules take of the convention's part."""
        whole = super()._evaluated(predictions, instances, chosen)
        return of_part(whole._replace(made=with_areas_of_bodies(whole.made)), chosen.part)

    def _scored(self, evaluated: Evaluated, chosen: COCOConvention) -> tuple[Scores, oks_similarity.People]:
        """Scores without notes; under a convention of the whole body, also of its parts. See `COCO._scored`."""
        scores, people = super()._scored(evaluated, chosen)
        if chosen.part:
            return scores, people
        metrics, resampled = dict(scores.metrics), dict(scores.resampled)
        parts = [
            part for part, names in PARTS.items() if not set(names).isdisjoint(evaluated.people.skeleton.keypoints)
        ]
        for part in parts:
            alone, _ = super()._scored(of_part(evaluated, part), replace(chosen, part=part))
            for metric in ("AP", "AR"):
                metrics[f"{metric} {part}"] = alone.metrics[metric]
                resampled[f"{metric} {part}"] = alone.resampled[metric]
        for metric in ("AP", "AR") if {"left hand", "right hand"} <= set(parts) else ():
            left, right = f"{metric} left hand", f"{metric} right hand"
            metrics[f"{metric} hands"] = (metrics[left] + metrics[right]) / 2
            resampled[f"{metric} hands"] = (resampled[left] + resampled[right]) / 2
        return replace(scores, metrics=metrics, resampled=resampled), people


def of_part(whole: Evaluated, part: str) -> Evaluated:
    """What is taken of one part, ranked by its own scores where the predictions have such; of an empty name, of all parts.

    Raises:
        PosebenchError: the part has none of the keypoints.
    """
    made, people = whole.made, whole.people
    if made.part_scores is not None:
        made = replace(made, score=made.part_scores[:, ["", *PARTS].index(part)])
    if not part:
        return whole._replace(made=made)
    at = [place for place, name in enumerate(people.skeleton.keypoints) if name in PARTS[part]]
    if not at:
        raise PosebenchError(f"None of the chosen keypoints is of the part {part}, so there is nothing to score.")
    made, people = made.of_keypoints(at), people.of_keypoints(at)
    people = replace(people, usable=people.usable & (people.visibility > UNLABELLED).any(axis=1))
    return Evaluated(whole.given.of_keypoints(at), confident(made, confidences(made)), people, whole.sigmas[at])


def with_areas_of_bodies(predictions: Predictions) -> Predictions:
    """Predictions with a box each, by which areas are measured: the extent of the body's keypoints where none is stated."""
    if predictions.bbox is not None:
        return predictions
    names = predictions.keypoint_names
    body = [place for place, name in enumerate(names) if name in PARTS["body"]] or list(range(len(names)))
    return replace(predictions, bbox=extents(predictions, body))
