"""Plot of a leaderboard's headline against the cost of its networks, with the Pareto front."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from posebench.cost.record import Cost
from posebench.errors import counted
from posebench.report.plots.plot_page import SHOWN, fit_scale, page
from posebench.report.plots.plot_style import GRID, INK, PALETTE, QUIET, plain
from posebench.report.tables.board import Board
from posebench.report.tables.cost_tables import by_device
from posebench.report.tables.network_columns import DEVICES, cost_of, milliseconds, parameters
from posebench.report.tables.rows import Row

FRONT = "grey line: the best score for a cost or less (Pareto front, by value); up and left is better"


@dataclass(frozen=True)
class _Panel:
    """One kind of cost: its title, its unit, and the cost of each row that is known."""

    title: str
    unit: str
    costs: Sequence[tuple[Row, float]]


def plot(board: Board, costs: Sequence[Cost]) -> Figure | None:
    """The headline over parameters, multiply-accumulates, and milliseconds per image on each of up to two devices.

    Returns:
        the figure, or None where no two rows are known to differ in any kind of cost.
    """
    rows = [row for row in board.rows[:SHOWN] if not math.isnan(row.headline)]
    known = {row: cost for row in rows if (cost := cost_of(row, costs)) is not None}
    panels = [
        _Panel("parameters", "million", [(row, count / 1e6) for row in rows if (count := parameters(row, known.get(row)))]),
        _Panel("multiply-accumulates", "billion per image", [(row, cost.macs / 1e9) for row, cost in known.items() if cost.macs]),
    ]  # fmt: skip
    for device, same in by_device(costs)[:DEVICES]:
        times = [(row, time) for row in known if (time := milliseconds(cost_of(row, same))) is not None]
        panels.append(_Panel(f"time on {device}", "ms for one image, fastest fp32 way", times))
    panels = [panel for panel in panels if len({cost for _, cost in panel.costs}) >= 2]
    if not panels:
        return None
    drawn = [row for row in rows if any(row is one for panel in panels for one, _ in panel.costs)]
    across = min(2, len(panels))
    bounded = any(board.rule.headline in row.intervals for row in drawn)
    what = (
        f"{board.rule.headline} against cost",
        "; ".join([*["vertical lines: 95 % intervals"] * bounded, FRONT, *_absent(rows, drawn)]),
        False,
    )
    figure, axes = page(board, what, 2.9, (math.ceil(len(panels) / across), across), drawn)
    for axis, panel in zip(axes, panels, strict=False):
        _draw(axis, board, panel)
    for axis in axes[len(panels) :]:
        axis.remove()
    bounds = [bound for row in drawn for bound in row.intervals.get(board.rule.headline, ())]
    fit_scale(axes[: len(panels)], [*(row.headline for row in drawn), *bounds], board)
    return figure


def front(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The points (cost, score) that no other one beats in both: for each, nothing as cheap is better. The cheapest first."""
    found: list[tuple[float, float]] = []
    for cost, score in sorted(points, key=lambda point: (point[0], -point[1])):
        if not found or score > found[-1][1]:
            found.append((cost, score))
    return found


def _absent(rows: Sequence[Row], drawn: Sequence[Row]) -> list[str]:
    """Why rows are not drawn, such as `1 row has no known network`."""
    absent = [row for row in rows if row not in drawn]
    unknown = sum(row.model.arch is None for row in absent)
    reasons = {"no known network": unknown, "no known cost": len(absent) - unknown}
    return [f"{counted(count, 'row has', 'rows have')} {what}" for what, count in reasons.items() if count]


def _draw(axis: Axes, board: Board, panel: _Panel) -> None:
    values = [value for _, value in panel.costs]
    low, high = min(values) / 1.3, max(values) * 1.3
    cheapest = front([(value, row.headline) for row, value in panel.costs])
    xs, ys = zip(*cheapest, (high, cheapest[-1][1]), strict=True)
    axis.step(xs, ys, where="post", color=QUIET, linewidth=1, zorder=1)
    for row, x in panel.costs:
        color, bounds = PALETTE[board.rows.index(row)], row.intervals.get(board.rule.headline)
        if bounds:
            axis.vlines(x, *bounds, color=color, linewidth=1.4, alpha=0.6)
        axis.plot([x], [row.headline], "o", color=color, markersize=7)
    axis.set_xscale("log")
    axis.set_xlim(low, high)
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)) if high / low > 8 else MaxNLocator(5))
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.grid(axis="x", color=GRID)
    axis.set_title(plain(panel.title, 48), loc="left", fontsize=9.5, color=INK)
    axis.set_xlabel(panel.unit)
