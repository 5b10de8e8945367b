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

    Attributes:
        values: the averaged state dict.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model, self.decay = model, decay
        self.current: dict[str, Any] = model.state_dict()  # the same memory as the weights
        self.values = {name: value.clone() for name, value in self.current.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        decay = min(self.decay, (1 + step) / (10 + step))
        smooth = [name for name, value in self.values.items() if value.is_floating_point()]
        average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        average([self.values[name] for name in smooth], [self.current[name] for name in smooth], step)
        for name in self.values.keys() - smooth:  # counters of batches
            self.values[name].copy_(self.current[name])

    @torch.no_grad()
    def load(self, values: Mapping[str, Any]) -> None:
        """Go on from the values of a checkpoint."""
        for name, value in self.values.items():
            value.copy_(values[name])

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The network with the averaged weights; the last ones come back afterwards."""
        last = {name: value.clone() for name, value in self.current.items()}
        self.model.load_state_dict(self.values)
        try:
            yield
        finally:
            self.model.load_state_dict(last)
