"""Rows of numbers and lists of numbers, all written in one form, such as `{"id": 7, "xy": [1, 2.5]}`, as arrays.

What is the same in all rows, names and brackets, is overwritten by a mark, which is a number. So a piece of a file becomes one
list, and simdjson makes an array of it without a Python object for any number:

    {"id": 7, "xy": [1, 2.5]}, {"id": 8, "xy": [3, 4]}    becomes    [0,M,7,M,1, 2.5,M,8,M,3, 4 ]

A piece is taken only if the array has the marks, all of them, at the places of the form. So each name is followed by as many
numbers as in the first row, and by nothing else. Every other piece is left to the caller. simdjson is used where it is installed.

One field may be an outline, a list of lists. It is taken out before (`outlines.py`) and is no column.
"""

from importlib import import_module
from typing import Any

import numpy as np

from posebench.array_type import Array

from .json_columns import WRONG
from .outlines import masks_as_outlines
from .row_form import MARK, Form, form_of, marked

try:
    simdjson: Any = import_module("simdjson")
except ImportError:  # no wheel for this Python
    simdjson = None


def new_parser() -> Any:
    """simdjson's parser, which keeps its memory from text to text; None where simdjson is not installed."""
    return simdjson.Parser() if simdjson else None


class NumericRows:
    """A reader of the pieces of a list, which remembers the form."""

    def __init__(self) -> None:
        self._parser: Any = new_parser()
        self._form: Form | None = None

    def read(self, rows: memoryview) -> dict[str, Array] | None:
        """The columns of rows that all have one form.

        Args:
            rows: `{...}, {...}`, without white space behind the last one.

        Returns:
            field → (N,) float64, or (N, length) for a list. None where that is not JSON or has rows of several forms, where
            something else than a number, a list of numbers or one outline is in a row, or without simdjson.
        """
        if self._parser is None:
            return None
        if self._form is None or self._form.outline is not None:
            rows = masks_as_outlines(rows)
        form, self._form = self._form or form_of(bytes(rows)), None
        values = self._values(rows, form) if form else None
        if form is None or values is None:
            return None
        self._form = form
        return {name: values[:, place] for name, place in form.columns.items()}

    def _values(self, rows: memoryview, form: Form) -> Array | None:
        """(N, width) float64, marks included and outlines left out; None where rows have another form."""
        found = marked(rows, form)
        if found is None:
            return None
        data, count = found
        if data.find(b"[", 1) >= 0:  # a list within a list
            return None
        try:
            numbers = np.frombuffer(self._parser.parse(data).as_buffer(of_type="d"))
        except (*WRONG, RuntimeError):
            return None
        if len(numbers) - 1 != count * form.width:
            return None
        values = numbers[1:].reshape(count, form.width)
        is_mark = values == MARK
        is_right = is_mark[:, form.marks].all() and np.count_nonzero(is_mark) == count * len(form.marks)
        return values if is_right else None
