"""Some fields of rows that have others too, such as an annotation's outlines, which do not become Python objects."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from posebench.array_type import Array

from .json_columns import WRONG
from .numeric_rows import new_parser
from .row_form import SPACE


class ChosenFields:
    """A reader of the pieces of a list, which keeps its memory from piece to piece."""

    def __init__(self, lists: Mapping[str, int], fields: Sequence[str], others: Sequence[str]) -> None:
        """A reader of rows that have exactly these fields.

        Args:
            lists: field → how many numbers its list has. fields: numbers. others: fields of any kind, which are not read.
        """
        self._parser: Any = new_parser()
        self._lists, self._fields, self._others = lists, fields, others
        names = "|".join(map(re.escape, lists)).encode()
        # A list in such a list, which simdjson would not tell. Names that are escaped are not found.
        self._nested = re.compile(rb'"(?:N)"S:S\[[^]]*\['.replace(b"N", names).replace(b"S", SPACE))

    def read(self, rows: memoryview) -> tuple[dict[str, Array], dict[str, list[Any]]] | None:
        """The columns of rows.

        Args:
            rows: `{...}, {...}`.

        Returns:
            field of `lists` → (N, length) float64; field of `fields` → N values. None where that is not JSON, where a row has
            other fields or lists than these, or without simdjson.
        """
        if self._parser is None:
            return None
        text = b"".join((b"[", rows, b"]"))
        try:
            is_hidden = b"\\" in text or self._nested.search(text)
            return None if is_hidden else self._columns(list(self._parser.parse(text)))
        except (*WRONG, RuntimeError):
            return None

    def _columns(self, rows: list[Any]) -> tuple[dict[str, Array], dict[str, list[Any]]] | None:
        names = [*self._lists, *self._fields, *self._others]
        # As many fields as names, each of which is there: no other is, and none is there twice.
        if set(map(len, rows)) != {len(names)} or not all(name in row for name in self._others for row in rows):
            return None
        tables = {}
        for name, length in self._lists.items():
            values = [row[name] for row in rows]
            if set(map(len, values)) != {length}:
                return None
            tables[name] = np.frombuffer(b"".join([value.as_buffer(of_type="d") for value in values])).reshape(
                -1, length
            )
        return tables, {name: [row[name] for row in rows] for name in self._fields}
