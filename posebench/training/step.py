"""Step: one update of a network's weights."""

from typing import Any

import torch
from accelerate import Accelerator

from posebench.errors import PosebenchError
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import loss_parts, total_loss
from posebench.plugins.registry import errors_of
from posebench.samples.loader import Batch


def update(model: Architecture, wrapped: Any, optimizer: Any, batch: Batch, accelerator: Accelerator) -> float:
    """One forward, backward and update.

    Args:
        wrapped, optimizer: the model and its optimiser, as accelerate prepared them.

    Returns:
        The loss.

    Raises:
        PosebenchError: the loss is not finite, or the architecture failed.
    """
    batch = batch.to(accelerator.device)
    with accelerator.autocast():
        with errors_of("architecture", model.name, "prepare"):
            images = model.prepare(batch.images)
        with errors_of("architecture", model.name, "forward"):
            outputs = wrapped(images)
    with errors_of("architecture", model.name, "loss"):
        parts = loss_parts(model.loss(outputs, batch.keypoints, batch.visible))
        loss = total_loss(parts)
    if not torch.isfinite(loss):
        values = ", ".join(f"{name} {part.item():g}" for name, part in parts.items())
        raise PosebenchError(
            f"The loss is not finite: {values}. Lower the recipe's learning_rate; --resume starts at the last epoch."
        )
    optimizer.zero_grad()
    accelerator.backward(loss)
    optimizer.step()
    return loss.item()
