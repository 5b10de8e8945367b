"""PoseTrack's results → Predictions: a JSON file for each sequence, in a folder or in a zip archive, or a single one."""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.box_source import SUBMITTED
from posebench.data.instances import UNLABELLED, Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError, counted
from posebench.plain_text import shown_name

from .annotations import json_files
from .sequence_files import NO_SCORE, SKELETON, SequenceFile, parse

LARGEST = 2**31
"""Bytes of an archive's files above which it is refused."""


def read_results(path: Path, instances: Instances) -> Predictions:
    """Read the results of one sequence or of all.

    Args:
        path: a folder of JSON files, a zip archive of such files, or one such file.

    Raises:
        PosebenchError: there is none, it is not what it should be, or it names an image that the annotation does not have.
    """
    files = {name: parse(content, name) for name, content in _contents(path)}
    known = set(instances.images)
    for name, file in files.items():
        if strange := [image.name for image in file.images if image.name not in known]:
            raise PosebenchError(
                f"{name} has {counted(len(strange), 'image', 'images')} that {instances.what} does not have; the first is "
                f"{shown_name(strange[0])}. Does --data name the annotations that it was predicted on?"
            )
    return _predictions(files.values(), instances.images, instances.split)


def read_unannotated(path: Path) -> Predictions:
    """Read the results of one sequence or of all, with the images that they name; which split these are of is not known.

    Raises:
        PosebenchError: as `read_results`; an image is there twice; or which sequence an image is of cannot be told.
    """
    files = {name: parse(content, name) for name, content in _contents(path)}
    file_of: dict[str, str] = {}
    for name, file in files.items():
        for image in file.images:
            if image.name in file_of:
                raise PosebenchError(
                    f"{path} has the image {shown_name(image.name)} twice: in {file_of[image.name]} and in {name}. "
                    "Leave out one of them."
                )
            if len(files) > 1 and "/" not in image.name:
                raise PosebenchError(
                    f"{name} has the image {shown_name(image.name)} without a folder. A folder is a sequence, so images of several "
                    "files need theirs: give their names as in the annotation, or one file at a time."
                )
            file_of[image.name] = name
    return _predictions(files.values(), tuple(file_of), "")


def _predictions(files: Iterable[SequenceFile], images: tuple[str, ...], split: str) -> Predictions:
    """The people of all files; `images` has every image of the files."""
    row_of = {name: row for row, name in enumerate(images)}
    people = [one._replace(image=row_of[file.images[one.image].name]) for file in files for one in file.people]
    points = np.array([one.keypoints for one in people], float).reshape(-1, len(SKELETON), 3)
    scores = np.array([one.scores for one in people], float).reshape(points.shape[:2])
    missing = points[..., 2] == UNLABELLED
    tracks = [one.track for one in people]
    return Predictions(
        keypoint_names=SKELETON.keypoints, images=images, image=np.array([one.image for one in people], np.int64),
        person=np.full(len(people), -1), keypoints=np.where(missing[..., None], np.nan, points[..., :2]), scores=scores,
        score=_mean(scores, ~missing), missing=missing, dataset="posetrack", split=split, box_source=SUBMITTED,
        track_id=None if None in tracks else np.array(tracks, np.int64), notes=_notes(scores, missing, tracks),
    )  # fmt: skip


def _mean(scores: Array, there: Array) -> Array:
    """(R,) the mean score of each person's keypoints; 0 without any."""
    total: Array = np.where(there, scores, 0.0).sum(axis=1)
    mean: Array = total / np.maximum(there.sum(axis=1), 1)
    return mean


def _notes(scores: Array, missing: Array, tracks: list[int | None]) -> tuple[str, ...]:
    notes = []
    unscored = int(((scores == NO_SCORE) & ~missing).sum())
    if unscored:
        keypoints = counted(unscored, "predicted keypoint has", "predicted keypoints have")
        notes.append(f"{keypoints} no score and count as {NO_SCORE:.0f}, as in poseval.")
    if None in tracks and set(tracks) != {None}:
        lacking = counted(tracks.count(None), "predicted person has", "predicted people have")
        notes.append(f"{lacking} no track_id, so all tracks were left out.")
    return tuple(notes)


def _contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """The JSON files of a result: names for messages, and contents."""
    if path.is_dir():
        found = json_files(path)
        if not found:
            raise PosebenchError(f"{path} has no .json files; a result of PoseTrack has one for each sequence.")
        yield from ((str(one), one.read_bytes()) for one in found)
    elif path.suffix == ".zip":
        yield from _members(path)
    else:
        yield str(path), path.read_bytes()


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = sorted(
                (one for one in archive.infolist() if _is_result(one.filename)), key=lambda one: one.filename
            )
            if not members:
                raise PosebenchError(f"{path} has no .json files; a result of PoseTrack has one for each sequence.")
            if sum(one.file_size for one in members) > LARGEST:
                raise PosebenchError(f"{path} unpacks to more than {LARGEST:,} bytes.")
            for one in members:
                yield f"{path}/{shown_name(one.filename)}", archive.read(one)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise PosebenchError(f"{path} cannot be read as a zip archive: {error}.") from error


def _is_result(name: str) -> bool:
    """Whether an archive's member is a sequence; archives of macOS have hidden copies."""
    base = name.rsplit("/", 1)[-1]
    return base.endswith(".json") and not base.startswith(".") and "__MACOSX" not in name
