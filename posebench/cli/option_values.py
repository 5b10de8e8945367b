"""What a person types for an option, as a value; an error says what it should be."""

import re
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from posebench.plugins.registry import Kind

MOST_THRESHOLDS = 1000


class PluginName(click.ParamType):  # type: ignore[type-arg] # generic only in newer releases of click
    """The name of a plugin; where it is missing, the error lists the installed ones."""

    name = "text"

    def __init__(self, kind: "Kind") -> None:
        self.kind = kind

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        from posebench.plugins.registry import installed

        return f"Installed: {', '.join(plugin.name for plugin in installed(self.kind))}."


class ArchitectureName(PluginName):
    """The name of an architecture, checked with its options before anything is read or built."""

    def __init__(self) -> None:
        super().__init__("architecture")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from posebench.plugins.registry import check_architecture

        check_architecture(value)
        return value


def read_names(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    """`left_wrist, right_wrist` → the names; () without the option."""
    names = tuple(name.strip() for name in (value or "").split(","))
    if value is not None and not all(names):
        raise click.BadParameter(f"{value!r} should be names with commas between them, such as left_wrist,right_wrist.")
    return () if value is None else names


def read_thresholds(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    """`0.3`, `0.1,0.2,0.5` or `0:1:0.02` (both ends included) → (T,) ascending."""
    import numpy as np

    if value is None:
        return None
    try:
        if ":" not in value:
            found = np.unique([float(part) for part in value.split(",")])
            if not (found[0] >= 0 and np.isfinite(found).all() and len(found) <= MOST_THRESHOLDS):
                raise ValueError
            return found
        first, last, step = (float(part) for part in value.split(":"))
        count = round((last - first) / step)
        if not (0 <= first < last and 1 <= count <= MOST_THRESHOLDS and abs(first + count * step - last) < step / 1000):
            raise ValueError
    except (ValueError, ZeroDivisionError, OverflowError):
        raise click.BadParameter(
            f"{value!r} should be a number (0.3), numbers with commas (0.1,0.2,0.5), or FROM:TO:STEP with whole steps, at most "
            f"{MOST_THRESHOLDS:,} (0:1:0.02)."
        ) from None
    # A product, not a sum: 0.3 must be the number that a rule's own 0.3 is.
    return first + np.round(np.arange(count + 1) * step, 12)


def read_size(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """`256x192`, height first as in the field's tables → (width, height) = (192, 256)."""
    if value is None:
        return None
    from posebench.plugins.recipe import LARGEST_SIDE

    found = re.fullmatch(r"\s*([0-9]{1,6})\s*[x×X]\s*([0-9]{1,6})\s*", value)
    height, width = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
        raise click.BadParameter(
            f"{value!r} should be HEIGHTxWIDTH in pixels, at most {LARGEST_SIDE:,} each, such as 256x192: 256 high, 192 wide."
        )
    return width, height
