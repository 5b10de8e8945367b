"""Devices: where a network is trained, and with which arithmetic."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from accelerate.state import AcceleratorState, PartialState

from posebench.errors import PosebenchError


def device_name(device: torch.device) -> str:
    """Such as `NVIDIA H200`, or `cpu`."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def use_device(name: str | None) -> None:
    """Let this process work on a device from now on; None leaves the choice to accelerate.

    Args:
        name: `cpu`, `cuda`, `cuda:1` or `mps`.

    Raises:
        PosebenchError: there is no such device here.
    """
    if name is None:
        return
    device = _known(name)
    if PartialState().device == device:
        return
    if PartialState().num_processes > 1:
        raise PosebenchError(f"--device {name}: several processes choose their devices themselves. Leave --device out.")
    # accelerate keeps one device for the whole process; a notebook may train on several, one after the other.
    AcceleratorState._reset_state(reset_partial_state=True)
    PartialState(cpu=device.type == "cpu").device = device
    if device.type == "cuda" and device.index is not None:
        torch.cuda.set_device(device)


def _known(name: str) -> torch.device:
    """The device of that name, if it is here."""
    here = ["cpu", *(["mps"] if torch.backends.mps.is_available() else [])]
    if torch.cuda.is_available():
        here += ["cuda", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]
    if name not in here:
        raise PosebenchError(f"There is no device {name!r} here. There are: {', '.join(here)}.")
    return torch.device(name)


@contextmanager
def fast_kernels(device: torch.device) -> Iterator[None]:
    """On an NVIDIA GPU, let cuDNN choose the fastest kernels of each shape, and TensorFloat-32 compute float32."""
    if device.type != "cuda":
        yield
        return
    backends: tuple[Any, ...] = torch.backends.cudnn, torch.backends.cuda.matmul
    before = [backend.allow_tf32 for backend in backends], torch.backends.cudnn.benchmark
    try:
        for backend in backends:
            backend.allow_tf32 = True
        torch.backends.cudnn.benchmark = True
        yield
    finally:
        for backend, was in zip(backends, before[0], strict=True):
            backend.allow_tf32 = was
        torch.backends.cudnn.benchmark = before[1]
