"""Ways of running a network, as a value."""

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

    @classmethod
    def of(cls, label: str) -> "How":
        """The way with this label.

        Raises:
            ValueError: no way has this label.
        """
        for folded, compiled in ((False, False), (True, False), (True, True)):
            for precision in PRECISIONS:
                if (how := cls(folded, compiled, precision)).label == label:
                    return how
        raise ValueError(f"{label!r} is not a way of running a network, such as 'folded fp32'")

    @property
    def label(self) -> str:
        """Such as `compiled bf16`."""
        way = "compiled" if self.compiled else "folded" if self.folded else "eager"
        return f"{way} {self.precision}"


LIMIT = 1e-5
"""Largest relative difference at which float32 outputs count as the same: additions in another order differ by that much."""
