"""Rows of numbers and lists of numbers, all written in one form, such as `{"id": 7, "xy": [1, 2.5]}`, as arrays.

What is the same in all rows, names and brackets, is overwritten by a mark, which is a number. So a piece of a file becomes one
list, and simdjson makes an array of it without a Python object for any number:

    {"id": 7, "xy": [1, 2.5]}, {"id": 8, "xy": [3, 4]}    becomes    [0,M,7,M,1, 2.5,M,8,M,3, 4 ]

A piece is taken only if the array has the marks, all of them, at the places of the form. So each name is followed by as many
numbers as in the first row, and by nothing else. Every other piece is left to the caller. simdjson is used where it is installed.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from posebench.array_type import Array

from .json_columns import WRONG

try:
    simdjson: Any = import_module("simdjson")
except ImportError:  # no wheel for this Python
    simdjson = None

MARK, _MARK_TEXT = -8e9, b",-8e9,"
"""A number that is rare in files; a piece that has it itself is not taken."""
SPACE = rb"[ \t\n\r]*"
_START = re.compile(SPACE + rb"(?=\{)")
_FIELD = re.compile(
    rb'[{,]S"(?P<name>\w+)"S:S(?P<open>\[?)S(?P<numbers>[-+.\deE, \t\n\r]*)(?P<close>\]?)S(?=[,}])'.replace(b"S", SPACE)
)
_NEXT_ROW = re.compile(rb"\}S,S(?=\{)".replace(b"S", SPACE))


@dataclass(frozen=True)
class _Form:
    """How rows are written.

    Attributes:
        texts: what stands before the numbers of each field; the first one begins where the row before ends.
        blanks: a mark of the same length, for each text.
        between: where `texts[0]` has come to the next row's brace. end: what stands behind the last number.
        columns: field → its number's or numbers' places in a row of the array. marks: the places of the marks.
        width: the row's length, marks included.
    """

    texts: tuple[bytes, ...]
    blanks: tuple[bytes, ...]
    between: bytes
    end: bytes
    columns: dict[str, int | slice]
    marks: tuple[int, ...]
    width: int


def _form_of(text: bytes) -> _Form | None:
    """The form of the first row; None where it has another one than this module reads, or no row comes after it."""
    start = _START.match(text)
    place = last = start.end() if start else 0
    texts: list[bytes] = []
    marks: list[int] = []
    columns: dict[str, int | slice] = {}
    width = 0
    while field := _FIELD.match(text, place):
        count, is_list = field["numbers"].count(b",") + 1, bool(field["open"])
        if bool(field["close"]) != is_list or (count > 1 and not is_list) or field["name"].decode() in columns:
            return None
        texts.append(text[last : field.start("numbers")])
        marks.append(width)
        columns[field["name"].decode()] = slice(width + 1, width + 1 + count) if is_list else width + 1
        width += 1 + count
        place, last = field.end(), field.end("numbers")
    row_end = _NEXT_ROW.match(text, place)
    if not texts or not row_end:
        return None
    between = text[last : row_end.end()]
    texts[0] = between + texts[0]
    if min(map(len, texts)) < len(_MARK_TEXT):
        return None
    blanks = tuple(_MARK_TEXT.ljust(len(text)) for text in texts)
    return _Form(tuple(texts), blanks, between, text[last : place + 1], columns, tuple(marks), width)


def new_parser() -> Any:
    """simdjson's parser, which keeps its memory from text to text; None where simdjson is not installed."""
    return simdjson.Parser() if simdjson else None


class NumericRows:
    """A reader of the pieces of a list, which remembers the form."""

    def __init__(self) -> None:
        self._parser: Any = new_parser()
        self._form: _Form | None = None

    def read(self, rows: memoryview) -> dict[str, Array] | None:
        """The columns of rows that all have one form.

        Args:
            rows: `{...}, {...}`, without white space behind the last one.

        Returns:
            field → (N,) float64, or (N, length) for a list. None where that is not JSON or has rows of several forms, where
            something else than a number or a list of numbers is in a row, or without simdjson.
        """
        if self._parser is None:
            return None
        form, self._form = self._form or _form_of(bytes(rows)), None
        values = self._values(rows, form) if form else None
        if form is None or values is None:
            return None
        self._form = form
        return {name: values[:, place] for name, place in form.columns.items()}

    def _values(self, rows: memoryview, form: _Form) -> Array | None:
        """(N, width) float64, marks included; None where rows have another form."""
        start = _START.match(rows)
        if not start:
            return None
        data = bytearray().join((b"[0", form.between, rows[start.end() :], b"]"))
        marks = _mark(data, form)
        if not marks or data.find(b"[", 1) >= 0:  # a list within a list
            return None
        try:
            numbers = np.frombuffer(self._parser.parse(data).as_buffer(of_type="d"))
        except (*WRONG, RuntimeError):
            return None
        if (len(numbers) - 1) * len(form.marks) != marks * form.width:
            return None
        values = numbers[1:].reshape(-1, form.width)
        is_mark = values == MARK
        return values if np.count_nonzero(is_mark) == marks and is_mark[:, form.marks].all() else None


def _mark(data: bytearray, form: _Form) -> int:
    """Overwrite the form's texts in `data` by marks; their number. 0 where a text is not at its place.

    Each text has one colon, and numbers have none.
    """
    if not data.endswith(form.end + b"]"):
        return 0
    data[-1 - len(form.end) : -1] = b" " * len(form.end)
    colons = np.flatnonzero(np.frombuffer(data, np.uint8) == ord(":"))
    if not len(colons) or len(colons) % len(form.texts):
        return 0
    for number, (text, blank) in enumerate(zip(form.texts, form.blanks, strict=True)):
        start = colons[number :: len(form.texts)] - text.index(b":")
        if start[0] < 0 or start[-1] + len(text) > len(data):
            return 0
        # Overlapping parts of `data`, one at each byte: numpy reads and writes those at `start`.
        parts = np.ndarray(len(data) - len(text) + 1, f"S{len(text)}", data, strides=(1,))
        if parts[start].tobytes() != text * len(start):
            return 0
        parts[start] = blank
    return len(colons)
