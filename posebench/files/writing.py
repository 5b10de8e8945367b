"""Safe writes: whole or not at all, and the hash of a file."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from posebench.errors import PosebenchError


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it: readers see the old file or the new one.

    Raises:
        PosebenchError: the folder cannot be made or written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=path.suffix, dir=path.parent)
    except OSError as error:
        raise PosebenchError(
            f"Cannot write to {path.parent}: {error.strerror}. Name another folder, or change its rights."
        ) from error
    os.close(handle)
    try:
        write(Path(name))
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def copy_file(source: Path, path: Path) -> None:
    """Copy a file, whole or not at all."""
    write_atomically(path, lambda partial: shutil.copyfile(source, partial))


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file, whole or not at all."""
    write_atomically(path, lambda partial: partial.write_bytes(text.encode()))
