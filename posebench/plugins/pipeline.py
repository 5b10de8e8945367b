"""Pipeline: the processing around a network, which must be the one that its weights were trained with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from posebench.data.geometry import Alignment
from posebench.plugins.heatmaps import Peak


@dataclass(frozen=True)
class Pipeline:
    """From photograph to input, and from heatmap to coordinate. It is kept in checkpoints, since weights without it are
    another network. (A constant 0.4 of a cell cost a published 8-stack hourglass 13 points of PCKh@0.1.)

    Attributes:
        name: `posebench`, or a published code base.
        channels: their order in the input.
        mean, std: subtracted from channels in 0..1, and then divided by; in the input's order.
        alignment: of crops on regions, and of cells on crop pixels.
        regions: code base by whose rule boxes become crops, where the people have it; "" for posebench's own.
        flip_shift: columns by which the un-flipped heatmaps of a mirrored image move right. Alignment `points` needs 1.
        peak: how a heatmap becomes a coordinate.
    """

    name: str = "posebench"
    channels: Literal["rgb", "bgr"] = "rgb"
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    alignment: Alignment = "edges"
    regions: Literal["", "hrnet", "mmpose"] = ""
    flip_shift: int = 0
    peak: Peak = field(default_factory=Peak)

    def plain(self) -> dict[str, Any]:
        """As dicts, tuples and numbers, for a file."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Pipeline":
        """The inverse of `plain`."""
        return cls(**{**plain, "peak": Peak(**plain["peak"])})
