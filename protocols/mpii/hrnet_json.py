"""HRNet's form of MPII's annotation: a list of people in JSON, centre and scale raw, keypoints exact, no head boxes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, VISIBLE
from posebench.errors import PosebenchError

from .annotation import SKELETON, Annotation, adjusted
from .matlab_files import validation_people

FORM = {"train": "train.json", "val": "valid.json", "test": "test.json"}
NO_OCCLUSION = "{} does not mark occluded keypoints, so all keypoints count as visible."
NO_NUMBERS = "{} has no person numbers, so the people of an image are counted from 0 in the file's order."
NO_HEADS = (
    "{} has no head boxes, and no gt_valid.mat of the same people lies beside it: good for training, not for scoring."
)


def read_json(file: Path, split: str, head_lengths: Array | None = None) -> Annotation:
    """The people of train.json, valid.json, test.json or trainval.json.

    Args:
        head_lengths: (N,) of the gt_valid.mat beside, if there is one.

    Raises:
        PosebenchError: the file is no such list; names the row.
    """
    try:
        people = json.loads(file.read_bytes())
    except (ValueError, OSError, RecursionError) as error:
        raise PosebenchError(f"{file} is not readable JSON: {error}. Was it cut off?") from error
    if not isinstance(people, list) or not people:
        kind = " It looks like COCO's." if isinstance(people, dict) and "annotations" in people else ""
        raise PosebenchError(
            f"{file} is not an MPII annotation: its JSON should be a list of people, as HRNet's train.json.{kind}"
        )
    parsed = [_person(entry, row, file, split) for row, entry in enumerate(people)]
    images = [person[0] for person in parsed]
    center, scale = adjusted(np.array([person[1] for person in parsed]), np.array([person[2] for person in parsed]))
    numbered = _validation_order(images) if split == "val" else None
    heads = np.full(len(images), np.nan) if head_lengths is None or len(head_lengths) != len(images) else head_lengths
    occlusion, heads_unknown = split != "test", split == "val" and bool(np.isnan(heads).any())
    notes = {NO_OCCLUSION: occlusion, NO_NUMBERS: numbered is None, NO_HEADS: heads_unknown}
    return Annotation(
        form=FORM[split], images=images, person=_running(images) if numbered is None else numbered[:, 1], center=center,
        scale=scale, keypoints=np.array([person[3] for person in parsed]),
        visibility=np.array([person[4] for person in parsed]), head_length=heads,
        index=None if numbered is None else numbered[:, 0],
        notes=tuple(note.format(file.name) for note, applies in notes.items() if applies),
    )  # fmt: skip


def _person(entry: Any, row: int, file: Path, split: str) -> tuple[str, Array, float, Array, Array]:
    """Image, centre, scale, keypoints (16, 2), visibility (16,); a keypoint is unlabelled by its mark or at (-1, -1)."""
    k = len(SKELETON)
    try:
        name, center, scale = entry["image"], np.array(entry["center"], float), float(entry["scale"])
        blank = split == "test"
        keypoints = np.zeros((k, 2)) if blank else np.array(entry["joints"], float)
        marks = np.zeros(k) if blank else np.array(entry["joints_vis"], float)
    except KeyError as error:
        raise PosebenchError(
            f"{file}, row {row} lacks {error}; a person of HRNet's form has image, center, scale, joints and joints_vis."
        ) from error
    except (TypeError, ValueError, OverflowError) as error:
        raise PosebenchError(f"{file}, row {row} is not a person in HRNet's form: {error}.") from error
    if not isinstance(name, str) or center.shape != (2,) or keypoints.shape != (k, 2) or marks.shape != (k,):
        raise PosebenchError(
            f"{file}, row {row}: center is {center.shape}, joints {keypoints.shape}, joints_vis {marks.shape}, but MPII has "
            f"(2,), ({k}, 2), ({k},), and image is a text."
        )
    labelled = (marks > 0) & (keypoints != -1).any(axis=1)
    return name, center, scale, keypoints, np.where(labelled, VISIBLE, UNLABELLED)


def _validation_order(images: list[str]) -> Array | None:
    """(N, 2) image and person numbers, if these are all validation people in their usual order: one list names images,
    the other numbers them, so the same rows must share an image.
    """
    listed = validation_people()
    if len(images) != len(listed):
        return None
    first: dict[str, int] = {}
    starts = [first.setdefault(name, row) for row, name in enumerate(images)]
    return listed if starts == np.searchsorted(listed[:, 0], listed[:, 0]).tolist() else None


def _running(images: list[str]) -> Array:
    seen: Counter[str] = Counter()
    numbers = []
    for name in images:
        numbers.append(seen[name])
        seen[name] += 1
    return np.array(numbers)
