"""Kills a small training at random moments, resumes it, and compares its weights with those of an undisturbed run. Linux.

    python benchmarks/kills.py [--kills N] [--seed S] [--folder DIR]

The training is `posebench train` of hourglass1 on 16 drawn people, with two workers. It is killed in three ways, in turn:

    process   SIGKILL to the main process, as by the kernel when memory runs out; its workers must end by themselves
    group     SIGTERM to the whole group, as by a batch scheduler; it must write its checkpoint and end with a sentence
    worker    SIGKILL to one of the workers; it must go on, or end with a sentence

Then the same command with --resume trains to the end. Prints one Markdown table, and what went wrong.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

RECIPE = """
name = "kills"
input_size = [64, 64]
epochs = 6
batch_size = 4
optimizer = "adam"
learning_rate = 1e-3
"""
WAYS = ("process", "group", "worker")
LONGEST = 600
"""Seconds after which a training that does not end counts as hanging."""


@dataclass(frozen=True)
class Trial:
    """What one kill did.

    Attributes:
        way: one of WAYS. after: seconds from the start. code: exit code; None where nothing was killed any more.
        message: the error output's last line. step: of the checkpoint that was left, 0 for none.
        orphans: workers that still ran ten seconds later. equal: whether the resumed run has the undisturbed run's weights.
    """

    way: str
    after: float
    code: int | None
    message: str
    step: int
    orphans: int
    equal: bool

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, left running, or shown as a traceback."""
        expected = {"process": (-signal.SIGKILL,), "group": (130, -signal.SIGTERM), "worker": (0, 1)}[self.way]
        return self.equal and not self.orphans and "Traceback" not in self.message and self.code in (None, 0, *expected)


def command(folder: Path, *more: str) -> list[str]:
    """The training, with its results in `folder`."""
    arguments = ["train", "--arch", "hourglass1", "--protocol", "mpii", "--recipe", str(folder / "kills.toml")]
    return [
        sys.executable,
        "-m",
        "posebench",
        *arguments,
        "--limit",
        "16",
        "--workers",
        "2",
        "--results",
        str(folder),
        *more,
    ]


def finish(folder: Path, *more: str) -> float:
    """Train to the end; how long that took, in seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kills.toml").write_text(RECIPE)
    began = time.monotonic()
    subprocess.run(command(folder, *more), check=True, capture_output=True, timeout=LONGEST)
    return time.monotonic() - began


def checkpoint(folder: Path) -> dict[str, Any] | None:
    """What the one run in `folder` left, if anything."""
    files = list(folder.glob("runs/*/checkpoint.pt"))
    return torch.load(files[0], weights_only=True) if files else None


def children(process: int) -> list[int]:
    """The processes that a process started."""
    try:
        return [int(pid) for pid in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except FileNotFoundError:
        return []


def runs(process: int) -> bool:
    """Whether a process is there, and not only waits to be forgotten."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def kill(way: str, after: float, folder: Path) -> Trial:
    """Start the training, kill it `after` so many seconds, and resume it; `equal` is still to be found."""
    folder.mkdir(parents=True)
    (folder / "kills.toml").write_text(RECIPE)
    with (folder / "stderr").open("w") as stderr:
        process = subprocess.Popen(
            command(folder), stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
        )  # fmt: skip
        time.sleep(after)
        while way == "worker" and not children(process.pid) and process.poll() is None:
            time.sleep(0.01)  # a worker can be killed only once there is one
        workers = children(process.pid)
        ended = process.poll() is not None
        if not ended and way == "group":
            os.killpg(process.pid, signal.SIGTERM)
        elif not ended and (way == "process" or workers):
            os.kill(process.pid if way == "process" else random.choice(workers), signal.SIGKILL)  # noqa: S311
        code = process.wait(LONGEST)
    limit = time.monotonic() + 10
    while any(map(runs, workers)) and time.monotonic() < limit:
        time.sleep(0.1)
    said = (folder / "stderr").read_text()
    left = checkpoint(folder)
    finish(folder, "--resume")
    message = "Traceback" if "Traceback" in said else next((x for x in said.splitlines() if x.startswith("Error")), "")
    step = 0 if left is None else left["step"]
    return Trial(way, after, None if ended else code, message, step, sum(map(runs, workers)), False)


def same(one: Any, other: Any) -> bool:
    """Whether two nested values are equal, tensors to the bit."""
    if isinstance(one, torch.Tensor):
        return torch.equal(one, other)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    return bool(one == other)


def lasting(state: dict[str, Any]) -> tuple[Any, Any, list[float]]:
    """Weights, state of the optimiser and losses; the times in a checkpoint differ from run to run."""
    return state["model"], state["optimizer"], [row["loss"] for row in state["history"]]


def table(trials: Sequence[Trial]) -> str:
    """The Markdown table of all trials, a row for each way."""
    lines = ["| killed | kills | before the first checkpoint | equal to the bit | clean |", "|---|---|---|---|---|"]
    for way in WAYS:
        mine = [trial for trial in trials if trial.way == way and trial.code is not None]
        counts = (sum(t.step == 0 for t in mine), sum(t.equal for t in mine), sum(t.clean for t in mine))
        lines.append(f"| {way} | {len(mine)} | {counts[0]} | {counts[1]} | {counts[2]} |")
    return "\n".join(lines)


def main() -> None:
    """Kill as often as asked, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to train; default: a temporary folder")
    asked = parser.parse_args()
    random.seed(asked.seed)
    trials = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        length = finish(folder / "whole")
        whole = checkpoint(folder / "whole")
        assert whole is not None
        for number in range(asked.kills):
            way, mine = WAYS[number % len(WAYS)], folder / str(number)
            trial = kill(way, random.uniform(0, length), mine)  # noqa: S311
            end = checkpoint(mine)
            equal = end is not None and same(lasting(end), lasting(whole))
            trials.append(Trial(**vars(trial) | {"equal": equal}))
            print(trials[-1], flush=True)
    print(table(trials))
    sys.exit(not all(trial.clean for trial in trials))


if __name__ == "__main__":
    main()
