"""Run: how far a training run is, and its checkpoint."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins.recipe import Recipe
from posebench.results.folder import BEST
from posebench.results.history import EPOCH, LOSS, PART, RATE, SCORE, SECONDS, SPEED, STEP, WAIT
from posebench.samples.loader import Batch
from posebench.training import checkpoints, processes, randomness
from posebench.training.checkpoints import Checkpoint
from posebench.training.devices import device_name
from posebench.training.epoch_clock import EpochClock
from posebench.training.losses import Losses, NotFinite
from posebench.training.step import Updater
from posebench.training.validation import Validation

KEPT_EVERY = 600.0
"""Seconds after which a checkpoint is written within an epoch."""


@dataclass
class Progress:
    """How far a training run is; given to `show` after every step.

    Attributes:
        step, steps: done and in all. epoch, epochs: likewise, the epoch under way counted from 1.
        loss: mean over this epoch so far. rate: learning rate.
        speed: images per second of all processes in this epoch. waiting: share of its time spent waiting for data.
        metric, score: of the last validation; empty and NaN where there was none. best_score, best_epoch: of the best one.
    """

    steps: int
    epochs: int
    step: int = 0
    epoch: int = 1
    loss: float = float("nan")
    rate: float = 0.0
    speed: float = 0.0
    waiting: float = 0.0
    metric: str = ""
    score: float = float("nan")
    best_score: float = float("nan")
    best_epoch: int = 0


class Run:
    """How far one training run is, and its checkpoint.

    Attributes:
        total, parts, count: of the epoch under way, the sums of losses and of their parts, and the number of steps.
    """

    def __init__(self, updater: Updater, recipe: Recipe, seed: int, path: Path, trained_on: dict[str, Any]) -> None:
        self.updater, self.model, self.optimizer = updater, updater.model, updater.optimizer
        self.recipe, self.seed, self.path, self.trained_on = recipe, seed, path, trained_on
        self.step, self.steps, self.total, self.count, self.seconds = 0, 0, 0.0, 0, 0.0
        self.begin = 0
        self.parts: dict[str, float] = {}
        self.losses = Losses()
        self.history: list[dict[str, float]] = []
        self.selection: dict[str, Any] = {}
        self.stopped = ""
        self.clock = EpochClock(processes.count())
        self.unreadable: dict[str, None] = {}
        self.random: list[dict[str, Any]] = []
        self.started = self.kept_at = time.monotonic()
        self.kept = -1

    @property
    def steps_per_epoch(self) -> int:
        return self.steps // max(self.recipe.epochs, 1)

    @property
    def at_epoch_end(self) -> bool:
        """Whether the last step ended an epoch."""
        return bool(self.step) and self.step % self.steps_per_epoch == 0

    @property
    def rate(self) -> float:
        """Learning rate of the next step."""
        return self._rate_of(self.step)

    def _rate_of(self, step: int) -> float:
        return self.recipe.rate(step - self.begin, self.steps - self.begin)

    @property
    def due(self) -> bool:
        """Whether it is time to write the checkpoint within an epoch."""
        return time.monotonic() - self.kept_at >= KEPT_EVERY

    @property
    def progress(self) -> Progress:
        epoch = min((self.step - 1) // max(self.steps_per_epoch, 1) + 1, self.recipe.epochs)
        loss = self.total / self.count if self.count else self.history[-1]["loss"] if self.history else float("nan")
        rate = self._rate_of(max(self.step - 1, self.begin))
        facts = self.clock.facts() if self.count or not self.history else self.history[-1]
        return Progress(
            self.steps, self.recipe.epochs, self.step, epoch, loss, rate, facts[SPEED], facts[WAIT], **self._scores()
        )

    def _scores(self) -> dict[str, Any]:
        """The fields of `Progress` on validation."""
        validated = [row[SCORE] for row in self.history if SCORE in row]
        if not validated:
            return {}
        best = {"best_score": self.selection["score"], "best_epoch": self.selection["epoch"]}
        return {"metric": self.selection["metric"], "score": validated[-1]} | (best if best["best_epoch"] else {})

    def advance(self, parts: Mapping[str, Tensor], batch: Batch, instances: Instances) -> None:
        """Note one finished step; its loss stays on the device."""
        self.step += 1
        self.losses.add(parts)
        for row in batch.rows[~batch.readable].tolist():
            self.unreadable[instances.images[instances.image[row]]] = None

    def read_losses(self) -> None:
        """Add up the losses of the steps since the last reading; the device is waited for.

        Raises:
            NotFinite: a loss is not finite; says how to go on.
        """
        try:
            read = self.losses.read(self.step)
        except NotFinite as error:
            raise NotFinite(f"{error} {self._lower_rate()}") from None
        for parts in read:
            self.total += sum(parts.values())
            self.count += 1
            for name, value in parts.items():
                self.parts[name] = self.parts.get(name, 0.0) + value

    def _lower_rate(self) -> str:
        """What to do about a loss that is not finite."""
        lower = f"--lr {self.recipe.learning_rate / 10:.1g}"
        if not self.path.exists():
            return f"Add {lower} to the same command to train with a lower learning rate."
        return (
            f"The last checkpoint is kept. Add --resume {lower} to the same command to go on from there with a lower "
            "learning rate."
        )

    def end_epoch(self) -> None:
        """Add the epoch that has just ended to the history."""
        self.read_losses()
        row = {EPOCH: self.step // self.steps_per_epoch, STEP: self.step, LOSS: self.total / self.count}
        several = self.parts if len(self.parts) > 1 else {}
        row |= {f"{PART}{name}": value / self.count for name, value in several.items()}
        seconds = self.seconds + time.monotonic() - self.started
        self.history.append(
            row | {RATE: self._rate_of(self.step - 1)} | self.clock.facts() | {SECONDS: round(seconds, 1)}
        )
        self.total, self.count, self.parts = 0.0, 0, {}

    def judge(self, validation: Validation, score: float) -> None:
        """Note the score of the epoch that has just ended, and keep the checkpoint: as the best one too where it is that."""
        self.history[-1][SCORE] = score
        self.selection = validation.judged(self.selection, len(self.history), score)
        if not self.selection["since"]:
            best = replace(self.checkpoint(), optimizer={}, selection=self.selection | {"chosen": True})
            # The best one first: a run that is killed between the two writes it again.
            checkpoints.save(self.path.with_name(BEST), best)
        self.write()

    def complete_best(self) -> None:
        """Tell in the best checkpoint how training went on after it."""
        path = self.path.with_name(BEST)
        if self.selection.get("epoch") and path.exists():
            selection, found = self.selection | {"chosen": True}, checkpoints.load(path)
            best = replace(found, history=self.history, selection=selection, stopped=self.stopped)
            if (best.history, best.selection, best.stopped) != (found.history, found.selection, found.stopped):
                checkpoints.save(path, best)

    def end_early(self, reason: str) -> None:
        """Note which option ends training before its last epoch; empty where a person does."""
        if reason != self.stopped:
            self.stopped, self.kept = reason, -1

    def keep(self) -> None:
        """Write the checkpoint, once per step; all processes call this, and the first one writes.

        Raises:
            NotFinite: a loss or a weight is not finite; the last checkpoint stays.
        """
        self.read_losses()
        if processes.any_process((self.kept != self.step,))[0]:
            self.collect()
            self.write()

    def collect(self) -> None:
        """Learn what a checkpoint needs of all processes, which must all call this."""
        self.random = processes.gathered(randomness.state(self.updater.device))
        for names in processes.gathered(list(self.unreadable)):
            self.unreadable |= dict.fromkeys(names)

    def write(self) -> None:
        """Write the checkpoint, in the first process, from what was collected after this step."""
        if not processes.index():
            if not all_finite(self.model.state_dict()):
                raise NotFinite(f"After step {self.step:,} some weights are not finite. {self._lower_rate()}")
            checkpoints.save(self.path, self.checkpoint())
        self.kept, self.kept_at = self.step, time.monotonic()

    def checkpoint(self) -> Checkpoint:
        """What this run is now."""
        updater = self.updater
        trained_on = self.trained_on | {
            "began_with": self.model.origin, "unreadable": list(self.unreadable), "device": device_name(self.updater.device),
            "torch": str(torch.__version__), "seconds": self.seconds + time.monotonic() - self.started,
        } | updater.facts()  # fmt: skip
        return Checkpoint(
            arch=self.model.name, keypoints=self.model.skeleton.keypoints, input_size=self.recipe.input_size,
            recipe=self.recipe, seed=self.seed, step=self.step, steps=self.steps, model=self.model.state_dict(),
            optimizer=self.optimizer.state_dict(), trained_on=trained_on, history=self.history,
            running=(self.total, self.count), pipeline=self.model.pipeline, selection=self.selection, stopped=self.stopped,
            begin=self.begin, parts=self.parts, average=updater.average.state() if updater.average else {},
            random=self.random[0] | {"others": self.random[1:], "scaler": updater.scaler.state_dict()},
        )  # fmt: skip

    def restore(self) -> None:
        """Go on from the checkpoint at `path`, if there is one.

        Raises:
            PosebenchError: it is of another run, does not fit the network, or has weights that are not finite.
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
        found.check_finite(self.path)
        try:
            self.updater.restore(found)
        except (RuntimeError, ValueError, KeyError) as error:  # the plugin may be another version than then
            raise PosebenchError(
                f"{self.path} does not fit {self.model.name}: {str(error).splitlines()[-1].strip()} "
                "Add --restart to train anew."
            ) from error
        self.begin = found.begin
        self.trained_on |= {name: found.trained_on[name] for name in ("continued",) if name in found.trained_on}
        self.model.pipeline = found.pipeline
        self.model.origin = found.trained_on["began_with"]
        self.step, self.history, (self.total, self.count) = found.step, found.history, found.running
        self.selection, self.parts = found.selection, found.parts
        self.unreadable, self.seconds = dict.fromkeys(found.trained_on["unreadable"]), found.trained_on["seconds"]
        self.kept = self.step


def all_finite(weights: Mapping[str, Tensor]) -> bool:
    """Whether no weight is NaN or infinite."""
    smooth = [value for value in weights.values() if value.is_floating_point()]
    return bool(torch.stack([value.isfinite().all() for value in smooth]).all()) if smooth else True
