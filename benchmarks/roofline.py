"""Roofline: how many images per second a device allows at most, were everything fused that can be.

A convolution or matrix product takes the longer of its arithmetic and its memory traffic (input, weights and output once, in
bfloat16). Normalisation, activation and bias cost nothing, since a kernel applies them to what it has at hand. An addition of two
maps reads the second one; pooling, resizing and concatenation read and write. A training step is three forward passes.
"""

import time
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

BYTES = 2
"""Per number: bfloat16."""
SMALL = 10_000
"""Numbers of a tensor below which its traffic is not counted: biases and means."""
MOVES = ("max_pool2d_with_indices", "avg_pool2d", "upsample_nearest2d", "upsample_bilinear2d", "cat", "stack")
DATA_SHEETS = {
    "H200": (989e12, 4.8e12),
    "H100 PCIe": (756e12, 2.0e12),
    "H100 NVL": (835e12, 3.9e12),
    "H100": (989e12, 3.35e12),
}
"""Part of a device's name → dense bfloat16 operations and bytes per second, of NVIDIA's data sheets (2023 to 2024)."""


@dataclass(frozen=True)
class Peaks:
    """What a device does per second: operations (a multiplication and an addition are two) and bytes; and who says so."""

    operations: float
    bytes: float
    source: str


@dataclass(frozen=True)
class Work:
    """What one image costs: operations, bytes, and the seconds of its forward pass at some peaks."""

    operations: float
    bytes: float
    seconds: float


class _Counter(TorchDispatchMode):
    def __init__(self, peaks: Peaks) -> None:
        super().__init__()
        self.peaks = peaks
        self.operations = self.bytes = self.seconds = 0.0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        name, formula = func._overloadpacket.__name__, flop_registry.get(func._overloadpacket)
        given = [value for value in args if isinstance(value, Tensor)]
        if formula is not None:
            self._add(formula(*args, **(kwargs or {}), out_val=result), [*given[:2], result])
        elif name in ("add", "add_") and len(given) == 2 and min(value.numel() for value in given) > SMALL:
            self._add(0, [min(given, key=Tensor.numel)])
        elif name in MOVES:
            read = list(args[0]) if isinstance(args[0], list | tuple) else given[:1]
            self._add(0, [*read, result[0] if isinstance(result, tuple) else result])
        return result

    def _add(self, operations: float, tensors: list[Tensor]) -> None:
        moved = BYTES * sum(tensor.numel() for tensor in tensors)
        self.operations += operations
        self.bytes += moved
        self.seconds += max(operations / self.peaks.operations, moved / self.peaks.bytes)


def work(model: Any, batch: int, peaks: Peaks) -> Work:
    """What an image of a batch costs.

    Args:
        model: an architecture on the device `meta`, in eval mode.
    """
    width, height = model.input_size
    with torch.no_grad(), _Counter(peaks) as counter:
        model(torch.zeros(batch, 3, height, width, device="meta"))
    return Work(counter.operations / batch, counter.bytes / batch, counter.seconds / batch)


def data_sheet(device: str) -> Peaks | None:
    """The peaks of a device's data sheet; None where this file does not have it."""
    for part, (operations, moved) in DATA_SHEETS.items():
        if all(word in device for word in part.split()):
            return Peaks(operations, moved, f"data sheet of {part}")
    return None


def measured(device: torch.device) -> Peaks:
    """What a large matrix product in bfloat16 and a large copy reach on a device."""
    gpu = device.type == "cuda"
    side, length = (8192, 2**29) if gpu else (256, 2**22)
    one = torch.randn(side, side, device=device, dtype=torch.bfloat16)
    source = torch.zeros(length, device=device, dtype=torch.bfloat16)
    target = torch.empty_like(source)
    product = _seconds(lambda: one @ one, gpu)
    copy = _seconds(lambda: target.copy_(source), gpu)
    return Peaks(2 * side**3 / product, 2 * BYTES * length / copy, "measured: matrix product, copy")


def _seconds(run: Any, gpu: bool) -> float:
    """Median of ten runs after three."""
    times = []
    for _ in range(13):
        if gpu:
            torch.cuda.synchronize()
        started = time.perf_counter()
        run()
        if gpu:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return median(times[3:])
