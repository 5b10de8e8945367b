"""MPII's annotation as every form states it, and its conversion to Instances (pixels from 1 to pixels from 0)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances, Source
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, counted
from posebench.files.writing import sha256

SKELETON = Skeleton(
    keypoints=(
        "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "pelvis", "thorax",
        "upper_neck", "head_top", "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist",
    ),
    bones=(
        ("right_ankle", "right_knee"), ("right_knee", "right_hip"), ("right_hip", "pelvis"),
        ("left_hip", "pelvis"), ("left_knee", "left_hip"), ("left_ankle", "left_knee"),
        ("pelvis", "thorax"), ("thorax", "upper_neck"), ("upper_neck", "head_top"),
        ("right_wrist", "right_elbow"), ("right_elbow", "right_shoulder"), ("right_shoulder", "thorax"),
        ("left_shoulder", "thorax"), ("left_elbow", "left_shoulder"), ("left_wrist", "left_elbow"),
    ),
)  # fmt: skip
CROP_PIXELS = 200
"""A person of MPII scale 1 is 200 pixels tall."""
HEAD_BIAS = 0.6
"""Head length as a part of the head box's diagonal (evalMPII, util_get_head_size.m)."""
LONGEST_NAME = 255
"""Bytes that a file name may have on the usual file systems."""
FARTHEST = 1e6
"""Pixels: no photograph is so large, and squares of such numbers are still far from overflow."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Annotation:
    """The annotation of N people, pixels counted from 1.

    Attributes:
        form: the form's canonical name, such as `valid.h5`. notes: what it costs in accuracy, as sentences.
        images: N file names. person: (N,) 0-based `annorect` index, or a running number where the form has none.
        center: (N, 2) and scale: (N,), adjusted as the field does (`adjusted`).
        keypoints: (N, 16, 2). visibility: (N, 16).
        head_length: (N,) pixels, NaN where the form has no head box.
        index: (N,) 0-based `annolist` index of the image; None where the form has none.
        activity: N category names, empty where unknown; None where the form has none.
    """

    form: str
    images: list[str]
    person: Array
    center: Array
    scale: Array
    keypoints: Array
    visibility: Array
    head_length: Array
    index: Array | None = None
    activity: list[str] | None = None
    notes: tuple[str, ...] = ()


def adjusted(center: Array, scale: Array) -> tuple[Array, Array]:
    """Raw centres (N, 2) and scales (N,) as the field uses them: 15 scales further down, a quarter larger (pose-hg-train).

    The box of a raw annotation cuts off feet.
    """
    return center + np.stack([np.zeros_like(scale), 15 * scale], axis=1), 1.25 * scale


def to_instances(annotation: Annotation, file: Path, split: str) -> Instances:
    """Instances in 0-based pixels. `head_length` is a measure if it is known for all people.

    Raises:
        PosebenchError: a name, length, scale, or coordinate cannot be, or a person is there twice; names file and row.
    """
    names, heads = annotation.images, annotation.head_length
    _check_names(names, file)
    size = CROP_PIXELS * np.repeat(annotation.scale[:, None], 2, axis=1)
    _check_each(~(size[:, 0] > 0) | (heads <= 0), "head length or scale of {} is not above 0.", names, file)
    labelled = (annotation.visibility > UNLABELLED)[..., None]
    values = {"center": annotation.center, "size": size, "keypoints": np.where(labelled, annotation.keypoints, 0.0)}
    for name, column in values.items():
        far = ~(np.abs(column) < FARTHEST).reshape(len(names), -1).all(axis=1)
        _check_each(far, f"{name} of {{}} is not finite, or beyond {FARTHEST:,.0f} pixels.", names, file)
    images = tuple(dict.fromkeys(names))
    row = {name: i for i, name in enumerate(images)}
    image = np.array([row[name] for name in names], np.int64)
    unknown = np.isnan(heads)
    notes = annotation.notes
    if unknown.any() and not unknown.all():
        first = names[int(unknown.argmax())]
        notes += (f"{counted(int(unknown.sum()), 'person has', 'people have')} no head box (the first in {first}).",)
    instances = Instances(
        dataset="mpii", split=split, skeleton=SKELETON, images=images, image_ids=_image_ids(annotation, image, images, file),
        image=image, person=np.asarray(annotation.person, np.int64), center=annotation.center - 1, size=size,
        keypoints=annotation.keypoints - 1, visibility=annotation.visibility.astype(np.int8),
        # The keypoints of the test people are not known, but a network predicts them all the same.
        usable=np.asarray((annotation.visibility > UNLABELLED).any(axis=1)) | (split == "test"),
        measures={} if unknown.any() else {"head_length": heads},
        labels={} if annotation.activity is None else {"activity": np.array(annotation.activity, dtype=str)},
        image_root=image_folder(file), source=Source(str(file), sha256(file), notes, annotation.form),
    )  # fmt: skip
    _check_twice(instances, file)
    return instances


def image_folder(file: Path) -> Path:
    """Where the photographs of an annotation file are: `images` beside it or beside its folder."""
    beside = file.parent / "images"
    return beside if beside.is_dir() else file.parent.parent / "images"


def numbers(columns: dict[str, Array], name: str, shape: tuple[int, ...], file: Path) -> Array:
    """A column as float.

    Raises:
        PosebenchError: it has another shape, or no numbers.
    """
    column = columns[name]
    if column.shape != shape or column.dtype.kind not in "fiub":
        raise PosebenchError(
            f"{file}: column {name!r} is {column.shape} {column.dtype}, but should be {shape} numbers. "
            "Is it another dataset's?"
        )
    return column.astype(float)


def whole(values: Array, what: str, file: Path) -> Array:
    """(N,) whole numbers from 0 on, as int64.

    Raises:
        PosebenchError: one is negative, has a fraction, or is no number; names the row.
    """
    wrong = ~((values >= 0) & (values < FARTHEST) & (values % 1 == 0))
    if wrong.any():
        row = int(wrong.argmax())
        raise PosebenchError(f"{file}: {what} of row {row} is {values[row]}, but should be a whole number from 0 on.")
    return values.astype(np.int64)


def _check_names(names: list[str], file: Path) -> None:
    """A name is shown on terminals and pages and joined to the images' folder, so it must be a plain one."""
    for row, name in enumerate(names):
        escapes = ".." in name.split("/") or name.startswith("/") or "\\" in name
        if not name or escapes or not name.isprintable() or len(name.encode()) > LONGEST_NAME:
            raise PosebenchError(
                f"{file}: the image of row {row} is named {name[:40]!r} ({len(name):,} characters), "
                "which is not a file name in the images' folder."
            )


