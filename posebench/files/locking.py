"""A lock that one process holds while it writes a run or a file. It ends with the process, however that ends."""

import errno
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from posebench.errors import PosebenchError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}
"""What file systems without locks answer."""
FAR = 2**30
"""The byte that is locked on Windows, where a locked byte cannot be read: behind the text that names the holder."""

_held: set[Path] = set()
"""Locks of this process: the system would give them to another thread of it again."""


class InUse(PosebenchError):
    """Another process holds a lock."""


@contextmanager
def locked(path: Path, work: str) -> Iterator[tuple[str, ...]]:
    """Hold the lock file `path`, which is removed afterwards.

    The lock is the operating system's: the lock of a killed process is free at once, and children that outlive the process
    do not keep it.

    Args:
        work: what its holder does, such as `trains results/runs/x`.

    Yields:
        Sentences for the user: that this file system has no locks, if so.

    Raises:
        InUse: another process holds it; the sentence names that process and its machine.
        PosebenchError: the folder cannot be written to.
    """
    path = path.absolute()
    if path in _held:
        raise InUse(f"This process already {work}. Wait until that has ended.")
    file = _open(path)
    notes: tuple[str, ...] = ()
    try:
        while not _lock(file):
            file.close()
            file = _open(path)
    except (BlockingIOError, PermissionError) as error:
        raise InUse(_in_use(file, work)) from error
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        notes = (f"{path.parent} has no locks: start no second process that {work}.",)
    _held.add(path)
    try:
        file.truncate(0)
        file.write(f"{os.getpid()} {socket.gethostname()}\n".encode())
        yield notes
    finally:
        with suppress(OSError):  # Windows does not remove open files
            path.unlink()
        file.close()
        _held.discard(path)


def holder_of(path: Path) -> str | None:
    """Who holds the lock file `path`, such as `process 812 on node7`; None where nobody does.

    Looked at from another process than the holder's: POSIX gives up a lock when its own process opens and closes the file again.
    """
    if path.absolute() in _held:
        return f"process {os.getpid()} on {socket.gethostname()}"
    try:
        file = path.open("r+b", buffering=0)
    except OSError:  # nobody has begun, or it is someone else's file
        return None
    with file:
        try:
            _lock(file)
        except OSError:
            return _named(file)
    return None


def _open(path: Path) -> BinaryIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
    except OSError as error:
        raise PosebenchError(
            f"Cannot write to {path.parent}: {error.strerror}. Name another folder, or change its rights."
        ) from error


def _lock(file: BinaryIO) -> bool:
    """Lock a file; False if its last holder removed it after we opened it, so that the lock is worth nothing.

    Raises:
        OSError: another process holds it, or there are no locks.
    """
    if sys.platform == "win32":
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        file.seek(0)
    else:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return os.fstat(file.fileno()).st_nlink > 0


def _in_use(file: BinaryIO, work: str) -> str:
    """The sentence for a second process; the holder may not have written its line yet."""
    with file:
        holder = _named(file)
    return f"{holder[0].upper()}{holder[1:]} {work}. Wait until it has ended, or end it first."


def _named(file: BinaryIO) -> str:
    """The holder of an open lock file, by the line that it has written there."""
    process, _, machine = file.read().decode(errors="replace").strip().partition(" ")
    return f"process {process} on {machine}" if machine else "another process"
