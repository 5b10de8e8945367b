"""PoseTrack: average precision of keypoints and multi-object tracking accuracy, in videos of several people.

Goal: are keypoints of people in a video found (AP), and does each predicted track stay with one person (MOTA)?

Papers: Andriluka, Iqbal, Insafutdinov et al., "PoseTrack: A Benchmark for Human Pose Estimation and Tracking" (CVPR 2018);
scoring/clear_mot.py names that of MOTA.

Conventions: official is poseval, corrected is poseval without three peculiarities of its MOTA and MOTP (conventions.py). AP is the
same: a predicted person is for the annotated one of whom it has the largest share of keypoints within 0.5 head lengths, each
annotated person takes the best of these, and all keypoints of other predicted people are wrong. Detections of a keypoint are in the
order of the keypoint's score; the person's does not count.

A file with tracks is ranked by MOTA, in a leaderboard of its own; without tracks, mAP ranks.

Columns: Head is the mean of head top, neck and nose, the others of left and right; mAP and MOTA are means of the 15 keypoints.
Precision and Recall are of all predicted keypoints, by the people that AP assigns; MOT precision and MOT recall are by the matches
of MOTA.

Files: annotations.py, results.py. Intervals: sequences are resampled.
"""

import math
from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import ClassVar

import numpy as np

from posebench.array_type import Array
from posebench.data import prediction_tables
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.errors import counted, existing, unknown
from posebench.files.archive import write_archive
from posebench.files.arrays import is_hdf5
from posebench.plugins.protocol import Protocol
from posebench.scoring.bootstrap import Sampling, image_weights, split
from posebench.scoring.compared import Compared
from posebench.scoring.detection_curve import Detected, curves
from posebench.scoring.scores import Scores

from ..coco.detector_boxes import read_boxes
from ..image_rows import other_skeleton
from . import tracking
from .annotations import DOWNLOAD, read_annotations
from .compared import compare
from .conventions import CONVENTIONS, PoseTrackConvention
from .frames import Frame, frames_of
from .result_form import results_of
from .results import read_results, read_unannotated
from .sequence_files import SKELETON

GROUPS = {"Head": ("head_top", "neck", "nose")} | {
    part.title(): (f"right_{part}", f"left_{part}") for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
}


class PoseTrack(Protocol):
    """PoseTrack: AP of keypoints and MOTA."""

    name = "posetrack"
    version = 1
    skeleton = SKELETON
    headline = "mAP"
    conventions: ClassVar[dict[str, PoseTrackConvention]] = CONVENTIONS
    download = DOWNLOAD
    exports: ClassVar[dict[str, str]] = {"posetrack-json": "PoseTrack18's result form as a zip archive, for poseval"}

    def __init__(self) -> None:
        self.chosen: tuple[int, ...] | None = None

    def convention(self, name: str | None = None) -> PoseTrackConvention:
        """As `Protocol.convention`."""
        return self.conventions[super().convention(name).name]

    def instances(self, root: Path, split: str) -> Instances:
        """Read the sequences' files of a split: `annotations/<split>/*.json`, or all that are in the folder `root`."""
        self.check_split(split)
        return read_annotations(root, split)

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """Read posebench's own file, a table of keypoints, or PoseTrack's results: a folder, a zip archive, or a JSON file."""
        if path.is_dir():
            return read_results(path, instances)
        existing(path, "a predictions file")
        if path.suffix in prediction_tables.SUFFIXES or is_hdf5(path):
            return super().read_predictions(path, instances)
        return read_results(path, instances)

    def read_unannotated(self, path: Path) -> Predictions:
        """Read posebench's own file, or PoseTrack's results with the images that they name. See `Protocol.read_unannotated`."""
        if path.is_dir():
            return read_unannotated(path)
        existing(path, "a predictions file")
        return read_unannotated(path) if path.suffix in (".json", ".zip") else super().read_unannotated(path)

    def detected(self, instances: Instances, path: Path, threshold: float) -> Instances:
        """Read the people whom a detector found: a list of {image_id, category_id, bbox, score}, as COCO's."""
        return read_boxes(path, instances, threshold)

    def on_keypoints(self, names: tuple[str, ...]) -> "PoseTrack":
        """The protocol of a dataset in which only the named keypoints are annotated. See `Protocol.on_keypoints`."""
        restricted = copy(self)
        restricted.chosen = tuple(self.skeleton.index(*names))
        return restricted

    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """Score AP and, where predictions and annotations have tracks, MOTA. See `Protocol.score`."""
        chosen = self.convention(convention)
        predictions, instances = self._of_chosen(predictions, instances)
        frames = list(frames_of(predictions, instances))
        sequences, names = by_sequence(frames, instances), instances.skeleton.keypoints
        weights = image_weights(len(sequences))
        ap, precision, recall = average_precision(sequences, predictions, weights)
        means, keypoints = {"mAP": mean(ap), "Precision": mean(precision), "Recall": mean(recall)}, by_group(ap, names)
        columns = keypoints | means
        tracked = predictions.track_id is not None and "track_id" in instances.measures
        if tracked:
            counts = tracking.counts(sequences, predictions, instances, chosen)
            of_tracks = tracking.percentages(np.tensordot(weights.astype(float), counts, axes=1), chosen)
            totals = {name: mean(value) for name, value in of_tracks.items()}
            columns = {"MOTA": totals["MOTA"]} | means | totals  # what ranks, then what ranks files without tracks
            columns |= by_group(of_tracks["MOTA"], names, "MOTA ") | keypoints
        per_joint = {name: ap[:, k] for k, name in enumerate(names)}
        if len(sequences) == 1:  # drawn again it is itself, which says nothing of other sequences
            for values in (*columns.values(), *per_joint.values()):
                values[1:] = np.nan
        metrics, resampled = split(columns)
        joints, joints_resampled = split(per_joint)
        return Scores(
            metrics=metrics, resampled=resampled, per_joint=joints, per_joint_resampled=joints_resampled,
            per_joint_metric="AP", people=sum(len(frame.people) for frame in frames), images=len(frames),
            sampling=Sampling(len(sequences), "image" if instances.groups is None else instances.group, largest=100),
            notes=notes(frames, len(sequences), tracked, chosen), per_person_values=lambda: best_shares(frames, len(instances)),
            per_person_metric="% of keypoints within 0.5 head lengths",
            headline="MOTA" if math.isfinite(metrics.get("MOTA", math.nan)) else "",
        )  # fmt: skip

    def compared(self, predictions: Predictions, instances: Instances, convention: str) -> Compared:
        """Each person beside the prediction that AP takes for them. See `Protocol.compared`."""
        self.convention(convention)
        predictions, people = self._of_chosen(predictions, instances)
        rules = copy(self)
        rules.chosen = None  # what is scored again has the chosen keypoints alone
        frames = list(frames_of(predictions, people))
        return compare(frames, predictions, people, lambda again: rules.score(again, people, convention))

    def export(self, form: str, predictions: Predictions, instances: Instances, path: Path) -> list[str]:
        """Write PoseTrack18's result form: what `read_predictions` reads back to the same score."""
        if form not in self.exports:
            raise unknown(f"export of {self.name}", form, self.exports)
        files = results_of(predictions, instances)
        write_archive(path, files)
        told = f"{counted(len(predictions), 'person', 'people')} in {counted(len(files), 'sequence', 'sequences')}."
        untracked = (
            "There are no tracks: each person of a frame has its number as track_id, so only AP means something."
        )
        return [told, *([untracked] if predictions.track_id is None else [])]

    def _of_chosen(self, predictions: Predictions, instances: Instances) -> tuple[Predictions, Instances]:
        if self.chosen is None:
            return predictions, instances
        if predictions.keypoint_names != instances.skeleton.keypoints:
            raise other_skeleton(predictions, instances)
        return predictions.of_keypoints(self.chosen), instances.of_keypoints(self.chosen)


