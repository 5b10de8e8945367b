"""Training: one loop for every architecture. It knows people, a recipe and a network, and no protocol."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from posebench.data.instances import Instances
from posebench.errors import Interrupted, PosebenchError
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import loss_parts, total_loss
from posebench.plugins.recipe import Recipe
from posebench.plugins.registry import errors_of
from posebench.samples.loader import HERE, Batch, Loading, Samples, batches, epoch_steps, training_keys
from posebench.samples.pack import Pack
from posebench.training import checkpoints
from posebench.training.checkpoints import Checkpoint

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "rmsprop": torch.optim.RMSprop,
    "adam": partial(torch.optim.Adam, fused=True),
    "adamw": partial(torch.optim.AdamW, fused=True),
}


@dataclass
class Progress:
    """How far a training run is; given to `show` after every step.

    Attributes:
        step, steps: done and in all. epoch, epochs: likewise, the epoch under way counted from 1.
        loss: mean over this epoch so far. rate: learning rate.
    """

    steps: int
    epochs: int
    step: int = 0
    epoch: int = 1
    loss: float = float("nan")
    rate: float = 0.0


def train(
    model: Architecture,
    instances: Instances,
    recipe: Recipe,
    seed: int,
    path: Path,
    show: Callable[[Progress], None] = lambda progress: None,
    loading: Loading = HERE,
) -> Checkpoint:
    """Train `model` in place and keep its checkpoint at `path`; goes on from there where one is.

    Args:
        instances: whom to train on; `usable` rows are used.
        show: called after every step.
        loading: how samples are loaded.

    Returns:
        The last checkpoint.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; the checkpoint is written.
        PosebenchError: there is no one to train on, the loss is not finite, or the pack is damaged.
    """
    rows = np.flatnonzero(instances.usable)
    if not len(rows):
        raise PosebenchError(f"{instances.what} has no one to train on.")
    accelerator = Accelerator(mixed_precision=recipe.precision)
    model.to(accelerator.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = OPTIMIZERS[recipe.optimizer](model.parameters(), lr=recipe.learning_rate)
    run = Run(model, optimizer, recipe, seed, path, _trained_on(instances, rows, loading.pack))
    run.steps = recipe.epochs * epoch_steps(len(rows), recipe.batch_size)
    run.restore()
    wrapped, prepared = accelerator.prepare(model, optimizer)
    keys = _own_share(training_keys(rows, recipe.batch_size, seed, range(recipe.epochs)), run.step, accelerator)
    pipeline = model.pipeline
    samples = Samples(
        instances, recipe.input_size, recipe.augmentation, seed, pipeline.alignment, pipeline.regions, loading.pack
    )  # fmt: skip
    wrapped.train()
    with _asked_to_stop() as stop:
        for batch in batches(samples, keys, loading.workers, pin=accelerator.device.type == "cuda"):
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate(run.step, run.steps)
            loss = _step(model, wrapped, prepared, batch, accelerator)
            run.advance(loss, batch, instances)
            show(run.progress)
            stopping = _any_process(stop.is_set(), accelerator)
            if run.step % run.steps_per_epoch == 0 or stopping:
                run.keep(accelerator)
            if stopping and run.step < run.steps:
                raise Interrupted(
                    f"Stopped after step {run.step:,} of {run.steps:,}. Add --resume to the same command to go on."
                )
    run.keep(accelerator)
    accelerator.wait_for_everyone()
    return checkpoints.load(path)


def _any_process(here: bool, accelerator: Accelerator) -> bool:
    """Whether any process was asked to stop: all must stop after the same step, or the others wait for it for ever."""
    if accelerator.num_processes == 1:
        return here
    return bool(accelerator.reduce(torch.tensor(float(here), device=accelerator.device)).item())


def _step(model: Architecture, wrapped: Any, optimizer: Any, batch: Batch, accelerator: Accelerator) -> float:
    """One forward, backward and update; the loss."""
    batch = batch.to(accelerator.device)
    with accelerator.autocast():
        with errors_of("architecture", model.name, "prepare"):
            images = model.prepare(batch.images)
        with errors_of("architecture", model.name, "forward"):
            outputs = wrapped(images)
    with errors_of("architecture", model.name, "loss"):
        parts = loss_parts(model.loss(outputs, batch.keypoints, batch.visible))
        loss = total_loss(parts)
    if not torch.isfinite(loss):
        values = ", ".join(f"{name} {part.item():g}" for name, part in parts.items())
        raise PosebenchError(
            f"The loss is not finite: {values}. Lower the recipe's learning_rate; --resume starts at the last epoch."
        )
    optimizer.zero_grad()
    accelerator.backward(loss)
    optimizer.step()
    return loss.item()


class Run:
    """How far one training run is, and its checkpoint."""

    def __init__(
        self,
        model: Architecture,
        optimizer: torch.optim.Optimizer,
        recipe: Recipe,
        seed: int,
        path: Path,
        trained_on: dict[str, Any],
    ) -> None:
        self.model, self.optimizer, self.recipe = model, optimizer, recipe
        self.seed, self.path, self.trained_on = seed, path, trained_on
        self.step, self.steps, self.total, self.count, self.seconds = 0, 0, 0.0, 0, 0.0
        self.history: list[dict[str, float]] = []
        self.unreadable: dict[str, None] = {}
        self.started = time.monotonic()
        self.kept = -1

    @property
    def steps_per_epoch(self) -> int:
        return self.steps // max(self.recipe.epochs, 1)

    @property
    def progress(self) -> Progress:
        epoch = min((self.step - 1) // max(self.steps_per_epoch, 1) + 1, self.recipe.epochs)
        loss = self.total / self.count if self.count else self.history[-1]["loss"] if self.history else float("nan")
        rate = self.recipe.rate(max(self.step - 1, 0), self.steps)
        return Progress(self.steps, self.recipe.epochs, self.step, epoch, loss, rate)

    def advance(self, loss: float, batch: Batch, instances: Instances) -> None:
        """Note one finished step."""
        self.step += 1
        self.total += loss
        self.count += 1
        for row in batch.rows[~batch.readable].tolist():
            self.unreadable[instances.images[instances.image[row]]] = None
        if self.step % self.steps_per_epoch == 0:
            self.history.append({"epoch": self.step // self.steps_per_epoch, "loss": self.total / self.count})
            self.total, self.count = 0.0, 0

    def keep(self, accelerator: Accelerator) -> None:
        """Write the checkpoint, once per step."""
        if self.kept == self.step or not accelerator.is_main_process:
            return
        trained_on = self.trained_on | {
            "began_with": self.model.origin, "unreadable": list(self.unreadable), "device": device_name(accelerator.device),
            "torch": str(torch.__version__), "seconds": self.seconds + time.monotonic() - self.started,
        }  # fmt: skip
        checkpoint = Checkpoint(
            arch=self.model.name, keypoints=self.model.skeleton.keypoints, input_size=self.recipe.input_size,
            recipe=self.recipe, seed=self.seed, step=self.step, steps=self.steps, model=self.model.state_dict(),
            optimizer=self.optimizer.state_dict(), trained_on=trained_on, history=self.history,
            running=(self.total, self.count), pipeline=self.model.pipeline,
        )  # fmt: skip
        checkpoints.save(self.path, checkpoint)
        self.kept = self.step

    def restore(self) -> None:
        """Go on from the checkpoint at `path`, if there is one.

        Raises:
            PosebenchError: it is of another run.
        """
        if not self.path.exists():
            return
        found = checkpoints.load(self.path)
        for name, its, mine in (
            ("arch", found.arch, self.model.name),
            ("seed", found.seed, self.seed),
            ("recipe", found.recipe, self.recipe),
            ("steps", found.steps, self.steps),
        ):
            if its != mine:
                raise PosebenchError(f"{self.path} is of another run: its {name} is {its}, not {mine}.")
        self.model.load_state_dict(found.model)
        self.model.pipeline = found.pipeline
        self.model.origin = found.trained_on["began_with"]
        self.optimizer.load_state_dict(found.optimizer)
        self.step, self.history, (self.total, self.count) = found.step, found.history, found.running
        self.unreadable, self.seconds = dict.fromkeys(found.trained_on["unreadable"]), found.trained_on["seconds"]
        self.kept = self.step


def _trained_on(instances: Instances, rows: Any, pack: Pack | None) -> dict[str, Any]:
    said = {
        "dataset": instances.dataset, "split": instances.split, "people": len(rows),
        "annotations": Path(instances.source.file).name, "annotations_sha256": instances.source.sha256,
    }  # fmt: skip
    # Pixels of a raw pack are the photographs'; those of a JPEG-coded one are others.
    return said | ({"pixels": "JPEG-coded pack"} if pack is not None and pack.coding == "jpeg" else {})


def _own_share(
    keys: Iterator[list[tuple[int, int]]], done: int, accelerator: Accelerator
) -> Iterator[list[tuple[int, int]]]:
    """The batches after `done` steps, reduced to this process's samples: every n-th, repeated to equal numbers."""
    world, rank = accelerator.num_processes, accelerator.process_index
    for step, batch in enumerate(keys):
        if step >= done:
            whole = [batch[i % len(batch)] for i in range(-(-len(batch) // world) * world)]
            yield whole[rank::world]


def device_name(device: torch.device) -> str:
    """Such as `NVIDIA H200`, or `cpu`."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


@contextmanager
def _asked_to_stop() -> Iterator[threading.Event]:
    """An event that Ctrl-C or SIGTERM sets, so that a step is never cut in half; a second Ctrl-C ends at once."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if event.is_set():
            raise KeyboardInterrupt
        event.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
