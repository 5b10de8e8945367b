"""The harness of `benchmarks/fuzz.py`: every way in which reading a file can end is told apart."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from fuzzing import CRASHED, HUNG, READ, REFUSED, TRACEBACK, damaged, odd_json, read_each

from posebench.errors import PosebenchError

FILE = Path("some file.h5")


def refuse() -> None:
    raise PosebenchError(f"{FILE} is damaged.")


def refuse_without_a_name() -> None:
    raise PosebenchError("It is damaged.")


def take_memory() -> None:
    np.ones(2**27)  # a GiB


def test_each_way_to_end_is_told_apart_and_the_next_file_is_read_all_the_same() -> None:
    reads = [
        lambda: None, refuse, refuse_without_a_name, lambda: 1 / 0, lambda: os.kill(os.getpid(), signal.SIGKILL), take_memory,
        lambda: time.sleep(60), lambda: None,
    ]  # fmt: skip
    ended = read_each(reads, FILE, seconds=2, megabytes=500)
    assert ended.outcomes == [READ, REFUSED, TRACEBACK, TRACEBACK, CRASHED, TRACEBACK, HUNG, READ]
    assert ended.megabytes > 10


@pytest.mark.parametrize("damage", [damaged, odd_json])
def test_the_same_seed_makes_the_same_damage(damage: object) -> None:
    content = json.dumps({"a": [1, {"b": 2.5}], "c": "text"}).encode()
    made = [damage(content, np.random.default_rng(seed)) for seed in (*range(30), *range(30))]  # type: ignore[operator]
    assert made[:30] == made[30:]
    assert len(set(made)) > 15
