"""Fast inference: the same network, run in another way; the difference in its outputs is measured and reported.

    folded      batch normalisations that follow a convolution become part of it; channels last in memory
    compiled    folded, and the rest fused by torch.compile
    bf16        convolutions and linear layers in bfloat16; tf32: in a GPU's TensorFloat-32

In float32 the outputs must stay within `LIMIT` of the plain network's, or the fast one is refused.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posebench.errors import PosebenchError
from posebench.inference.folding import CONVOLUTIONS, fold
from posebench.inference.ways import LIMIT, How, Precision
from posebench.inference.wrapped_network import WrappedNetwork
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import Outputs, each, worst
from posebench.plugins.registry import errors_of

# `freezing` corrupted transposed convolutions by 5 to 7 % in torch 2.15, so not even TORCHINDUCTOR_FREEZING=1 turns it on.
INDUCTOR = {"freezing": False}


@dataclass(frozen=True)
class OutputDifference:
    """What a fast way changes on some images.

    Attributes:
        relative: largest difference of an output, over the largest output (of the same tensor, where there are several).
        move: farthest that a keypoint moves, pixels of the network's input.
        moved, keypoints: how many keypoints move by more than one pixel, and of how many.
        images: on how many images.
    """

    relative: float
    move: float
    moved: int
    keypoints: int
    images: int

    @property
    def sentence(self) -> str:
        """For the user."""
        return (
            f"outputs differ by up to {self.relative:.1e} of the largest one, keypoints by up to {self.move:.2g} px of the "
            f"network's input ({self.moved} of {self.keypoints:,} by more than 1 px; {self.images} images)"
        )


class Fast(WrappedNetwork):
    """A copy of a trained network that runs another way, for prediction only; everything else is the network's own.

    Attributes:
        folded: (how many batch normalisations are folded, how many there were).
    """

    def __init__(self, model: Architecture, how: How, images: Tensor) -> None:
        """Copy `model`, which stays as it is.

        Args:
            images: (B, 3, H, W) prepared images on its device, for one recorded pass. Once compiled, smaller
                batches are filled up to B, so that nothing is compiled twice.
        """
        super().__init__(copy.deepcopy(model).eval().requires_grad_(False))
        if how.precision == "tf32" and images.device.type != "cuda":
            raise PosebenchError(f"tf32 needs an NVIDIA GPU; this device is {images.device.type}. Use fp32 or bf16.")
        self.paper = model.paper
        self.how, self.batch, self.folded = how, len(images), (0, 0)
        if how.folded or how.compiled:
            self.folded = fold(self.model, images[:1])
            self.model.to(memory_format=torch.channels_last)
        if how.precision == "bf16":
            for module in self.model.modules():
                if isinstance(module, (*CONVOLUTIONS, nn.Linear)):
                    module.to(torch.bfloat16)  # else every pass would convert them anew; normalisation stays in float32
        self._run = torch.compile(self._plain, options=dict(INDUCTOR)) if how.compiled else self._plain

    def _plain(self, images: Tensor) -> Outputs:
        half = self.how.precision == "bf16"
        with torch.autocast(images.device.type, torch.bfloat16) if half else nullcontext():
            outputs: Outputs = self.model(images)
        return each(Tensor.float, outputs)

    def forward(self, images: Tensor) -> Outputs:
        """(B, 3, H, W) → the network's outputs in float32."""
        count = len(images)
        if self.how.compiled and count < self.batch:
            images = F.pad(images, (0, 0, 0, 0, 0, 0, 0, self.batch - count))
        if self.how.folded or self.how.compiled:
            images = images.contiguous(memory_format=torch.channels_last)  # another order would be compiled anew
        with precision(self.how.precision, images.device):
            outputs: Outputs = self._run(images)
        return each(lambda output: output[:count], outputs)

    def prepare(self, images: Tensor) -> Tensor:
        """The network's own."""
        return self.model.prepare(images)


def _relative(plain: Tensor, other: Tensor) -> Tensor:
    """Largest difference of two outputs, over the largest element of the first."""
    largest = plain.abs().max()
    return (other - plain).abs().max() / torch.where(largest > 0, largest, 1.0)


@torch.inference_mode()
def difference(model: Architecture, fast: Fast, images: Tensor) -> OutputDifference:
    """Run both on the same images and compare outputs and keypoints.

    Args:
        images: (B, H, W, 3) uint8 on the models' device.

    Raises:
        PosebenchError: torch.compile does not work here, or not with this network.
    """
    with precision("fp32", images.device), errors_of("architecture", model.name, "forward"):
        plain = each(Tensor.float, model(model.prepare(images)))
    try:
        other = fast(fast.prepare(images))
    except Exception as error:  # the network itself has just run, so it is the way of running it that fails
        if isinstance(error, PosebenchError) or not fast.how.compiled:
            raise
        first = next(iter(str(error).strip().splitlines()), "")
        raise PosebenchError(
            f"torch.compile fails on {fast.name}: {type(error).__name__}: {first[:200]}. It needs a C++ compiler such as g++, "
            "and a network that it understands. Leave out --compile (`posebench cost`: add --no-compile)."
        ) from error
    return difference_of(model, plain, other)


def difference_of(model: Architecture, plain: Outputs, other: Outputs) -> OutputDifference:
    """Compare two outputs for the same images, and the keypoints that `model` decodes from them."""
    relative = worst(_relative, plain, other)
    with errors_of("architecture", model.name, "decode"):
        move = (model.decode(plain)[0] - model.decode(other)[0]).float().norm(dim=-1)
    return OutputDifference(relative, move.max().item(), int((move > 1).sum()), move.numel(), len(move))


def check(fast: Fast, found: OutputDifference) -> None:
    """Raise PosebenchError if the difference is too large for this way of running.

    Raises:
        PosebenchError: float32 outputs differ by more than `LIMIT`, or something is not finite.
    """
    if not found.relative < float("inf"):
        raise PosebenchError(
            f"{fast.name}, {fast.how.label}, has outputs that are not finite. Run it without --fast, --compile and --precision."
        )
    if fast.how.precision == "fp32" and found.relative > LIMIT:
        raise PosebenchError(
            f"{fast.name}, {fast.how.label}, differs from the plain network by {found.relative:.1e} of its largest output; more "
            f"than {LIMIT:.0e} is not the same result. Run it without --fast and --compile."
        )


def run_as(model: Architecture, how: How, images: Tensor) -> tuple[Fast, OutputDifference]:
    """A trained network that runs in another way, with its measured difference from the plain one.

    Args:
        images: (B, H, W, 3) uint8 on its device, the first batch to be predicted.

    Raises:
        PosebenchError: as `difference` and `check`.
    """
    with torch.inference_mode():
        fast = Fast(model, how, model.prepare(images))
    found = difference(model, fast, images)
    check(fast, found)
    return fast, found


@contextmanager
def precision(name: Precision, device: torch.device) -> Iterator[None]:
    """On an NVIDIA GPU, compute float32 in float32, or in TensorFloat-32 for `tf32`: PyTorch's default is mixed."""
    if device.type != "cuda":
        yield
        return
    backends: tuple[Any, ...] = torch.backends.cudnn, torch.backends.cuda.matmul
    before = [backend.allow_tf32 for backend in backends]
    for backend in backends:
        backend.allow_tf32 = name == "tf32"
    try:
        yield
    finally:
        for backend, was in zip(backends, before, strict=True):
            backend.allow_tf32 = was
