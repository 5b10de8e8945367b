"""The HDF5 annotations of the hourglass release (pose-hg-train, `data/*/annot/*.h5`): one row per person, pixels from 1."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.errors import PosebenchError

FARTHEST = 100_000
"""No photograph is wider. Farther numbers are damage, and their squares would overflow."""


@dataclass(frozen=True, eq=False)
class Columns:
    """What such a file says of N people and K joints.

    Attributes:
        images: N file names.
        person: (N,) int. center: (N, 2), scale: (N,), final ones. parts: (N, K, 2) pixels from 1. visible: (N, K).
        normalize: (N,) the length that the release divides errors by; None where the file has none.
    """

    images: list[str]
    person: Array
    center: Array
    scale: Array
    parts: Array
    visible: Array
    normalize: Array | None


def columns(arrays: dict[str, Array], file: Path, dataset: str, joints: int) -> Columns:
    """The columns of a file, checked.

    Args:
        arrays: its datasets by name. file: named in errors. dataset: such as `FLIC`. joints: K.

    Raises:
        PosebenchError: a column is missing, or has another shape, type or values than it can have.
    """
    needed = ("imgname", "person", "center", "scale", "part", "visible")
    if lacking := [name for name in needed if name not in arrays]:
        raise PosebenchError(f"{file} is not a {dataset} annotation: it lacks {', '.join(lacking)}.")
    parts = arrays["part"]
    n = len(parts) if parts.ndim else 0
    if parts.shape != (n, joints, 2):
        raise PosebenchError(
            f"{file}: part is {parts.shape}, but {dataset} has ({n}, {joints}, 2). Is it another dataset's?"
        )
    if not n:
        raise PosebenchError(f"{file} has no people.")
    shapes = {"person": (n,), "center": (n, 2), "scale": (n,), "part": (n, joints, 2), "visible": (n, joints)}
    if "normalize" in arrays:
        shapes["normalize"] = (n,)
    images = names(arrays["imgname"], n, file)
    found = {name: numbers(arrays[name], shape, file, name, images) for name, shape in shapes.items()}
    for name in ("scale", "normalize"):
        if name in found and (found[name] <= 0).any():
            row = int((found[name] <= 0).argmax())
            raise PosebenchError(
                f"{file}: {name} of row {row} ({images[row]}) is {found[name][row]:g}, but should be above 0."
            )
    wrong = (found["person"] < 0) | (found["person"] != np.floor(found["person"]))
    if wrong.any():
        row = int(wrong.argmax())
        raise PosebenchError(
            f"{file}: person of row {row} ({images[row]}) is {found['person'][row]:g}, but should be a whole number from 0."
        )
    return Columns(
        images, found["person"].astype(np.int64), found["center"], found["scale"], found["part"], found["visible"],
        found.get("normalize"),
    )  # fmt: skip


def names(column: Array, people: int, file: Path) -> list[str]:
    """The image names of as many people.

    Raises:
        PosebenchError: they are of another number, no text, or empty.
    """
    if column.shape != (people,) or column.dtype.kind not in "SUO":
        raise PosebenchError(f"{file}: imgname is {column.shape} {column.dtype}, but should be {people:,} file names.")
    found = [name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name) for name in column.tolist()]
    if not all(found):
        raise PosebenchError(f"{file}: row {found.index('')} names no image.")
    return found


def numbers(column: Array, shape: tuple[int, ...], file: Path, name: str, images: list[str]) -> Array:
    """The column as floats.

    Raises:
        PosebenchError: another shape, no numbers, or one that is not finite or farther than any photograph reaches.
    """
    if column.shape != shape or column.dtype.kind not in "fiub":
        raise PosebenchError(f"{file}: {name} is {column.shape} {column.dtype}, but should be {shape} numbers.")
    values = column.astype(float)
    bad = ~(np.abs(values) <= FARTHEST).reshape(len(values), -1).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise PosebenchError(
            f"{file}: {name} of row {row} ({images[row]}) is {values[row].tolist()}: not finite, or beyond any photograph."
        )
    return values
