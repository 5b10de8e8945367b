"""Stopping: what asks a training run to end early, between two steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from posebench import torchrun
from posebench.samples.loader import Batch
from posebench.samples.workers import WorkerDied
from posebench.training.run import Run


@contextmanager
def asked_to_stop() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets, so that a step is never cut in half; a second Ctrl-C ends at once.

    torchrun passes signals on, and so do batch schedulers: then the same signal comes twice.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if event.is_set() and number == signal.SIGINT and torchrun.processes() == 1:
            raise KeyboardInterrupt
        event.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def kept_if_killed(batches: Iterator[Batch], run: Run) -> Iterator[Batch]:
    """The batches of a run; its checkpoint is written when there are no more because their makers were killed.

    Raises:
        WorkerDied: they were; says how to go on.
    """
    try:
        yield from batches
    except WorkerDied as error:
        run.keep()
        raise WorkerDied(f"{error} {stopped(run)}") from error


def stopped(run: Run) -> str:
    """The sentence on a run that ends early, its checkpoint being written."""
    return f"Stopped after step {run.step:,} of {run.steps:,}. Add --resume to the same command to go on."
