"""Charts of lines as SVG within a page: they follow its colours, and a thousand pages take a second.

Pictures for papers are matplotlib's (posebench.report.plots.plots); its rules choose the ticks here too.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from matplotlib.ticker import LogLocator, MaxNLocator

TICKS = 5
"""About how many ticks an axis has."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One line of a chart; points from left to right, all known."""

    label: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Chart:
    """A chart, measured for a page.

    Attributes:
        title: what it shows; the first of it is what goes up.
        across: what the values are over.
        lines: one or two; the first is drawn strongest.
        logarithmic: whether the axis that goes up is; all values must be positive then.
        dots: whether points are marked.
        width, height: in the units of its coordinates. left, right, top, bottom: the edges of the field of the lines.
    """

    width: ClassVar[int] = 420
    height: ClassVar[int] = 230
    left: ClassVar[int] = 46
    right: ClassVar[int] = 408
    top: ClassVar[int] = 10
    bottom: ClassVar[int] = 190

    title: str
    across: str
    lines: tuple[Line, ...]
    logarithmic: bool = False
    dots: bool = False

    @cached_property
    def x_ticks(self) -> list[tuple[float, str]]:
        """(place, text) below the field."""
        return [(self._x(value), f"{value:g}") for value in _ticks(*self._across)]

    @cached_property
    def y_ticks(self) -> list[tuple[float, str]]:
        """(place, text) beside the field."""
        values = _log_ticks(*self._up) if self.logarithmic else _ticks(*self._up)
        return [(self._y(value), f"{value:g}") for value in values]

    def places(self, line: Line) -> list[Point]:
        """The points of a line in the chart's coordinates."""
        return [(self._x(x), self._y(y)) for x, y in line.points]

    def path(self, line: Line) -> str:
        """The line, for the attribute `points` of a polyline."""
        return " ".join(f"{x:g},{y:g}" for x, y in self.places(line))

    @cached_property
    def _across(self) -> Point:
        return self._range(0)

    @cached_property
    def _up(self) -> Point:
        return self._range(1)

    def _range(self, axis: int) -> Point:
        """Least and largest value; a single value is in the middle."""
        values = [point[axis] for line in self.lines for point in line.points]
        low, high = min(values), max(values)
        if low < high:
            return low, high
        return (low / 2, low * 2) if self.logarithmic and axis else (low - 0.5, low + 0.5)

    def _x(self, value: float) -> float:
        low, high = self._across
        return round(self.left + (value - low) / (high - low) * (self.right - self.left), 1)

    def _y(self, value: float) -> float:
        low, high = self._up
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return round(self.bottom - (value - low) / (high - low) * (self.bottom - self.top), 1)


def _ticks(low: float, high: float) -> list[float]:
    found = MaxNLocator(TICKS).tick_values(low, high)
    return [round(float(value), 12) + 0.0 for value in found if low <= value <= high]


def _log_ticks(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten; only powers where these are many, and equal steps where they are fewer than three."""
    for steps in ((1.0, 2.0, 5.0), (1.0,)):
        values = LogLocator(subs=steps, numticks=20).tick_values(low, high)
        found = [float(f"{value:.6g}") for value in values if low <= value <= high]
        if len(found) <= 2 * TICKS:
            break
    return found if len(found) > 2 else _ticks(low, high)


def points(across: Sequence[float | None], up: Sequence[float | None]) -> tuple[Point, ...]:
    """The points of which both numbers are there, known and finite."""
    both = zip(across, up, strict=False)  # a record edited by hand may have more of one
    return tuple((x, y) for x, y in both if x is not None and y is not None and math.isfinite(x) and math.isfinite(y))
