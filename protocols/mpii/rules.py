"""MPII single person: PCKh.

Goal: the share of keypoints closer to the annotation than half a head length.

Papers: Andriluka, Pishchulin, Gehler, Schiele, "2D Human Pose Estimation: New Benchmark and State of the Art Analysis"
(CVPR 2014); the validation people are those of Tompson et al. (CVPR 2015).

Conventions: a keypoint counts where it is annotated, occluded or not, and is a hit within 0.5 head lengths (0.6 × the diagonal
of the head box); a pair's column is the mean of left and right; AUC is the area under Mean over 0 ... 0.5 in steps of 0.01, by
trapezoids. The evaluators differ in the rest:

    official    evalMPII (the toolkit on the dataset's page): the raw annotation; `<=`; Mean pools 14 joints, without
                pelvis and thorax; Head = mean of upper neck and head top.
    hrnet       gt_valid.mat, in which 13 joints are zeroed; `<=`; Mean pools 14; Head = head top; its "@0.1" is at 0.11.
    bearpaw     gt_valid.mat; `<`; Mean is the plain mean of 14 joints; Head = head top.
    mmpose      the raw annotation with the head boxes of gt_valid.mat; `<`, distances rounded to single precision; Mean pools 14;
                Head = head top.
    princeton   valid.h5, truncated to whole pixels; `<`; Mean pools all 16 joints, and visible and occluded ones apart.

Each name's "@0.1" is at 0.10 here; the 0.11 of `hrnet` has a column of its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError, unknown
from posebench.files.arrays import array_names
from posebench.plugins.pck_protocol import PCKConvention, PCKProtocol
from posebench.scoring import pck
from posebench.scoring.pck import PCK, area_under_curve, asked_of, percentage
from posebench.scoring.scores import Curve, Scores

from .annotation import SKELETON
from .find_and_read import DOWNLOAD, HEAD_IN_GT_VALID, find_annotations, read
from .image_names import named_as
from .known_split import PEOPLE
from .server_export import export_mat

Lines = Mapping[str, Array]

ALL = tuple(range(len(SKELETON)))
SCORED = tuple(i for i, name in enumerate(SKELETON.keypoints) if name not in ("pelvis", "thorax"))
PAIRS = {
    part.title(): tuple(SKELETON.index(f"left_{part}", f"right_{part}"))
    for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
}
UPPER_BODY = tuple(i for name in ("Shoulder", "Elbow", "Wrist") for i in PAIRS[name])
NECK_AND_HEAD, HEAD_TOP = tuple(SKELETON.index("upper_neck", "head_top")), tuple(SKELETON.index("head_top"))

THRESHOLDS = np.arange(51) / 100
AT_HALF, AT_TENTH, AT_ELEVEN_HUNDREDTHS = 50, 10, 11


def pooled(number: Array, total: Array, joints: tuple[int, ...]) -> Array:
    """(R, T) percent of all keypoints of these joints; NaN if one of the joints was never predicted."""
    known = (total[0, :, joints] > 0).all()  # in the sample: a resample may have no person with that joint
    return percentage(number[:, :, joints].sum(axis=2), total[:, :, joints].sum(axis=2) * known)


def averaged(number: Array, total: Array, joints: tuple[int, ...]) -> Array:
    """(R, T) plain mean of the joints' percentages."""
    if not joints:
        return np.full(number.shape[:2], np.nan)
    mean: Array = percentage(number[:, :, joints], total[:, :, joints]).mean(axis=2)
    return mean


def lines(
    number: Array, total: Array, head: tuple[int, ...], mean: Callable[[Array, Array, tuple[int, ...]], Array]
) -> Lines:
    """PCKh over thresholds of the groups that most evaluators report."""
    groups = {name: averaged(number, total, joints) for name, joints in ({"Head": head} | PAIRS).items()}
    return groups | {"UBody": mean(number, total, UPPER_BODY), "Mean": mean(number, total, asked_of(SCORED, total))}


def princeton_lines(number: Array, total: Array) -> Lines:
    """Princeton's PCKh over thresholds: groups pool left and right, and the mean pools all 16 joints."""
    single = {name.title(): tuple(SKELETON.index(name)) for name in ("pelvis", "thorax", "upper_neck", "head_top")}
    groups = {"Head": single.pop("Head_Top"), "Neck": single.pop("Upper_Neck")} | PAIRS | single
    groups["Mean"] = asked_of(ALL, total)
    return {name: pooled(number, total, joints) for name, joints in groups.items()}


