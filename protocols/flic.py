"""FLIC (Frames Labeled In Cinema): PCK@0.2 of the torso.

Goal: the share of elbows and wrists closer to the annotation than a fifth of the torso's diagonal.

Papers: Sapp, Taskar, "MODEC: Multimodal Decomposable Models for Human Pose Estimation" (CVPR 2013); split and table
columns as Newell, Yang, Deng, "Stacked Hourglass Networks" (ECCV 2016) and Chen, Yuille (NIPS 2014).

Conventions:
    observer-centric: labels as an observer would give them to somebody who faces away; torso = left shoulder to right
        hip of the same labels; distance `<=` 0.2 torso; a column = mean of left and right. This is what MODEC's, Chen &
        Yuille's and Yang's evaluators compute; FLIC has no official one. The table is ranked by the wrist, since the
        field quotes no mean.

Files: the hourglass release's `train.h5` (3,987 people) and `valid.h5` (1,016 people, FLIC's test split). Their column
`normalize` is the other diagonal (right shoulder to left hip) and is not used here. They count pixels from 1.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from posebench import pck
from posebench.errors import PosebenchError, existing
from posebench.instances import VISIBLE, Instances, Source
from posebench.metrics import area_under_curve, percentage
from posebench.pck import PCK
from posebench.predictions import Predictions, is_predictions, load_array, sha256
from posebench.protocol import Convention, Curve, Protocol, Scores, person_first
from posebench.skeleton import Skeleton

Array = NDArray[Any]

SKELETON = Skeleton(
    keypoints=(
        "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
        "left_hip", "right_hip", "left_eye", "right_eye", "nose",
    ),
    bones=(
        ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"), ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"), ("left_shoulder", "right_shoulder"), ("left_shoulder", "left_hip"),
        ("right_shoulder", "right_hip"), ("left_hip", "right_hip"), ("left_eye", "nose"), ("right_eye", "nose"),
    ),
)  # fmt: skip
GROUPS = {
    part.title(): tuple(SKELETON.index(f"left_{part}", f"right_{part}"))
    for part in ("elbow", "wrist", "shoulder", "hip")
}
REPORTED = ("Elbow", "Wrist")
YANG = (
    "nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "right_hip",
    "left_shoulder", "left_elbow", "left_wrist", "left_hip",
)  # fmt: skip
"""The 10 keypoints of Yang et al.'s file (CVPR 2016), in its order; their neck is interpolated and not annotated in FLIC."""

CROP_PIXELS = 200
THRESHOLDS = np.arange(21) / 100
AT_FIFTH, AT_TENTH = 20, 10


def lines(number: Array, total: Array) -> dict[str, Array]:
    """PCK over thresholds of each pair: the mean of left and right."""
    per_joint = percentage(number, total)
    return {group: per_joint[:, :, joints].mean(axis=2) for group, joints in GROUPS.items()}


def columns(lines: Mapping[str, Array]) -> dict[str, Array]:
    """The table: every pair at 0.2, those that the field reports at 0.1 too, and the areas under their curves."""
    return (
        {group: line[:, AT_FIFTH] for group, line in lines.items()}
        | {f"{group}@0.1": lines[group][:, AT_TENTH] for group in REPORTED}
        | {f"AUC[0,0.2] {group}": area_under_curve(lines[group]) for group in REPORTED}
    )


RULE = PCK(
    measure="torso_diameter", thresholds=THRESHOLDS, at=AT_FIFTH, metric="PCK@0.2", axis="distance / torso",
    lines=lines, columns=columns, pooled=GROUPS["Elbow"] + GROUPS["Wrist"],
)  # fmt: skip


