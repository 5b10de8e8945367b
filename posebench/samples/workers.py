"""The processes that make batches: they leave the signals of their group to the main process, and end with it."""

import atexit
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from torch.utils.data import DataLoader

from posebench.errors import PosebenchError

T = TypeVar("T")


class WorkerDied(PosebenchError):
    """A process that makes batches was killed, and its successors too."""


def begin(worker: int) -> None:
    """Prepare a new worker; torch's loader calls this in it.

    Ctrl-C and SIGTERM go to the whole group of processes, by batch schedulers too. The main process finishes its step,
    writes its checkpoint and ends the workers; so these ignore both, but not the death of the main process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:  # never changes on Windows, where torch itself watches the parent
        time.sleep(1)
    os._exit(1)


def replaced_once(
    make: Callable[[Iterable[T]], DataLoader[Any]], keys: Iterable[T], say: Callable[[str], None]
) -> Iterator[Any]:
    """What a loader with workers makes of each of `keys`. If a worker is killed, all are started anew, once.

    Nothing is lost or made twice: what was asked of the first workers and did not arrive is asked again.

    Args:
        make: a loader that makes one item of each key.
        say: called with a sentence on the worker that was killed.

    Raises:
        WorkerDied: it happened again.
    """
    left, asked = iter(keys), deque[T]()
    for last in (False, True):
        again = list(asked)
        asked.clear()
        try:
            for made in _from_workers(make(_noted(chain(again, left), asked))):
                asked.popleft()
                yield made
            return
        except WorkerDied as error:
            if last:
                raise
            say(f"{error} The processes are started again.")


def _noted(keys: Iterable[T], asked: deque[T]) -> Iterator[T]:
    for key in keys:
        asked.append(key)
        yield key


def _from_workers(loader: DataLoader[Any]) -> Iterator[Any]:
    """The loader's items.

    Raises:
        WorkerDied: a worker was killed.
    """
    iterator, started = _begun(loader)

    def end() -> None:
        for process in started:
            process.kill()

    atexit.register(end)  # Python waits for its children when it ends, and these ignore its SIGTERM
    try:
        while True:
            try:
                made = next(iterator)
            except StopIteration:
                return
            except Exception:
                dead = _first_dead(started)
                if dead is None:
                    raise
                break
            yield made
        # Raised here, outside `except`: the loader's own error would keep the loader, and so the other workers.
        raise WorkerDied(_reason(dead.exitcode or 0, len(started)))
    finally:
        del iterator  # ends the workers, which finish what they do
        end()
        atexit.unregister(end)


def _begun(loader: DataLoader[Any]) -> tuple[Iterator[Any], list[BaseProcess]]:
    """The loader's iterator and its workers.

    Raises:
        WorkerDied: a worker was killed as soon as it was there.
    """
    before = set(multiprocessing.active_children())
    iterator = None
    try:
        iterator = _without_handler(lambda: iter(loader))
    except RuntimeError as error:
        if "DataLoader worker" not in str(error):
            raise
    started = [child for child in multiprocessing.active_children() if child not in before]
    if iterator is not None and len(started) == loader.num_workers:
        return iterator, started
    del iterator
    for process in started:
        process.kill()
    raise WorkerDied(_reason(-signal.SIGKILL, loader.num_workers))


def _without_handler(make: Callable[[], T]) -> T:
    """`make()`, without the handler that torch's loader installs: that raises when a worker dies, also within a step.

    The loader itself notices a dead worker within five seconds of waiting for it.
    """
    if not hasattr(signal, "SIGCHLD") or threading.current_thread() is not threading.main_thread():
        return make()
    before = signal.getsignal(signal.SIGCHLD)
    try:
        return make()
    finally:
        signal.signal(signal.SIGCHLD, before)


def _first_dead(workers: list[BaseProcess]) -> BaseProcess | None:
    """The first worker that has ended, if any has."""
    # A dying worker closes its connections, which the loader notices, and its sentinel a moment before it is dead.
    ended = wait([process.sentinel for process in workers], timeout=1)
    for process in workers:
        if process.sentinel in ended:
            process.join()
            return process
    return None


def _reason(code: int, workers: int) -> str:
    """The sentence on a worker that died with that exit code."""
    if code == -signal.SIGKILL:
        return (
            f"A process that makes batches was killed, most likely because memory ran out. "
            f"Use fewer --workers than {workers}."
        )
    if code == -getattr(signal, "SIGBUS", 0):
        return (
            f"A process that makes batches found no shared memory. Use fewer --workers than {workers}, "
            "or give /dev/shm more memory."
        )
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"A process that makes batches ended with {how}. --workers 0 makes batches in the main process."