def columns(lines: Lines, more: Mapping[str, int] = {}) -> dict[str, Array]:
    """The table's columns: every line at 0.5, the mean at 0.1 and at the indices `more`, and the area under the mean."""
    tenths = {"Mean@0.1": AT_TENTH} | dict(more)
    return (
        {name: line[:, AT_HALF] for name, line in lines.items()}
        | {name: lines["Mean"][:, at] for name, at in tenths.items()}
        | {"AUC": area_under_curve(lines["Mean"])}
    )


def princeton_counts(instances: Instances) -> Array:
    """(N, K) bool, the keypoints that count: labelled ones, unless x counted from 1 is 0."""
    counts: Array = (instances.visibility > UNLABELLED) & (instances.keypoints[..., 0] != -1)
    return counts


def rule(lines: Callable[[Array, Array], Any], columns: Callable[[Lines], Any] = columns, **more: Any) -> PCK:
    """A PCKh evaluator."""
    return PCK(
        measure="head_length", thresholds=THRESHOLDS, at=AT_HALF, metric="PCKh@0.5", axis="distance / head length",
        lines=lines, columns=columns, **({"pooled": SCORED} | more),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MPIIConvention(PCKConvention):
    """A published PCKh.

    Attributes:
        heads: the column of `Instances.measures` that its evaluator takes head lengths from; empty for the annotation's own.
        by_visibility: its evaluator also reports the visible and the occluded keypoints apart.
    """

    heads: str = ""
    by_visibility: bool = False

    def rule_for(self, instances: Instances) -> PCK:
        """The rule with the evaluator's head lengths, if the annotation has them."""
        return replace(self.pck, measure=self.heads) if self.heads in instances.measures else self.pck


ZEROED = "13 joints of gt_valid.mat are zeroed, so perfect predictions miss 12 of them at 0.5."
CONVENTIONS = (
    MPIIConvention(
        "official",
        "PCKh@0.5: distance <= 0.5 x 0.6 x head box diagonal; Mean pooled over 14 joints (no pelvis, no thorax).",
        "evalMPII (the MPII toolkit)",
        "the MPII leaderboard (test people); papers that score with the toolkit",
        pck=rule(partial(lines, head=NECK_AND_HEAD, mean=pooled)),
    ),
    MPIIConvention(
        "hrnet",
        "PCKh@0.5 on gt_valid.mat; Mean pooled over 14 joints; Head is the head top alone.",
        "HRNet and SimpleBaseline (mpii.py of either)",
        "HRNet, SimpleBaseline, DarkPose, UDP; their '@0.1' is the column Mean@0.11",
        "Head leaves out the upper neck.",
        pck=rule(
            partial(lines, head=HEAD_TOP, mean=pooled), partial(columns, more={"Mean@0.11": AT_ELEVEN_HUNDREDTHS})
        ),
        ground_truth="gt_valid.mat",
        ground_truth_difference=ZEROED,
    ),
    MPIIConvention(
        "bearpaw",
        "PCKh@0.5 (<) on gt_valid.mat; Mean is the plain mean of the 14 joints; Head is the head top alone.",
        "pytorch-pose (eval_PCKh.py)",
        "pytorch-pose",
        "The plain mean gives ankles and knees, which are harder and less often annotated, the same weight as shoulders.",
        pck=rule(partial(lines, head=HEAD_TOP, mean=averaged), strict=True),
        ground_truth="gt_valid.mat",
        ground_truth_difference=ZEROED,
    ),
    MPIIConvention(
        "mmpose",
        "PCKh@0.5 (<, single precision, head boxes of gt_valid.mat); Mean pooled over 14 joints; Head is the head top.",
        "mmpose 1.x (MpiiPCKAccuracy)",
        "mmpose",
        "Only Head differs visibly; < instead of <= loses keypoints that are exactly at the threshold.",
        pck=rule(partial(lines, head=HEAD_TOP, mean=pooled), strict=True, single=True),
        heads=HEAD_IN_GT_VALID,  # with their rounding noise, whatever file the keypoints come from
    ),
    MPIIConvention(
        "princeton",
        "PCKh@0.5 (<) on valid.h5; Mean pooled over all 16 joints; pairs pooled.",
        "pytorch_stacked_hourglass (test.py)",
        "Newell's PyTorch release",
        "Pelvis and thorax count in the mean and are easy.",
        pck=rule(princeton_lines, strict=True, pooled=ALL, counted=princeton_counts),
        ground_truth="valid.h5",
        ground_truth_difference="valid.h5 is truncated to whole pixels.",
        by_visibility=True,
    ),
)


class MPII(PCKProtocol):
    """MPII single person: PCKh@0.5."""

    name = "mpii"
    version = 1
    skeleton = SKELETON
    headline = "Mean"
    splits = ("train", "val", "test")
    exports: ClassVar[dict[str, str]] = {
        "mpii-mat": "MPII's evaluation server (test people), or its toolkit on your machine (validation people)"
    }
    known_counts = PEOPLE
    download = DOWNLOAD
    first_pixel = 1
    conventions: ClassVar[dict[str, MPIIConvention]] = {convention.name: convention for convention in CONVENTIONS}

    def convention(self, name: str | None = None) -> MPIIConvention:
        """The convention of that name; without a name the first one. See `Protocol.convention`."""
        return self.conventions[super().convention(name).name]

    def annotations(self, root: Path, split: str, convention: str) -> Path:
        """The annotation file that the convention's evaluator uses, if `root` has it; else the most exact one."""
        self.check_split(split)
        own = self.convention(convention).ground_truth
        return find_annotations(root, split, own if own and split == "val" else None)

    def instances(self, root: Path, split: str) -> Instances:
        """Read the annotation in `root` or `root/annot`, or the file `root`. docs/data.md lists the forms."""
        self.check_split(split)
        return read(find_annotations(root, split), split)

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """Read predictions as every PCK protocol does, with the image names of `instances`."""
        if path.suffix == ".mat" and {"pred", "preds"} & {*array_names(path)} == {"pred"}:
            raise PosebenchError(
                f"{path} has 'pred', the form that MPII's server takes. posebench does not read it. Score the file "
                "that it was exported from."
            )
        return named_as(instances, super().read_predictions(path, instances))

    def measured_by(self, instances: Instances, convention: str) -> tuple[Instances, PCK]:
        """The people, and the rule with the evaluator's head lengths. See `PCKProtocol.measured_by`."""
        check_public(instances)
        return instances, self.convention(convention).rule_for(instances)

    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """Score PCKh per keypoint and per group. `instances` need the measure `head_length`."""
        chosen = self.convention(convention)
        scores = pck.score(predictions, *self.measured_by(instances, convention))
        scores = replace(scores, notes=(*scores.notes, *other_ground_truth(chosen, instances)))
        return with_visibility(scores) if chosen.by_visibility else scores

    def curves(
        self, predictions: Predictions, instances: Instances, convention: str, thresholds: Array
    ) -> tuple[Curve, ...]:
        """PCKh over the given thresholds, in head lengths."""
        return pck.curves(predictions, *self.measured_by(instances, convention), thresholds)

    def export(self, form: str, predictions: Predictions, instances: Instances, path: Path) -> list[str]:
        """Write `mpii-mat`, the form that MPII's server (split test) and toolkit (split val) read."""
        if form not in self.exports:
            raise unknown(f"export of {self.name}", form, self.exports)
        return export_mat(predictions, instances, path)


def check_public(instances: Instances) -> None:
    """Raise an error for the test people, because MPII does not publish their keypoints."""
    if instances.split == "test" and not (instances.visibility > UNLABELLED).any():
        raise PosebenchError(
            f"{instances.what} has no public keypoints, so it cannot be scored here. Write the file that MPII's server scores: "
            "posebench export mpii-mat."
        )


def other_ground_truth(convention: MPIIConvention, instances: Instances) -> tuple[str, ...]:
    """A note if the ground truth is not the one that the convention's evaluator uses."""
    form, own, name = instances.source.form, convention.ground_truth, convention.name
    if not form or instances.split != "val":
        return ()
    if own and form != own:
        return (f"{name}'s evaluator uses {own}, but this is {form}: the numbers differ from that evaluator's.",)
    if not own and form in ("train.h5", *(other.ground_truth for other in CONVENTIONS)):
        return (
            f"{name}'s evaluator uses the raw annotation, but this is {form}: the numbers differ from that evaluator's.",
        )
    if convention.heads and convention.heads not in instances.measures:
        return (
            f"{name}'s evaluator takes head boxes from gt_valid.mat, which is not here: ties at the threshold may differ.",
        )
    return ()


def with_visibility(scores: Scores) -> Scores:
    """Scores with a column for the visible and one for the occluded keypoints."""
    apart = {f"Mean {part.name}": part for part in scores.slices if part.by == "visibility"}
    return replace(
        scores,
        metrics=dict(scores.metrics) | {name: part.value for name, part in apart.items()},
        resampled=dict(scores.resampled) | {name: scores.slices_resampled[part] for name, part in apart.items()},
    )
