"""Measuring: one network's cost, counted and timed."""

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import torch

import posebench
from posebench.cost import latency
from posebench.cost.count import count
from posebench.cost.record import NOT_TIMED, Cost, Timing
from posebench.data.skeleton import Skeleton
from posebench.plugins.registry import architecture


@dataclass(frozen=True)
class Clock:
    """What to time.

    Attributes:
        device: where.
        batches: images per pass; each number is timed.
        compiled: torch.compile as well, which takes a minute or two per network and batch size.
    """

    device: torch.device
    batches: Sequence[int] = (1,)
    compiled: bool = True


def measure(
    arch: str,
    protocol: tuple[str, Skeleton],
    input_size: tuple[int, int] | None,
    clock: Clock | None,
    show: Callable[[str], None] = lambda doing: None,
) -> Cost:
    """Count a network, and time it where a clock is given.

    Args:
        protocol: name, and the keypoints to find.
        input_size: (width, height); None for the architecture's own.
        clock: None to count only.
        show: called with what is being done.

    Raises:
        PosebenchError: the network does not run on this size, or not on this device.
    """
    name, skeleton = protocol
    show("counting")
    counts, size = count(arch, skeleton, input_size)
    timings: list[Timing] = []
    if clock is not None:
        torch.manual_seed(0)
        model = architecture(arch, skeleton, size).eval()
        latency.vary(model)
        model.to(clock.device)
        for batch in clock.batches:
            timings += latency.measure(model, latency.ways(clock.device, clock.compiled), batch, show=show)
    return Cost(
        arch=arch, input_size=size, protocol=name, keypoints=len(skeleton), **asdict(counts), timings=tuple(timings),
        device=NOT_TIMED if clock is None else latency.device_label(clock.device),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        environment={"posebench": posebench.__version__, "python": platform.python_version(), "torch": str(torch.__version__)},
    )  # fmt: skip
