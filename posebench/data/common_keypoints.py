"""Keypoints in common: a predictions file of other keypoints than the people have, in the order and with the names of the people's.

A pair is (a keypoint of the file, the people's keypoint that it is), with "" where they have none. A mapping is a CSV of pairs:

    file,protocol
    upper_neck,neck
    pelvis,

in the order of the file's keypoints, every one with a row.
"""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, existing, unknown
from posebench.plain_text import shown_name

COLUMNS = ["file", "protocol"]
Pairs = tuple[tuple[str, str], ...]


def read_mapping(path: Path, skeleton: Skeleton, of: str) -> Pairs:
    """The pairs of a CSV.

    Args:
        skeleton: the people's keypoints. of: whose they are, such as `lsp`, for messages.

    Raises:
        PosebenchError: it is no such table, names a keypoint twice, or names one that the people do not have.
    """
    try:
        with existing(path, "a mapping of keypoints").open(newline="", encoding="utf-8-sig") as file:
            header, *rows = [[cell.strip() for cell in row] for row in csv.reader(file, strict=True) if row] or [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise PosebenchError(f"{path} cannot be read as CSV: {error}.") from error
    if header != COLUMNS or not rows or any(len(row) != 2 or not row[0] for row in rows):
        raise PosebenchError(
            f"{path} is no mapping of keypoints. Its first line should be {','.join(COLUMNS)}; then follows a line for every "
            f"keypoint of the predictions file, in its order, such as upper_neck,{skeleton.keypoints[0]} or, where {of} does not "
            "have it, pelvis,"
        )
    pairs = tuple((mine, its) for mine, its in rows)
    for column, names in zip(COLUMNS, zip(*pairs, strict=True), strict=True):
        if twice := _twice([name for name in names if name]):
            raise PosebenchError(f"{path} names {shown_name(twice)} twice in the column {column}.")
    for _, its in pairs:
        if its and its not in skeleton.keypoints:
            raise PosebenchError(f"{path}: {unknown(f'keypoint of {of}', its, skeleton.keypoints)}")
    return pairs


def check_names(names: Sequence[str], skeleton: Skeleton, of: str) -> None:
    """Check names of keypoints that a user has typed.

    Raises:
        PosebenchError: one is unknown, or there twice.
    """
    for name in names:
        if name not in skeleton.keypoints:
            raise unknown(f"keypoint of {of}", name, skeleton.keypoints)
    if twice := _twice(names):
        raise PosebenchError(f"--joints names {twice} twice.")


def people_of(people: Instances, names: tuple[str, ...]) -> Instances:
    """The people with other keypoints, none of them labelled: whom a file of such keypoints is read for."""
    shape = len(people), len(names)
    return replace(
        people, skeleton=Skeleton(names), keypoints=np.zeros((*shape, 2)), visibility=np.zeros(shape, np.int8)
    )


def same_names(names: Sequence[str], skeleton: Skeleton) -> Pairs:
    """The pairs of a file's keypoints and those of the same name."""
    return tuple((name, name if name in skeleton.keypoints else "") for name in names)


def in_order_of(skeleton: Skeleton, predictions: Predictions, pairs: Pairs) -> Predictions:
    """The predictions with the people's keypoints; those that the file does not have are missing.

    Raises:
        PosebenchError: a pair is of a keypoint that the file does not have.
    """
    shape = len(predictions), len(skeleton)
    columns: dict[str, Any] = {
        "keypoints": np.full((*shape, 2), np.nan),
        "scores": np.zeros(shape),
        "missing": np.ones(shape, bool),
    }
    if predictions.presence is not None:
        columns["presence"] = np.zeros(shape)
    for mine, its in pairs:
        if mine not in predictions.keypoint_names:
            raise unknown("keypoint of the file", mine, predictions.keypoint_names)
        if its:
            source, target = predictions.keypoint_names.index(mine), skeleton.keypoints.index(its)
            for name, column in columns.items():
                column[:, target] = getattr(predictions, name)[:, source]
    return replace(predictions, keypoint_names=skeleton.keypoints, **columns)


def _twice(names: Sequence[str]) -> str:
    """The first name that is there twice; empty where none is."""
    return next((name for place, name in enumerate(names) if name in names[:place]), "")
