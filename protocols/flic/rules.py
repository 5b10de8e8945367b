"""FLIC (Frames Labeled In Cinema): PCK@0.2 of the torso.

Goal: the share of elbows and wrists closer to the annotation than a fifth of the torso's diagonal.

Papers: Sapp, Taskar, "MODEC: Multimodal Decomposable Models for Human Pose Estimation" (CVPR 2013); split and table
columns as Newell, Yang, Deng, "Stacked Hourglass Networks" (ECCV 2016) and Chen, Yuille (NIPS 2014).

Conventions: all 11 keypoints count where they are annotated; a hit is within (`<=`) 0.2 torsos; a pair's column is the mean of
left and right. FLIC has no official evaluator; those of the literature differ in two things:

    labels      observer-centric: left and right of a person who faces away are exchanged. person-centric: as annotated.
    torso       left shoulder to right hip of these labels; or the hourglass release's `normalize`, which is right shoulder to
                left hip of the person-centric labels, whichever labels are scored.

The table is ranked by the wrist, since the field quotes no mean. eval_pck.m's Head is the mean of the nose and of a neck which FLIC
does not annotate (Yang et al. interpolate it), so there is none here; the nose is among the keypoints.

FLIC's own limits: 82 people of test are annotated twice, and count twice; 2 images are in both halves. See flic_duplicates.py.

Files: flic_files.py. They count pixels from 1.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from posebench.array_type import Array
from posebench.data import prediction_tables
from posebench.data.instances import Instances
from posebench.data.matching import align, person_first
from posebench.data.predictions import Predictions, is_predictions
from posebench.errors import PosebenchError, counted, existing
from posebench.files.arrays import load_array
from posebench.plugins.pck_protocol import PCKConvention, PCKProtocol
from posebench.scoring import pck
from posebench.scoring.pck import PCK, area_under_curve, percentage
from posebench.scoring.scores import Curve, Scores

from .annotations import DOWNLOAD, FACING_AWAY, PEOPLE, SKELETON, find_annotations, other_sides, read, right_torso
from .duplicates import ceiling, pairs_of

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
MODEC = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("shoulder", "elbow", "wrist"))
"""The 6 keypoints of MODEC's results.mat, in its order."""
FORMS = {"pred": ("Yang et al.", YANG), "pred_coords": ("MODEC", MODEC)}
"""Published prediction files: the variable's name → the authors and the keypoints of the form."""

CLEARLY_BETTER = 30
"""Percentage points of elbows and wrists; a network that sometimes confuses sides stays below."""
THRESHOLDS = np.arange(21) / 100
AT_FIFTH, AT_TENTH = 20, 10


def lines(number: Array, total: Array) -> dict[str, Array]:
    """PCK over thresholds of each pair: the mean of left and right."""
    per_joint = percentage(number, total)
    return {group: per_joint[:, :, joints].mean(axis=2) for group, joints in GROUPS.items()}


def columns(lines: Mapping[str, Array]) -> dict[str, Array]:
    """The table's columns: every pair at 0.2; elbows and wrists also at 0.1, and the areas under their curves."""
    return (
        {group: line[:, AT_FIFTH] for group, line in lines.items()}
        | {f"{group}@0.1": lines[group][:, AT_TENTH] for group in REPORTED}
        | {f"AUC[0,0.2] {group}": area_under_curve(lines[group]) for group in REPORTED}
    )


def rule(measure: str) -> PCK:
    """PCK@0.2 in units of a torso."""
    return PCK(
        measure=measure, thresholds=THRESHOLDS, at=AT_FIFTH, metric="PCK@0.2", axis="distance / torso",
        lines=lines, columns=columns, pooled=GROUPS["Elbow"] + GROUPS["Wrist"],
    )  # fmt: skip


