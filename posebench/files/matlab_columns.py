"""Many arrays of a MATLAB file at once: struct arrays as columns.

A release of annotations has millions of arrays, most of one number. `Element` reads one; this module reads what nearly all are,
structs of the same fields and single numbers, for all at once with numpy, and leaves every other form to `Element`. So what
is read, and what is refused, is the same.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from posebench.array_type import Array
from posebench.files.matlab import (
    CHAR,
    COMPLEX,
    DEEPEST,
    FLAGS,
    MATRIX,
    NUMBERS,
    NUMERIC,
    SCALAR,
    STRUCT,
    TEXTS,
    Content,
    Element,
)

FEWEST = 16
"""Arrays that are worth numpy's calls."""
MOST_FIELDS = 4096
"""Fields of all records of one array that are stepped through with numpy."""
MOST_FORMS = 16
"""Kinds of structs, by their fields, that are read with numpy."""
ONE_BYTE = [kind for kind in TEXTS if TEXTS[kind][-2:] not in ("16", "32")]
"""Texts in which a digit is one byte."""
DIMENSIONS = slice(6, 8)
"""Of the words of an array with two dimensions."""


class Records(NamedTuple):
    """Records of struct arrays, in their order.

    Attributes:
        of: (R,) which array each record belongs to. fields: name → (R,) arrays, empty where a record lacks the field.
    """

    of: Array
    fields: "dict[str, Elements]"

    def rows(self, rows: Array) -> "Records":
        """Some of the records."""
        return Records(self.of[rows], {name: column.rows(rows) for name, column in self.fields.items()})

    def numbers(self, name: str) -> Array:
        """(R,) numbers of a field, NaN where there is none."""
        return self.fields[name].numbers() if name in self.fields else np.full(len(self.of), np.nan)

    def first(self, name: str) -> "Records":
        """(R,) first records of a field that has struct arrays, without fields where there is none."""
        return self.fields[name].first() if name in self.fields else Records(np.arange(len(self.of)), {})

    def records(self, name: str) -> "Records":
        """All records of a field that has struct arrays."""
        return self.fields[name].records() if name in self.fields else Records(self.of[:0], {})


