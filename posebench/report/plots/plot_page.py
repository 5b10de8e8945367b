"""The page of a plot of several rows: title, subtitle and key above one or more panels."""

import math
from collections.abc import Iterable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posebench.report.plots.plot_style import (
    CEILING_LINE,
    EDGE,
    LONGEST_NAME,
    PALETTE,
    WIDTH,
    full_score,
    heading,
    heading_room,
    key_columns,
    number,
    plain,
    subtitle,
    title,
)
from posebench.report.tables.board import CEILING, Board
from posebench.report.tables.rows import Row, row_labels

SHOWN = 8
"""Rows in one plot: more colours than these cannot be told apart."""
GAP = 0.85
"""Inches between two rows of panels, for the labels of both."""


def page(
    board: Board, what: tuple[str, str, bool], high: float, grid: tuple[int, int], rows: Sequence[Row]
) -> tuple[Figure, list[Axes]]:
    """A figure with title, subtitle and the key of rows above `grid` = (down, across) panels.

    Args:
        what: what is drawn, what a reader needs to read it, and whether the annotators' own agreement is among it.
        high: inches of a panel.
        rows: those of the board that are drawn. A row has the same colour in all plots.
    """
    told = row_labels(board.rows)
    names = [plain(told[row], LONGEST_NAME) + f"  {number(row.headline, board)}" for row in rows]
    handles = [Line2D([], [], color=PALETTE[board.rows.index(row)], linewidth=4) for row in rows]
    if what[2]:
        names.append(CEILING)
        handles.append(Line2D([], [], **CEILING_LINE))
    across = key_columns(names, WIDTH - 2 * EDGE)
    about = subtitle(board, _about(board, what[1]), WIDTH)
    titles = title(board, what[0], WIDTH)
    more = heading_room(titles, about)
    top, bottom = 0.95 + more + 0.2 * math.ceil(len(names) / across), 0.65
    figure = Figure(figsize=(WIDTH, top + bottom + grid[0] * high + (grid[0] - 1) * GAP))
    height = figure.get_size_inches()[1]
    heading(figure, titles, about, board.synthetic)
    corner = (0.15 / WIDTH, 1 - (0.66 + more) / height)
    key = {"handlelength": 1.6 if what[2] else 0.9, "columnspacing": 1.5, "borderaxespad": 0, "borderpad": 0}
    figure.legend(handles, names, loc="upper left", bbox_to_anchor=corner, ncols=across, **key)
    axes = figure.subplots(*grid, squeeze=False)
    figure.subplots_adjust(0.65 / WIDTH, bottom / height, 1 - 0.15 / WIDTH, 1 - top / height, 0.16, GAP / high)
    for axis in axes[:, 0]:
        axis.set_ylabel(f"score ({board.rule.unit})" if board.rule.unit else "score")
    return figure, list(axes.flat)


def _about(board: Board, more: str) -> list[str]:
    parts = [f"{board.people}, boxes: {board.data.box_source}", more]
    if any(row.by_seed for row in board.rows[:SHOWN]):
        parts.append("rows of several seeds: mean")
    if len(board.rows) > SHOWN:
        parts.append(f"the best {SHOWN} of {len(board.rows)} rows, by {board.rule.headline}")
    return parts


def fit_scale(axes: Iterable[Axes], values: Sequence[float], board: Board) -> None:
    """One scale of scores for several panels: all values fit, and not more, so that 88 and 89 do not look alike."""
    low, high = min(values), max(values)
    room = max(0.06 * (high - low), 0.005 * full_score(board))
    for axis in axes:
        axis.set_ylim(max(low - room, -room), min(high + room, full_score(board) + room))
        axis.locator_params(axis="y", nbins=6)
        axis.grid(axis="y")
