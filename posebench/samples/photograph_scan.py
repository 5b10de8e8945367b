"""Checks many photographs: in several processes, and without doing again what was done before."""

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from posebench.errors import PosebenchError
from posebench.samples.photograph_check import PhotographFacts, check_photograph

VERSION = 1
"""Raised when `check_photograph` finds other facts, so that older caches are not read."""
CHUNK = 32
"""Photographs that a process checks before it reports."""
WORTH_A_PROCESS = 200
"""Fewer photographs are checked here: a process takes half a second to start."""

Stamp = tuple[int, int]
"""Size in bytes and time of modification in nanoseconds: a file with another stamp is read anew."""
Show = Callable[[int, int], None]
"""Called with the number of checked photographs and of all."""


class Cache:
    """The facts of photographs in a file, a line each: path, stamp, facts.

    Lines are appended as photographs are checked, not written at the end, so that an interrupted check loses at most the last
    line; a line that is cut off, or of another version, is skipped.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.known: dict[str, tuple[Stamp, PhotographFacts]] = {}
        self.opened: IO[str] | None = None

    def __enter__(self) -> "Cache":
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            if self.file.exists():
                with self.file.open("rb") as lines:
                    for line in lines:
                        self._remember(line)
            self.opened = self.file.open("a", encoding="utf-8")
            if self.file.stat().st_size:
                self.opened.write("\n")  # ends a line that was cut off
        except OSError as error:
            raise PosebenchError(
                f"Cannot write to {self.file}: {error.strerror}. Name another folder with --results."
            ) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.opened is not None:
            self.opened.close()

    def find(self, path: Path, stamp: Stamp) -> PhotographFacts | None:
        """What is known of the file with that stamp."""
        known = self.known.get(str(path))
        return known[1] if known is not None and known[0] == stamp else None

    def keep(self, path: Path, stamp: Stamp, facts: PhotographFacts) -> None:
        """Append what was found."""
        if self.opened is not None:
            self.opened.write(json.dumps([VERSION, str(path), *stamp, facts.as_json()]) + "\n")

    def flush(self) -> None:
        """Hand what was appended to the file system."""
        if self.opened is not None:
            self.opened.flush()

    def _remember(self, line: bytes) -> None:
        try:
            version, path, size, modified, facts = json.loads(line)
            if version == VERSION and isinstance(path, str):
                self.known[path] = ((size, modified), PhotographFacts.from_json(facts))
        except (ValueError, TypeError, RecursionError):  # cut off, or not written by posebench
            return


def scan(
    paths: Sequence[Path], cache: Path, workers: int, show: Show = lambda done, total: None
) -> dict[Path, PhotographFacts]:
    """The facts of the photographs that are there; a path without a file is left out.

    Args:
        cache: the file that keeps the facts of each.
        workers: processes; with fewer than two, and for few photographs, all is done in this one.
        show: called after every photograph, or few of them.

    Raises:
        PosebenchError: the cache cannot be written, or a process was killed.
    """
    stamps = {path: stamp for path in paths if (stamp := _stamp(path)) is not None}
    found: dict[Path, PhotographFacts] = {}
    with Cache(cache) as kept:
        for path, stamp in stamps.items():
            if (known := kept.find(path, stamp)) is not None:
                found[path] = known
        left = [path for path in stamps if path not in found]
        if stamps:
            show(len(found), len(stamps))
        for checked in _checked(left, workers):
            for path, facts in checked:
                kept.keep(path, stamps[path], facts)
                found[path] = facts
            kept.flush()
            show(len(found), len(stamps))
    return {path: found[path] for path in stamps}


def _stamp(path: Path) -> Stamp | None:
    try:
        told = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, and there are 118,000
    except (OSError, ValueError):  # ValueError: a name with a null character
        return None
    return told.st_size, told.st_mtime_ns


def _checked(paths: Sequence[Path], workers: int) -> Iterator[list[tuple[Path, PhotographFacts]]]:
    """The facts of some photographs at a time, in any order."""
    if workers < 2 or len(paths) < WORTH_A_PROCESS:
        for path in paths:
            yield [(path, check_photograph(path))]
        return
    chunks = [paths[first : first + CHUNK] for first in range(0, len(paths), CHUNK)]
    # Spawned: a fork of a process that shows progress in a thread may never wake.
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_ignore_interrupt)
    try:
        futures = {pool.submit(_check, chunk): chunk for chunk in chunks}
        for future in as_completed(futures):
            facts: Any = future.result()
            yield list(zip(futures[future], facts, strict=True))
    except BrokenProcessPool as error:
        raise PosebenchError(
            "A process that checks photographs was killed, perhaps for want of memory. Type the same command again to go on, "
            "with fewer --workers."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _check(paths: Sequence[Path]) -> list[PhotographFacts]:
    return [check_photograph(path) for path in paths]


def _ignore_interrupt() -> None:
    """Let processes ignore Ctrl-C: the main one ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
