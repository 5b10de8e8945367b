"""Plots of leaderboards: scores by keypoint, and curves over thresholds."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from posebench.report.board import CEILING, Board
from posebench.report.plot_style import (
    CEILING_LINE,
    INK,
    LONGEST_NAME,
    PALETTE,
    full_scale,
    full_score,
    heading,
    heading_room,
    number,
    plain,
    subtitle,
    title,
)
from posebench.report.rows import Row
from posebench.scoring.scores import Curve

Pair = tuple[float | None, float | None]
Bounds = tuple[float, float]

CASING = [Stroke(linewidth=2.2, foreground="white"), Normal()]
"""White edge of thin lines, which makes them visible on dark bars."""
SHOWN = 8
"""Rows in one plot: more colours than these cannot be told apart."""

# Keypoints are drawn in the order in which one looks at a person, whatever their order in the file.
HEAD_TO_FOOT = (
    "head", "nose", "eye", "ear", "neck", "shoulder", "elbow", "wrist", "thorax", "torso", "pelvis", "hip",
    "knee", "ankle",
)  # fmt: skip
WIDEST = 8.0
"""Inches that keypoints may take side by side; a skeleton with more continues below."""
GAP = 0.85
"""Inches between two rows of panels, for the labels of both."""


def joints(board: Board) -> Figure | None:
    """Bars per keypoint, one colour per row. Left and right share a bar, their mean; thin lines are the intervals of both, or
    where these are unknown go from one to the other.

    Returns:
        the figure, or None where no record is scored by keypoint.
    """
    rows = board.rows[:SHOWN]
    names = _head_to_foot(name for row in rows for name in paired(row.per_joint))
    if not names:
        return None
    each = max(0.8, 0.15 * len(rows) + 0.2)
    down = math.ceil(len(names) * each / WIDEST)
    across = math.ceil(len(names) / down)
    known = any(row.per_joint_intervals for row in rows)
    about = "thin lines: 95 % intervals of left and right" if known else "thin lines span left and right"
    ceilings = {} if board.ceiling is None else {_plain(key): value for key, value in board.ceiling.metrics.items()}
    drawn = {name: ceilings[_plain(name)] for name in names if _plain(name) in ceilings}
    what = f"{board.newest.per_joint_metric or 'Score'} by keypoint"
    figure, axes = _page(board, (what, about, bool(drawn)), (max(7.5, 0.7 + across * each), 2.4), (down, 1))
    for line, axis in enumerate(axes):
        here = names[line * across : (line + 1) * across]
        for place, row in enumerate(rows):
            _bars(axis, row, {name: drawn.get(name) for name in here}, (place, len(rows)), board)
        for spot, name in enumerate(here):
            if name in drawn:
                axis.hlines(drawn[name], spot - 0.45, spot + 0.45, zorder=4, **CEILING_LINE)
        axis.set_xticks(range(len(here)), [plain(name, 24).replace("_", "\n") for name in here], color=INK)
        axis.set_xlim(-0.55, across - 0.45)
        full_scale(axis, board)
    return figure


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
    width = 7.5 if across == 1 else 3.9 * across + 0.6
    score = board.newest.per_joint_metric.partition("@")[0] or board.rule.headline
    ceilings = [] if board.ceiling is None else [curve for curve in board.ceiling.curves if curve.label in labels]
    what = f"{score} over threshold", _about_curves(rows, labels), bool(ceilings)
    figure, axes = _page(board, what, (width, 3.4 if across == 1 else 2.7), (down, across))
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


def paired(per_joint: Mapping[str, float | None]) -> dict[str, Pair]:
    """Left and right under one name: `wrist` → (left, right). Others: twice the same value."""
    pairs: dict[str, list[float | None]] = {}
    for name, value in per_joint.items():
        side, _, rest = name.partition("_")
        other = {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side)
        if other in per_joint:
            pairs.setdefault(rest, [None, None])[side == "right"] = value
        else:
            pairs[name] = [value, value]
    return {name: (left, right) for name, (left, right) in pairs.items()}


def _page(
    board: Board, what: tuple[str, str, bool], panel: tuple[float, float], grid: tuple[int, int]
) -> tuple[Figure, list[Axes]]:
    """A figure with title, subtitle and legend above `grid` = (down, across) panels.

    Args:
        what: what is drawn, what a reader needs to read it, and whether the annotators' own agreement is among it.
        panel: (width of a whole row of panels, height of one), inches.
    """
    rows = board.rows[:SHOWN]
    names = [plain(row.name, LONGEST_NAME) + f"  {number(row.headline, board)}" for row in rows]
    handles = [Line2D([], [], color=color, linewidth=4) for color in PALETTE[: len(names)]]
    if what[2]:
        names.append(CEILING)
        handles.append(Line2D([], [], **CEILING_LINE))
    across = max(1, int((panel[0] - 0.3) / (0.078 * max(map(len, names)) + 0.4)))
    about = subtitle(board, _about(board, what[1]), panel[0])
    titles = title(board, what[0], panel[0])
    more = heading_room(titles, about)
    top, bottom = 1.1 + more + 0.2 * math.ceil(len(names) / across), 0.5
    figure = Figure(figsize=(panel[0], top + bottom + grid[0] * panel[1] + (grid[0] - 1) * GAP))
    width, height = figure.get_size_inches()
    heading(figure, titles, about, board.synthetic)
    corner = (0.15 / width, 1 - (0.66 + more) / height)
    key = {"handlelength": 1.6 if what[2] else 0.9, "columnspacing": 1.5, "borderaxespad": 0, "borderpad": 0}
    figure.legend(handles, names, loc="upper left", bbox_to_anchor=corner, ncols=across, **key)
    axes = figure.subplots(*grid, squeeze=False)
    figure.subplots_adjust(0.5 / width, bottom / height, 1 - 0.15 / width, 1 - top / height, 0.16, GAP / panel[1])
    return figure, list(axes.flat)


def _about(board: Board, more: str) -> list[str]:
    parts = [f"{board.people}, boxes: {board.data.box_source}", more]
    if any(row.by_seed for row in board.rows[:SHOWN]):
        parts.append("rows of several seeds: mean")
    if len(board.rows) > SHOWN:
        parts.append(f"the best {SHOWN} of {len(board.rows)} rows, by {board.rule.headline}")
    return parts


def _bars(axis: Axes, row: Row, names: Mapping[str, float | None], place: tuple[int, int], board: Board) -> None:
    """One row's bars at `names` → the ceiling there; it is the first of `place`, of as many as its second."""
    step = 0.84 / place[1]
    pairs, bounds = paired(row.per_joint), sides(row.per_joint_intervals)
    above: dict[str, Any] = {
        "textcoords": "offset points",
        "ha": "center",
        "va": "bottom",
        "fontsize": 6.5,
        "color": INK,
    }
    for spot, (name, ceiling) in enumerate(names.items()):
        x = spot + (place[0] - (place[1] - 1) / 2) * step
        values = pairs.get(name, (None, None))
        known = [value for value in values if value is not None]
        mean = sum(known) / len(known) if known else math.nan
        # A bar of one side alone says which.
        side = "" if len(known) != 1 else " left" if values[1] is None else " right"
        top = max(known, default=0)
        if known:
            axis.bar(x, mean, width=step * 0.88, color=PALETTE[place[0]])
            lines = bounds.get(name, []) or [(0.0, (min(known), max(known)))]
            for aside, (low, high) in lines:
                axis.vlines(x + aside * step, low, high, color=INK, linewidth=0.9, zorder=3, path_effects=CASING)
                top = max(top, high)
        if ceiling is not None and top < ceiling < top + 0.2 * full_score(board):
            top = ceiling  # else its line would strike the number through
        turned = 0 if step > 0.4 else 90
        axis.annotate(number(mean, board, 1) + side, (x, top), (0, 2.5), rotation=turned, **above)


