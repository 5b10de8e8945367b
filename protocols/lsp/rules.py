"""Leeds Sports Pose (LSP): PCK@0.2 of the torso, and strict PCP@0.5.

Goal: the share of keypoints nearer than a fifth of the torso's diagonal to the annotation (PCK), and the share of limbs of which
both ends are nearer than half the limb's length (PCP).

Papers: Johnson, Everingham, "Clustered Pose and Nonlinear Appearance Models for Human Pose Estimation" (BMVC 2010), and "Learning
Effective Human Pose Estimation from Inaccurate Annotation" (CVPR 2011) for the extension; Yang, Ramanan, "Articulated Human
Detection with Flexible Mixtures of Parts" (PAMI 2013) for PCK; strict PCP as in posebench/scoring/pcp.py.

Conventions: all 14 keypoints count where they are annotated, whatever their flag; a hit is within (`<=`) the bound. A pair's column
is the mean of left and right; Head is the mean of neck and head top; Mean pools what counts. PCP's sticks end at keypoints, the
torso at the middles of hips and shoulders. The curves over 0 to 0.5 torsos are what papers call PDJ.

    labels      person-centric: as annotated. observer-centric: a relabelling of LSP by an observer's left and right; 38 % of the
                people differ, and papers of 2014-2016 report either.

People of LSPET without a torso are not scored. Splits and files: annotations.py, matrices.py. LSPET's labels: near_duplicates.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from posebench.array_type import Array
from posebench.data import prediction_tables
from posebench.data.instances import UNLABELLED, Instances
from posebench.data.matching import person_first
from posebench.data.predictions import Predictions, is_predictions
from posebench.errors import existing
from posebench.files.arrays import load_array
from posebench.plugins.pck_protocol import PCKConvention, PCKProtocol
from posebench.plugins.protocol import RunSplits
from posebench.scoring import pck
from posebench.scoring.pck import PCK, area_under_curve, percentage
from posebench.scoring.pcp import Limb, limb_errors, whole
from posebench.scoring.scores import Curve, Scores

from .annotations import (
    LSP_TRAIN,
    LSPET_TRAIN,
    LSPET_VAL,
    PEOPLE,
    SOURCE,
    SPLITS,
    TEST,
    TRAIN,
    find_joints,
    photographs,
    read_split,
)
from .matrices import LSP as LEEDS
from .matrices import LSPET, OBSERVER_CENTRIC, PERSON_CENTRIC, SKELETON
from .near_duplicates import ceiling
from .sides import other_sides

THRESHOLDS = np.arange(51) / 100
AT_TENTH, AT_FIFTH, AT_HALF = 10, 20, 50
KEYPOINT_GROUPS = {"Head": tuple(SKELETON.index("neck", "head_top"))} | {
    part.title(): tuple(SKELETON.index(f"left_{part}", f"right_{part}"))
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
}
_SIDED = {
    "upper_arm": ("shoulder", "elbow"), "lower_arm": ("elbow", "wrist"),
    "upper_leg": ("hip", "knee"), "lower_leg": ("knee", "ankle"),
}  # fmt: skip
LIMBS = (
    Limb(
        "torso",
        tuple(SKELETON.index("left_hip", "right_hip")),
        tuple(SKELETON.index("left_shoulder", "right_shoulder")),
    ),
    *(
        Limb(f"{side}_{limb}", tuple(SKELETON.index(f"{side}_{one}")), tuple(SKELETON.index(f"{side}_{other}")))
        for limb, (one, other) in _SIDED.items()
        for side in ("right", "left")
    ),
    Limb("head", tuple(SKELETON.index("neck")), tuple(SKELETON.index("head_top"))),
)
LIMB_GROUPS = {
    "Torso": (0,), "Upper arms": (1, 2), "Lower arms": (3, 4), "Upper legs": (5, 6), "Lower legs": (7, 8), "Head": (9,),
}  # fmt: skip


def lines_of(groups: Mapping[str, tuple[int, ...]]) -> Callable[[Array, Array], dict[str, Array]]:
    """Percent over thresholds of each group, the mean of its members, and pooled over all: `Mean`."""

    def lines(number: Array, total: Array) -> dict[str, Array]:
        each = percentage(number, total)
        return {group: each[:, :, members].mean(axis=2) for group, members in groups.items()} | {
            "Mean": percentage(number.sum(axis=2), np.nansum(total, axis=2))
        }

    return lines


def keypoint_columns(lines: Mapping[str, Array]) -> dict[str, Array]:
    """PCK@0.2, the mean at 0.1, and the area under the mean's curve over 0 to 0.2."""
    return {group: line[:, AT_FIFTH] for group, line in lines.items()} | {
        "Mean@0.1": lines["Mean"][:, AT_TENTH], "AUC[0,0.2]": area_under_curve(lines["Mean"][:, : AT_FIFTH + 1]),
    }  # fmt: skip