CONVENTIONS = (
    PCKConvention(
        "observer-centric",
        "PCK@0.2: distance <= 0.2 x |left shoulder - right hip|, observer-centric labels; mean of left and right.",
        "MODEC, Chen & Yuille, Yang et al. (FLIC has no official evaluator)",
        "MODEC, Chen & Yuille (NIPS 2014), Yang et al. (CVPR 2016)",
        pck=rule("torso_diameter"),
    ),
    PCKConvention(
        "observer-centric-normalize",
        "PCK@0.2: distance <= 0.2 x normalize of the h5 (right shoulder - left hip), observer-centric labels; "
        "mean of left and right.",
        "pose-hg-train (pypose/eval.py on valid.h5)",
        "Newell et al. (Stacked Hourglass, ECCV 2016)",
        "The other diagonal of the torso. pypose also leaves out keypoints exactly on the truth, which is not done here.",
        pck=rule("torso_diameter_normalize"),
    ),
    PCKConvention(
        "person-centric",
        "PCK@0.2: distance <= 0.2 x |left shoulder - right hip|, person-centric labels; mean of left and right.",
        "the labels of examples.mat as annotated",
        "",
        "Left and right are the person's own: predictions with an observer's sides are wrong for people who face away.",
        pck=rule("torso_diameter_person_centric"),
        person_centric=True,
    ),
    PCKConvention(
        "person-centric-normalize",
        "PCK@0.2: distance <= 0.2 x normalize of the h5 (right shoulder - left hip), person-centric labels; "
        "mean of left and right.",
        "pose-hg-train (pypose/eval.py on valid_personcentric.h5)",
        "",
        "Left and right are the person's own, and the torso is its other diagonal.",
        pck=rule("torso_diameter_normalize"),
        person_centric=True,
    ),
)


def labelled(instances: Instances, convention: PCKConvention) -> tuple[Instances, tuple[str, ...]]:
    """The people with the labels and torsos of a convention, and notes on what was changed.

    Raises:
        PosebenchError: the convention is about person-centric labels, and the annotation does not tell who faces away.
    """
    if instances.synthetic:  # they are their own truth, by their own sides, under every convention
        torso = instances.measures["torso_diameter"]
        own = {
            "torso_diameter_person_centric": torso, "torso_diameter_normalize": right_torso(instances.keypoints),
        }  # fmt: skip
        return replace(instances, measures=dict(instances.measures) | own), ()
    orientation = instances.labels.get("orientation")
    if not convention.person_centric:
        away = 0 if orientation is None else int((orientation == FACING_AWAY).sum())
        facing = counted(away, "person who faces away", "people who face away")
        note = f"Left and right of {facing} were exchanged to observer-centric labels: the file is person-centric."
        return instances, (note,) if away else ()
    if orientation is None:
        raise PosebenchError(
            f"{instances.source.file or instances.what} has observer-centric labels, but {convention.name} needs person-centric "
            "ones, which do not follow from them. Use the hourglass release's *_personcentric.h5, or examples.mat."
        )
    away = orientation == FACING_AWAY
    keypoints, visibility = (other_sides(values, away) for values in (instances.keypoints, instances.visibility))
    return replace(instances, keypoints=keypoints, visibility=visibility), ()


def exchanged_sides(predictions: Predictions, people: Instances, convention: PCKConvention) -> tuple[str, ...]:
    """A note if person-centric scoring is given predictions that look observer-centric.

    Args:
        people: with the labels of the convention.
    """
    orientation = people.labels.get("orientation")
    if not convention.person_centric or orientation is None or not (orientation == FACING_AWAY).any():
        return ()
    rows, missing = align(predictions, people)
    away = np.flatnonzero(orientation == FACING_AWAY)
    there, keypoints = people.take(away), predictions.keypoints[rows][away]
    everyone = np.ones(len(away), bool)
    found = []
    for points, absent in (
        (keypoints, missing[away]),
        (other_sides(keypoints, everyone), other_sides(missing[away], everyone)),
    ):
        distances, _, asked = pck.measured(points, absent, there, convention.pck)
        joints = asked[:, convention.pck.pooled]
        found.append(100 * (distances[:, convention.pck.pooled] <= THRESHOLDS[AT_FIFTH])[joints].mean())
    given, exchanged = found
    if exchanged < given + CLEARLY_BETTER:
        return ()
    return (
        f"Elbows and wrists of the {len(away)} people who face away score {given:.1f} % as given and {exchanged:.1f} % with left "
        "and right exchanged: the predictions look observer-centric. Score them under observer-centric.",
    )


