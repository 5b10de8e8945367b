"""`examples.mat` of FLIC and FLIC-full, as its authors publish it: one struct `examples` with a row per person.

Fields that are read: `filepath` (file name of the image), `coords` (2 × 29, NaN for joints that are not annotated; median of five
workers), `torsobox` (x1, y1, x2, y2 of the detected torso), `istrain` and `istest`. FLIC has 5,003 rows: 3,987 of train and 1,016
of test. FLIC-full has 20,928 and besides `isbad` (a joint is occluded, mislabelled or tiny) and `isunchecked`; its istrain and
istest are FLIC's halves (its demo file: bad and unchecked rows were "not used"). Labels are person-centric.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.errors import PosebenchError

from ..hourglass_h5 import FARTHEST

JOINTS = 29
COLUMNS = (0, 1, 2, 3, 4, 5, 6, 9, 12, 13, 16)
"""Of the 29, those that are annotated, in the order of FLIC's 11: MODEC's lookupPart numbers lsho lelb lwri rsho relb rwri lhip
lkne lank rhip rkne rank leye reye lear rear nose from 1, and then 12 points that are computed."""
FIELDS = ("filepath", "coords", "torsobox", "istrain", "istest")
OF_FULL = "isunchecked"

SCALE, MIDDLE_Y = 2.2, 240.0
"""The region for a network, as the hourglass release's h5 has it for all people: 440 pixels around the torso box's middle, at half
the height of FLIC's images (720 × 480)."""


@dataclass(frozen=True, eq=False)
class Examples:
    """The rows of an examples.mat, pixels counted from 1, person-centric labels.

    Attributes:
        images: N file names. keypoints: (N, 11, 2), NaN where unlabelled. center: (N, 2). scale: the same for all.
        train, test: (N,) bool. full: it has FLIC-full's fields.
    """

    images: list[str]
    keypoints: Array
    center: Array
    scale: float
    train: Array
    test: Array
    full: bool


def read_examples(table: Array, file: Path) -> Examples:
    """The rows of the variable `examples`.

    Raises:
        PosebenchError: it is no struct, lacks a field, or a row has something else than a field can have.
    """
    fields = table.dtype.names or ()
    if lacking := [name for name in FIELDS if name not in fields]:
        what = f"lacks {', '.join(lacking)}" if fields else f"is {table.shape} {table.dtype}, no struct"
        raise PosebenchError(f"{file} is not FLIC's examples.mat: its variable 'examples' {what}.")
    rows = table.ravel()
    if not len(rows):
        raise PosebenchError(f"{file} has no people.")
    images = list(column(rows, "filepath", file, text, "a file name"))
    coords = np.stack(list(column(rows, "coords", file, pixels, f"(2, {JOINTS}) pixels, both NaN where unlabelled")))
    boxes = np.stack(list(column(rows, "torsobox", file, box, "4 numbers x1, y1, x2, y2")))
    train, test = (np.array(list(column(rows, name, file, flag, "0 or 1")), bool) for name in ("istrain", "istest"))
    if (train & test).any():
        raise PosebenchError(f"{file}: examples({(train & test).argmax() + 1}) is in both halves, istrain and istest.")
    middle = (boxes[:, 0] + boxes[:, 2]) / 2
    return Examples(
        images=images, keypoints=coords[:, :, COLUMNS].transpose(0, 2, 1),
        center=np.stack([middle, np.full(len(rows), MIDDLE_Y)], axis=1), scale=SCALE, train=train, test=test,
        full=OF_FULL in fields,
    )  # fmt: skip


def column(rows: Array, name: str, file: Path, read: Callable[[Array], Any], should: str) -> list[Any]:
    """One field of all rows.

    Raises:
        PosebenchError: `read` refuses a row's value; the sentence counts rows from 1, as MATLAB does.
    """
    found = []
    for number, value in enumerate(rows[name], 1):
        value = np.asarray(value)
        one = read(value)
        if one is None:
            shown = str(value.tolist())[:60] if value.size <= 4 else f"{value.shape} {value.dtype}"
            raise PosebenchError(f"{file}: {name} of examples({number}) is {shown}, but should be {should}.")
        found.append(one)
    return found


def text(value: Array) -> str | None:
    """A file name, or None."""
    return str(value.item()) if value.size == 1 and value.dtype.kind == "U" and value.item() else None


def pixels(value: Array) -> Array | None:
    """(2, 29) floats, or None; what is not annotated is NaN in x and y, and nothing is beyond any photograph."""
    if value.shape != (2, JOINTS) or value.dtype.kind not in "fiu":
        return None
    absent = np.isnan(value.astype(float))
    fine = (absent[0] == absent[1]).all() and (np.abs(value[~absent]) <= FARTHEST).all()
    return value.astype(float) if fine else None


def box(value: Array) -> Array | None:
    """(4,) floats, or None."""
    if value.size != 4 or value.dtype.kind not in "fiu" or not (np.abs(value) <= FARTHEST).all():
        return None
    return value.ravel().astype(float)


def flag(value: Array) -> bool | None:
    """A mark, or None."""
    if value.size != 1 or value.dtype.kind not in "fiub" or value.item() not in (0, 1):
        return None
    return bool(value.item())
