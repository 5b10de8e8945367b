"""Whether a MATLAB file's headers can be true, before scipy believes them.

A header of a few bytes may declare an array of 10^18 cells, and scipy makes room for it at once. So headers are compared with
what the file holds: an element of an array takes at least one byte, however it is stored (MAT-File Level 5 format, MathWorks).
"""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posebench.errors import PosebenchError

HEADER = 128
"""Bytes before the first variable; the last two tell the byte order."""
COMPRESSED = 15
FLAGS_TAG, DIMENSIONS_KIND = (6, 8), 5
"""An array begins with its flags, 8 bytes of kind 6, and its dimensions, of kind 5."""


def check_declared(path: Path, largest: int) -> None:
    """Raise a sentence if a MATLAB file unpacks to more than `largest` bytes, or an array declares more elements than bytes.

    Raises:
        PosebenchError: it does.
        zlib.error, struct.error: the file is damaged.
    """
    content = memoryview(path.read_bytes())
    if 0 in content[:4].tolist():
        return  # Level 4: uncompressed, no cells; scipy reads no more than is there
    order = ">" if bytes(content[HEADER - 2 : HEADER]) == b"MI" else "<"
    at, total = HEADER, 0
    while at + 8 <= len(content):
        kind, size = struct.unpack(f"{order}II", content[at : at + 8])
        body: Any = content[at + 8 : at + 8 + size]
        if kind == COMPRESSED:
            body = zlib.decompressobj().decompress(body, largest - total + 1)
        total += len(body)
        if total > largest:
            raise PosebenchError(f"{path} unpacks to more than {largest:,} bytes, which is the most that is read.")
        most = most_elements(np.frombuffer(body, f"{order}u4", len(body) // 8 * 2).reshape(-1, 2))
        if most > len(body):
            raise PosebenchError(
                f"{path} declares an array of {most:,} elements in {len(body):,} bytes. Is it damaged?"
            )
        at += 8 + size


def most_elements(words: NDArray[Any]) -> int:
    """Elements that the largest array declares.

    Args:
        words: (W, 2) the variable's bytes as pairs of 32-bit numbers; tags and headers begin pairs.
    """
    flags = (words[:, 0] == FLAGS_TAG[0]) & (words[:, 1] == FLAGS_TAG[1])
    starts = np.flatnonzero(flags[:-3] & (words[2:-1, 0] == DIMENSIONS_KIND))
    if not len(starts):
        return 0
    plane = words[starts + 3].astype(np.uint64).prod(axis=1)
    most = int(plane.max())
    for start in starts[words[starts + 2, 1] > 8]:  # more than two dimensions
        dimensions = words[start + 3 :].ravel()[: words[start + 2, 1] // 4]
        product = 1
        for size in dimensions.tolist():
            product *= size
        most = max(most, product)
    return most
