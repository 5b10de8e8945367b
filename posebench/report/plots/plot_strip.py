"""Strips: scores of several rows as dots with intervals, row beside row, at each of several places such as keypoints."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from posebench.report.plots.plot_page import fit_scale, page
from posebench.report.plots.plot_style import CEILING_LINE, GRID, INK, PALETTE, WIDTH
from posebench.report.tables.board import Board
from posebench.report.tables.columns import UNKNOWN
from posebench.report.tables.rows import Row

WIDEST = WIDTH - 0.8
"""Inches that places may take side by side; further ones continue below."""
MARKS = {"left": "<", "right": ">", "": "o"}
ASIDE = {"left": -0.22, "right": 0.22, "": 0.0}
"""Where the mark of a side stands, in parts of the room that a row has at a place."""


@dataclass(frozen=True)
class Mark:
    """A score that is drawn.

    Attributes:
        row: place of the row on the board.
        value: None where it is unknown.
        side: of the person, `left` or `right`; empty for none.
    """

    row: int
    value: float | None
    interval: tuple[float, float] | None = None
    side: str = ""


@dataclass(frozen=True)
class Place:
    """What is drawn above one label.

    Attributes:
        ceiling: the annotators' own agreement; None where it is unknown.
        begins: whether a stronger line stands before it.
    """

    label: str
    marks: tuple[Mark, ...]
    ceiling: float | None = None
    begins: bool = False


def strip(board: Board, what: tuple[str, str], rows: Sequence[Row], places: Sequence[Place]) -> Figure:
    """Draw the marks of all places on one scale.

    Args:
        what: title, and what a reader needs to read it.
        rows: of the board, which the key names. places: at least one.
    """
    each = max(0.8, 0.17 * len(rows) + 0.25)
    down = math.ceil(len(places) * each / WIDEST)
    across = math.ceil(len(places) / down)
    marks = [mark for place in places for mark in place.marks]
    ceilings = [place.ceiling for place in places if place.ceiling is not None]
    intervals = "lines: 95 % intervals" * any(mark.interval for mark in marks)
    about = "; ".join(filter(None, (what[1], intervals)))
    figure, axes = page(
        board, (what[0], about, bool(ceilings)), 2.6, (down, 1), rows
    )  # fmt: skip
    order = {
        board.rows.index(row): (number - (len(rows) - 1) / 2) * 0.88 / len(rows) for number, row in enumerate(rows)
    }
    for line, axis in enumerate(axes):
        here = places[line * across : (line + 1) * across]
        for spot, place in enumerate(here):
            if place.ceiling is not None:
                axis.hlines(place.ceiling, spot - 0.45, spot + 0.45, zorder=4, **CEILING_LINE)
            if spot:
                axis.axvline(spot - 0.5, color=INK if place.begins else GRID, linewidth=0.8)
        for row, shift in order.items():
            drawn = [
                (spot + shift + ASIDE[mark.side] * 0.88 / len(rows), mark)
                for spot, place in enumerate(here)
                for mark in place.marks
                if mark.row == row
            ]
            _draw(axis, drawn, PALETTE[row])
        axis.set_xticks(range(len(here)), [place.label for place in here], color=INK)
        axis.set_xlim(-0.5, across - 0.5)
    values = [mark.value for mark in marks if mark.value is not None]
    fit_scale(axes, [*values, *(bound for mark in marks for bound in mark.interval or ()), *ceilings], board)
    return figure


def _draw(axis: Axes, marks: Sequence[tuple[float, Mark]], color: str) -> None:
    """One row's marks with where they stand."""
    bounded = [(x, *mark.interval) for x, mark in marks if mark.interval is not None]
    if bounded:
        axis.vlines(*zip(*bounded, strict=True), color=color, linewidth=1.3, zorder=3)
    for side, shape in MARKS.items():
        points = [(x, mark.value) for x, mark in marks if mark.side == side and mark.value is not None]
        if points:
            xs, ys = zip(*points, strict=True)
            axis.scatter(xs, ys, color=color, marker=shape, s=20, linewidth=0, zorder=5)
    for x in (x for x, mark in marks if mark.value is None):
        axis.text(x, 0.02, UNKNOWN, color=color, ha="center", transform=axis.get_xaxis_transform())
