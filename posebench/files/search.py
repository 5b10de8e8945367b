"""Search: a file that is known by its hash."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from posebench.files.writing import sha256


def files_below(place: Path, wanted: Callable[[str], bool]) -> Iterator[Path]:
    """The regular files at or below a place whose name is wanted, in the order of their paths.

    Hidden files and folders are left out. A place that is a file is the only answer, whatever its name.
    """
    if place.is_file():
        yield place
        return
    for folder, folders, names in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        paths = (Path(folder, name) for name in sorted(names) if not name.startswith(".") and wanted(name))
        yield from (path for path in paths if path.is_file())  # no pipe, which would wait for ever


def find_by_hash(places: list[Path], wanted: Callable[[str], bool], digest: str) -> Path | None:
    """The first file below the places whose name is wanted and whose SHA-256 is `digest`; None where there is none."""
    found = (path for place in places for path in files_below(place, wanted))
    return next((path for path in found if sha256(path) == digest), None)
