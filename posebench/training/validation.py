"""Validation: scoring a network while it trains, and which checkpoint is the best. It changes nothing of the training."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from posebench.plugins.architecture import Architecture


@dataclass(frozen=True)
class Validation:
    """How a run is validated.

    Attributes:
        split, people, metric: whose score it is, how many they are, and which score, for the record.
        score: a network in training → its score, larger is better; NaN where it has none.
        every: epochs from one validation to the next; the last epoch is always validated.
        patience: validations without a better score after which training ends; None for all epochs.
    """

    split: str
    people: int
    metric: str
    score: Callable[[Architecture], float]
    every: int = 1
    patience: int | None = None

    def due(self, epoch: int, epochs: int) -> bool:
        """Whether the epoch that has just ended is validated; epochs are counted from 1."""
        return epoch % self.every == 0 or epoch == epochs

    def judged(self, before: Mapping[str, Any], epoch: int, score: float) -> dict[str, Any]:
        """The state of selection after a validation.

        Args:
            before: the state before it; empty at first.

        Returns:
            `split`, `people`, `metric`, `every`; `epoch` and `score` of the best checkpoint; `since`, the number of validations
            after it. Of equal scores the earlier one stays the best.
        """
        facts = {"split": self.split, "people": self.people, "metric": self.metric, "every": self.every}
        best = before.get("score")
        if not math.isnan(score) and (best is None or score > best):
            return facts | {"epoch": epoch, "score": score, "since": 0}
        return facts | {"epoch": before.get("epoch"), "score": best, "since": before.get("since", 0) + 1}

    def exhausted(self, selection: Mapping[str, Any]) -> bool:
        """Whether the score has not risen for as many validations as `patience` allows."""
        return self.patience is not None and selection.get("since", 0) >= self.patience


@contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Whatever runs the network inside, training goes on afterwards as if it had not: modes and random states are put back."""
    modes = {module: module.training for module in model.modules()}
    device = next(model.parameters()).device
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []):  # a loader draws a seed
            yield
    finally:
        for module, training in modes.items():
            module.training = training
