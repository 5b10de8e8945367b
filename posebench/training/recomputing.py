"""Recomputing: activations that are not kept for the gradients, but computed again (Chen et al., arXiv:1604.06174)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.checkpoint import checkpoint


def recompute(model: nn.Module) -> None:
    """Let the blocks of a network keep their inputs only. Weights, gradients and names of tensors stay the same.

    Blocks are the outermost elements of `nn.Sequential` and `nn.ModuleList` that consist of several layers.

    Args:
        model: changed in place.
    """
    for block in _blocks(model):
        block.forward = _Recomputed(block)


class _Recomputed:
    """A block's forward that keeps no activations while gradients are needed."""

    def __init__(self, block: nn.Module) -> None:
        self.block, self.forward = block, block.forward

    def __call__(self, *inputs: Any) -> Any:
        if not self.block.training:
            return self.forward(*inputs)
        return checkpoint(self.forward, *inputs, use_reentrant=False, context_fn=self._contexts)

    def _contexts(self) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _statistics_kept(self.block)


@contextmanager
def _statistics_kept(block: nn.Module) -> Iterator[None]:
    """Batch normalisation that leaves its running statistics as they are: the first pass has counted this batch already."""
    normed = [module for module in block.modules() if isinstance(module, _NormBase) and module.training]
    before = [module.momentum for module in normed]
    for module in normed:
        module.momentum = 0.0
    try:
        yield
    finally:
        for module, momentum in zip(normed, before, strict=True):
            module.momentum = momentum
            if module.num_batches_tracked is not None:
                module.num_batches_tracked.sub_(1)


def _blocks(module: nn.Module) -> Iterator[nn.Module]:
    for child in module.children():
        if isinstance(module, nn.Sequential | nn.ModuleList) and any(True for _ in child.children()):
            yield child
        else:
            yield from _blocks(child)
