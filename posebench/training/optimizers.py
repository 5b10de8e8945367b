"""Optimizers: what changes the weights of a network, as a recipe says."""

from typing import Any

import torch
from torch import nn

from posebench.plugins.recipe import Recipe


def optimizer_of(recipe: Recipe, model: nn.Module) -> torch.optim.Optimizer:
    """The optimiser of a recipe for the parameters that are trained, in PyTorch's fastest form of it."""
    groups, rate, epsilon = _groups(recipe, model), recipe.learning_rate, recipe.epsilon
    match recipe.optimizer:
        case "adam":
            return torch.optim.Adam(groups, lr=rate, eps=epsilon, fused=True)
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate, eps=epsilon, fused=True)
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=recipe.momentum, nesterov=recipe.nesterov, fused=True)
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=rate, eps=epsilon, momentum=recipe.momentum, foreach=True)


def _groups(recipe: Recipe, model: nn.Module) -> list[dict[str, Any]]:
    """The parameters that are trained; with a `weight_decay`, those with and those without it.

    Vectors have none: they are biases, and the scales of normalisation layers.
    """
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if recipe.weight_decay is None:
        return [{"params": trained}]
    matrices, vectors = [p for p in trained if p.ndim > 1], [p for p in trained if p.ndim <= 1]
    return [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of all parameters."""
    for group in optimizer.param_groups:
        group["lr"] = rate
