"""How rows of numbers are written in a JSON file, and marks in the place of what is the same in all rows (`numeric_rows.py`)."""

import re
from dataclasses import dataclass

import numpy as np

from .outlines import without_outlines

MARK, _MARK_TEXT = -8e9, b",-8e9,"
"""A number that is rare in files; a piece that has it itself is not taken."""
SPACE = rb"[ \t\n\r]*"
_START = re.compile(SPACE + rb"(?=\{)")
_NAME = rb'[{,]S"(?P<name>\w+)"S:S'
_NUMBERS = _NAME + rb"(?P<open>\[?)S(?P<value>[-+.\deE, \t\n\r]*)(?P<close>\]?)S(?=[,}])"
_FIELD = re.compile(_NUMBERS.replace(b"S", SPACE))
_OUTLINE = re.compile((_NAME + rb'\[\[(?P<value>[^"]*?)\]\]S(?=[,}])').replace(b"S", SPACE))
_NEXT_ROW = re.compile(rb"\}S,S(?=\{)".replace(b"S", SPACE))


@dataclass(frozen=True)
class Form:
    """How rows are written.

    Attributes:
        texts: what stands before the value of each field; the first one begins where the row before ends.
        blanks: a mark of the same length for each text; no mark before an outline.
        between: where `texts[0]` has come to the next row's brace. end: what stands behind the last value.
        columns: field → its number's or numbers' places in a row of the array. marks: the places of the marks.
        width: the row's length, marks included.
        outline: number of the text before an outline; None without one.
    """

    texts: tuple[bytes, ...]
    blanks: tuple[bytes, ...]
    between: bytes
    end: bytes
    columns: dict[str, int | slice]
    marks: tuple[int, ...]
    width: int
    outline: int | None


def form_of(text: bytes) -> Form | None:
    """The form of the first row; None where it has another one than this module reads, or no row comes after it."""
    start = _START.match(text)
    place = last = start.end() if start else 0
    texts: list[bytes] = []
    marks: list[int] = []
    columns: dict[str, int | slice] = {}
    names, width, outline = set(), 0, None
    while field := _FIELD.match(text, place) or (_OUTLINE.match(text, place) if outline is None else None):
        name = field["name"].decode()
        if field.re is _OUTLINE:
            outline = len(texts)
        else:
            count, is_list = field["value"].count(b",") + 1, bool(field["open"])
            if bool(field["close"]) != is_list or (count > 1 and not is_list):
                return None
            columns[name] = slice(width + 1, width + 1 + count) if is_list else width + 1
            marks.append(width)
            width += 1 + count
        names.add(name)
        texts.append(text[last : field.start("value")])
        place, last = field.end(), field.end("value")
    row_end = _NEXT_ROW.match(text, place)
    if not columns or not row_end or len(names) < len(texts):
        return None
    between = text[last : row_end.end()]
    texts[0] = between + texts[0]
    if min(map(len, texts)) < len(_MARK_TEXT):
        return None
    blanks = tuple((b"" if number == outline else _MARK_TEXT).ljust(len(text)) for number, text in enumerate(texts))
    return Form(tuple(texts), blanks, between, text[last : place + 1], columns, tuple(marks), width, outline)


def marked(rows: memoryview, form: Form) -> tuple[bytes | bytearray, int] | None:
    """The rows as one list of numbers and marks, without outlines, `[0,-8e9,7,-8e9,1,2.5]`, and the number of rows.

    None where a text of the form is not at its place. Each text has one colon, and values have none.
    """
    start = _START.match(rows)
    data = bytearray().join((b"[0", form.between, rows[start.end() if start else 0 :], b"]"))
    if not start or not data.endswith(form.end + b"]"):
        return None
    end = len(data) - 1 - len(form.end)
    data[end:-1] = b" " * len(form.end)
    colons = np.flatnonzero(np.frombuffer(data, np.uint8) == ord(":"))
    if not len(colons) or len(colons) % len(form.texts):
        return None
    places = []
    for number, (text, blank) in enumerate(zip(form.texts, form.blanks, strict=True)):
        place = colons[number :: len(form.texts)] - text.index(b":")
        if place[0] < 0 or place[-1] + len(text) > len(data):
            return None
        # Overlapping parts of `data`, one at each byte: numpy reads and writes those at `place`.
        parts = np.ndarray(len(data) - len(text) + 1, f"S{len(text)}", data, strides=(1,))
        if parts[place].tobytes() != text * len(place):
            return None
        parts[place] = blank
        places.append(place)
    if form.outline is None:
        return data, len(places[0])
    starts = places[form.outline] + len(form.texts[form.outline])
    ends = [*places, np.append(places[0][1:], end)][form.outline + 1]
    rest = without_outlines(bytes(data), starts, ends)
    return None if rest is None else (rest, len(places[0]))
