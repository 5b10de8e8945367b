"""Records as three protocols would write them, for the tests of leaderboards, plots and reports."""

from collections.abc import Mapping
from typing import Any

from posebench.results.record import Record

MPII_JOINTS = (
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "pelvis", "thorax",
    "upper_neck", "head_top", "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow",
    "left_wrist",
)  # fmt: skip
MPII = {
    "rule": {
        "protocol": "mpii", "version": 1, "convention": "official", "headline": "Mean", "unit": "%",
        "rule": "PCKh@0.5 (distance <= 0.5 head lengths) pooled over 14 joints, without pelvis and thorax.",
        "evaluator": "evalMPII.m",
    },
    "data": {
        "dataset": "mpii", "split": "val", "box_source": "annotation", "people": 2958, "images": 2729,
        "annotations": "valid.h5", "annotations_sha256": "a" * 64, "synthetic": False,
    },
    "metrics": {"Head": 96.5, "Wrist": 84.25, "Mean": 89.0915, "Mean@0.1": 33.1},
    "per_joint": {name: 70.0 + place for place, name in enumerate(MPII_JOINTS)},
    "per_joint_metric": "PCKh@0.5",
    "curves": [{"label": "Mean", "axis": "distance / head length", "thresholds": [0.0, 0.25, 0.5], "values": [0.0, 75.0, 89.0915]}],
    "model": {"arch": "hourglass8", "input_size": [256, 256], "parameters": 25_590_000},
}  # fmt: skip
FLIC = {
    "rule": {
        "protocol": "flic", "version": 1, "convention": "official", "headline": "Elbow", "unit": "%",
        "rule": "PCK@0.2 (distance <= 0.2 torso diameters), observer-centric sides.", "evaluator": "evalFLIC.m",
    },
    "data": MPII["data"] | {"dataset": "flic", "split": "test", "people": 1016, "images": 1016,
                            "annotations": "examples.mat", "annotations_sha256": "b" * 64},
    "metrics": {"Elbow": 97.0, "Wrist": 94.0},
    "per_joint": {"left_elbow": 97.5, "right_elbow": 96.5, "left_wrist": 94.5, "right_wrist": 93.5},
    "per_joint_metric": "PCK@0.2",
    "curves": [{"label": label, "axis": "distance / torso", "thresholds": [0.0, 0.1, 0.2], "values": [0.0, 80.0, end]}
               for label, end in (("Wrist", 94.0), ("Elbow", 97.0))],
}  # fmt: skip
COCO = {
    "rule": {
        "protocol": "coco", "version": 1, "convention": "official", "headline": "AP", "unit": "",
        "rule": "Mean of AP over OKS 0.50:0.05:0.95, at most 20 people per image.", "evaluator": "pycocotools 2.0.8",
    },
    "data": MPII["data"] | {"dataset": "coco", "split": "val2017", "box_source": "56.4 AP detector",
                            "people": 6352, "images": 5000, "annotations": "person_keypoints_val2017.json"},
    "metrics": {"AP": 0.7441, "AP50": 0.905, "APM": 0.708, "AR": 0.798},
    "per_joint": {}, "per_joint_metric": "",
    "curves": [{"label": "AP", "axis": "OKS threshold", "thresholds": [0.5, 0.75, 0.95], "values": [0.905, 0.819, 0.24]}],
}  # fmt: skip


def record(name: str = "hourglass8", base: Mapping[str, Any] = MPII, **changes: Any) -> Record:
    """A record like `base`; `changes` replace its fields, `rule=` and `data=` only the entries they name."""
    fields: dict[str, Any] = {
        "name": name, "notes": [], "predictions": f"{len(name)}.h5", "predictions_sha256": "c" * 64, "model": {},
        "created": "2026-01-02T03:04:05+00:00", "environment": {"posebench": "0.1.0", "python": "3.12.3"},
    } | dict(base)  # fmt: skip
    for part in ("rule", "data"):
        fields[part] = fields[part] | changes.pop(part, {})
    return Record.model_validate(fields | changes)
