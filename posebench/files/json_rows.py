"""JSON files of millions of rows, read by pieces, so that memory holds the columns made of the rows, not the rows.

A list of objects is cut where an object ends and another begins, `}, {`, about every 256 KiB. A piece that parses was cut at
the right place: a parser goes from left to right, so a cut inside a row or a text would have left a row or a text open.
A piece that does not parse (a cut inside a row, NaN, rows that are no objects) is read row by row by Python's own parser, which
finds the ends of rows itself.
"""

import gc
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson

from posebench.errors import PosebenchError, existing

PIECE = 1 << 18
"""Bytes. Pieces of 16 KiB to 1 MiB are parsed in the same time; larger ones leave the processor's cache and take twice as long."""
FIRST = 1 << 12
"""Bytes of a list's first piece, which becomes Python objects: from it collectors learn what rows look like."""
SMALL = 1 << 10
"""Bytes that are decoded at first to read a single value."""
ROOT = ""
"""The name of a list that is the whole file."""
_SPACE = re.compile(rb"[ \t\n\r]*")
_SPACE_IN_TEXT = re.compile(r"[ \t\n\r]*")
_NEXT_OBJECT = re.compile(rb"\}[ \t\n\r]*,[ \t\n\r]*(?=\{)")
_LIST_ENDS = re.compile(rb"\}[ \t\n\r]*\]")
_TRIED_BRACES = 8
_parsed = json.JSONDecoder().raw_decode


class Collector(Protocol):
    """What is made of the rows of one list.

    Attributes:
        share: the part of the list, by bytes, that the rows which are given next complete; an estimate. `read_json` sets it.
    """

    share: float = 1.0

    def add(self, rows: list[Any]) -> None:
        """Take the next rows, in the file's order. Rows may be anything; `add` keeps what is wrong with them for later."""

    def add_text(self, rows: memoryview) -> bool:
        """Take the next rows, one or more, as the text `{...}, {...}`, where that is faster. False: `add` is to take them.

        Only a text that is whole and right may be taken.
        """
        return False


