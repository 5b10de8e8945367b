"""Precision: the arithmetic of a training step. `auto` measures which one is faster on a CPU."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from posebench.errors import PosebenchError
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import each, loss_parts, total_loss
from posebench.plugins.registry import errors_of
from posebench.samples.loader import Batch

NUMBERS = {"bf16": torch.bfloat16, "fp16": torch.float16}
ROUNDS, LONGEST = 3, 5.0
"""Steps that are timed of each precision, and seconds after which no further round begins."""


def check_precision(precision: str, device: torch.device) -> None:
    """Raise PosebenchError where a device cannot train in a precision."""
    if precision == "fp16" and device.type == "cpu":
        raise PosebenchError('precision = "fp16" needs a GPU; on a CPU use "auto", "bf16" or "no".')


def autocast(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """The context of a forward pass in that precision."""
    return torch.autocast(device.type, NUMBERS[precision]) if precision in NUMBERS else nullcontext()


def has_bf16(device: torch.device) -> bool:
    """Whether a device computes with bfloat16 in hardware."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if not hasattr(torch.cpu, "get_capabilities"):  # the oldest PyTorch that is supported may lack it
        return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    able = torch.cpu.get_capabilities()
    return device.type == "cpu" and any(able.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def measured_gain(model: Architecture, batch: Batch, device: torch.device) -> float:
    """How many times as fast a forward and backward pass is in bfloat16 as in float32; the network stays as it is.

    It is the processor time of one thread: several threads wait for each other where other programs run, the more so the
    shorter their work is, and the same training would then have another precision on a busy machine.

    Args:
        batch: on the device.
    """
    times: dict[str, list[float]] = {"no": [], "bf16": []}
    started = time.process_time()
    with _unchanged(model), _one_thread():
        for measured in range(ROUNDS + 1):
            for precision, spent in times.items():
                began = time.process_time()
                _pass(model, batch, precision, device)
                if measured:  # the first round chooses kernels
                    spent.append(time.process_time() - began)
            if measured and time.process_time() - started > LONGEST:
                break
    return min(times["no"]) / min(times["bf16"])


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _unchanged(model: Architecture) -> Iterator[None]:
    """Undo what passes leave behind: random numbers that were drawn, batch statistics, and gradients."""
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    with torch.random.fork_rng(devices=[]):
        yield
    with torch.no_grad():
        for name, buffer in model.named_buffers():
            buffer.copy_(before[name])
    model.zero_grad()


def _pass(model: Architecture, batch: Batch, precision: str, device: torch.device) -> None:
    total_loss(loss_of(model, model, batch, precision, device)).backward()  # type: ignore[no-untyped-call]


def loss_of(
    model: Architecture, network: nn.Module, batch: Batch, precision: str, device: torch.device
) -> dict[str, Tensor]:
    """The parts of the loss of one forward pass.

    Args:
        network: the model, or what shares it with other processes.
        batch: on the device.

    Raises:
        PluginError: the architecture failed; says in which method.
    """
    with autocast(precision, device):
        with errors_of("architecture", model.name, "prepare"):
            images = model.prepare(batch.images)
        with errors_of("architecture", model.name, "forward"):
            outputs = network(images)
    if precision != "no":  # losses are computed in float32
        outputs = each(lambda output: output.float(), outputs)
    with errors_of("architecture", model.name, "loss"):
        return loss_parts(model.loss(outputs, batch.keypoints, batch.visible))
