"""Kills a small training at random moments, resumes it, and compares its weights with those of an undisturbed run. Linux.

    python benchmarks/kills.py [--kills N] [--seed S] [--folder DIR]

The training is `posebench train` of a tiny network on 24 drawn people, with two workers and 24 steps. It is
killed in three ways, in turn:

    process   SIGKILL to the main process, as by the kernel when memory runs out; its workers must end by themselves
    group     SIGTERM to the whole group, as by a batch scheduler; it must write its checkpoint and end with a sentence
    worker    SIGKILL to one of the workers; it must go on, or end with a sentence

Then the same command with --resume trains to the end. Prints one Markdown table, and what went wrong. Trainings are forked from
this process, which has imported everything, and are killed when they have workers, so while they train and not while they start.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import torch
from torch import Tensor, nn

import posebench.tasks.training.train
import posebench.training.loop  # noqa: F401 - imported before the fork
from posebench.cli.main import main as posebench_main
from posebench.data.skeleton import Skeleton
from posebench.plugins.architecture import Architecture

RECIPE = """
name = "kills"
input_size = [24, 32]
epochs = 4
batch_size = 4
optimizer = "adam"
learning_rate = 1e-3
"""
WAYS = ("process", "group", "worker")
LONGEST = 600
"""Seconds after which a training that does not end counts as hanging."""


class Tiny(Architecture):
    """Regresses each keypoint's place, in parts of the crop. It has dropout and batch normalisation, both hard to resume."""

    def __init__(self, skeleton: Skeleton, input_size: tuple[int, int]) -> None:
        super().__init__(skeleton, input_size)
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=4, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
            nn.Dropout(), nn.Linear(128, len(skeleton) * 2),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        places: Tensor = self.body(images).reshape(len(images), -1, 2)
        return places

    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        return {"place": ((outputs - keypoints / torch.tensor(self.input_size)).abs() * visible[..., None]).mean()}

    def decode(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        return outputs * torch.tensor(self.input_size), torch.ones_like(outputs[..., 0])

    def unflip(self, outputs: Tensor) -> Tensor:
        return outputs


def tiny(skeleton: Skeleton, input_size: tuple[int, int] = (24, 32)) -> Tiny:
    """The network under the name `tiny`."""
    return Tiny(skeleton, input_size)


def install(folder: Path) -> None:
    """Let posebench find `tiny` as a plugin."""
    info = folder / "kills-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: kills\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[posebench.architectures]\ntiny = kills:tiny\n")
    sys.path.insert(0, str(folder))


@dataclass(frozen=True)
class Trial:
    """What one kill did.

    Attributes:
        way: one of WAYS. after: seconds from the start of the first worker.
        code: exit code; None where nothing was killed any more.
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


def start(folder: Path, *more: str) -> int:
    """Start the training in a process group of its own, with its results in `folder`; the process."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kills.toml").write_text(RECIPE)
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        os.setsid()
        said = os.open(folder / ("said again" if more else "said"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 1)
        os.dup2(said, 2)
        where = ["--results", str(folder), "--recipe", str(folder / "kills.toml"), "--quiet"]
        posebench_main(
            ["train", "--arch", "tiny", "--protocol", "mpii", "--limit", "24", "--workers", "2", *where, *more]
        )
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # what this process would do at its end is the benchmark's


def wait(process: int) -> int:
    """The exit code of a training, negative for a signal.

    Raises:
        TimeoutError: it hangs.
    """
    limit = time.monotonic() + LONGEST
    while time.monotonic() < limit:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    raise TimeoutError(f"The training hangs: process {process}.")


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


def wait_for_worker(process: int) -> None:
    """Wait until a training has a worker, so has begun, or has ended."""
    while not children(process) and runs(process):
        time.sleep(0.001)


def kill(way: str, after: float, folder: Path) -> Trial:
    """Start the training, kill it so many seconds `after` its first worker began, and resume it; `equal` is still to be found."""
    process = start(folder)
    wait_for_worker(process)
    time.sleep(after)
    workers, ended = children(process), not runs(process)
    if way == "group" and not ended:
        os.killpg(process, signal.SIGTERM)
    elif not ended and (way == "process" or workers):
        os.kill(process if way == "process" else random.choice(workers), signal.SIGKILL)  # noqa: S311
    code = wait(process)
    limit = time.monotonic() + 10
    while any(map(runs, workers)) and time.monotonic() < limit:
        time.sleep(0.1)
    said = (folder / "said").read_text()
    left = checkpoint(folder)
    finished = wait(start(folder, "--resume"))
    message = "Traceback" if "Traceback" in said else next((x for x in said.splitlines() if x.startswith("Error")), "")
    if finished:
        message += " | resumed: " + (folder / "said again").read_text()
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
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to train, a new folder; default: a temporary one")
    asked = parser.parse_args()
    random.seed(asked.seed)
    torch.set_num_threads(1)  # the threads of this process would be missing in its forks
    trials = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.folder or Path(temporary)
        install(folder / "plugin")
        process = start(folder / "whole")
        wait_for_worker(process)
        began = time.monotonic()
        assert wait(process) == 0, (folder / "whole" / "said").read_text()
        length = time.monotonic() - began
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
