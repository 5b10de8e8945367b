"""Optimizers: a recipe's optimiser for the parameters of a network."""

from collections.abc import Callable
from functools import partial

import torch

from posebench.plugins.architecture import Architecture
from posebench.plugins.recipe import Recipe

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "rmsprop": torch.optim.RMSprop,
    "adam": partial(torch.optim.Adam, fused=True),
    "adamw": partial(torch.optim.AdamW, fused=True),
}


def optimizer_of(recipe: Recipe, model: Architecture) -> torch.optim.Optimizer:
    """The optimiser of a recipe, on the device of the network's parameters."""
    return OPTIMIZERS[recipe.optimizer](model.parameters(), lr=recipe.learning_rate, eps=recipe.epsilon)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = rate
