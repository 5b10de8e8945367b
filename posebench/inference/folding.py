"""Folding: a batch normalisation that follows a convolution becomes part of its weights, where that changes nothing.

    bn(conv(x)) = s · (w * x + b − mean) + shift = (s · w) * x + (s · (b − mean) + shift),   s = weight / √(var + eps)

Where the convolution's output is also read by something else, or rewritten (an in-place residual addition), the two cannot
become one. This is found by recording one forward pass, operation by operation.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from posebench.inference.tensor_watch import Watch, block

CONVOLUTIONS = nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d
NORMALISATIONS = nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d
# Exactly these types: a subclass may do something else.


@dataclass
class Call:
    """What one module did in the recorded pass; `read` and `made` are blocks of memory."""

    module: nn.Module
    calls: int = 0
    read: int | None = None
    made: int | None = None
    uses: list[tuple[object, bool]] = field(default_factory=list)


@torch.no_grad()
def fold(model: nn.Module, images: Tensor) -> tuple[int, int]:
    """Fold in place; the model is in eval mode afterwards and can no longer be trained.

    Args:
        images: (B, 3, H, W) prepared ones, on the model's device. What the network does must not depend on their values.

    Returns:
        How many batch normalisations were folded, and how many there were.
    """
    model.eval()
    pairs = foldable(model, images)
    for convolution, normalisation in pairs:
        _merge(convolution, normalisation)
    merged = {id(normalisation) for _, normalisation in pairs}
    everything = [
        (parent, name, child) for parent in model.modules() for name, child in parent._modules.items()
    ]  # not named_children: one module may be there under two names
    for parent, name, child in everything:
        if id(child) in merged:
            parent._modules[name] = nn.Identity()
    left = sum(isinstance(module, NORMALISATIONS) for module in model.modules())
    return len(pairs), len(pairs) + left


@torch.no_grad()
def foldable(model: nn.Module, images: Tensor) -> list[tuple[nn.Module, nn.Module]]:
    """(convolution, normalisation) that compute one after the other and share their values with nothing else."""
    candidates = [
        module for module in model.modules()
        if type(module) in CONVOLUTIONS + NORMALISATIONS and not (module._forward_hooks or module._forward_pre_hooks)
    ]  # fmt: skip
    with Watch() as watch:
        calls = {id(module): Call(module) for module in candidates}
        handles = [handle for call in calls.values() for handle in _note(call, watch)]
        try:
            outputs = model(images)
        finally:
            for handle in handles:
                handle.remove()
    owners = _owners(model)
    # While a block is alive its list of uses is known to the watch: the network still holds what a convolution made, as an
    # output or in an attribute, and may read it later.
    convolved = {
        id(call.uses): call.module for call in calls.values()
        if call.made is not None and call.calls == 1 and watch.uses.get(call.made) is not call.uses
    }  # fmt: skip
    del outputs
    pairs: list[tuple[nn.Module, nn.Module]] = []
    for call in calls.values():
        bn, convolution = call.module, convolved.get(id(call.uses))
        if not isinstance(bn, NORMALISATIONS) or convolution is None or call.calls != 1:
            continue
        ready = bn.running_var is not None and not bn.training and _mergeable(convolution)
        alone = all(label is bn and not written for label, written in call.uses)
        if ready and alone and _private(convolution, watch, owners) and _private(bn, watch, owners):
            pairs.append((convolution, bn))
    return pairs


def _note(call: Call, watch: Watch) -> list[Any]:
    """Hooks that note which memory a module reads and makes."""

    def enter(module: nn.Module, args: Any) -> None:
        call.calls += 1
        watch.label = module
        if isinstance(module, NORMALISATIONS):
            call.uses = watch.uses.get(block(args[0]), [])

    def leave(module: nn.Module, args: Any, output: Tensor) -> None:
        watch.label = None
        if isinstance(module, CONVOLUTIONS):
            # What happened inside is the convolution's own; from here on every use counts. The list belongs to this
            # memory until it is freed, so a module that gets the same list reads the same values.
            call.made, call.uses = block(output), watch.uses.setdefault(block(output), [])
            call.uses.clear()

    return [call.module.register_forward_pre_hook(enter), call.module.register_forward_hook(leave)]


def _owners(model: nn.Module) -> dict[int, int]:
    """Block of a parameter or buffer → how many modules hold it."""
    owners: dict[int, int] = {}
    for module in model.modules():
        for tensor in (*module._parameters.values(), *module._buffers.values()):
            if tensor is not None:
                owners[block(tensor)] = owners.get(block(tensor), 0) + 1
    return owners


def _private(module: nn.Module, watch: Watch, owners: dict[int, int]) -> bool:
    """Whether nothing but this module's own call reads its numbers."""
    mine = [tensor for tensor in (*module._parameters.values(), *module._buffers.values()) if tensor is not None]
    return all(
        owners[block(tensor)] == 1
        and all(label is module and not written for label, written in watch.uses.get(block(tensor), []))
        for tensor in mine
    )


def _merge(convolution: Any, normalisation: Any) -> None:
    """Put the normalisation into the weights, in float64: only the result is rounded."""
    gain, shift, bias = (
        None if value is None else value.double()
        for value in (normalisation.weight, normalisation.bias, convolution.bias)
    )
    merged = fuse_conv_bn_weights(
        convolution.weight.double(), bias, normalisation.running_mean.double(), normalisation.running_var.double(),
        normalisation.eps, gain, shift, convolution.transposed,
    )  # fmt: skip
    kind = convolution.weight.dtype
    convolution.weight, convolution.bias = (nn.Parameter(value.to(kind), requires_grad=False) for value in merged)


def _mergeable(convolution: Any) -> bool:
    """Whether torch can merge it: not a transposed convolution in groups."""
    return not (convolution.transposed and convolution.groups > 1)
