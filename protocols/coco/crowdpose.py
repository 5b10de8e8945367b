"""CrowdPose: OKS AP of people in crowds, also by how crowded their images are.

Goal: find the people of an image and their 14 keypoints, as in COCO; AP of easy, medium and hard images apart.

Paper: Li et al., "CrowdPose: Efficient Crowded Scenes Pose Estimation and A New Benchmark" (CVPR 2019).

Conventions:
    official: xtcocotools 1.14.3 (`keypoints_crowd`, `use_area=False`), which follows CrowdPose's own evaluator. As COCO's, but:
        a person's area is 0.53 times the box's; who is ignored follows from the stored `num_keypoints`, which counts visible
        keypoints alone; a detection without a confidence above 0 is left out; an annotation with the id 0 is like any other.
        Images with a `crowdIndex` below 0.2 are easy, from 0.8 on hard, medium between; their AP is rounded to four decimals.
    mmpose: detections are rescored and suppressed first, as by COCO's convention of this name.

Files: `crowdpose_<split>.json`, and photographs in `images`.
"""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.data.skeleton import Skeleton
from posebench.scoring import average_precision
from posebench.scoring.average_precision import Matches
from posebench.scoring.bootstrap import image_weights
from posebench.scoring.scores import Scores

from ..dataset_folder import files_named, none_found
from .annotated_people import BOX_AREA
from .annotations import read_annotations
from .conventions import AP_RULE, MMPOSE, COCOConvention
from .form import Form
from .rules import COCO

_SIDED = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
SKELETON = Skeleton(
    keypoints=(*(f"{side}_{part}" for part in _SIDED for side in ("left", "right")), "head", "neck"),
    bones=(
        ("head", "neck"), ("neck", "left_shoulder"), ("neck", "right_shoulder"), ("left_shoulder", "left_elbow"),
        ("left_elbow", "left_wrist"), ("right_shoulder", "right_elbow"), ("right_elbow", "right_wrist"),
        ("left_shoulder", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_ankle"), ("right_shoulder", "right_hip"),
        ("right_hip", "right_knee"), ("right_knee", "right_ankle"),
    ),
)  # fmt: skip
SIGMAS = np.array([.79, .79, .72, .72, .62, .62, 1.07, 1.07, .87, .87, .89, .89, .79, .79]) / 10  # fmt: skip
"""OKS constants (CrowdPose's evaluator; mmpose, configs/_base_/datasets/crowdpose.py)."""
CROWDING = "crowdIndex"
LEVELS = {"easy": (-np.inf, 0.2), "medium": (0.2, 0.8), "hard": (0.8, np.inf)}
"""Level → crowd indices of its images, the upper end excluded (xtcocotools, cocoeval.py, get_type_result)."""
DECIMALS = 4
DOWNLOAD = (
    "https://github.com/Jeff-sjtu/CrowdPose has the annotations and photographs; photographs belong into 'images' beside the "
    "annotations' folder."
)
_AREAS = ("APM", "APL", "ARM", "ARL")


class CrowdPose(COCO):
    """CrowdPose keypoints: OKS AP, and AP of easy, medium and hard images."""

    name = "crowdpose"
    version = 1
    skeleton = SKELETON
    conventions: ClassVar[dict[str, COCOConvention]] = {
        "official": COCOConvention(
            "official", f"{AP_RULE}; areas are 0.53 x the box.", "xtcocotools 1.14.3, keypoints_crowd",
            published_by="CrowdPose's papers, on results as submitted", confident=True, any_id=True,
        ),
        "mmpose": replace(MMPOSE, recounted=False, difference="Detections are ranked by other scores, and of nearly equal poses "
                          "only the best is left."),
    }  # fmt: skip
    exports: ClassVar[dict[str, str]] = {
        "crowdpose-json": "COCO's result form, for xtcocotools and CrowdPose's evaluator"
    }
    splits = ("train", "val", "trainval", "test")
    report_split = "test"

    def __init__(self) -> None:
        super().__init__()
        self.sigmas, self.form, self.known_counts, self.download = SIGMAS, FORM, {}, DOWNLOAD

    def instances(self, root: Path, split: str) -> Instances:
        """Read `json/crowdpose_<split>.json` below `root`; or the file `root`."""
        self.check_split(split)
        folders = ("json", "annotations", "")
        names = (f"crowdpose_{split}.json", f"mmpose_crowdpose_{split}.json")
        found = files_named(root, folders, names)
        if not found:
            raise none_found(f"CrowdPose {split}", root, folders, names, DOWNLOAD)
        folder = found[0].parent.parent if root.is_file() else root
        return replace(read_annotations(found[0], split, FORM), image_root=folder / "images")

    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """Score OKS AP and AR. `instances` need what COCO's do, and `crowdIndex` of every image."""
        scores = super().score(predictions, instances, convention)
        unknown = int(np.isnan(crowding(instances)).sum())
        if not unknown:
            return scores
        note = f"{unknown:,} of {len(instances.images):,} images have no crowdIndex, so AP easy, medium and hard are unknown."
        return replace(scores, notes=(*scores.notes, note))

    def _metrics(
        self, matches: Matches, instances: Instances, table: tuple[Array, Array]
    ) -> tuple[dict[str, float], dict[str, Array]]:
        """COCO's without those of areas, and AP of each level's images."""
        metrics, resampled = super()._metrics(matches, instances, table)
        for name in _AREAS:
            del metrics[name], resampled[name]
        weights, index = image_weights(len(instances.images))[1:], crowding(instances)
        for level, (low, high) in LEVELS.items():
            of_level = (index >= low) & (index < high) & ~np.isnan(index).any()
            alone = average_precision.precision_recall(matches, of_level.astype(np.int64))
            metrics[f"AP {level}"] = round(average_precision.metrics(*alone)["AP"], DECIMALS)
            resampled[f"AP {level}"] = average_precision.resampled(matches, weights * of_level)["AP"]
        return metrics, resampled


FORM = Form("crowdpose", SKELETON, BOX_AREA, measures_of_images=(CROWDING,))


def crowding(instances: Instances) -> Array:
    """(M,) crowd index of every image; NaN where it is unknown."""
    return instances.image_measures.get(CROWDING, np.full(len(instances.images), np.nan))