def read_json(
    path: Path, what: str, lists: Mapping[str, Callable[[], Collector]], hashed: Callable[[bytes], object] | None = None
) -> Any:
    """The content of a JSON file, with a collector in the place of each list that `lists` names.

    Where a key occurs twice, the last one counts, as in Python's own parser.

    Args:
        what: what the file should be, for messages, such as "a COCO file".
        lists: key of an object → makes the collector of the list below the key; `ROOT` → of a list that is the whole file.
        hashed: is called with all bytes of the file, piece by piece.

    Raises:
        PosebenchError: the file is missing, or is not JSON.
    """
    try:
        with existing(path, what).open("rb") as file, without_collection():
            window = _Window(file, hashed)
            content = _content(window, lists)
            if window.peek():
                raise window.wrong("Extra data")
            return content
    except (ValueError, OSError, RecursionError) as error:
        raise PosebenchError(f"{path} is not readable JSON. {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "It is not text. Is it another kind of file?"
    if isinstance(error, RecursionError):
        return "Its lists or objects are nested too deeply."
    return f"{error}. Was it cut off?"


@contextmanager
def without_collection() -> Iterator[None]:
    """For functions that read: a parser makes millions of lists and no cycle; looking for cycles takes as long as parsing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _Window:
    """The bytes of a file that are read and not yet parsed."""

    def __init__(self, file: BinaryIO, hashed: Callable[[bytes], object] | None) -> None:
        self.file, self.hashed = file, hashed
        self.data, self.place = b"", 0
        self.start = 0  # of `data` in the file
        self.size = os.fstat(file.fileno()).st_size
        self.list_start = 0
        self.ended = False
        self.more()
        encoding = json.detect_encoding(self.data[:4])
        if encoding == "utf-8-sig":
            self.place = 3
        elif encoding != "utf-8":  # UTF-16 or UTF-32: rare, so decoded as a whole
            while self.more():
                pass
            self.data = (
                self.data.decode(encoding, "surrogatepass").removeprefix("\ufeff").encode("utf-8", "surrogatepass")
            )

    def more(self) -> bool:
        """Read as much as is unparsed, and a piece at least; False at the file's end."""
        chunk = self.file.read(max(PIECE, len(self.data) - self.place))
        if not chunk:
            self.ended = True
            return False
        if self.hashed is not None:
            self.hashed(chunk)
        self.start += self.place
        self.data, self.place = self.data[self.place :] + chunk, 0
        return True

    def peek(self) -> bytes:
        """The next byte that is no white space; nothing at the file's end."""
        while True:
            space = _SPACE.match(self.data, self.place)
            self.place = space.end() if space else self.place
            if self.place < len(self.data) or not self.more():
                return self.data[self.place : self.place + 1]

    def skip(self, mark: bytes, otherwise: str) -> None:
        """Pass `mark`. Raises ValueError with `otherwise` where something else is next."""
        if self.peek() != mark:
            raise self.wrong(otherwise)
        self.place += 1

    def wrong(self, message: str, after: int = 0) -> ValueError:
        """What is wrong, and where in the file."""
        return ValueError(f"{message} at byte {self.start + self.place + after:,}")

    def value(self) -> Any:
        """Parse the next value, whatever it is. Raises ValueError, RecursionError."""
        self.peek()
        size = SMALL
        while True:
            text = self.text(size)
            is_all = self.ended and size >= len(self.data) - self.place
            try:
                value, end = _parsed(text)
                if end < len(text) or is_all:
                    self.place += _bytes_of(text[:end])
                    return value
            except json.JSONDecodeError as error:
                if is_all:
                    raise self.wrong(error.msg, _bytes_of(text[: error.pos])) from error
            if size < len(self.data) - self.place:
                size *= 8
            else:
                self.more()

    def text(self, size: int) -> str:
        """The next `size` bytes as text, without a character that the cut divides. Raises UnicodeDecodeError."""
        cut = self.data[self.place : self.place + size]
        try:
            return cut.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            is_cut = len(cut) - error.start < 4 and not (self.ended and len(cut) == len(self.data) - self.place)
            if is_cut:
                return cut[: error.start].decode("utf-8", "surrogatepass")
            raise

    def feed(self, collector: Collector) -> bool:
        """Give the next rows of a list to `collector`, one at least; whether the list ends there. Raises as `value`."""
        if len(self.data) - self.place < PIECE:
            self.more()
        is_first = self.start + self.place == self.list_start
        for end in (self.place + FIRST, len(self.data)) if is_first else (len(self.data),):
            if (cut := self._last_cut(end)) and self._fed(collector, cut):
                return False
        if (cut := _LIST_ENDS.search(self.data, self.place)) and self._fed(collector, cut):
            return True
        rows, ended = self.rows_one_by_one()
        collector.share = self._share(self.place)
        collector.add(rows)
        return ended

    def _last_cut(self, end: int) -> re.Match[bytes] | None:
        """Where the last row ends that another one follows, before `end`; None if there is none among the last braces."""
        brace = end
        for _ in range(_TRIED_BRACES):
            brace = self.data.rfind(b"}", self.place, brace)
            cut = _NEXT_OBJECT.match(self.data, brace) if brace >= 0 else None
            if cut or brace < 0:
                break
        return cut

    def _fed(self, collector: Collector, cut: re.Match[bytes]) -> bool:
        """Give the rows before `cut`, and pass it. False where they are not whole."""
        text = memoryview(self.data)[self.place : cut.start() + 1]
        collector.share = self._share(cut.end())
        if not collector.add_text(text):
            try:
                rows = orjson.loads(b"".join((b"[", text, b"]")))
            except orjson.JSONDecodeError:
                return False
            collector.add(rows)
        self.place = cut.end()
        return True

    def _share(self, end: int) -> float:
        """Which part of the list's bytes ends at `end`, if nothing but the list comes until the file's end."""
        return min(max(self.start + end - self.list_start, 1) / max(self.size - self.list_start, 1), 1.0)

    def rows_one_by_one(self) -> tuple[list[Any], bool]:
        """`rows` of any kind, and with all that Python's parser takes, such as NaN, whose row is then named."""
        while True:
            text, end, mark = self.text(len(self.data)), 0, ""
            rows: list[Any] = []
            try:
                while mark != "]":
                    row, place = _parsed(text, _after_space(text, end))
                    place = _after_space(text, place)
                    mark = text[place : place + 1]
                    if mark not in (",", "]"):
                        wrong = "Expecting ',' delimiter", place
                        break
                    rows.append(row)
                    end = place + 1
            except json.JSONDecodeError as error:
                wrong = error.msg, error.pos
            if rows:
                self.place += _bytes_of(text[:end])
                return rows, mark == "]"
            if not self.more():
                raise self.wrong(wrong[0], _bytes_of(text[: wrong[1]]))


def _after_space(text: str, place: int) -> int:
    space = _SPACE_IN_TEXT.match(text, place)
    return space.end() if space else place


def _bytes_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _content(window: _Window, lists: Mapping[str, Callable[[], Collector]]) -> Any:
    """The whole file's value. Raises ValueError, RecursionError."""
    if window.peek() == b"[" and ROOT in lists:
        return _collected(window, lists[ROOT]())
    if window.peek() != b"{":
        return window.value()
    content: dict[str, Any] = {}
    window.skip(b"{", "")
    if window.peek() == b"}":
        window.skip(b"}", "")
        return content
    while True:
        if window.peek() != b'"':
            raise window.wrong("Expecting property name enclosed in double quotes")
        key = window.value()
        window.skip(b":", "Expecting ':' delimiter")
        is_list = window.peek() == b"["
        content[key] = _collected(window, lists[key]()) if is_list and key in lists else window.value()
        if window.peek() == b"}":
            window.skip(b"}", "")
            return content
        window.skip(b",", "Expecting ',' delimiter")


def _collected(window: _Window, collector: Collector) -> Collector:
    """The collector, with all rows of the list that comes next in it."""
    window.skip(b"[", "")
    window.list_start = window.start + window.place
    ended = window.peek() == b"]"
    if ended:
        window.skip(b"]", "")
    while not ended:
        ended = window.feed(collector)
    return collector
