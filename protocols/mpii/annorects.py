"""MPII's annotated people as its MATLAB files have them, struct arrays `annorect`, all at once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, UNLABELLED, VISIBLE
from posebench.errors import PosebenchError
from posebench.files.matlab_columns import Records

from .annotation import HEAD_BIAS, SKELETON, Annotation, adjusted


def place(rects: Records) -> Array:
    """(N, 3) centre (x, y) and scale of annorects, NaN where one has none."""
    position = rects.first("objpos")
    return np.stack([position.numbers("x"), position.numbers("y"), rects.numbers("scale")], axis=1)


def head_length(rects: Records) -> Array:
    """(N,) 0.6 × the diagonal of the head box; NaN where there is none."""
    x1, y1, x2, y2 = (rects.numbers(name) for name in ("x1", "y1", "x2", "y2"))
    diagonal: Array = np.hypot(x2 - x1, y2 - y1)
    return HEAD_BIAS * diagonal


def annotated_points(rects: Records) -> Records:
    """The points of annorects."""
    return rects.first("annopoints").records("point")


def joints(rects: Records, who: Callable[[int], str]) -> tuple[Array, Array]:
    """(N, 16, 2) keypoints as annotated and (N, 16) visibility of annorects; a joint without a mark of visibility is visible.

    Raises:
        ValueError: a joint is unknown, twice there, or nowhere; `who` words the row.
    """
    keypoints = np.zeros((len(rects.of), len(SKELETON), 2))
    visibility = np.full(keypoints.shape[:2], UNLABELLED, np.int8)
    points = annotated_points(rects)
    row = points.of
    joint, x, y, seen = (points.numbers(name) for name in ("id", "x", "y", "is_visible"))
    known = (joint >= 0) & (joint < len(SKELETON)) & (joint % 1 == 0)
    number = np.where(known, joint, 0).astype(np.int64)
    # An unknown joint is no second one of another.
    named = np.where(known, row * len(SKELETON) + number, -1 - np.arange(len(row)))
    again = np.ones(len(row), bool)
    again[np.unique(named, return_index=True)[1]] = False
    if (wrong := ~known | again | ~np.isfinite(x) | ~np.isfinite(y)).any():
        first = int(wrong.argmax())
        what = f"{SKELETON.keypoints[number[first]]} is at ({x[first]:g}, {y[first]:g})"
        if again[first] or not known[first]:
            what = f"joint {joint[first]:g}" + " is twice there" * bool(again[first])
        raise ValueError(f"{who(int(row[first]))}: {what}")
    keypoints[row, number] = np.stack([x, y], axis=1)
    visibility[row, number] = np.where(seen == 0, OCCLUDED, VISIBLE)
    return keypoints, visibility


def raw_people(rects: Records, who: Callable[[int], str], file: Path, labelled: bool = True) -> Annotation:
    """Annorects as an Annotation that still lacks names and numbers of images.

    Args:
        who: words a row for messages. labelled: their keypoints are known.

    Raises:
        PosebenchError: one has no centre or scale, or its keypoints cannot be.
    """
    places = place(rects)
    unplaced = ~np.isfinite(places).all(axis=1)
    if unplaced.any():
        raise PosebenchError(f"{file}: {who(int(unplaced.argmax()))}, has no objpos or scale. Is the file whole?")
    keypoints = np.zeros((len(places), len(SKELETON), 2))
    visibility = np.full(keypoints.shape[:2], UNLABELLED, np.int8)
    if labelled:
        try:
            keypoints, visibility = joints(rects, who)
        except ValueError as error:
            raise PosebenchError(f"{file}: {error}; an MPII point has an id of 0 to 15, x and y.") from error
    center, scale = adjusted(places[:, :2], places[:, 2])
    return Annotation(
        form="", images=[], person=np.zeros(0), center=center, scale=scale, keypoints=keypoints, visibility=visibility,
        head_length=head_length(rects),
    )  # fmt: skip
