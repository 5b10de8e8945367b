"""Losses: what the steps of training lost. They stay on the device until they are read, so that no step waits for it."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from posebench.errors import PosebenchError
from posebench.training import processes

EVERY = 20
"""Steps after which the losses of a GPU are read; on a CPU, which is not waited for, they are read after each."""


class NotFinite(PosebenchError):
    """A loss that is NaN or infinite."""


class Losses:
    """The losses of steps, by the names of their parts."""

    def __init__(self) -> None:
        self.unread: list[dict[str, Tensor]] = []

    def add(self, parts: Mapping[str, Tensor]) -> None:
        """Keep the parts of one step's loss: scalars, on the device."""
        self.unread.append(dict(parts))

    def due(self, device: torch.device) -> bool:
        """Whether they should be read after this step."""
        return len(self.unread) >= (1 if device.type == "cpu" else EVERY)

    def read(self, step: int) -> list[dict[str, float]]:
        """The losses of the steps since the last reading, the last of which was `step`: the means over all processes.

        Raises:
            NotFinite: one of them is not; names its step and its parts.
        """
        if not self.unread:
            return []
        values = iter(
            processes.mean(torch.stack([part.float() for parts in self.unread for part in parts.values()])).tolist()
        )
        read = [{name: next(values) for name in parts} for parts in self.unread]
        self.unread = []
        for number, parts in enumerate(read, step - len(read) + 1):
            if not all(map(math.isfinite, parts.values())):
                said = ", ".join(f"{name} {value:g}" for name, value in parts.items())
                raise NotFinite(f"The loss of step {number:,} is not finite: {said}.")
        return read
