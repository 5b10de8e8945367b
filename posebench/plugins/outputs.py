"""What an architecture's methods pass on: outputs (one tensor or a tuple of tensors) and the parts of a loss."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from posebench.errors import PosebenchError

Outputs = Tensor | tuple[Tensor, ...]
"""What `forward` returns, batch first: one tensor, or several of other shapes (SimCC's rows and columns, stages)."""


def tensors_of(outputs: Any) -> tuple[Tensor, ...]:
    """The tensors of outputs, also of a single one.

    Raises:
        PosebenchError: the value is neither a tensor nor a tuple of tensors.
    """
    found = outputs if isinstance(outputs, tuple) else (outputs,)
    strange = [value for value in found if not isinstance(value, Tensor)]
    if strange or not found:
        what = f"a {type(strange[0] if strange else outputs).__name__}"
        inside = " in a tuple" if strange and isinstance(outputs, tuple) else ""
        raise PosebenchError(f"Outputs must be one tensor or a tuple of tensors; this is {what}{inside}.")
    return found


def each(function: Callable[..., Tensor], *outputs: Outputs) -> Outputs:
    """`function` of every tensor, or of the tensors in the same place of several outputs, in the form of the first one.

    Raises:
        PosebenchError: the outputs differ in form.
    """
    parts = [tensors_of(one) for one in outputs]
    if len({(type(one) is tuple, len(part)) for one, part in zip(outputs, parts, strict=True)}) > 1:
        forms = ", ".join(form_of(one) for one in outputs)
        raise PosebenchError(f"Outputs must have the same form; these are {forms}.")
    made = tuple(function(*tensors) for tensors in zip(*parts, strict=True))
    return made if isinstance(outputs[0], tuple) else made[0]


def form_of(outputs: Any) -> str:
    """Such as `a Tensor`, or `a tuple of 2`."""
    return f"a tuple of {len(outputs)}" if isinstance(outputs, tuple) else f"a {type(outputs).__name__}"


def worst(function: Callable[..., Tensor], *outputs: Outputs) -> float:
    """The largest value of `function` (a scalar per tensor) over the tensors of outputs; NaN if one is NaN."""
    return torch.stack(tensors_of(each(function, *outputs))).max().item()


def loss_parts(loss: Mapping[str, Tensor] | Tensor) -> dict[str, Tensor]:
    """What `loss` returned, as parts by name."""
    return {"loss": loss} if isinstance(loss, Tensor) else dict(loss)


def total_loss(loss: Mapping[str, Tensor] | Tensor) -> Tensor:
    """What is minimised: the sum of all parts, a scalar."""
    return torch.stack([part.sum() for part in loss_parts(loss).values()]).sum()