def by_sequence(frames: Sequence[Frame], instances: Instances) -> list[list[Frame]]:
    """The frames of each sequence, sequences in the order of their first frames. Images without sequences are one each."""
    found: dict[object, list[Frame]] = {}
    for frame in frames:
        key = frame.image if instances.groups is None else instances.groups[frame.image]
        found.setdefault(key, []).append(frame)
    return list(found.values())


def average_precision(
    sequences: Sequence[Sequence[Frame]], predictions: Predictions, weights: Array
) -> tuple[Array, Array, Array]:
    """AP, precision and recall of each keypoint, each (W, K) percentages for W weightings of the sequences (W, S)."""
    k = len(predictions.keypoint_names)
    frames = [frame for sequence in sequences for frame in sequence]
    unit = np.array([row for row, sequence in enumerate(sequences) for frame in sequence for _ in frame.predicted], int)
    predicted = np.concatenate([np.zeros(0, int), *(frame.predicted for frame in frames)])
    there, right = (
        np.concatenate([np.zeros((0, k), bool), *parts])
        for parts in ([frame.there for frame in frames], [frame.right() for frame in frames])
    )
    wanted = np.array([sum(frame.labelled.sum(axis=0) for frame in sequence) for sequence in sequences]).reshape(-1, k)
    found = [
        curves(Detected(predictions.scores[predicted[rows], j], right[rows, j], unit[rows], wanted[:, j]), weights)
        for j in range(k)
        for rows in [there[:, j]]
    ]
    area, precision, recall = (np.stack(values, axis=1) for values in zip(*found, strict=True))
    return area, precision, recall


def by_group(values: Array, names: Sequence[str], prefix: str = "") -> dict[str, Array]:
    """The table's columns, each (W,), of (W, K) values; those of which all keypoints are scored."""
    return {
        prefix + group: values[:, [names.index(name) for name in members]].mean(axis=1)
        for group, members in GROUPS.items()
        if set(members) <= set(names)
    }


def mean(values: Array) -> Array:
    """(W,) the mean of the keypoints (W, K) that have a value; NaN where none has."""
    known = ~np.isnan(values)
    total: Array = np.where(known, values, 0.0).sum(axis=1)
    return np.where(known.any(axis=1), total / np.maximum(known.sum(axis=1), 1), np.nan)


def best_shares(frames: Sequence[Frame], people: int) -> Array:
    """(N,) the largest percentage of a person's annotated keypoints that one predicted person has; NaN for those not scored."""
    best = np.full(people, np.nan)
    for frame in frames:
        share = frame.near.sum(axis=2).max(axis=1, initial=0) / np.maximum(frame.labelled.sum(axis=1), 1)
        best[frame.people] = np.where(frame.labelled.any(axis=1), 100 * share, np.nan)
    return best


def notes(frames: Sequence[Frame], number: int, tracked: bool, convention: PoseTrackConvention) -> tuple[str, ...]:
    """What a reader of the score should know; `number` is that of the sequences."""
    found = []
    alone = sum(not len(frame.predicted) for frame in frames)
    if alone:
        found.append(f"{counted(alone, 'frame has', 'frames have')} annotated people and no prediction.")
    if not tracked:
        found.append("The predictions have no tracks (track_id), so there is no MOTA. `posebench track` makes them.")
    elif not convention.last_frame and len(frames) == number:
        found.append("There is no MOTA: each sequence has one annotated frame, and poseval leaves out the last one.")
    else:
        found.append(
            "Files with tracks are ranked by MOTA, in a leaderboard of their own. Their mAP is by the same rule as without tracks."
        )
    return tuple(found)
