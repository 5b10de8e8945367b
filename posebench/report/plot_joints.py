"""Plot of scores by keypoint: a dot with its interval for each row, left and right beside each other."""

import math
from collections.abc import Iterable, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from posebench.report.board import Board
from posebench.report.columns import UNKNOWN
from posebench.report.plot_page import SHOWN, dots, fit_scale, head_to_foot, lines, page
from posebench.report.plot_style import CEILING_LINE, GRID, INK, PALETTE, plain
from posebench.report.rows import Row

WIDEST = 8.0
"""Inches that keypoints may take side by side; a skeleton with more continues below."""
MARKS = {"left": "<", "right": ">", "": "o"}
SIDE = {"left": -0.22, "right": 0.22, "": 0.0}
"""Where the mark of a side stands, in parts of the place that a row has at a keypoint."""


def joints(board: Board) -> Figure | None:
    """Dots with intervals by keypoint, one colour per row; left and right of a pair stand beside each other.

    Returns:
        the figure, or None where no record is scored by keypoint.
    """
    rows = board.rows[:SHOWN]
    scored = {name for row in rows for name, value in row.per_joint.items() if value is not None}
    names = head_to_foot(name for name, sides in paired(*(row.per_joint for row in rows)).items()
                         if scored & set(sides.values()))  # fmt: skip
    if not names:
        return None
    each = max(0.8, 0.17 * len(rows) + 0.25)
    down = math.ceil(len(names) * each / WIDEST)
    across = math.ceil(len(names) / down)
    ceilings = {} if board.ceiling is None else {_plain(key): value for key, value in board.ceiling.metrics.items()}
    drawn = {name: ceilings[_plain(name)] for name in names if _plain(name) in ceilings}
    what = f"{board.newest.per_joint_metric or 'Score'} by keypoint", _marks(rows), bool(drawn)
    figure, axes = page(board, what, (max(7.5, 0.7 + across * each), 2.6), (down, 1))
    for line, axis in enumerate(axes):
        here = names[line * across : (line + 1) * across]
        for place, row in enumerate(rows):
            _row(axis, row, here, place, len(rows))
        for spot, name in enumerate(here):
            if name in drawn:
                axis.hlines(drawn[name], spot - 0.45, spot + 0.45, zorder=4, **CEILING_LINE)
        for border in range(1, len(here)):
            axis.axvline(border - 0.5, color=GRID, linewidth=0.8)
        axis.set_xticks(range(len(here)), [plain(name, 24).replace("_", "\n") for name in here], color=INK)
        axis.set_xlim(-0.5, across - 0.5)
    bounds = (bound for row in rows for both in row.per_joint_intervals.values() for bound in both)
    values = [value for row in rows for value in row.per_joint.values() if value is not None]
    fit_scale(axes, [*values, *bounds, *drawn.values()], board)
    return figure


def paired(*columns: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Left and right under one name: `wrist` → {left: left_wrist, right: right_wrist}. Others: `nose` → {"": nose}."""
    names = list(dict.fromkeys(name for column in columns for name in column))
    pairs: dict[str, dict[str, str]] = {}
    for name in names:
        side, _, rest = name.partition("_")
        other = {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side)
        if other in names:
            pairs.setdefault(rest, {})[side] = name
        else:
            pairs[name] = {"": name}
    return pairs


def _marks(rows: Iterable[Row]) -> str:
    """Explanation of the drawn marks."""
    several = any(len(sides) == 2 for row in rows for sides in paired(row.per_joint).values())
    marks = ["◂ left and ▸ right side of the person"] * several
    return "; ".join([*marks, *["lines: 95 % intervals"] * any(row.per_joint_intervals for row in rows)])


def _row(axis: Axes, row: Row, names: list[str], place: int, rows: int) -> None:
    """One row's marks at `names`; it is in that place of so many rows."""
    step, pairs = 0.88 / rows, paired(row.per_joint)
    at = {
        name: (spot + (place - (rows - 1) / 2 + SIDE[side]) * step, side)
        for spot, pair in enumerate(names)
        for side, name in pairs.get(pair, {}).items()
    }
    color, known = PALETTE[place], {name: value for name, value in row.per_joint.items() if value is not None}
    bounded = [(x, *row.per_joint_intervals[name]) for name, (x, _) in at.items() if name in row.per_joint_intervals]
    lines(axis, bounded, color)
    for side, mark in MARKS.items():
        points = [(x, known[name]) for name, (x, own) in at.items() if own == side and name in known]
        dots(axis, points, color, marker=mark, s=20)
    for x in (x for name, (x, _) in at.items() if name not in known):
        axis.text(x, 0.02, UNKNOWN, color=color, ha="center", transform=axis.get_xaxis_transform())


def _plain(name: str) -> str:
    return name.replace("_", " ").casefold()