def _check_each(wrong: Array, sentence: str, names: list[str], file: Path) -> None:
    if wrong.any():
        first, *others = np.flatnonzero(wrong).tolist()
        more = ", ".join(f"row {row} ({names[row]})" for row in others[:2])
        more = f" The same holds for {counted(len(others), 'other person', 'other people')}: {more}." if others else ""
        raise PosebenchError(f"{file}: {sentence.format(f'row {first} ({names[first]})')}{more}")


def _check_twice(instances: Instances, file: Path) -> None:
    _, first, group = np.unique(
        np.stack([instances.image, instances.person], axis=1), axis=0, return_index=True, return_inverse=True
    )
    again = first[group.ravel()] != np.arange(len(instances))
    if again.any():
        row = int(again.argmax())
        raise PosebenchError(
            f"{file}: {instances.describe(row)} is listed twice: also in row {first[group.ravel()[row]]}."
        )


def _image_ids(annotation: Annotation, image: Array, images: tuple[str, ...], file: Path) -> Array:
    """(M,) `annolist` indices, or a running number where the form has none."""
    if annotation.index is None:
        return np.arange(len(images))
    ids = np.zeros(len(images), np.int64)
    ids[image[::-1]] = annotation.index[::-1]  # the first person of an image says its index
    _check_each(ids[image] != annotation.index, "the index of {} is not that of others with the same image name.",
                annotation.images, file)  # fmt: skip
    return ids
