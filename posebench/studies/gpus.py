"""A study on the GPUs of this machine: a process for each, which sees no other. They share the runs by their locks."""

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import connection
from pathlib import Path

from posebench.errors import Interrupted, PosebenchError
from posebench.studies.carry_out import Telling, carry_out
from posebench.studies.plan import Asked, Plan, make_plan
from posebench.studies.state import RunState, states

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""The variable by which a process knows which GPUs it may use."""
BETWEEN = 5.0
"""Seconds from one look at what is done to the next."""

Work = Callable[[Asked, Path], None]
Looked = Callable[[list[RunState]], None]
"""Called with the state of every run, every few seconds."""


def gpus(device: str | None) -> list[str]:
    """What each process gets in `CUDA_VISIBLE_DEVICES`; empty where one process is enough.

    Args:
        device: that a person has asked for; None for all.
    """
    import torch

    count = torch.cuda.device_count() if device is None else 0
    chosen = os.environ.get(VISIBLE)
    names = [str(place) for place in range(count)] if chosen is None else chosen.split(",")[:count]
    return names if count > 1 else []


def share(plan: Plan, names: Sequence[str], look: Looked, work: Work | None = None) -> list[RunState]:
    """Let a process for each GPU make runs until none is left to make.

    Args:
        names: of `gpus`.
        look: called while they work.
        work: what a process does; None for making runs.

    Returns:
        the state of every run afterwards.

    Raises:
        Interrupted: Ctrl-C; the runs under way have written their checkpoints.
        PosebenchError: a process ended otherwise than by itself; names its log.
    """
    from posebench.training.stopping import asked_to_stop

    context = multiprocessing.get_context("spawn")
    logs = {name: plan.folder / f"gpu-{name}.log" for name in names}
    plan.folder.mkdir(parents=True, exist_ok=True)
    processes = []
    for name, log in logs.items():
        process = context.Process(target=work or make_runs, args=(plan.asked, log), name=f"GPU {name}")
        with _seeing(name):  # a started process has the variables of this one
            process.start()
        processes.append(process)
    try:
        with asked_to_stop() as stop:
            while alive := [process.sentinel for process in processes if process.is_alive()]:
                look(states(plan))
                connection.wait(alive, BETWEEN)
                if stop.is_set():
                    raise Interrupted("Stopped. Type the same command again to go on.")
    finally:
        for process in processes:
            process.terminate()  # SIGTERM, after which a run writes its checkpoint; nothing for a process that has ended
            process.join()
    for process, log in zip(processes, logs.values(), strict=True):
        if process.exitcode:
            raise PosebenchError(f"The process of {process.name} ended with code {process.exitcode}; {log} says why.")
    return states(plan)


def make_runs(asked: Asked, log: Path) -> None:
    """What a process does: make runs, and tell its log."""
    with log.open("a", encoding="utf-8", buffering=1) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            carry_out(make_plan(asked), Telling(print))
        except Interrupted as error:
            print(error)
        sys.stdout.flush()


@contextmanager
def _seeing(name: str) -> Iterator[None]:
    """Let processes that are started meanwhile see one GPU."""
    before = os.environ.get(VISIBLE)
    os.environ[VISIBLE] = name
    try:
        yield
    finally:
        del os.environ[VISIBLE]
        os.environ.update({} if before is None else {VISIBLE: before})
