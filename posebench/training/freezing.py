"""Freezing: parts of a network that stay as they are."""

from collections.abc import Sequence

from torch import nn

from posebench.errors import PosebenchError, unknown


def freeze(model: nn.Module, names: Sequence[str]) -> None:
    """Keep parameters out of training.

    Args:
        names: of parameters, or of modules for all parameters below them, such as `backbone` or `stem.0.weight`.

    Raises:
        PosebenchError: nothing in the network has that name, or nothing is left to train.
    """
    for name in names:
        found = [value for key, value in model.named_parameters() if _below(key, name)]
        if not found:
            known = [key for key, module in model.named_modules() if key and any(True for _ in module.parameters())]
            shallow = [key for key in known if key.count(".") <= name.count(".")]
            raise unknown("part of the network", name, shallow, "The recipe's `freeze` may name")
        for parameter in found:
            parameter.requires_grad_(False)
    if names and not any(parameter.requires_grad for parameter in model.parameters()):
        raise PosebenchError(f"The recipe's freeze = {list(names)} leaves nothing to train.")


def set_training_mode(model: nn.Module, frozen: Sequence[str]) -> None:
    """Put a network in training mode, but its frozen modules in eval mode: batch normalisation keeps its statistics there.

    Args:
        frozen: names of modules or parameters, as for `freeze`.
    """
    model.train()
    for key, module in model.named_modules():
        if any(_below(key, name) for name in frozen):
            module.eval()


def _below(key: str, name: str) -> bool:
    return f"{key}.".startswith(f"{name}.")