def limb_columns(lines: Mapping[str, Array]) -> dict[str, Array]:
    """PCP@0.5."""
    return {group: line[:, AT_HALF] for group, line in lines.items()}


def scored_keypoints(instances: Instances) -> Array:
    """(N, 14) bool, the labelled keypoints of people who have a torso."""
    return (instances.visibility > UNLABELLED) & _with_torso(instances)[:, None]


def scored_limbs(instances: Instances) -> Array:
    """(N, 10) bool, the limbs of which both ends are labelled, of people who have a torso."""
    return whole(LIMBS, scored_keypoints(instances))


def errors_of_limbs(keypoints: Array, missing: Array, instances: Instances) -> Array:
    """(N, 10) the larger of the errors at a limb's ends, in lengths of the limb."""
    return limb_errors(LIMBS, keypoints, missing, instances.keypoints)


def _with_torso(instances: Instances) -> Array:
    return np.asarray(instances.measures["torso_diameter"] > 0)


BY_KEYPOINT = PCK(
    measure="torso_diameter", thresholds=THRESHOLDS, at=AT_FIFTH, metric="PCK@0.2", axis="distance / torso",
    lines=lines_of(KEYPOINT_GROUPS), columns=keypoint_columns, pooled=tuple(range(len(SKELETON))), counted=scored_keypoints,
)  # fmt: skip
BY_LIMB = PCK(
    measure="torso_diameter", thresholds=THRESHOLDS, at=AT_HALF, metric="PCP@0.5", axis="larger end error / limb length",
    lines=lines_of(LIMB_GROUPS), columns=limb_columns, pooled=tuple(range(len(LIMBS))), counted=scored_limbs,
    errors=errors_of_limbs, parts=tuple(limb.name for limb in LIMBS),
)  # fmt: skip
_PCK_RULE = (
    "PCK@0.2: distance <= 0.2 x |left shoulder - right hip|, {} labels; all 14 keypoints, occluded ones too; Mean pools them; "
    "Head is the mean of neck and head top."
)
_PCP_RULE = (
    "strict PCP@0.5: both ends of a limb within 0.5 x its length, {} labels; 10 limbs; Mean pools them; the torso is from the "
    "middle of the hips to the middle of the shoulders."
)
_TOOLKIT = "eval_pose of bearpaw, after the toolkit of human-pose.mpi-inf.mpg.de"
CONVENTIONS = (
    PCKConvention(
        PERSON_CENTRIC, _PCK_RULE.format(PERSON_CENTRIC), _TOOLKIT,
        "Yang et al. (CVPR 2016), Wei et al. (Convolutional Pose Machines, CVPR 2016), Yang et al. (ICCV 2017)",
        pck=BY_KEYPOINT, ground_truth=PERSON_CENTRIC, person_centric=True,
    ),
    PCKConvention(
        OBSERVER_CENTRIC, _PCK_RULE.format(OBSERVER_CENTRIC), _TOOLKIT, "Yang et al. (CVPR 2016), Chen & Yuille (NIPS 2014)",
        "Left and right are an observer's: 38 % of the people are labelled otherwise.",
        pck=BY_KEYPOINT, ground_truth=OBSERVER_CENTRIC,
    ),
    PCKConvention(
        f"{PERSON_CENTRIC}-pcp", _PCP_RULE.format(PERSON_CENTRIC), _TOOLKIT, "Yang et al. (CVPR 2016)",
        "A limb counts where both of its ends are found, each within half the limb's own length.",
        pck=BY_LIMB, ground_truth=PERSON_CENTRIC, person_centric=True,
    ),
    PCKConvention(
        f"{OBSERVER_CENTRIC}-pcp", _PCP_RULE.format(OBSERVER_CENTRIC), _TOOLKIT,
        "Yang et al. (CVPR 2016), Chen & Yuille (NIPS 2014)",
        "Limbs instead of keypoints, and left and right are an observer's.",
        pck=BY_LIMB, ground_truth=OBSERVER_CENTRIC,
    ),
)  # fmt: skip


