"""The images that a COCO annotation lists."""

from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.errors import PosebenchError
from posebench.files.json_rows import Collector

from .json_columns import WRONG, whole
from .known_split import split_named

LARGEST_IMAGE = 1e6
"""Pixels; a file that states more does not know."""


class Images(Collector):
    """What is kept of the entries of 'images'. The same id may be listed again; as in pycocotools, the last entry counts.

    Attributes:
        names: id → file name. sizes: id → width and height, pixels; infinite where they are not stated.
        splits: id → the split of COCO in the image's address; None without one.
        wrong: the error to raise for the first wrong entry; None where all are right.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.names: dict[int, str] = {}
        self.sizes: dict[int, tuple[float, float]] = {}
        self.splits: dict[int, str | None] = {}
        self.wrong: PosebenchError | None = None

    def add(self, rows: list[Any]) -> None:
        """Take the next entries."""
        if self.wrong is not None:
            return
        try:
            numbers = whole([entry["id"] for entry in rows], "an image's id").tolist()
            names = [entry["file_name"] for entry in rows]
            "".join(names).encode()  # raises unless all are text that can be written
            sizes = [(_pixels(entry.get("width")), _pixels(entry.get("height"))) for entry in rows]
            splits = [split_named(entry.get("coco_url")) for entry in rows]
        except WRONG as error:
            self.wrong = PosebenchError(f"{self.file}: an entry of 'images' lacks id or file_name: {error!r}.")
            self.wrong.__cause__ = error
            return
        for known, values in ((self.names, names), (self.sizes, sizes), (self.splits, splits)):
            known.update(zip(numbers, values, strict=True))  # type: ignore[arg-type]

    def check(self) -> None:
        """Raise a sentence where an entry is wrong, or two images could not be told apart."""
        if self.wrong is not None:
            raise self.wrong
        if len(set(self.names.values())) < len(self.names):
            raise PosebenchError(
                f"{self.file}: two image ids share one file name, so predictions could not be told apart."
            )

    def ids(self) -> Array:
        """(M,) int64, ascending."""
        return np.array(sorted(self.names), np.int64)

    def sizes_of(self, ids: Array) -> Array:
        """(M, 2) width and height of images."""
        return np.array([self.sizes[number] for number in ids.tolist()]).reshape(-1, 2)


def _pixels(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and 0 < value < LARGEST_IMAGE else np.inf
