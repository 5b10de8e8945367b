"""A checksum behind the content of an HDF5 file, so that damage is found before HDF5's library reads a byte of it.

The library ignores what follows the content. Whoever changes the file with it thereby removes the checksum, which would no longer
be true.
"""

import os
import zlib
from pathlib import Path

from posebench.errors import PosebenchError

MARK = b"\nposebench crc32 "
"""Before eight hexadecimal digits and a line end."""
LENGTH = len(MARK) + 9
PIECE = 1 << 20
"""Bytes that are read at a time."""


def with_checksum(content: bytes) -> bytes:
    """Content, followed by its checksum."""
    return b"".join((content, MARK, b"%08x\n" % zlib.crc32(content)))


def append(path: Path) -> None:
    """Write the checksum behind the content of a file that is too large for memory."""
    found = _crc32(path, path.stat().st_size)
    with path.open("ab") as file:
        file.write(b"".join((MARK, b"%08x\n" % found)))


def states_checksum(path: Path) -> bool:
    """Whether a file ends in a checksum."""
    return _stated(path) is not None


def check(path: Path) -> None:
    """Compare a file with its checksum; a file without one is not checked.

    Raises:
        PosebenchError: the file was damaged since it was written.
    """
    stated = _stated(path)
    if stated is None:
        return
    found = _crc32(path, path.stat().st_size - LENGTH)
    if f"{found:08x}".encode() != stated:
        raise PosebenchError(
            f"{path} is damaged: its checksum is {found:08x}, but should be {stated.decode(errors='replace')}. "
            "Copy it again from where it was written, or predict again."
        )


def _crc32(path: Path, left: int) -> int:
    """The checksum of the first `left` bytes of a file."""
    found = 0
    with path.open("rb") as file:
        while left > 0 and (piece := file.read(min(PIECE, left))):
            found = zlib.crc32(piece, found)
            left -= len(piece)
    return found


def _stated(path: Path) -> bytes | None:
    """The digits at the end of a file; None where there are none."""
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) < LENGTH:
            return None
        file.seek(-LENGTH, os.SEEK_END)
        end = file.read()
    return end[len(MARK) : -1] if end.startswith(MARK) else None