class LSP(PCKProtocol):
    """Leeds Sports Pose: PCK@0.2 of 14 keypoints, and strict PCP."""

    name = "lsp"
    version = 1
    skeleton = SKELETON
    headline = "Mean"
    splits = tuple(SPLITS)
    report_split = TEST
    known_counts = PEOPLE
    download = SOURCE
    first_pixel = 1
    conventions: ClassVar[dict[str, PCKConvention]] = {convention.name: convention for convention in CONVENTIONS}

    def run_splits(self, root: Path | None) -> RunSplits:
        """The field's splits where LSP's own images are there, without LSPET where its images are not; else a split of LSPET."""
        if root is None or not root.is_dir():
            return super().run_splits(root)
        if photographs(root, LEEDS):
            if photographs(root, LSPET):
                return RunSplits(TRAIN, TEST)
            return RunSplits(
                LSP_TRAIN, TEST, f"{root} has no images of LSPET, so training is on LSP's 1,000 alone ({LSP_TRAIN})."
            )
        if not photographs(root, LSPET):
            return super().run_splits(root)
        return RunSplits(
            LSPET_TRAIN, LSPET_VAL,
            f"{root} has no images of LSP itself, so training is on {LSPET_TRAIN} and scores are on {LSPET_VAL}: posebench's own "
            "split of LSP extended.",
        )  # fmt: skip

    def annotations(self, root: Path, split: str, convention: str) -> Path:
        """The joints.mat that has the convention's labels; the folder for a split of both datasets."""
        self.check_split(split)
        if len(SPLITS[split]) > 1:
            return root
        (dataset,) = SPLITS[split]
        return find_joints(root, dataset, self.convention(convention).ground_truth).file

    def instances(self, root: Path, split: str) -> Instances:
        """Read `lsp_dataset/` and `lspet_dataset/` below `root`, or one joints.mat. Labels are the file's; a folder's are
        person-centric.
        """
        self.check_split(split)
        return read_split(root, split)

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """As every protocol; and Yang et al.'s `pred` (2, 14, N), in pixels counted from 1."""
        if path.suffix not in prediction_tables.SUFFIXES and not is_predictions(existing(path, "a predictions file")):
            arrays = {} if path.suffix == ".json" else load_array(path)
            if "pred" in arrays:
                keypoints = person_first(arrays["pred"], path)
                self.check_count(keypoints, instances, path)
                return self.named(path, instances, keypoints - self.first_pixel)
        return super().read_predictions(path, instances)

    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """PCK per keypoint and pair, or PCP per limb; on LSPET, what its annotators reach against each other.

        Raises:
            PosebenchError: as `Protocol.score`.
        """
        chosen = self.convention(convention)
        scores = pck.score(predictions, instances, chosen.pck)
        scored = int(_with_torso(instances).sum())  # one person an image
        return replace(
            scores, people=scored, images=scored, ceiling=ceiling(instances, chosen.pck),
            notes=(*scores.notes, *other_labels(instances, chosen), *_sides(predictions, instances, chosen)),
        )  # fmt: skip

    def curves(
        self, predictions: Predictions, instances: Instances, convention: str, thresholds: Array
    ) -> tuple[Curve, ...]:
        """PCK (PDJ) over thresholds in torsos, or PCP over thresholds in limb lengths."""
        return pck.curves(predictions, instances, self.convention(convention).pck, thresholds)


def _sides(predictions: Predictions, instances: Instances, chosen: PCKConvention) -> tuple[str, ...]:
    """A sentence where a person-centric convention scores predictions that seem to be observer-centric."""
    name = chosen.name.replace(PERSON_CENTRIC, OBSERVER_CENTRIC)
    return other_sides(predictions, instances, name) if chosen.person_centric else ()


def other_labels(instances: Instances, convention: PCKConvention) -> tuple[str, ...]:
    """A sentence where the annotation has other labels than the convention's. Synthetic people are their own truth."""
    form = instances.source.form
    if instances.synthetic or form in ("", convention.ground_truth):
        return ()
    return (
        f"The annotation has {form} labels and {convention.name} is about {convention.ground_truth} ones: scores are not "
        "comparable with published ones.",
    )
