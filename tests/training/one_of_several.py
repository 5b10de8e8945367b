"""Several processes of test_processes.py: `one_of_several.py SCENARIO FOLDER NUMBER`; prints their exit codes."""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parents[1] / "stranger"))
from stranger import Tiny

from posebench.data.instances import Instances
from posebench.errors import Interrupted, PosebenchError
from posebench.inference.predict import predict
from posebench.plugins.registry import protocol
from posebench.samples.loader import Loading
from posebench.synthetic import people as synthetic
from posebench.training import checkpoints, loop, processes
from posebench.training.run import Progress
from posebench.training.validation import Validation
from posebench.training.watching import Watch

MPII = protocol("mpii")
BATCH_OF_5, BATCH_OF_1 = (
    Tiny.paper.model_copy(update={"epochs": epochs, "batch_size": size}) for epochs, size in ((3, 5), (1, 1))
)


def people(number: int = 10) -> Instances:
    return synthetic.instances(MPII.skeleton, "train", number)


def fresh(kind: type[Tiny] = Tiny) -> Tiny:
    torch.manual_seed(3)
    model = kind(MPII.skeleton, Tiny.paper.input_size)
    model.name = "tiny"
    return model


class Forgetful(Tiny):
    """With dropout, whose random numbers are each process's own."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.body = nn.Sequential(*self.body[:4], nn.Dropout(), self.body[4])


class Failing(Tiny):
    """Whose second loss is not a number in the second process alone."""

    def loss(self, *arguments: Any) -> dict[str, torch.Tensor]:
        self.calls = getattr(self, "calls", 0) + 1
        bad = self.calls == 2 and processes.index() == 1
        return {"place": super().loss(*arguments)["place"], "extra": torch.tensor(float("nan") if bad else 0.0)}


def train(
    path: Path, recipe: Any = BATCH_OF_5, kind: type[Tiny] = Tiny, show: Callable[[Progress], None] = lambda _: None
) -> checkpoints.Checkpoint:
    return loop.train(fresh(kind), people(), recipe, 7, path, show, Loading(1))


def do(number: int, when: int) -> Callable[[Progress], None]:
    """A callback that sends this process a signal, in the second process and after one step."""

    def show(progress: Progress) -> None:
        if (processes.index(), progress.step) == (1, when):
            os.kill(os.getpid(), number)

    return show


def train_watched(folder: Path) -> None:
    """Train until the score of the selection people does not rise."""
    scored: list[bool] = []

    def score(model: nn.Module) -> float:
        scored.append(model.training)
        return 1.0

    watch = Watch(Validation("val", 5, "Mean", score, patience=1))
    trained = loop.train(fresh(), people(), BATCH_OF_5, 7, folder / "watched.pt", loading=Loading(1), watch=watch)
    (folder / f"watched-{processes.index()}").write_text(
        f"{trained.stopped}, {trained.step} steps, {len(scored)} scores"
    )


def work(folder: Path) -> None:
    """Train, stop, resume and predict."""
    train_watched(folder)
    train(folder / "five.pt")
    train(folder / "one.pt", BATCH_OF_1)
    train(folder / "whole.pt", kind=Forgetful)
    try:
        train(folder / "cut.pt", kind=Forgetful, show=do(signal.SIGTERM, 3))
    except Interrupted as stopped:
        (folder / f"stopped-{processes.index()}").write_text(str(stopped))
    train(folder / "cut.pt", kind=Forgetful)
    made, _ = predict(fresh(), people(11), loading=Loading(1, divided=True, batch_size=2))
    np.save(folder / f"predicted-{processes.index()}.npy", np.dstack([made.keypoints, made.scores]))


def fail(folder: Path) -> None:
    """Meet a loss that is not a number, and go on; then fail in the first process; then lose the second process."""
    for name, kind, show in (("nan", Failing, do(0, 0)), ("lost", Tiny, do(signal.SIGKILL, 3))):
        try:
            train(folder / f"{name}.pt", kind=kind, show=show)
        except PosebenchError as error:
            (folder / f"{name}-{processes.index()}").write_text(f"{type(error).__name__}: {error}")
        try:
            processes.by_first(lambda: checkpoints.load(folder / "nothing.pt"))
        except PosebenchError as error:
            (folder / f"{name}-first-{processes.index()}").write_text(str(error))


def die(folder: Path) -> None:
    """Be killed in the middle of the second epoch."""

    def show(progress: Progress) -> None:
        if progress.step == 3:
            os.kill(os.getpid(), signal.SIGKILL)

    train(folder / "cut.pt", kind=Forgetful, show=show)


def become(rank: int, number: int, port: int) -> None:
    """Make this process one of several, with what torchrun sets; it ends after five minutes, whatever it waits for."""
    signal.alarm(300)
    said = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": number, "LOCAL_WORLD_SIZE": number, "MASTER_PORT": port}
    os.environ.update({"MASTER_ADDR": "127.0.0.1"} | {name: str(value) for name, value in said.items()})
    torch.set_num_threads(1)
    processes.join()


def main(scenario: str, folder: Path, number: int) -> None:
    """Run a scenario in several processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = []
    for rank in range(number):
        children.append(os.fork())
        if not children[-1]:
            become(rank, number, port)
            {"work": work, "fail": fail, "die": die}[scenario](folder)
            return
    print(json.dumps([os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