def sides(intervals: Mapping[str, Bounds]) -> dict[str, list[tuple[float, Bounds]]]:
    """Intervals under the names of `paired`, each with its place: left of the bar's middle, right of it, or there.

    Left and right are the person's; what a reader sees at the left is the left one.
    """
    found: dict[str, list[tuple[float, Bounds]]] = {}
    for name, bounds in intervals.items():
        side, _, rest = name.partition("_")
        other = {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side)
        if other in intervals:
            found.setdefault(rest, []).append((-0.2 if side == "left" else 0.2, bounds))
        else:
            found[name] = [(0.0, bounds)]
    return found


def _about_curves(rows: Sequence[Row], labels: Sequence[str]) -> str:
    """Explanation of the drawn marks."""
    bounded = any(label in row.intervals and _through(row, label) is not None for row in rows for label in labels)
    equal = any(_equal_before(rows, label, place) for label in labels for place in range(len(rows)))
    marks = ["vertical lines at the end: 95 % intervals"] * bounded + ["alternating colours: equal curves"] * equal
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


def _plain(name: str) -> str:
    return name.replace("_", " ").casefold()


def _head_to_foot(names: Iterable[str]) -> list[str]:
    """Each name once, the head's first; those that no list could know come last, in their order."""
    known = list(dict.fromkeys(names))
    place = {part: index for index, part in enumerate(HEAD_TO_FOOT)}
    return sorted(known, key=lambda name: min((place[p] for p in HEAD_TO_FOOT if p in name), default=len(place)))
