"""MPII single person: PCKh.

Goal: the share of keypoints closer to the annotation than half a head length.

Papers: Andriluka, Pishchulin, Gehler, Schiele, "2D Human Pose Estimation: New Benchmark and State of the Art Analysis"
(CVPR 2014); the validation people are those of Tompson et al. (CVPR 2015).

Conventions:
    official: evalMPII (the toolkit on the dataset's page). Head length = 0.6 × the diagonal of the head box. A keypoint is a
        hit where its distance is `<=` 0.5 head lengths. Occluded keypoints count. Head = mean of upper neck and head top; a
        pair's column = mean of left and right; Mean = all hits / all annotated keypoints of the 14 without pelvis
        and thorax; Mean@0.1 at 0.10; AUC = area under Mean over 0 ... 0.5 in steps of 0.01, by trapezoids.

Files: `detections.mat` (the dataset's own annotation of the 2,958 validation people; exact), or the hourglass `train.h5`,
`valid.h5`, whose keypoints are truncated to whole pixels. Both count pixels from 1.
"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from posebench.instances import UNLABELLED, Instances
from posebench.metrics import area_under_curve, hits, normalised_distances, percentage, personal_area_under_curve
from posebench.predictions import Predictions
from posebench.protocol import Convention, Curve, Protocol, Scores, align, missing_notes
from posebench.uncertainty import resampled_sums, with_intervals

from .mpii_files import SKELETON, find_annotations, read

Array = NDArray[Any]

SCORED = tuple(name for name in SKELETON.keypoints if name not in ("pelvis", "thorax"))
GROUPS = {
    "Head": ("upper_neck", "head_top"),
    **{
        part.title(): (f"left_{part}", f"right_{part}")
        for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
    },
}
UPPER_BODY = tuple(name for name in SCORED if name.endswith(("wrist", "elbow", "shoulder")))

THRESHOLDS = np.arange(51) / 100
AT_HALF, AT_TENTH = 50, 10


class MPII(Protocol):
    """MPII single person, PCKh@0.5."""

    name = "mpii"
    version = 1
    skeleton = SKELETON
    headline = "Mean"
    first_pixel = 1
    conventions: ClassVar[dict[str, Convention]] = {
        "official": Convention(
            "official",
            "PCKh@0.5: distance <= 0.5 x 0.6 x head box diagonal; Mean pooled over 14 joints (no pelvis, no thorax).",
            "evalMPII (the MPII toolkit)",
        )
    }

    def instances(self, root: Path, split: str) -> Instances:
        """Read `detections.mat` (val only) or `train.h5` / `valid.h5` below `root`, `root/annot`; or the file `root`."""
        self.check_split(split)
        return read(find_annotations(root, split), split)

    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """PCKh per keypoint and per group. `instances` need `head_length`."""
        self.check_convention(convention)
        rows, missing = align(predictions, instances)
        counted = instances.visibility > UNLABELLED
        distances = normalised_distances(
            predictions.keypoints[rows], instances.keypoints, instances.measures["head_length"], missing
        )
        number = resampled_sums(hits(distances, counted, THRESHOLDS), instances.image)
        total = resampled_sums(counted & ~missing.all(axis=0), instances.image)[:, None]
        per_joint, columns, curves = tabulate(number, total)
        metrics, intervals = with_intervals(columns)
        joints, joint_intervals = with_intervals(dict(zip(SKELETON.keypoints, per_joint.T, strict=True)))
        return Scores(
            metrics=metrics,
            intervals=intervals,
            per_joint=joints,
            per_joint_intervals=joint_intervals,
            per_joint_metric="PCKh@0.5",
            curves=tuple(
                Curve(label, "distance / head length", tuple(THRESHOLDS.tolist()), tuple(values.tolist()))
                for label, values in curves.items()
            ),
            people=len(instances),
            images=len(np.unique(instances.image)),
            notes=missing_notes(predictions),
            per_person=personal_area_under_curve(distances, counted, 0.5),
            per_person_metric="the person's AUC of PCKh to 0.5",
        )


def tabulate(number: Array, total: Array) -> tuple[Array, dict[str, Array], dict[str, Array]]:
    """The table's numbers, of the sample and its resamples at once.

    Args:
        number: (R, T, K) hits within each of `THRESHOLDS`. total: (R, 1, K) annotated keypoints; 0 where none was predicted.

    Returns:
        PCKh@0.5 per keypoint (R, K), the columns (R,) by name, and the sample's curves (T,) by name. What needs a
        keypoint that nobody predicted is NaN.
    """

    def pooled(names: tuple[str, ...]) -> Array:
        joints = SKELETON.index(*names)
        known = (total[:, :, joints] > 0).all()
        return percentage(number[:, :, joints].sum(axis=2), total[:, :, joints].sum(axis=2) * known)

    per_joint = percentage(number, total)
    groups = {group: per_joint[:, :, SKELETON.index(*names)].mean(axis=2) for group, names in GROUPS.items()}
    mean = pooled(SCORED)
    columns = {group: values[:, AT_HALF] for group, values in groups.items()} | {
        "UBody": pooled(UPPER_BODY)[:, AT_HALF],
        "Mean": mean[:, AT_HALF],
        "Mean@0.1": mean[:, AT_TENTH],
        "AUC": area_under_curve(mean),
    }
    return per_joint[:, AT_HALF], columns, {name: values[0] for name, values in ({"Mean": mean} | groups).items()}
