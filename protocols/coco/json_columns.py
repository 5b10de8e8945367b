"""Columns of numbers, made of the rows of a JSON list piece by piece."""

import math
import mmap
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.errors import PosebenchError
from posebench.files.json_rows import Collector

WRONG = KeyError, TypeError, ValueError, AttributeError, OverflowError
"""What a wrong row makes the functions below, and subscripts, raise."""


EXACT = 2**53
"""Whole numbers below are exact as float64."""


class PlainError(ValueError):
    """What is wrong with a row, as a sentence that needs no more words."""


class Growing:
    """An array that grows at its end, written once: memory that is reserved and not written takes no room."""

    def __init__(self, like: Array) -> None:
        """No rows, of the shape and type of the rows of `like`."""
        self._values, self._count = np.zeros((0, *like.shape[1:]), like.dtype), 0

    def append(self, rows: Array, share: float) -> None:
        """Put rows at the end. `share`: which part of all rows there are then, as far as is known; room is made for all.

        Where the rows have another type than those before, all get one that holds both.
        """
        if rows.dtype != self._values.dtype:
            both = np.result_type(rows, self._values)
            rows, self._values = rows.astype(both), self._values.astype(both)
        end = self._count + len(rows)
        if end > len(self._values):
            # The first rows are few, so that their share says little of how many there are.
            most = int(end * max(1.1 / share, 1.5)) + 1 if self._count else end
            grown = _room((most, *rows.shape[1:]), rows.dtype)
            grown[: self._count] = self._values[: self._count]
            self._values = grown
        room = self._values[self._count : end]
        if rows.dtype == np.float64 and rows.ndim > 1 and rows.shape[-1] == 2:
            rows, room = rows.view(np.complex128), room.view(np.complex128)  # numpy copies one number faster than two
        room[...] = rows
        self._count = end

    def array(self) -> Array:
        """(N, ...) all rows."""
        return self._values[: self._count]


def _room(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array in pages of the usual size. np.empty asks for pages of 2 MiB: more room, and on virtual machines more time."""
    size = math.prod(shape)
    pages = mmap.mmap(-1, size * dtype.itemsize or 1, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(pages, dtype, size).reshape(shape)


class Columns(Collector):
    """Columns that grow by the rows of each piece, up to the first wrong row.

    Attributes:
        seen: number of rows that were given. first: the first one; None before it.
        count: number of rows in the columns.
        wrong: the error to raise for the first wrong row; None where all rows are right.
    """

    def __init__(
        self, read: Callable[[list[Any]], dict[str, Array]], sentence: Callable[[int, Exception], str]
    ) -> None:
        """Columns without rows.

        Args:
            read: rows → their part of each column, (N, ...) arrays; raises what `WRONG` names.
            sentence: number of a row, and what `read` raised on the row → the message of `wrong`.
        """
        self.read, self.sentence = read, sentence
        self.seen = self.count = 0
        self.first: Any = None
        self.wrong: PosebenchError | None = None
        self._grown: dict[str, Growing] = {}

    def add(self, rows: list[Any]) -> None:
        """Take the next rows, one or more."""
        if not self.seen:
            self.first = rows[0]
        self.seen += len(rows)
        if self.wrong is not None:
            return
        try:
            self.append(self.read(rows), len(rows))
        except WRONG:
            self._add_one_by_one(rows)

    def append(self, parts: dict[str, Array], count: int) -> None:
        """Put the parts of `count` rows at the end of the columns."""
        for name, part in parts.items():
            if name not in self._grown:
                self._grown[name] = Growing(part)
            self._grown[name].append(part, self.share)
        self.count += count

    def column(self, name: str) -> Array:
        """(N, ...) what `read` returned under this name, of all rows."""
        if not self._grown:
            self.append(self.read([]), 0)
        return self._grown[name].array()

    def take(self, name: str) -> Array:
        """`column`, which is then no longer here, so that its memory is free as soon as the caller has done."""
        column = self.column(name)
        self._grown.pop(name, None)
        return column

    def _add_one_by_one(self, rows: list[Any]) -> None:
        for row in rows:
            try:
                self.append(self.read([row]), 1)
            except WRONG as error:
                self.wrong = PosebenchError(self.sentence(self.count, error))
                self.wrong.__cause__ = error
                return


def floats(values: list[Any] | Array) -> Array:
    """(N,) float64 of N numbers. Raises TypeError where one is none: a string, null or a list."""
    return values if isinstance(values, np.ndarray) else np.asarray(array("d", values))


def table(rows: list[list[Any]], width: int) -> Array:
    """(N, width) float64 of N lists of numbers. Raises TypeError as `floats`, and ValueError for another length."""
    flat = array("d")
    for row in rows:
        if len(row) != width:
            raise ValueError(f"{len(row)} values instead of {width}")
        flat.fromlist(row)
    return np.asarray(flat).reshape(-1, width)


def whole(values: list[Any] | Array, name: str) -> Array:
    """(N,) int64 of N whole numbers, also where they are written 7.0. Raises TypeError, ValueError or OverflowError.

    Of an array of float64, numbers that are too large to be exact raise ValueError too.
    """
    if isinstance(values, np.ndarray):
        if ((values != np.rint(values)) | (np.abs(values) >= EXACT)).any():
            raise ValueError(f"{name} has others than whole numbers")
        return values.astype(np.int64)
    try:
        return np.array(array("q", values), np.int64)
    except TypeError:
        wrong = [value for value in values if isinstance(value, float) and not value.is_integer()]
        if wrong:
            raise ValueError(f"{name} is {wrong[0]!r}, not a whole number") from None
        return np.array(array("q", [int(value) if isinstance(value, float) else value for value in values]), np.int64)
