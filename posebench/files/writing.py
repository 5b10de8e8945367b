"""Safe writes: whole or not at all, and the hash of a file."""

import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from posebench.errors import PosebenchError

PARTIAL = ".partial"
"""Ending of a temporary name. It begins with a dot; no pattern by which posebench looks for files finds it."""
LONGEST_NAME = 50
"""Letters of a file's name that its temporary name repeats; file systems allow 255 bytes."""
LEFTOVER_SECONDS = 24 * 3600
"""Age from which a temporary file is the leftover of a process that was killed."""
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
"""No space, a user's quota is used up, or a process's limit on the size of a file is reached."""

_searched: set[Path] = set()
"""Folders that this process has searched for leftovers."""


class NotWritten(PosebenchError):
    """The disk is full, or a limit is reached. The old file stays, and no other."""


def sha256(path: Path) -> str:
    """Hex digest of a file; of a folder, that of the names and digests of the files in it, as `sha256sum *` prints them."""
    if path.is_dir():
        lines = (f"{sha256(one)}  {one.name}\n" for one in sorted(path.glob("[!.]*")) if one.is_file())
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_atomically(
    path: Path, write: Callable[[Path], object], *, ending: str = PARTIAL, size: int | None = None
) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it: readers see the old file or the new one.

    Args:
        ending: of the temporary name, for a `write` that goes by it.
        size: bytes that `write` writes, where that is known; for the message on a full disk.

    Raises:
        PosebenchError: the folder cannot be made or written to.
        NotWritten: the disk is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path.parent)
        partial = path.with_name(f".{path.name[:LONGEST_NAME]}.{secrets.token_hex(4)}{ending}")
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL, 0o666))
    except OSError as error:
        raise PosebenchError(
            f"Cannot write to {path.parent}: {error.strerror}. Name another folder, or change its rights."
        ) from error
    try:
        write(partial)
        _flush(partial)
        partial.replace(path)
    except OSError as error:
        if error.errno not in FULL:
            raise
        partial.unlink(missing_ok=True)  # before the free space is looked at
        raise NotWritten(_not_written(path, error, size)) from error
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, whole or not at all."""
    write_atomically(path, lambda partial: partial.write_bytes(content), size=len(content))


def copy_file(source: Path, path: Path) -> None:
    """Copy a file, whole or not at all."""
    write_atomically(path, lambda partial: shutil.copyfile(source, partial))


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file, whole or not at all."""
    write_bytes(path, text.encode())


def free_bytes(path: Path) -> int:
    """Free bytes of the disk on which a path lies or would lie."""
    existing = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(existing).free


def shown_bytes(count: int) -> str:
    """Such as `22.4 GB`, `310 MB` or `8 kB`."""
    if count >= 1e9:
        return f"{count / 1e9:,.1f} GB"
    return f"{count / 1e6:,.0f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} kB"


def remove_leftovers(folder: Path) -> None:
    """Remove temporary files of processes that were killed; a process searches each folder once."""
    if folder in _searched:
        return
    _searched.add(folder)
    for path in folder.glob(f".*{PARTIAL}"):
        try:
            if time.time() - path.stat().st_mtime > LEFTOVER_SECONDS:
                path.unlink()
        except OSError:  # another process removes it, or it is someone else's
            continue


def _flush(path: Path) -> None:
    """Hand a file to the disk: after a power failure, a renamed file that was not flushed may be empty."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _not_written(path: Path, error: OSError, size: int | None) -> str:
    """The sentence on a full disk."""
    if error.errno == errno.EFBIG:
        return f"{path} is not written: this process may not write files of that size. See `ulimit -f`."
    free = shutil.disk_usage(path.parent).free
    missing = "" if size is None or size <= free else f" The file has {size:,} bytes, so {size - free:,} are missing."
    return f"{path} is not written: {error.strerror}. {free:,} bytes are free.{missing} Free some space, or name another folder."
