"""Averaging: an exponential moving average of a network's weights, which is scored instead of the last weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


class Average:
    """The average of a network's parameters and buffers over the steps of training.

    After step t it moves by 1 - min(decay, (1 + t) / (10 + t)) towards the weights, so that the initial weights do not
    count for long (the rule of TensorFlow's ExponentialMovingAverage with `num_updates`).
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model, self.decay = model, decay
        self.current: dict[str, Any] = model.state_dict()  # the same memory as the weights
        self.values = {name: value.clone() for name, value in self.current.items() if value.is_floating_point()}
        self.followed = [self.current[name] for name in self.values]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        average = get_ema_multi_avg_fn(min(self.decay, (1 + step) / (10 + step)))  # type: ignore[no-untyped-call]
        average(list(self.values.values()), self.followed, step)

    def state(self) -> dict[str, Any]:
        """The averaged state dict; counters of batches are the last ones."""
        return {name: self.values.get(name, value) for name, value in self.current.items()}

    @torch.no_grad()
    def load(self, values: Mapping[str, Any]) -> None:
        """Go on from the state of a checkpoint."""
        for name, value in self.values.items():
            value.copy_(values[name])

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network with the averaged weights; the last ones come back afterwards."""
        last = {name: value.clone() for name, value in self.current.items()}
        self.model.load_state_dict(self.state())
        try:
            yield
        finally:
            self.model.load_state_dict(last)