class Elements:
    """N arrays of one variable, not yet read.

    Raises:
        ValueError: from every method, if what it asks for cannot be.
    """

    def __init__(self, content: Content, start: Array, end: Array, depth: int) -> None:
        self.content, self.start, self.end, self.depth = content, start, end, depth

    @classmethod
    def of(cls, elements: Sequence[Element]) -> "Elements":
        """Elements of one variable and one depth."""
        start, end = np.array([(one.start, one.end) for one in elements], np.int64).reshape(-1, 2).T
        content, depth = (elements[0].content, elements[0].depth) if elements else (Content(b"", "<"), 0)
        return cls(content, start, end, depth)

    def __len__(self) -> int:
        return len(self.start)

    def rows(self, rows: Array) -> "Elements":
        """Some of the arrays."""
        return Elements(self.content, self.start[rows], self.end[rows], self.depth)

    def one(self, row: int) -> Element:
        """One of the arrays."""
        return Element(self.content, int(self.start[row]), int(self.end[row]), self.depth)

    def _words(self, rows: Array, count: int) -> Array:
        """(rows, count) the first words of arrays that are so long and begin at a whole word."""
        if not len(rows):
            return np.zeros((0, count), np.int64)
        windows: Array = np.lib.stride_tricks.sliding_window_view(self.content.words, count)
        words: Array = windows[self.start[rows] // 4].astype(np.int64)
        return words

    def _long(self, count: int) -> Array:
        """Rows of the arrays that have so many words and begin at a whole one."""
        return np.flatnonzero((self.end - self.start >= 4 * count) & (self.start % 4 == 0))

    def numbers(self) -> Array:
        """(N,) `Element.number` of each."""
        values, odd = np.full(len(self), np.nan), self.end > self.start
        rows = self._long(12)
        words = self._words(rows, 12)
        odd[rows[_two_dimensional(words) & ((words[:, 6] == 0) | (words[:, 7] == 0))]] = False  # empty
        kind_of, small = words[:, 2] & 0xFF, words[:, 10] >> 16 > 0
        single = _equal(words, 0, FLAGS) & _equal(words, 4, SCALAR)
        plain = single & (kind_of >= NUMERIC.start) & (kind_of < NUMERIC.stop)
        plain &= words[:, 2] & COMPLEX == 0
        kind = np.where(small, words[:, 10] & 0xFFFF, words[:, 10])
        size = np.where(small, words[:, 10] >> 16, words[:, 11])
        at = self.start[rows] + np.where(small, 44, 48)
        for number, code in NUMBERS.items():
            dtype = np.dtype(self.content.order + code)
            fits = plain & (kind == number) & (size == dtype.itemsize) & (at + size <= self.end[rows])
            if fits.any():
                found = self.content.letters[at[fits, None] + np.arange(dtype.itemsize)]
                values[rows[fits]] = found.view(dtype)[:, 0]
                odd[rows[fits]] = False
        letter = self.content.letters[np.where(small, at, 0)] if len(rows) else at
        digit = (
            single & (kind_of == CHAR) & small & np.isin(kind, ONE_BYTE) & (size == 1) & (letter >= 48) & (letter < 58)
        )
        values[rows[digit]], odd[rows[digit]] = letter[digit] - 48.0, False
        for row in np.flatnonzero(odd).tolist():
            values[row] = self.one(row).number()
        return values

    def first(self) -> Records:
        """The first record of each array, (N,), without fields where an array has none."""
        of, fields = self.records()
        arrays, first = np.unique(of, return_index=True)
        firsts = {}
        for name, column in fields.items():
            start, end = np.zeros((2, len(self)), np.int64)
            start[arrays], end[arrays] = column.start[first], column.end[first]
            firsts[name] = Elements(self.content, start, end, column.depth)
        return Records(np.arange(len(self)), firsts)

    def records(self) -> Records:
        """The records of all arrays that are structs."""
        parts: list[tuple[Array, dict[str, Elements]]] = []
        left, one_by_one = self._structs()
        for _ in range(MOST_FORMS):
            if len(left) < FEWEST:
                break
            alike, names, count, first = self._alike(left)
            if len(alike) < FEWEST:
                alike = left[:1]
                one_by_one = np.append(one_by_one, alike)
            else:
                parts.append((np.repeat(alike, count), self._stepped(alike, names, count, first)))
            left = np.setdiff1d(left, alike, assume_unique=True)
        for row in [*one_by_one.tolist(), *left.tolist()]:
            columns = {name: Elements.of(column) for name, column in self.one(row).fields().items()}
            parts.append((np.full(max(map(len, columns.values()), default=0), row), columns))
        return self._joined(parts)

    def _structs(self) -> tuple[Array, Array]:
        """Rows of the structs with two dimensions and with records, and of the arrays of which nothing is known."""
        rows = self._long(8)
        words = self._words(rows, 8)
        shape = words[:, DIMENSIONS]
        known = _two_dimensional(words) & (shape.prod(axis=1) <= self.end[rows] - self.start[rows])
        filled = (words[:, 2] & 0xFF == STRUCT) & (shape > 0).all(axis=1)
        unknown = self.end > self.start
        unknown[rows[known]] = False
        return rows[known & filled], np.flatnonzero(unknown)

    def _alike(self, rows: Array) -> tuple[Array, list[str], Array, Array]:
        """Those of some structs that have the fields of the first; the fields' names, the records of each, and where they begin."""
        names, _, at = self.one(int(rows[0])).layout()
        length = at - int(self.start[rows[0]])
        if not names or length % 4 or self.depth >= DEEPEST:
            return rows[:0], [], rows[:0], rows[:0]
        rows = rows[self.end[rows] - self.start[rows] >= length]
        words = self._words(rows, length // 4)
        count, first = words[:, DIMENSIONS].prod(axis=1), self.start[rows] + length
        words[:, DIMENSIONS] = 0
        fits = (words == words[0]).all(axis=1) & (count * len(names) <= MOST_FIELDS)
        fits &= count * len(names) * 8 <= self.end[rows] - first
        return rows[fits], names, count[fits], first[fits]

    def _stepped(self, rows: Array, names: list[str], count: Array, first: Array) -> "dict[str, Elements]":
        """The fields of all records of some rows."""
        children = count * len(names)
        before = np.cumsum(children) - children
        most_first = np.argsort(-children, kind="stable")
        at, end, place = first[most_first], self.end[rows][most_first], before[most_first]
        steps = np.searchsorted(-children[most_first], -np.arange(children.max()))  # how many rows have one more
        starts, ends = np.empty((2, int(children.sum())), np.int64)
        words = self.content.words
        for step, active in enumerate(steps.tolist()):
            at, end = at[:active], end[:active]
            tag = np.minimum(at, end - 8) // 4
            stop = at + 8 + words[tag + 1].astype(np.int64)
            wrong = (words[tag] != MATRIX) | (at + 8 > end) | (stop > end) | (at % 4 > 0)
            if wrong.any():
                self.one(int(rows[most_first[wrong.argmax()]])).fields()  # it says what is wrong
                raise ValueError("an array that does not begin at a whole word")
            starts[place[:active] + step], ends[place[:active] + step] = at + 8, stop
            at = at + 8 + (stop - at - 8 + 7) // 8 * 8
        return {
            name: Elements(self.content, starts[i :: len(names)], ends[i :: len(names)], self.depth + 1)
            for i, name in enumerate(names)
        }

    def _joined(self, parts: "list[tuple[Array, dict[str, Elements]]]") -> Records:
        of = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _ in parts)])
        order = np.argsort(of, kind="stable")
        fields = {}
        for name in dict.fromkeys(name for _, columns in parts for name in columns):
            places = [
                (columns[name].start, columns[name].end) if name in columns else (np.zeros_like(rows),) * 2
                for rows, columns in parts
            ]
            start, end = (np.concatenate(side)[order] for side in zip(*places, strict=True))
            fields[name] = Elements(self.content, start, end, self.depth + 1)
        return Records(of[order], fields)


def _equal(words: Array, first: int, expected: list[int]) -> Array:
    """Whether words of arrays, from one of each on, are the expected ones."""
    equal = np.ones(len(words), bool)
    for column, value in enumerate(expected, first):
        equal &= words[:, column] == value
    return equal


def _two_dimensional(words: Array) -> Array:
    """Whether arrays, of which the first words are given, state two dimensions that can be."""
    shape = words[:, DIMENSIONS]
    known: Array = (shape[:, 0] < 2**31) & (shape[:, 1] < 2**31)
    return _equal(words, 0, FLAGS) & _equal(words, 4, SCALAR[:2]) & known
