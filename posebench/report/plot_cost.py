"""Plot of a leaderboard's headline against the cost of its networks."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator, ScalarFormatter

from posebench.cost.record import Cost
from posebench.report.board import Board
from posebench.report.cost_tables import by_device
from posebench.report.plot_page import SHOWN
from posebench.report.plot_style import GRID, LONGEST_NAME, PALETTE, heading, heading_room, plain, subtitle, title
from posebench.report.rows import Row


def plot(board: Board, costs: Sequence[Cost]) -> Figure | None:
    """The headline over multiply-accumulates, and over milliseconds per image on each of up to two devices.

    Returns:
        the figure, or None where fewer than two of the board's rows have a known cost.
    """
    points = [
        (row, cost)
        for row in board.rows[:SHOWN]
        if (cost := cost_of(row, costs)) is not None and cost.macs and not math.isnan(row.headline)
    ]
    if len(points) < 2:
        return None
    panels: list[tuple[str, list[tuple[Row, float]]]] = [
        ("billion multiply-accumulates per image", [(row, cost.macs / 1e9) for row, cost in points])
    ]
    for device, same in by_device(costs)[:2]:
        found = [(row, _milliseconds(cost_of(row, same))) for row, _ in points]
        known = [(row, time) for row, time in found if not math.isnan(time)]
        if len(known) >= 2:
            panels.append((f"ms for one image, fastest fp32 way\n{plain(device, 44)}", known))
    figure, axes = _page(board, [row for row, _ in points], len(panels))
    for axis, (label, values) in zip(axes, panels, strict=True):
        _panel(axis, board, label, values)
    axes[0].set_ylabel(plain(f"{board.rule.headline} {board.rule.unit}".strip(), 30))
    return figure


def cost_of(row: Row, costs: Sequence[Cost]) -> Cost | None:
    """The cost of a row's network at its input size; one measured for the same protocol comes first."""
    able = [c for c in costs if c.arch == row.model.arch and c.input_size == row.model.input_size]
    return min(able, key=lambda cost: (cost.protocol != row.rule.protocol, not cost.timings), default=None)


def _page(board: Board, rows: Sequence[Row], panels: int) -> tuple[Figure, list[Axes]]:
    """A figure with title, subtitle and legend above panels that stand side by side."""
    names = [plain(row.name, LONGEST_NAME) for row in rows]
    width = max(6.4, 4.1 * panels + 0.4)
    across = max(1, int((width - 0.3) / (0.078 * max(map(len, names)) + 0.4)))
    about = subtitle(
        board, [f"{board.people}; bars: 95 % interval of {board.rule.headline}; up and left is better"], width
    )
    titles = title(board, f"{board.rule.headline} against cost", width)
    more = heading_room(titles, about)
    top, bottom = 0.95 + more + 0.2 * math.ceil(len(names) / across), 0.75
    height = top + bottom + 2.9
    figure = Figure(figsize=(width, height))
    axes = figure.subplots(1, panels, squeeze=False, sharey=True)
    figure.subplots_adjust(0.6 / width, bottom / height, 1 - 0.25 / width, 1 - top / height, 0.1)
    heading(figure, titles, about, board.synthetic)
    places = [board.rows.index(row) for row in rows]
    handles = [Line2D([], [], color=PALETTE[place], marker="o", linestyle="", markersize=7) for place in places]
    key: dict[str, Any] = {"handlelength": 0.9, "columnspacing": 1.5, "borderaxespad": 0, "borderpad": 0}
    corner = (0.15 / width, 1 - (0.66 + more) / height)
    figure.legend(handles, names, loc="upper left", bbox_to_anchor=corner, ncols=across, **key)
    return figure, list(axes.flat)


def _panel(axis: Axes, board: Board, label: str, values: list[tuple[Row, float]]) -> None:
    for row, x in values:
        y, bounds = row.headline, row.intervals.get(board.rule.headline)
        color = PALETTE[board.rows.index(row)]
        if bounds:
            axis.vlines(x, *bounds, color=color, linewidth=1.4, alpha=0.6)
        axis.plot([x], [y], "o", color=color, markersize=7)
    span = [x for _, x in values]
    axis.set_xscale("log")
    axis.set_xlim(min(span) / 1.4, max(span) * 1.4)
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.xaxis.set_minor_locator(NullLocator())
    axis.margins(y=0.12)
    axis.grid(color=GRID)
    axis.set_xlabel(label)


def _milliseconds(cost: Cost | None) -> float:
    best = None if cost is None or not cost.timings else cost.fastest(1)
    return math.nan if best is None else best.median
