"""Cost beside accuracy: the plot of a leaderboard's headline against what its networks need."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from posebench.boards import EMBEDDED, Board, headline
from posebench.cost import Cost
from posebench.cost_tables import by_device
from posebench.plots import GRID, INK, PALETTE, QUIET, SHOWN, WARNING, plain, save_png, style
from posebench.results import Record


def write_plots(board: Board, costs: Sequence[Cost], results: Path) -> list[Path]:
    """Write `plots/<slug>-cost.png`, where two or more records of the board have a known cost.

    Returns:
        the file's path, or nothing.
    """
    with style():
        figure = plot(board, costs)
        if figure is None:
            return []
        path = results / "plots" / f"{board.slug}-cost.png"
        save_png(figure, path)
    return [path]


def plot(board: Board, costs: Sequence[Cost]) -> Figure | None:
    """The headline over multiply-accumulates, and over milliseconds per image on each of up to two devices.

    Returns:
        the figure, or None where fewer than two of the board's records have a known cost.
    """
    points = [(record, cost) for record in board.records[:SHOWN] if (cost := cost_of(record, costs)) is not None]
    if len(points) < 2:
        return None
    panels: list[tuple[str, list[tuple[Record, float]]]] = [
        ("billion multiply-accumulates per image", [(record, cost.macs / 1e9) for record, cost in points])
    ]
    for device, same in by_device(costs)[:2]:
        found = [(record, _milliseconds(cost_of(record, same))) for record, _ in points]
        known = [(record, time) for record, time in found if not math.isnan(time)]
        if len(known) >= 2:
            panels.append((f"ms for one image, fastest fp32 way\n{plain(device, 44)}", known))
    figure = Figure(figsize=(max(6.4, 4.1 * len(panels) + 0.4), 4.3))
    width, height = figure.get_size_inches()
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)
    figure.subplots_adjust(0.6 / width, 0.75 / height, 1 - 0.25 / width, 1 - 0.75 / height, 0.1)
    title = plain(f"{board.rule.headline} against cost, {board.title}", int(width * 10.5))
    about = (
        EMBEDDED
        if board.embedded
        else f"{board.people}; bars: 95 % interval of {board.rule.headline}; up and left is better"
    )
    figure.text(0.15 / width, 1 - 0.15 / height, title, weight="bold", fontsize=11, va="top")
    color = WARNING if board.embedded else QUIET
    figure.text(0.15 / width, 1 - 0.42 / height, plain(about, int(width * 14)), fontsize=8.5, color=color, va="top")
    for axis, (label, values) in zip(axes.flat, panels, strict=True):
        _panel(axis, board, label, values)
    axes.flat[0].set_ylabel(plain(f"{board.rule.headline} {board.rule.unit}".strip(), 30))
    return figure


def cost_of(record: Record, costs: Sequence[Cost]) -> Cost | None:
    """The cost of a record's network at its input size; one measured for the same protocol comes first."""
    size = record.model.get("input_size")
    if not (isinstance(size, list | tuple) and len(size) == 2):
        return None
    able = [c for c in costs if c.arch == record.model.get("arch") and list(c.input_size) == list(size)]
    return min(able, key=lambda cost: (cost.protocol != record.rule.protocol, not cost.timings), default=None)


def _panel(axis: Axes, board: Board, label: str, values: list[tuple[Record, float]]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter, NullLocator, ScalarFormatter

    # One network has one place: its records' names stand above each other, the best first.
    for place, record in enumerate(board.records[:SHOWN]):
        for x in (x for other, x in values if other is record):
            y, bounds = headline(record), record.intervals.get(board.rule.headline)
            if math.isnan(y):
                continue
            if bounds:
                axis.vlines(x, *bounds, color=PALETTE[place], linewidth=1.4, alpha=0.6)
            axis.plot([x], [y], "o", color=PALETTE[place], markersize=7)
    span = [x for _, x in values]
    axis.set_xscale("log")
    axis.set_xlim(min(span) / 1.5, max(span) * 1.5)
    axis.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.xaxis.set_major_formatter(ScalarFormatter())
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.margins(y=0.12)
    axis.grid(color=GRID)
    axis.set_xlabel(label)
    _names(axis, board, values)


def _names(axis: Axes, board: Board, values: list[tuple[Record, float]]) -> None:
    """Each point's name beside it, towards the side that has more room, moved up where two would overlap."""
    low, high = axis.get_xlim()
    middle = math.sqrt(low * high)
    floor, ceiling = axis.get_ylim()
    taken: list[tuple[bool, float]] = []
    for record, x in sorted(values, key=lambda point: headline(point[0])):
        y = headline(record)
        if math.isnan(y):
            continue
        right = x < middle
        spot = y
        for side, other in taken:
            if side == right:
                spot = max(spot, other + (ceiling - floor) * 0.045)
        taken.append((right, spot))
        text: dict[str, Any] = {"ha": "left" if right else "right", "va": "center", "fontsize": 8, "color": INK}
        axis.annotate(plain(record.name, 26), (x, spot), (7 if right else -7, 0), textcoords="offset points", **text)


def _milliseconds(cost: Cost | None) -> float:
    best = None if cost is None or not cost.timings else cost.fastest(1)
    return math.nan if best is None else best.median
