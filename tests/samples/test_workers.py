"""Processes that make batches: no signal of the group ends them, a killed one costs no batch, and none outlives its parent."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np
import pytest
import torch

from posebench.plugins.recipe import Augmentation
from posebench.plugins.registry import protocol
from posebench.samples.loader import Key, Samples, batches
from posebench.samples.workers import WorkerDied
from posebench.synthetic import people as synthetic

MPII = protocol("mpii")
KEYS: list[list[Key]] = [[(epoch, row) for row in rows] for epoch in range(10) for rows in ((0, 1), (2, 3))]


@pytest.fixture
def samples() -> Samples:
    return Samples(synthetic.instances(MPII.skeleton, "train", 4), (24, 32), Augmentation(), seed=1)


@pytest.fixture(autouse=True)
def _looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch looks for workers that have ended whenever nothing came for 5 seconds."""
    waits = torch.utils.data.dataloader._MultiProcessingDataLoaderIter._try_get_data
    monkeypatch.setattr(waits, "__defaults__", (0.2,))


def kill_one(number: int = signal.SIGKILL) -> None:
    process = multiprocessing.active_children()[0]
    assert process.pid is not None
    os.kill(process.pid, number)


def test_batches_are_the_same_and_in_order_although_a_worker_was_killed(samples: Samples) -> None:
    said: list[str] = []
    made = []
    for batch in batches(samples, KEYS, 2, say=said.append):
        made.append(batch)
        if len(made) == 3:
            kill_one()
    here = list(batches(samples, KEYS, 0))
    assert [batch.rows.tolist() for batch in made] == [[row for _, row in keys] for keys in KEYS]
    assert all(np.array_equal(one.images, other.images) for one, other in zip(made, here, strict=True))
    assert said == [
        "A process that makes batches was killed, most likely because memory ran out. Use fewer --workers than 2. "
        "The processes are started again."
    ]
    assert multiprocessing.active_children() == []


def test_a_second_killed_worker_ends_in_a_sentence(samples: Samples) -> None:
    made = iter(batches(samples, KEYS, 2))
    next(made)
    kill_one()
    with pytest.raises(WorkerDied, match=r"killed, most likely because memory ran out\. Use fewer --workers than 2\.$"):
        for _ in made:
            for process in multiprocessing.active_children():
                process.kill()
    assert multiprocessing.active_children() == []


def test_a_worker_that_is_killed_as_soon_as_it_is_there_is_replaced(
    samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def start_and_kill_the_second(process: multiprocessing.Process) -> None:
        real(process)
        started.append(process)
        if len(started) == 2:
            process.kill()
            wait([process.sentinel])

    real = multiprocessing.Process.start
    monkeypatch.setattr(multiprocessing.Process, "start", start_and_kill_the_second)
    said: list[str] = []
    assert len(list(batches(samples, KEYS, 2, say=said.append))) == len(KEYS)
    assert (len(said), len(started)) == (1, 4)
    assert multiprocessing.active_children() == []


def test_a_worker_that_crashes_is_told_from_one_that_was_killed(samples: Samples) -> None:
    said: list[str] = []
    made = batches(samples, KEYS, 1, say=said.append)
    next(made)
    kill_one(signal.SIGSEGV)
    assert len(list(made)) == len(KEYS) - 1
    assert said[0].startswith(
        "A process that makes batches ended with signal 11. --workers 0 makes batches in the main"
    )


def test_signals_to_the_group_do_not_end_workers(samples: Samples) -> None:
    said: list[str] = []
    made = batches(samples, KEYS, 2, say=said.append)
    next(made), next(made)  # one of each: before its first, a worker may not have come to where it leaves signals alone
    for process in multiprocessing.active_children():
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(process.pid or 0, number)
    assert len(list(made)) == len(KEYS) - 2
    assert said == []


def test_an_error_in_a_worker_stays_what_it_is(samples: Samples) -> None:
    with pytest.raises(IndexError):
        list(batches(samples, [[(0, 99)]], 1))


ABANDON = """
import multiprocessing, os, signal, sys
from posebench.plugins.registry import protocol
from posebench.samples.loader import Samples, batches
from posebench.synthetic import people
samples = Samples(people.instances(protocol("mpii").skeleton, "train", 4), (24, 32))
child = os.fork()  # two processes, for which torch is imported once
if child:
    os.waitpid(child, 0)
made = batches(samples, [[(epoch, 0)] for epoch in range(1000)], 2)
next(made)
print(*[process.pid for process in multiprocessing.active_children()], flush=True)
kept = made, sys.modules  # alive when Python ends
if not child:
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(scope="module")
def abandoned(tmp_path_factory: pytest.TempPathFactory) -> list[list[int]]:
    """The workers of a main process that was killed, and of one that came to its end."""
    path = tmp_path_factory.mktemp("abandoned") / "out"
    with path.open("w") as out:  # not a pipe, which the workers would hold open
        subprocess.run([sys.executable, "-c", ABANDON], stdout=out, timeout=60, check=True)
    return [[int(pid) for pid in line.split()] for line in path.read_text().splitlines()]


@pytest.mark.parametrize("line, end", [(0, "kill"), (1, "end")])
def test_no_worker_outlives_the_main_process(line: int, end: str, abandoned: list[list[int]]) -> None:
    assert [len(workers) for workers in abandoned] == [2, 2]
    deadline = time.monotonic() + 30
    while any(alive(worker) for worker in abandoned[line]):
        assert time.monotonic() < deadline, f"workers of a process that came to its {end}"
        time.sleep(0.1)


def alive(process: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
