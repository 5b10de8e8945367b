"""Latency: time and memory of one forward pass on this machine.

What is timed is the network alone, on random images that are already on the device: no reading, no mirror image, no decoding.
Ways of running it take turns, so that a machine that slows down slows down all of them; the clock stops when the device
is done. Shown are the median and the quartiles.
"""

import os
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from posebench.cost.record import Timing
from posebench.inference.fast import Fast, OutputDifference, difference
from posebench.inference.ways import How
from posebench.plugins.architecture import Architecture

WARM_UPS = 3
SECONDS = 20.0
"""Spent on the rounds of one batch size, preparation not counted."""
FEWEST, MOST = 5, 300
"""Rounds: at least these for quartiles, at most those however fast the network is."""


def ways(device: torch.device, compiled: bool) -> list[How]:
    """The ways that are timed on a device, the plain one first."""
    found = [How(), How(folded=True), How(folded=True, precision="bf16")]
    if device.type == "cuda":
        found.insert(2, How(folded=True, precision="tf32"))
    return found + [How(True, True, how.precision) for how in found[1:] if compiled]


@torch.inference_mode()
def measure(
    model: Architecture,
    hows: Sequence[How],
    batch: int,
    seconds: float = SECONDS,
    show: Callable[[str], None] = lambda doing: None,
) -> list[Timing]:
    """Time a network on its device.

    Args:
        model: with any weights; of a new one, `vary` the statistics first.
        batch: images per pass.
        seconds: to be spent on rounds; `FEWEST` are made whatever they take.
        show: called with what is being done.
    """
    device = next(model.parameters()).device
    width, height = model.input_size
    generator = torch.Generator().manual_seed(0)
    raw = torch.randint(0, 256, (batch, height, width, 3), dtype=torch.uint8, generator=generator).to(device)
    torch.compiler.reset()  # beyond 8 networks in one process it would go on uncompiled, without a word
    ready: list[tuple[Fast, Tensor, OutputDifference, int | None]] = []
    for how in hows:
        show(f"{how.label}, batch {batch}: preparing")
        fast = Fast(model.eval(), how, model.prepare(raw))
        images = fast.prepare(raw)
        if not how.folded:
            images = images.contiguous()
        found = difference(model, fast, raw)
        for _ in range(WARM_UPS):
            fast(images)
        ready.append((fast, images, found, memory(fast, images)))
    times: list[list[float]] = [[] for _ in ready]
    started = time.perf_counter()
    while len(times[0]) < FEWEST or (time.perf_counter() - started < seconds and len(times[0]) < MOST):
        show(f"batch {batch}: round {len(times[0]) + 1}")
        for (fast, images, _, _), mine in zip(ready, times, strict=True):
            mine.append(_one_pass(fast, images))
    return [
        _timing(fast.how, batch, mine, found, most) for (fast, _, found, most), mine in zip(ready, times, strict=True)
    ]


def vary(model: nn.Module) -> None:
    """Set the statistics of a new network's batch normalisations to fixed random values.

    Untrained they are 0 and 1, under which folding does next to nothing and could not be seen to be wrong.
    """
    generator = torch.Generator().manual_seed(2)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(torch.rand(buffer.shape, generator=generator) * 0.2 - 0.1)
        elif name.endswith("running_var"):
            buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)


def memory(model: nn.Module, images: Tensor) -> int | None:
    """Peak bytes of tensors in one pass: weights, image and intermediate tensors."""
    weights = sum(t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers()))
    given = weights + images.numel() * images.element_size()
    if images.device.type == "cuda":
        torch.cuda.synchronize(images.device)
        torch.cuda.reset_peak_memory_stats(images.device)
        before = torch.cuda.memory_allocated(images.device)
        model(images)
        torch.cuda.synchronize(images.device)
        return given + torch.cuda.max_memory_allocated(images.device) - before
    if images.device.type != "cpu":
        return None
    # The size of the process includes freed memory, so the profiler counts allocations.
    os.environ.setdefault("KINETO_LOG_LEVEL", "99")  # it is talkative on stderr
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        outputs = model(images)
    live = peak = 0
    found = seen.profiler.kineto_results.events() if seen.profiler is not None else []
    for event in sorted((e for e in found if e.name() == "[memory]"), key=lambda e: e.start_ns()):
        live += event.nbytes()
        peak = max(peak, live)
    del outputs
    return given + peak


def device_label(device: torch.device) -> str:
    """Name of the device, for a CPU with PyTorch's number of threads: `AMD EPYC, 2 threads`."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    if device.type != "cpu":
        return device.type
    threads = torch.get_num_threads()
    return f"{_processor()}, {threads} {'thread' if threads == 1 else 'threads'}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return (
        next(named, "") or platform.processor() or f"{os.uname().machine if hasattr(os, 'uname') else ''} CPU".strip()
    )


def _one_pass(model: nn.Module, images: Tensor) -> float:
    """Milliseconds from the call until the device has finished."""
    elsewhere = images.device.type != "cpu"
    if elsewhere:
        torch.accelerator.synchronize(images.device)
    started = time.perf_counter()
    model(images)
    if elsewhere:
        torch.accelerator.synchronize(images.device)
    return (time.perf_counter() - started) * 1000


def _timing(how: How, batch: int, times: Sequence[float], found: OutputDifference, most: int | None) -> Timing:
    low, median, high = np.percentile(times, [25, 50, 75]).tolist()
    return Timing(
        how=how.label, batch=batch, median=median, low=low, high=high, rounds=len(times),
        images_per_second=batch / median * 1000, memory=most, relative=found.relative,
    )  # fmt: skip
