"""Forest plot of a board: every row's headline with its interval and seeds, in groups that differ significantly."""

import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from posebench.report.plots.plot_style import (
    CEILING_LINE,
    INK,
    PALETTE,
    QUIET,
    WIDTH,
    fitting,
    full_score,
    heading,
    heading_room,
    inches,
    number,
    subtitle,
    title,
)
from posebench.report.tables.board import CEILING, Board
from posebench.report.tables.rows import Row, row_labels

MOST = 40
"""Rows in one plot: as many as fit on a printed page."""
LINE, ABOVE, BELOW = 0.27, 0.72, 0.5
"""Inches: one row, what stands above all rows, and below."""
LONGEST = 3.0
"""Inches that a name may take."""
NUMBERS = 1.75
"""Inches at the right for value and interval."""
BAND = "#f1f3f5"


def ranks(board: Board) -> Figure | None:
    """Rows from the best down: rank range, name, headline with interval, one dot per seed. Tied rows share a band.

    Returns:
        the figure, or None where there are not two rows to be told apart.
    """
    rows = [row for row in board.rows if not math.isnan(row.headline)][:MOST]
    if len(rows) < 2:
        return None
    told = row_labels(board.rows)
    names = [fitting(told[row], LONGEST, 9) for row in rows]
    about = subtitle(board, _about(board, rows), WIDTH)
    titles = title(board, board.rule.headline, WIDTH)
    above = ABOVE + heading_room(titles, about)
    figure = Figure(figsize=(WIDTH, above + BELOW + LINE * len(rows)))
    heading(figure, titles, about, board.synthetic)
    left = 0.5 + max(inches(rank, 8.5) for rank in board.ranks.cells) + max(inches(name, 9) for name in names)
    height = figure.get_size_inches()[1]
    axis = figure.subplots()
    figure.subplots_adjust(left / WIDTH, BELOW / height, 1 - NUMBERS / WIDTH, 1 - above / height)
    _marks(axis, rows, board)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    if any(board.ranges):
        _bands(axis, board.groups[: len(rows)], left)
    _beside(axis, board, rows, names, left)
    ceiling = None if board.ceiling is None else board.ceiling.metrics.get(board.rule.headline)
    if ceiling is not None:
        axis.axvline(ceiling, **CEILING_LINE)
        _clear_of(axis, ceiling, board)
    axis.set_xlabel(f"{board.rule.headline} ({board.rule.unit})" if board.rule.unit else board.rule.headline)
    axis.locator_params(axis="x", nbins=6)
    axis.grid(axis="x")
    return figure


def _about(board: Board, rows: list[Row]) -> list[str]:
    parts = [f"{board.people}, boxes: {board.data.box_source}"]
    if any(board.rule.headline in row.intervals for row in rows):
        parts.append("bars: 95 % intervals")
    if any(row.by_seed for row in rows):
        parts.append("rings: single seeds")
    if any(board.ranges):
        parts.append("left: possible ranks")
    if len(set(board.groups[: len(rows)])) > 1:
        parts.append("bands: groups that differ")
    if board.ceiling is not None and board.rule.headline in board.ceiling.metrics:
        parts.append(f"dashed: {CEILING}")
    ranked = sum(not math.isnan(row.headline) for row in board.rows)
    if ranked > len(rows):
        parts.append(f"the best {len(rows)} of {ranked} rows")
    return parts


def _marks(axis: Axes, rows: list[Row], board: Board) -> None:
    """Interval, single seeds and value of every row; all rows at once, which takes a tenth of the time."""
    bounded = [
        (place, *row.intervals[board.rule.headline])
        for place, row in enumerate(rows)
        if board.rule.headline in row.intervals
    ]
    if bounded:
        axis.hlines(*zip(*bounded, strict=True), color=PALETTE[0], linewidth=2.2, zorder=3)
    seeds = [(value, place) for place, row in enumerate(rows) for value in row.by_seed]
    rings: dict[str, Any] = {"facecolor": "none", "edgecolor": PALETTE[1], "linewidth": 1.2, "zorder": 6}
    if seeds:
        x, y = zip(*seeds, strict=True)
        axis.scatter(x, y, s=52, **rings)
    for several, mark in ((False, "o"), (True, "D")):
        points = [(row.headline, place) for place, row in enumerate(rows) if bool(row.by_seed) == several]
        if points:
            x, y = zip(*points, strict=True)
            axis.scatter(x, y, s=26, color=PALETTE[0], marker=mark, zorder=5)


def _bands(axis: Axes, groups: list[int], left: float) -> None:
    """Every second group of tied rows on grey, from the figure's left edge to its right one."""
    inside = WIDTH - left - NUMBERS
    across = (-(left - 0.1) / inside, 1 + (NUMBERS - 0.1) / inside)
    for group in range(0, max(groups) + 1, 2):
        here = [place for place, own in enumerate(groups) if own == group]
        axis.axhspan(here[0] - 0.5, here[-1] + 0.5, *across, color=BAND, linewidth=0, clip_on=False, zorder=-1)


def _beside(axis: Axes, board: Board, rows: list[Row], names: list[str], left: float) -> None:
    """Rank and name at the left of every row, value and interval at its right."""
    axis.set_yticks(range(len(rows)), names, color=INK)
    inside = WIDTH - left - NUMBERS
    for place, (row, rank) in enumerate(zip(rows, board.ranks.cells, strict=False)):
        text: dict[str, Any] = {"transform": axis.get_yaxis_transform(), "va": "center_baseline", "fontsize": 8.5}
        axis.text(-(left - 0.18) / inside, place, rank, color=QUIET, **text)
        bounds = row.intervals.get(board.rule.headline)
        interval = "" if bounds is None else f"  [{number(bounds[0], board)}, {number(bounds[1], board)}]"
        axis.text(1 + 0.12 / inside, place, number(row.headline, board) + interval, color=INK, **text)


def _clear_of(axis: Axes, ceiling: float, board: Board) -> None:
    """Widen the axis so that the ceiling's line does not lie on the frame."""
    low, high = axis.get_xlim()
    room = 0.03 * (high - low)
    axis.set_xlim(min(low, ceiling - room), max(high, min(ceiling + room, full_score(board))))
