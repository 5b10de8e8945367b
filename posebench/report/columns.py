"""Columns of a table: values at full precision, and what a reader sees of them."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UNKNOWN = "–"


@dataclass(frozen=True)
class Column:
    """One column of a board.

    Attributes:
        header: its name.
        values: one per row, best row first, at full precision; None where unknown.
        decimals: how many are shown; None for text.
        foot: the value of the row below the ranked ones; None where that row has none.
        to_right: whether a text stands at the right, as numbers do.
    """

    header: str
    values: tuple[Any, ...]
    decimals: int | None = None
    foot: Any = None
    to_right: bool = False

    @property
    def known(self) -> bool:
        """Whether any row has a value."""
        return any(value is not None for value in self.values)

    @property
    def number(self) -> bool:
        """Whether it is set like numbers: at the right, never folded."""
        return self.to_right or self.decimals is not None

    @property
    def cells(self) -> list[str]:
        """What a reader sees, not yet escaped for any format."""
        return [UNKNOWN if value is None else self._shown(value) for value in self.values]

    @property
    def foot_cell(self) -> str:
        """What a reader sees below the ranked rows; empty where there is nothing to say."""
        return "" if self.foot is None else self._shown(self.foot)

    def _shown(self, value: Any) -> str:
        return (
            one_line(str(value)) if self.decimals is None or isinstance(value, str) else f"{value:,.{self.decimals}f}"
        )


def one_line(text: str) -> str:
    """Text without line breaks, control characters and marks that reorder it; white space becomes a space."""
    return " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in text).split())


def bounds(interval: Sequence[float] | None, decimals: int) -> str | None:
    """Such as `88.41–89.77`."""
    return None if interval is None else "–".join(f"{bound:.{decimals}f}" for bound in interval)


def size(value: object) -> str | None:
    """`192×256`, width first, from the (width, height) that a predictions file names."""
    return "×".join(map(str, value)) if isinstance(value, list | tuple) and len(value) == 2 else None


def millions(value: object) -> float | None:
    """A count in millions; None where it is no number."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) / 1e6 if plain and math.isfinite(value) else None  # type: ignore[arg-type]


def training(model: Mapping[str, Any], seeds: Sequence[int]) -> str | None:
    """Such as `quick, 4 epochs, 4,000 people, seed 0`: what tells two runs of one architecture apart."""
    recipe, trained_on = model.get("recipe"), model.get("trained_on")
    if not (isinstance(recipe, dict) and isinstance(trained_on, dict)):
        return None
    origin = trained_on.get("began_with")
    if isinstance(origin, dict) and not trained_on.get("people"):
        return f"published weights ({origin.get('weights')})"
    parts = [recipe.get("name"), f"{recipe.get('epochs')} epochs", f"{trained_on.get('people')} people"]
    told = f"seeds {', '.join(map(str, seeds))}" if len(seeds) > 1 else f"seed {model.get('seed')}"
    return ", ".join(map(str, [*parts, told]))
