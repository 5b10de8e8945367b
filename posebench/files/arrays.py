"""Arrays in other people's files, HDF5 and MATLAB of any version: read whole or refused, never trusted with memory."""

import math
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from posebench.array_type import Array
from posebench.errors import PosebenchError, existing
from posebench.files import checksum, matlab

Read = TypeVar("Read")

LARGEST = 2**30
"""Bytes that a file's arrays may need: twice what a million COCO people do. What declares more is damaged or hostile."""
PICTURES = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
}
"""First bytes of an image file → its form."""


def load_array(path: Path, names: Collection[str] | None = None) -> dict[str, Array]:
    """The arrays of a field's own file (`.h5` or `.mat` of any version), by name, as stored.

    Args:
        names: read only these, as far as they are there; None for all.

    Raises:
        PosebenchError: the file is missing, damaged, neither kind, or declares more than `LARGEST` bytes.
    """

    def from_hdf5(file: Any) -> dict[str, Array]:
        found = datasets(file, path)
        return {name: node[()] for name, node in found.items() if names is None or name in names}

    return _read_either(path, from_hdf5, lambda: matlab.arrays(path, LARGEST, names))


def array_names(path: Path) -> list[str]:
    """The names of the arrays that `load_array` would read.

    Raises:
        PosebenchError: as `load_array`.
    """

    return _read_either(path, lambda file: list(datasets(file, path)), lambda: matlab.names(path))


def load_structs(path: Path, name: str) -> matlab.Element:
    """A variable of a MATLAB file (Level 5) of which little is asked, or much that is irregular.

    Raises:
        PosebenchError: as `load_array`, or there is none of this name.
    """

    def from_mat() -> matlab.Element:
        return dict(matlab.variables(path, LARGEST, [name]))[name]

    def from_hdf5(file: Any) -> matlab.Element:
        raise PosebenchError(f"{path} is a MATLAB file of version 7.3. Save it in MATLAB with -v7 instead.")

    return _read_either(path, from_hdf5, from_mat)


@contextmanager
def open_hdf5(path: Path) -> Iterator[Any]:
    """An HDF5 file, open for reading.

    Raises:
        PosebenchError: the file does not have its checksum, or is cut off or otherwise damaged.
    """
    import h5py

    checksum.check(path)
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise PosebenchError(_damage(path, str(error))) from error
    with file:
        yield file


def _damage(path: Path, problem: str) -> str:
    """What is wrong with an HDF5 file that cannot be opened, and the fix.

    Args:
        problem: the library's words, which are about its own structures.
    """
    if stored := re.search(r"truncated file.*stored_eof = (\d+)", problem):
        has = f"{path.stat().st_size:,} of its {int(stored[1]):,} bytes"
        return f"{path} was cut off: it has {has}. Copy, download or write it again."
    return f"{path} is {'a damaged' if is_hdf5(path) else 'no'} HDF5 file. Copy, download or write it again."


def datasets(file: Any, path: Path, streamed: Collection[str] = ()) -> dict[str, Any]:
    """The datasets of an open HDF5 file, before anything is allocated for them.

    Args:
        streamed: those that are read row by row, so that they may be larger than memory.

    Raises:
        PosebenchError: together they declare more than `LARGEST` bytes (compressed, that takes a file of some kilobytes); or one of
            them is kept elsewhere: HDF5 would read any file that is named there.
    """
    import h5py

    found: dict[str, Any] = {}
    for name in file:
        label = str(name)  # a name that is no UTF-8 comes as bytes; str() keeps it from meeting text
        if not isinstance(file.get(name, getlink=True), h5py.HardLink):
            raise PosebenchError(f"{path}: {label!r} is a link. Copy the data into the file; links are not followed.")
        node = file[name]
        if isinstance(node, h5py.Dataset) and node.shape is not None:
            found[label] = node
    for label, node in found.items():
        if node.external or node.is_virtual:
            raise PosebenchError(f"{path}: the data of {label!r} is in another file. Copy it into this one.")
    declared = sum(_declared(node, label in streamed) for label, node in found.items())
    if declared > LARGEST:
        raise PosebenchError(f"{path} declares arrays of {declared:,} bytes; {LARGEST:,} is the most that is read.")
    return found


def _declared(node: Any, streamed: bool) -> int:
    """Bytes that reading a dataset, or a row of it, takes. A compressed one is unpacked by chunks, which may be larger."""
    elements: int = max(math.prod(node.shape[1:] if streamed else node.shape), math.prod(node.chunks or ()))
    return elements * int(node.dtype.itemsize)


def _read_either(path: Path, from_hdf5: Callable[[Any], Read], from_mat: Callable[[], Read]) -> Read:
    existing(path, "a predictions file")
    try:
        if is_hdf5(path):
            with open_hdf5(path) as file:
                return from_hdf5(file)
        return from_mat()
    except PosebenchError:
        raise
    except Exception as error:  # a damaged file makes h5py, scipy, zlib and numpy raise whatever they meet
        if what := _picture(path):
            raise PosebenchError(f"{path} is a {what} image; a predictions file should be there.") from error
        what = "a damaged HDF5 file" if is_hdf5(path) else "neither a readable HDF5 nor a readable MATLAB file"
        raise PosebenchError(
            f"{path} is {what}: {str(error).rstrip('.')}. Copy, download or write it again."
        ) from error


def _picture(path: Path) -> str:
    """The form of an image, from its first bytes; empty for other files."""
    with path.open("rb") as file:
        first = file.read(8)
    return next((form for begin, form in PICTURES.items() if first.startswith(begin)), "")


def is_hdf5(path: Path) -> bool:
    """Whether a file begins as HDF5 does, MATLAB's version 7.3 included."""
    with path.open("rb") as file:
        head = file.read(1024)
    return head[:8] == b"\x89HDF\r\n\x1a\n" or (head[:6] == b"MATLAB" and b"7.3" in head[:40])
