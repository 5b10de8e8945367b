"""Counting: the operations and memory of a network. Tensors are on `meta`, with shapes and without memory.

    multiply-accumulates    of convolutions, linear layers and the products of attention:
        convolution             one per output element × kernel × input channels / groups
        transposed convolution  one per input element × kernel × output channels / groups: what is really multiplied
        matrix product          (n, k) · (k, m) is n · k · m
    Normalisation, activations, pooling, resizing and additions are not counted.

Published "GFLOPs" of HRNet and SimpleBaseline come from a counter that multiplies weights by output places, which counts a
transposed convolution stride² times (4 here), and divides by 1024³ (`get_model_summary`, lib/utils/utils.py of
leoxiaobin/deep-high-resolution-net.pytorch). `Counts.macs_on_outputs` follows it.
"""

from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import flop_registry

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.inference.tensor_watch import Watch, block
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import total_loss
from posebench.plugins.plugin_errors import reason
from posebench.plugins.registry import architecture

TRAINED_ON = 2
"""Images in the pass that looks for unused parameters: batch normalisation cannot train on one."""


@dataclass(frozen=True)
class Counts:
    """What one image costs, in float32.

    Attributes:
        parameters: numbers that a checkpoint holds as parameters, unused ones included.
        unused: parameter name → how many numbers; no gradient of the loss reaches them.
        macs: multiply-accumulates of one forward pass.
        macs_on_outputs: the same, with transposed convolutions counted on their output.
        activations: bytes of tensors alive at once at the fullest moment of a forward pass, image included, weights not.
        kept: bytes that training keeps per image between the forward and the backward pass.
        uncounted: operations from outside PyTorch, which cannot be counted.
    """

    parameters: int
    unused: dict[str, int]
    macs: int
    macs_on_outputs: int
    activations: int
    kept: int
    uncounted: tuple[str, ...] = ()


def count(name: str, skeleton: Skeleton, input_size: tuple[int, int] | None = None) -> tuple[Counts, tuple[int, int]]:
    """Count a network by name.

    Args:
        input_size: (width, height) pixels; None for the architecture's own.

    Returns:
        The counts, and the (width, height) they hold for.

    Raises:
        PosebenchError: there is no such network, or it does not run on this size.
    """
    try:
        return _count(name, skeleton, input_size, "meta")
    except Exception:  # a plugin may read values, which meta tensors do not have
        try:
            return _count(name, skeleton, input_size, "cpu")
        except PosebenchError:
            raise
        except Exception as error:
            size = (
                "its own input size"
                if input_size is None
                else f"an input of width {input_size[0]}, height {input_size[1]}"
            )
            raise PosebenchError(f"{name} does not run on {size}: {reason(error)}") from error


def count_model(model: Architecture) -> Counts:
    """Count a network that is already built, on the device where it is; its weights are not changed."""
    device = next(model.parameters()).device
    width, height = model.input_size
    macs = MACs()
    model.eval()
    with torch.device(device), torch.no_grad(), Watch(macs) as watch:
        image = torch.zeros(1, 3, height, width)  # made inside, so it is counted
        model(image)
    unused, kept = _trained(model, device)
    return Counts(
        parameters=sum(parameter.numel() for parameter in model.parameters()), unused=unused, macs=macs.total,
        macs_on_outputs=macs.total_on_outputs, activations=watch.peak, kept=kept, uncounted=tuple(macs.uncounted),
    )  # fmt: skip


class MACs:
    """Adds up multiply-accumulates, operation by operation; to be given to `Watch`."""

    def __init__(self) -> None:
        self.total = self.total_on_outputs = 0
        self.uncounted: dict[str, None] = {}

    def __call__(self, func: Any, args: Any, kwargs: dict[str, Any], result: Any) -> None:
        formula = flop_registry.get(func._overloadpacket)
        if formula is None:
            if func.namespace not in ("aten", "prim", "prims"):
                self.uncounted[str(func._overloadpacket)] = None
            return
        macs = formula(*args, **kwargs, out_val=result) // 2  # PyTorch counts a multiplication and an addition as two
        self.total += macs
        transposed = func._overloadpacket is torch.ops.aten.convolution and args[6]
        if transposed:
            macs = macs * prod(result.shape[2:]) // prod(args[0].shape[2:])
        self.total_on_outputs += macs


def _count(
    name: str, skeleton: Skeleton, input_size: tuple[int, int] | None, device: str
) -> tuple[Counts, tuple[int, int]]:
    with torch.device(device):
        model = architecture(name, skeleton, input_size)
    return count_model(model), model.input_size


def _trained(model: Architecture, device: torch.device) -> tuple[dict[str, int], int]:
    """Parameters that no gradient reaches, and bytes per image that are kept for the backward pass."""
    width, height = model.input_size
    parameters = {name: p for name, p in model.named_parameters() if p.is_floating_point()}
    owned = {block(tensor) for tensor in (*parameters.values(), *model.buffers())}
    sizes: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if block(tensor) not in owned:
            sizes[block(tensor)] = tensor.untyped_storage().nbytes()
        return tensor.detach()

    wanted = [parameter.requires_grad for parameter in parameters.values()]
    for parameter in parameters.values():
        parameter.requires_grad_(True)  # a frozen parameter is used all the same
    modules, buffers = list(model.modules()), {n: b.clone() for n, b in model.named_buffers()}
    training = [module.training for module in modules]
    model.train()
    try:
        with torch.device(device), torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            keypoints = torch.zeros(TRAINED_ON, len(model.skeleton), 2)
            outputs = model(torch.zeros(TRAINED_ON, 3, height, width))
            visible = torch.ones(keypoints.shape[:2], dtype=torch.bool)
            loss = total_loss(model.loss(outputs, keypoints, visible))
        kept = sum(sizes.values()) // TRAINED_ON
        found: tuple[Tensor | None, ...] = (None,) * len(parameters)
        if loss.requires_grad:
            found = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    finally:
        _restore(model, parameters, wanted, buffers)
        for module, was in zip(modules, training, strict=True):
            module.training = was
    return {name: p.numel() for (name, p), grad in zip(parameters.items(), found, strict=True) if grad is None}, kept


def _restore(
    model: nn.Module, parameters: dict[str, nn.Parameter], wanted: list[bool], buffers: dict[str, Tensor]
) -> None:
    """Undo a training pass: `requires_grad` and the statistics of batch normalisation."""
    for parameter, was in zip(parameters.values(), wanted, strict=True):
        parameter.requires_grad_(was)
    for name, buffer in model.named_buffers():
        buffer.copy_(buffers[name])
