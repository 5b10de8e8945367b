"""The ways in which a network can be run, as a value."""

from dataclasses import dataclass
from typing import Literal

Precision = Literal["fp32", "tf32", "bf16"]


PRECISIONS: tuple[Precision, ...] = "fp32", "tf32", "bf16"


@dataclass(frozen=True)
class How:
    """A way to run a network. The default one is PyTorch's own: operation by operation, channels first, float32."""

    folded: bool = False
    compiled: bool = False
    precision: Precision = "fp32"

    @property
    def label(self) -> str:
        """Such as `compiled bf16`."""
        way = "compiled" if self.compiled else "folded" if self.folded else "eager"
        return f"{way} {self.precision}"


LIMIT = 1e-5
"""Largest relative difference of float32 outputs that is still the same result: another order of additions makes that much."""
