"""Run: how far a training run is, and its checkpoint."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins.architecture import Architecture
from posebench.plugins.recipe import Recipe
from posebench.samples.loader import Batch
from posebench.training import checkpoints
from posebench.training.checkpoints import Checkpoint
from posebench.training.devices import device_name


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
    def at_epoch_end(self) -> bool:
        """Whether the last step ended an epoch."""
        return self.step % self.steps_per_epoch == 0

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

    def end_epoch(self) -> None:
        """Add the epoch that has just ended to the history."""
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
