"""A reader of MATLAB files that believes no header: Level 5 of the MAT-File Format (MathWorks), what `save` writes up to -v7.

scipy's reader (1.17.1) crashes the interpreter on one in forty uncompressed files of structs with a few changed bytes, and
makes room for whatever a header declares. This one takes every number for what the file can hold: offsets stay within it, an
array has no more elements than bytes, arrays nest no deeper than `DEEPEST`. It is lazy: what is not asked for is stepped over.
"""

import struct
import zlib
from collections.abc import Collection, Iterator
from math import nan, prod
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.errors import PosebenchError

HEADER = 128
"""Bytes before the first variable; the last two tell the byte order."""
NAME_WITHIN = 4096
"""Bytes of a variable that are unpacked for its name."""
DEEPEST, LONGEST_NUMBER = 32, 32
"""Arrays within arrays; letters of a number that is written as text."""
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16", 18: "utf-32"}
MATRIX, COMPRESSED = 14, 15
CELL, STRUCT, CHAR, NUMERIC = 1, 2, 4, range(6, 16)
COMPLEX = 0x800
FLAGS, SCALAR = [6, 8], [5, 8, 1, 1, 1, 0]
"""The tag of the flags; dimensions 1 × 1 and an empty name, with their tags."""


class Content:
    """A variable's bytes and their byte order."""

    def __init__(self, content: bytes, order: str) -> None:
        self.bytes, self.order = content, order
        self.tag, self.scalar = struct.Struct(f"{order}II"), struct.Struct(f"{order}12I")
        self.words, self.letters = (
            np.frombuffer(content, f"{order}u4", len(content) // 4),
            np.frombuffer(content, np.uint8),
        )
        self.numbers = {kind: struct.Struct(order + np.dtype(code).char) for kind, code in NUMBERS.items()}

    def part(self, at: int, end: int) -> tuple[int, int, int, int]:
        """Kind, first and last byte of the part at `at`, and where the next one begins."""
        if at + 8 > end:
            raise ValueError("an array ends before its parts do")
        kind, size = self.tag.unpack_from(self.bytes, at)
        if kind >> 16:  # a small part: size and kind share a word, the data is in the next
            kind, size, first, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
        else:
            first, after = at + 8, at + 8 + (size + 7) // 8 * 8
        if first + size > min(end, after):
            raise ValueError(f"a part of {size:,} bytes, where {end - first:,} are left")
        return kind, first, first + size, after

    def matrices(self, at: int, end: int, count: int, depth: int) -> "list[Element]":
        """As many arrays as stand one after the other from `at` on."""
        if count * 8 > end - at:
            raise ValueError(f"{count:,} arrays in {end - at:,} bytes")
        if depth > DEEPEST:
            raise ValueError(f"arrays nest deeper than {DEEPEST}")
        unpack, found = self.tag.unpack_from, []
        for _ in range(count):
            kind, size = unpack(self.bytes, at) if at + 8 <= end else (0, 0)
            if kind != MATRIX or at + 8 + size > end:
                raise ValueError(f"an array of kind {kind} and {size:,} bytes, where {end - at:,} are left")
            found.append(Element(self, at + 8, at + 8 + size, depth))
            at += 8 + (size + 7) // 8 * 8
        return found


class Element:
    """One array, not yet read.

    Raises:
        ValueError: from every method, if what it asks for cannot be.
    """

    __slots__ = "content", "depth", "end", "start"

    def __init__(self, content: Content, start: int, end: int, depth: int) -> None:
        self.content, self.start, self.end, self.depth = content, start, end, depth

    def head(self) -> tuple[int, tuple[int, ...], str, int]:
        """Flags with the class, dimensions, name, and where the values begin; class 0 for the empty element."""
        if self.start == self.end:
            return 0, (0, 0), "", self.end
        read, content = self.content.part, self.content.bytes
        kind, first, last, at = read(self.start, self.end)
        if (kind, last - first) != (6, 8):
            raise ValueError("an array without flags")
        flags = self.content.tag.unpack_from(content, first)[0]
        kind, first, last, at = read(at, self.end)
        shape = tuple(np.frombuffer(content[first:last], f"{self.content.order}i4").tolist()) if kind == 5 else ()
        if not 2 <= len(shape) <= DEEPEST or min(shape) < 0 or prod(shape) > self.end - self.start:
            raise ValueError(f"an array of {shape} in {self.end - self.start:,} bytes")
        _, first, last, at = read(at, self.end)
        return flags, shape, content[first:last].decode("latin-1"), at

    def fields(self) -> "dict[str, list[Element]]":
        """Name → one element for each record of a struct array; empty where this is no struct, or has no records."""
        names, records, at = self.layout()
        if not names:
            return {}
        found = self.content.matrices(at, self.end, records * len(names), self.depth + 1)
        return {name: found[i :: len(names)] for i, name in enumerate(names)}

    def layout(self) -> tuple[list[str], int, int]:
        """The names of a struct array's fields, how many records it has, and where the first begins.

        There are no names where this is no struct, or has no records.
        """
        flags, shape, _, at = self.head()
        if flags & 0xFF != STRUCT:
            return [], 0, at
        read, content = self.content.part, self.content.bytes
        _, first, last, at = read(at, self.end)
        width = int.from_bytes(content[first:last], "little" if self.content.order == "<" else "big")
        _, first, last, at = read(at, self.end)
        if not 0 < width <= last - first or not prod(shape):
            return [], 0, at
        names = [content[i : i + width].split(b"\0")[0].decode("latin-1") for i in range(first, last, width)]
        if len(set(names)) < len(names):
            raise ValueError("a struct with two fields of one name")
        return names, prod(shape), at

    def cells(self) -> "list[Element]":
        """The elements of a cell array; none where this is no cell array."""
        flags, shape, _, at = self.head()
        return self.content.matrices(at, self.end, prod(shape), self.depth + 1) if flags & 0xFF == CELL else []

    def array(self) -> Array:
        """The array as scipy would have it: numbers as stored, text as one string for each row, cells and structs as objects."""
        flags, shape, _, at = self.head()
        kind = flags & 0xFF
        if kind == 0:
            return np.zeros((0, 0))
        if kind == CELL:
            return _objects([cell.array() for cell in self.cells()], shape)
        if kind == STRUCT:
            fields = self.fields()
            records = np.empty(shape, [(name, object) for name in fields] or object)
            for name, column in fields.items():
                records[name] = _objects([element.array() for element in column], shape)
            return records
        if kind == CHAR:
            return self._text(shape, at)
        if kind not in NUMERIC:
            raise ValueError(f"an array of class {kind}, which is neither numbers, text, cells nor structs")
        real, after = self._numbers(at, shape)
        return real + 1j * self._numbers(after, shape)[0] if flags & COMPLEX else real

    def _numbers(self, at: int, shape: tuple[int, ...]) -> tuple[Array, int]:
        kind, start, end, after = self.content.part(at, self.end)
        if kind not in NUMBERS:
            raise ValueError(f"numbers of kind {kind}")
        values = np.frombuffer(self.content.bytes[start:end], self.content.order + NUMBERS[kind])
        return values.reshape(shape, order="F").astype(NUMBERS[kind]), after

    def _text(self, shape: tuple[int, ...], at: int) -> Array:
        kind, start, end, _ = self.content.part(at, self.end)
        endian = ("-le" if self.content.order == "<" else "-be") if TEXTS.get(kind, "")[-2:] in ("16", "32") else ""
        if kind not in TEXTS:
            raise ValueError(f"text of kind {kind}")
        letters = list(self.content.bytes[start:end].decode(TEXTS[kind] + endian))
        if len(letters) != prod(shape):
            raise ValueError(f"text of {len(letters)} letters in {shape}")
        rows: Any = np.array(letters, "U1").reshape(shape, order="F").reshape(-1, shape[-1]) if letters else []
        return np.array(["".join(row) for row in rows], dtype=str)

    def number(self) -> float:
        """The only number of an array, be it written as text; NaN where it is empty or holds more."""
        content = self.content
        if self.end - self.start >= 48:  # nearly always: one real number without a name, read in one go
            *head, kind, size = content.scalar.unpack_from(content.bytes, self.start)
            at, kind, size = (44, kind & 0xFFFF, kind >> 16) if kind >> 16 else (48, kind, size)
            code = content.numbers.get(kind)
            plain = head[:2] == FLAGS and head[4:] == SCALAR and head[2] & 0xFF in NUMERIC and not head[2] & COMPLEX
            if plain and code and size == code.size and self.start + at + size <= self.end:
                return float(code.unpack_from(content.bytes, self.start + at)[0])
        flags, shape, _, _ = self.head()
        letters = flags & 0xFF == CHAR and prod(shape) <= LONGEST_NUMBER
        try:
            return float(self.array().item()) if prod(shape) == 1 or letters else nan
        except (TypeError, ValueError):
            return nan


def _objects(values: list[Any], shape: tuple[int, ...]) -> Array:
    flat = np.empty(len(values), object)
    for row, value in enumerate(values):
        flat[row] = value
    return flat.reshape(shape, order="F")


def arrays(path: Path, largest: int, names: Collection[str] | None = None) -> dict[str, Array]:
    """The variables of a MATLAB file, or those of these names, as arrays.

    Raises:
        PosebenchError: it unpacks to more than `largest` bytes.
        Exception: whatever a damaged file makes numpy, zlib and, for Level 4 (uncompressed matrices alone), scipy raise.
    """
    if is_level_5(path):
        return {name: element.array() for name, element in variables(path, largest, names)}
    from scipy.io import loadmat

    found = loadmat(path, variable_names=None if names is None else list(names))
    return {name: value for name, value in found.items() if not name.startswith("__")}


def names(path: Path) -> list[str]:
    """The names of a MATLAB file's variables, of which no more is unpacked.

    Raises:
        Exception: whatever a damaged file makes numpy, zlib and scipy raise.
    """
    if is_level_5(path):
        content, order = _read(path)
        return [
            _name(content[start:end], order)
            if kind == COMPRESSED
            else _variable(content, order, start - 8, end).head()[2]
            for kind, start, end in _parts(content, order)
        ]
    from scipy.io import whosmat

    return [name for name, _, _ in whosmat(path)]


def is_level_5(path: Path) -> bool:
    """Whether a file says that it is a MATLAB file of Level 5."""
    with path.open("rb") as file:
        head = file.read(HEADER)
    return len(head) == HEADER and head[-2:] in (b"IM", b"MI") and 0 not in head[:4]


def variables(path: Path, largest: int, names: Collection[str] | None = None) -> Iterator[tuple[str, Element]]:
    """The variables of a Level 5 file, or those of these names.

    Raises:
        PosebenchError: it unpacks to more than `largest` bytes.
        ValueError, zlib.error: it is damaged.
    """
    content, order = _read(path)
    total = 0
    for kind, start, end in _parts(content, order):
        body, begin, stop = content, start - 8, end
        if kind == COMPRESSED:
            packed = content[start:end]
            if names is not None and _name(packed, order) not in names:
                continue
            unpack = zlib.decompressobj()
            body = unpack.decompress(packed, largest - total + 1)
            total += len(body)
            if total > largest:
                raise PosebenchError(f"{path} unpacks to more than {largest:,} bytes, which is the most that is read.")
            if not unpack.eof:
                raise ValueError("a compressed variable is cut off")
            begin, stop = 0, len(body)
        element = _variable(body, order, begin, stop)
        if names is None or element.head()[2] in names:
            yield element.head()[2], element


def _read(path: Path) -> tuple[bytes, str]:
    """A Level 5 file's content and its byte order."""
    content = path.read_bytes()
    return content, "<" if content[HEADER - 2 : HEADER] == b"IM" else ">"


def _parts(content: bytes, order: str) -> Iterator[tuple[int, int, int]]:
    """Kind, first and last byte of each variable, as it is stored."""
    at = HEADER
    while at < len(content):
        if at + 8 > len(content):
            raise ValueError("it is cut off")
        kind, size = struct.unpack_from(order + "II", content, at)
        if at + 8 + size > len(content):
            raise ValueError(f"a variable of {size:,} bytes, where {len(content) - at - 8:,} are left")
        yield kind, at + 8, at + 8 + size
        at += 8 + size


def _variable(body: bytes, order: str, start: int, end: int) -> Element:
    (element,) = Content(body, order).matrices(start, end, 1, 0)
    return element


def _name(packed: bytes, order: str) -> str:
    """The name of a compressed variable, of which only the beginning is unpacked."""
    begun = Content(zlib.decompressobj().decompress(packed, NAME_WITHIN), order)
    at, end = 8, len(begun.bytes)
    for _ in ("flags", "dimensions"):
        at = begun.part(at, end)[3]
    _, first, last, _ = begun.part(at, end)
    return begun.bytes[first:last].decode("latin-1")
