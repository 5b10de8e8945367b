"""Plot of scores over thresholds: a panel for each curve, and a line for each row."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from posebench.report.plots.plot_page import SHOWN, page
from posebench.report.plots.plot_style import CEILING_LINE, INK, PALETTE, full_scale, plain
from posebench.report.tables.board import Board
from posebench.report.tables.rows import Row
from posebench.scoring.scores import Curve


def curves(board: Board) -> Figure | None:
    """Scores over thresholds: one panel per curve, the headline's first, and one line per row, with the metric's interval where
    the curve goes through a metric of its name.

    Returns:
        the figure, or None where no record has a curve.
    """
    rows = board.rows[:SHOWN]
    labels = list(dict.fromkeys(curve.label for row in rows for curve in row.curves))
    if not labels:
        return None
    labels.sort(key=lambda label: label != board.rule.headline)
    across = 2 if len(labels) == 4 else min(3, len(labels))
    down = -(-len(labels) // across)
    score = board.newest.per_joint_metric.partition("@")[0] or board.rule.headline
    ceilings = [] if board.ceiling is None else [curve for curve in board.ceiling.curves if curve.label in labels]
    what = f"{score} over threshold", _about_curves(rows, labels), bool(ceilings)
    figure, axes = page(board, what, {1: 3.4, 2: 2.7, 3: 1.9}[across], (down, across), rows)
    for axis, label in zip(axes, labels, strict=False):
        for place in range(len(rows)):
            _curve(axis, rows, label, place)
        for curve in (curve for curve in ceilings if curve.label == label):
            axis.plot(curve.thresholds, curve.values, zorder=2, **CEILING_LINE)
        axis.set_title(plain(label, 40), loc="left", fontsize=9.5, color=INK)
        axis.set_xlabel(next(curve.axis for row in rows for curve in row.curves if curve.label == label))
        axis.margins(x=0.01)
        axis.locator_params(axis="x", nbins=6)
        full_scale(axis, board)
    for axis in axes[len(labels) :]:
        axis.remove()
    return figure


def _about_curves(rows: Sequence[Row], labels: Sequence[str]) -> str:
    """Explanation of the drawn marks."""
    bounded = any(label in row.intervals and _through(row, label) is not None for row in rows for label in labels)
    equal = any(_equal_before(rows, label, place) for label in labels for place in range(len(rows)))
    marks = ["vertical lines: 95 % intervals of the metric of that name"] * bounded + [
        "alternating colours: equal curves"
    ] * equal
    return "; ".join(marks)


def _curve(axis: Axes, rows: Sequence[Row], label: str, place: int) -> None:
    row, color = rows[place], PALETTE[place]
    equal = _equal_before(rows, label, place)
    # Of equal curves the first is whole; each later one lies above it in dashes half as long as those before.
    dash = 8 / 2**equal
    look: dict[str, Any] = {"linestyle": (0, (dash, 8 - dash)) if equal else "-", "dash_capstyle": "butt"}
    look["zorder"] = 9 + equal if equal else 9 - place
    for curve in _of(row, label):
        axis.plot(curve.thresholds, curve.values, color=color, linewidth=1.8, **look)
        bounds, through = row.intervals.get(label), _through(row, label)
        if bounds is not None and through is not None:
            # Beside each other, the best row's first: at their threshold they would hide one another.
            x = through + (place + 1) * 0.015 * (curve.thresholds[-1] - curve.thresholds[0])
            axis.vlines(x, *bounds, color=color, linewidth=1.8, zorder=9)


def _of(row: Row, label: str) -> list[Curve]:
    return [curve for curve in row.curves if curve.label == label]


def _through(row: Row, label: str) -> float | None:
    """The last threshold at which a row's curve has the value of the metric of its name; None where it has it nowhere."""
    value = row.metrics.get(label)
    if value is None:
        return None
    found = [
        threshold
        for curve in _of(row, label)
        for threshold, here in zip(curve.thresholds, curve.values, strict=True)
        if math.isclose(here, value)
    ]
    return found[-1] if found else None


def _equal_before(rows: Sequence[Row], label: str, place: int) -> int:
    """How many rows before `place` have an equal curve, which it would hide or be hidden by."""
    own = _of(rows[place], label)
    return sum(bool(own) and _of(row, label) == own for row in rows[:place])