class FLIC(PCKProtocol):
    """FLIC: PCK@0.2 of elbows and wrists."""

    name = "flic"
    version = 1
    skeleton = SKELETON
    headline = "Wrist"
    splits = ("train", "test")
    report_split = "test"
    known_counts = PEOPLE
    download = DOWNLOAD
    first_pixel = 1
    conventions: ClassVar[dict[str, PCKConvention]] = {convention.name: convention for convention in CONVENTIONS}

    def annotations(self, root: Path, split: str, convention: str) -> Path:
        """An annotation file that has the convention's labels, if `root` has one."""
        self.check_split(split)
        return find_annotations(root, split, self.convention(convention).person_centric)

    def instances(self, root: Path, split: str) -> Instances:
        """Read an annotation below `root` or `root/annot`, or the file `root`: examples.mat of FLIC or FLIC-full, or the
        hourglass release's h5 of either labels. Labels are observer-centric in the Instances.
        """
        self.check_split(split)
        return read(find_annotations(root, split), split)

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """Read predictions as every PCK protocol does, and Yang et al.'s `pred` (2, 10, N) and MODEC's `pred_coords` (2, 6, N)."""
        published = path.suffix not in prediction_tables.SUFFIXES
        if published and not is_predictions(existing(path, "a predictions file")):
            arrays = load_array(path)
            for variable, (authors, form) in FORMS.items():
                if variable in arrays:
                    return self._partial(arrays[variable], path, instances, variable, authors, form)
        return super().read_predictions(path, instances)

    def _partial(
        self, array: Array, path: Path, instances: Instances, variable: str, authors: str, form: tuple[str, ...]
    ) -> Predictions:
        keypoints = person_first(array, path)
        if keypoints.shape[1] != len(form):
            raise PosebenchError(
                f"{path}: {variable} has {keypoints.shape[1]} keypoints; the form of {authors} has {len(form)}."
            )
        known = [name for name in form if name in SKELETON.keypoints]
        full = np.full((len(keypoints), len(SKELETON), 2), np.nan)
        full[:, SKELETON.index(*known)] = keypoints[:, [form.index(name) for name in known]]
        self.check_count(full, instances, path)
        absent = [name not in form for name in SKELETON.keypoints]
        return self.named(path, instances, full - self.first_pixel, np.tile(absent, (len(full), 1)))

    def measured_by(self, instances: Instances, convention: str) -> tuple[Instances, PCK]:
        """The people with the convention's labels and torsos, and its rule. See `PCKProtocol.measured_by`."""
        chosen = self.convention(convention)
        return labelled(instances, chosen)[0], chosen.pck

    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """Score PCK per keypoint and per pair, and the annotators' own agreement on people who are annotated twice.

        Raises:
            PosebenchError: as `Protocol.score`; or the annotation lacks the labels or torsos of the convention.
        """
        chosen = self.convention(convention)
        people, notes = labelled(instances, chosen)
        scores = pck.score(predictions, people, chosen.pck)
        pairs = pairs_of(instances)
        if len(pairs):
            twice = counted(len(pairs), "person is annotated twice and counts", "people are annotated twice and count")
            notes = (*notes, f"{twice} twice.")
        notes = (*notes, *exchanged_sides(predictions, people, chosen))
        return replace(scores, notes=(*scores.notes, *notes), ceiling=ceiling(people, pairs, chosen.pck))

    def curves(
        self, predictions: Predictions, instances: Instances, convention: str, thresholds: Array
    ) -> tuple[Curve, ...]:
        """PCK over the given thresholds, in torso diameters."""
        return pck.curves(predictions, *self.measured_by(instances, convention), thresholds)