class FLIC(Protocol):
    """FLIC, PCK@0.2."""

    name = "flic"
    version = 1
    skeleton = SKELETON
    headline = "Wrist"
    splits = ("train", "test")
    report_split = "test"
    first_pixel = 1
    conventions: ClassVar[dict[str, Convention]] = {
        "observer-centric": Convention(
            "observer-centric",
            "PCK@0.2: distance <= 0.2 x |left shoulder - right hip|, observer-centric labels; mean of left and right.",
            "MODEC, Chen & Yuille, Yang et al. (FLIC has no official evaluator)",
        )
    }

    def instances(self, root: Path, split: str) -> Instances:
        """Read `train.h5`, or `valid.h5` (the test split), below `root` or `root/annot`; or the file `root`."""
        self.check_split(split)
        return read_h5(find_annotations(root, split), split)

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """As every protocol, and Yang et al.'s `pred` (2, 10, N), without eyes."""
        if not is_predictions(existing(path, "a predictions file")) and "pred" in (arrays := load_array(path)):
            keypoints = person_first(arrays["pred"], path)
            if keypoints.shape[1] != len(YANG):
                raise PosebenchError(
                    f"{path}: pred has {keypoints.shape[1]} keypoints; Yang et al.'s form has {len(YANG)}."
                )
            known = [name for name in YANG if name in SKELETON.keypoints]
            full = np.full((len(keypoints), len(SKELETON), 2), np.nan)
            full[:, SKELETON.index(*known)] = keypoints[:, [YANG.index(name) for name in known]]
            self.check_count(full, instances, path)
            absent = [name not in YANG for name in SKELETON.keypoints]
            return self.named(path, instances, full - self.first_pixel, np.tile(absent, (len(full), 1)))
        return super().read_predictions(path, instances)

    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """PCK per keypoint and per pair. `instances` need `torso_diameter`."""
        self.check_convention(convention)
        return pck.score(predictions, instances, RULE)

    def curves(
        self, predictions: Predictions, instances: Instances, convention: str, thresholds: Array
    ) -> tuple[Curve, ...]:
        """PCK over thresholds of one's own choice, in torso diameters."""
        self.check_convention(convention)
        return pck.curves(predictions, instances, RULE, thresholds)


def find_annotations(root: Path, split: str) -> Path:
    """The annotation file to read.

    Raises:
        PosebenchError: there is none.
    """
    if root.is_file():
        return root
    name = {"train": "train.h5", "test": "valid.h5"}[split]
    for folder in (root / "annot", root):
        if (folder / name).is_file():
            return folder / name
    raise PosebenchError(
        f"No FLIC {split} annotation below {root}: looked for {name} in {root / 'annot'} and {root}. "
        "The hourglass release (pose-hg-train, data/flic/annot) has it; photographs belong into 'images' beside 'annot'."
    )


def read_h5(file: Path, split: str) -> Instances:
    """The hourglass release's form: 11 keypoints, all labelled."""
    columns = load_array(file)
    needed = ("imgname", "person", "center", "scale", "part", "visible")
    if lacking := [name for name in needed if name not in columns]:
        raise PosebenchError(f"{file} is no FLIC annotation: it lacks {', '.join(lacking)}.")
    parts = columns["part"].astype(float)
    n = len(parts)
    if parts.shape != (n, len(SKELETON), 2):
        raise PosebenchError(
            f"{file}: part is {parts.shape}, but FLIC has ({n}, {len(SKELETON)}, 2). Is it another dataset's?"
        )
    if facing_away := own_sides(parts):
        raise PosebenchError(
            f"{file} has person-centric labels: in {facing_away:,} people the left shoulder, elbow and wrist are all left of the "
            f"right ones. The rule is about observer-centric ones; use {file.name.replace('_personcentric', '')}."
        )
    names = [name.decode("utf-8", "replace") for name in columns["imgname"].tolist()]
    images = tuple(dict.fromkeys(names))
    row = {name: i for i, name in enumerate(images)}
    image = np.array([row[name] for name in names], np.int64)
    shoulder, hip = SKELETON.index("left_shoulder", "right_hip")
    folder = file.parent / "images"
    return Instances(
        dataset="flic", split=split, skeleton=SKELETON, images=images, image_ids=np.arange(len(images)), image=image,
        person=_within_image(image), center=columns["center"].astype(float) - 1,
        size=CROP_PIXELS * np.repeat(columns["scale"].astype(float)[:, None], 2, axis=1),
        keypoints=parts - 1, visibility=np.full(parts.shape[:2], VISIBLE, np.int8), usable=np.ones(n, bool),
        measures={"torso_diameter": np.hypot(*(parts[:, shoulder] - parts[:, hip]).T)},
        image_root=folder if folder.is_dir() else file.parent.parent / "images",
        source=Source(str(file), sha256(file)),
    )  # fmt: skip


def own_sides(parts: Array) -> int:
    """People (N, 11, 2) whom only themselves would label so: left of right at shoulder, elbow and wrist (MODEC's flip rule)."""
    pairs = [SKELETON.index(f"left_{part}", f"right_{part}") for part in ("shoulder", "elbow", "wrist")]
    return int(np.all([parts[:, left, 0] < parts[:, right, 0] for left, right in pairs], axis=0).sum())


def _within_image(image: Array) -> Array:
    """Number of each row among the rows of its image: FLIC's own person column is 0 for both annotations of an image."""
    order = np.argsort(image, kind="stable")
    number = np.empty(len(image), np.int64)
    number[order] = np.arange(len(image)) - np.searchsorted(image[order], image[order])
    return number
