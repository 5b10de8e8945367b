"""Rows of numbers and of lists of numbers, by simdjson: the numbers of a list go into an array without becoming Python objects.

simdjson is used where it is installed; without it the same columns are made by orjson, more slowly.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from posebench.array_type import Array

from .json_columns import WRONG

try:
    simdjson: Any = import_module("simdjson")
except ImportError:  # no wheel for this Python
    simdjson = None


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
        if self._parser is None:
            return None
        try:
            return _columns(list(self._parser.parse(text)), text.count(b"["), lists, fields)
        except (*WRONG, RuntimeError):
            return None


def _columns(
    rows: list[Any], brackets: int, lists: Mapping[str, int], fields: Sequence[str]
) -> tuple[dict[str, Array], tuple[list[Any], ...]] | None:
    # Each row's lists have a bracket, and the list of rows; another one is a list within a list, which would be flattened.
    if brackets != 1 + len(rows) * len(lists):
        return None
    # As many fields as are looked up: so there is no other, and none is there twice.
    if set(map(len, rows)) != {len(lists) + len(fields)}:
        return None
    tables = {}
    for name, length in lists.items():
        values = [row[name] for row in rows]
        if set(map(len, values)) != {length}:
            return None
        numbers = np.frombuffer(b"".join([value.as_buffer(of_type="d") for value in values]))
        tables[name] = numbers.reshape(-1, length)
    return tables, tuple([row[name] for row in rows] for name in fields)
