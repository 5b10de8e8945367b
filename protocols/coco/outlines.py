"""Outlines of people, `[[x, y, ...], ...]`, which nothing here uses, taken out of rows without parsing their numbers.

They are two thirds of an annotation of COCO. A file with an outline that is no JSON is refused nevertheless: the bytes of many
outlines are compared at once, which takes half the time of parsing them.
"""

import re
from itertools import pairwise

import numpy as np

from posebench.array_type import Array

OPEN, CLOSE = b"[[", b"]]"
"""What an outline begins and ends with."""
_NEXT = b"],["
_MASK_START = b'{"c'
_MASK = re.compile(rb'\{"counts": ?\[([\d, ]*)\], ?"size": ?\[([\d, ]*)\]\}')


def masks_as_outlines(rows: memoryview) -> memoryview:
    """The rows with `[[...],[...]]` for each mask `{"counts": [...], "size": [...]}`, which is JSON where the mask is."""
    code = np.frombuffer(rows, np.uint8)
    braces = np.flatnonzero(code[: -len(_MASK_START)] == ord("{"))
    place, parts = 0, []
    for brace in braces[code[braces + 2] == ord("c")].tolist():
        if mask := _MASK.match(rows, brace):
            parts += [rows[place:brace], OPEN, mask[1], _NEXT, mask[2], CLOSE]
            place = mask.end()
    return memoryview(b"".join([*parts, rows[place:]])) if parts else rows


def without_outlines(rows: bytes, starts: Array, ends: Array) -> bytes | None:
    """The rows without what is in the outlines; None where that is no JSON, or is written in an unusual way.

    Args:
        rows: text. starts, ends: (N,) places behind `OPEN` and at `CLOSE` of each outline, ascending.
    """
    cuts = [0, *np.column_stack([starts, ends]).ravel().tolist(), len(rows)]
    parts = [rows[start:end] for start, end in pairwise(cuts)]
    return b"".join(parts[::2]) if _are_numbers(b",".join(parts[1::2])) else None


def _are_numbers(text: bytes) -> bool:
    """Whether a text is numbers of JSON without exponents, `1,2.5,-30`. There may be `],[` instead of a comma."""
    if b" " in text:
        text = text.replace(b", ", b",")
    text = b",%b," % text
    if b"-" in text:
        text = text.replace(b",-", b",").replace(b"[-", b"[")
    code = np.frombuffer(bytearray(text), np.uint8)
    closed = np.flatnonzero(code == ord("]"))
    if len(closed) and not _separated(code, closed):
        return False
    digit, dot, comma = code - ord("0") < 10, code == ord("."), code == ord(",")
    other = ~digit
    if (other[1:] & other[:-1]).any() or not (digit | dot | comma).all():
        return False  # no number, one that begins or ends with a dot, or something else
    if (comma[:-2] & (code[1:-1] == ord("0")) & digit[2:]).any():
        return False  # 01
    # Arrays as numbers with a bit for each byte: adding the first digit behind a dot carries a bit to the end of its digits.
    digits, dots = (int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little") for mask in (digit, dot))
    return not (digits + (digits & dots << 1)) & ~digits & dots  # 1.2.3


def _separated(code: Array, closed: Array) -> bool:
    """Overwrite each `],[` in the characters by `,1,`; False where something else comes behind one at `closed`."""
    if closed[-1] + 2 >= len(code) or (code[closed + 1] != ord(",")).any() or (code[closed + 2] != ord("[")).any():
        return False
    for place, character in enumerate(b",1,"):
        code[closed + place] = character
    return True
