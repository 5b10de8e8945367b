"""Rows of numbers and of lists of numbers, by simdjson: the numbers of a list go into an array without becoming Python objects.

simdjson is used where it is installed; without it the same columns are made by orjson, more slowly.
"""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posebench.array_type import Array

from .json_columns import WRONG

try:
    import simdjson
except ImportError:  # no wheel for this Python
    simdjson = None  # type: ignore[assignment]


class NumericRows:
    """A reader of pieces, which keeps its memory from piece to piece."""

    def __init__(self) -> None:
        self._parser = simdjson.Parser() if simdjson else None

    def read(
        self, text: bytes, lists: Mapping[str, int], fields: Sequence[str]
    ) -> tuple[dict[str, Array], tuple[list[Any], ...]] | None:
        """The columns of rows that all have exactly these fields, once.

        Args:
            text: a JSON list of objects.
            lists: field → how many numbers its list has. fields: the others.

        Returns:
            field → (N, length) float64; and of each other field the N values. None where the text is not JSON, where a row has
            other fields or lists than these, or without simdjson.
        """
        # A list within a list would be flattened, and its numbers counted as others are.
        if self._parser is None:
            return None
        try:
            return _columns(self._parser.parse(text), text.count(b"["), lists, fields)
        except (*WRONG, RuntimeError):
            return None


def _columns(
    rows: Any, brackets: int, lists: Mapping[str, int], fields: Sequence[str]
) -> tuple[dict[str, Array], tuple[list[Any], ...]] | None:
    flat = {name: array("d") for name in lists}
    values: list[list[Any]] = [[] for _ in fields]
    grown = [(name, length, flat[name].frombytes) for name, length in lists.items()]
    taken = [(name, values[place].append) for place, name in enumerate(fields)]
    number = len(lists) + len(fields)
    for row in rows:
        # Names are looked up, and a name that occurs twice would be found once.
        if len(row) != number:
            return None
        for name, length, grow in grown:
            numbers = row[name]
            if len(numbers) != length:
                return None
            grow(numbers.as_buffer(of_type="d"))
        for name, take in taken:
            take(row[name])
    # Each row's lists have a bracket, and the list of rows; another one is a list within a list, which was flattened.
    if brackets != 1 + len(rows) * len(lists):
        return None
    return {name: np.asarray(flat[name]).reshape(-1, length) for name, length in lists.items()}, tuple(values)
