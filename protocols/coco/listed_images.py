"""The images that a COCO annotation lists."""

from array import array
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.errors import PosebenchError
from posebench.files.json_rows import Collector

from .json_columns import WRONG, whole
from .known_split import splits_named

LARGEST_IMAGE = 1e6
"""Pixels; a file that states more does not know."""


class Images(Collector):
    """What is kept of the entries of 'images'. The same id may be listed again; as in pycocotools, the last entry counts.

    Attributes, once `check` is called, of M images with ids ascending:
        ids: (M,) int64. names: file names. sizes: (M, 2) width and height, pixels; infinite where they are not stated.
        splits: the split of COCO in each image's address; None without one.
        measures: field → (M,) numbers; NaN where an entry has none.
    """

    def __init__(self, file: Path, measures: tuple[str, ...] = ()) -> None:
        """No images yet. `measures`: fields of numbers that are kept too."""
        self.file = file
        self.ids = np.zeros(0, np.int64)
        self.names: list[str] = []
        self.sizes = np.zeros((0, 2))
        self.measures: dict[str, Array] = {name: np.zeros(0) for name in measures}
        self.splits: list[str | None] = []
        self._pieces: list[tuple[Array, ...]] = []
        self._wrong: PosebenchError | None = None

    def add(self, rows: list[Any]) -> None:
        """Take the next entries."""
        if self._wrong is not None:
            return
        try:
            numbers = whole([entry["id"] for entry in rows], "an image's id")
            names = [entry["file_name"] for entry in rows]
            "".join(names).encode()  # raises unless all are text that can be written
            sizes = np.column_stack([_pixels([entry.get(side) for entry in rows]) for side in ("width", "height")])
            measures = [_numbers([entry.get(name) for entry in rows]) for name in self.measures]
            splits = splits_named([entry.get("coco_url") for entry in rows])
        except WRONG as error:
            self._wrong = PosebenchError(f"{self.file}: an entry of 'images' lacks id or file_name: {error!r}.")
            self._wrong.__cause__ = error
            return
        self._pieces.append((numbers, sizes, *measures))
        self.names += names
        self.splits += splits

    def check(self) -> None:
        """Put the images in order. Raise a sentence where an entry is wrong, or two images could not be told apart."""
        if self._wrong is not None:
            raise self._wrong
        start = self.ids, self.sizes, *self.measures.values()
        numbers, sizes, *measures = (np.concatenate(parts) for parts in zip(start, *self._pieces, strict=True))
        order = np.argsort(numbers, kind="stable")
        order = order[np.diff(numbers[order], append=numbers[order[-1:]] + 1) != 0]  # the last one of each id
        self.ids, self.sizes = numbers[order], sizes[order]
        self.measures = {name: values[order] for name, values in zip(self.measures, measures, strict=True)}
        self.names, self.splits = ([values[row] for row in order.tolist()] for values in (self.names, self.splits))
        if len(set(self.names)) < len(self.names):
            raise PosebenchError(
                f"{self.file}: two image ids share one file name, so predictions could not be told apart."
            )


def _pixels(values: list[Any]) -> Array:
    """(M,) what is a number of pixels; infinite where it is none."""
    try:
        numbers = np.array(array("d", values))
    except (TypeError, OverflowError):
        numbers = np.array(
            [value if isinstance(value, int | float) and abs(value) < LARGEST_IMAGE else 0 for value in values]
        )
    return np.where((numbers > 0) & (numbers < LARGEST_IMAGE), numbers, np.inf)


def _numbers(values: list[Any]) -> Array:
    """(M,) numbers; NaN for what is none."""
    return np.array([value if isinstance(value, int | float) else np.nan for value in values], float)
