"""Plot of a body for each row, with every keypoint coloured by its score."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from posebench.report.plots.body import bones, place, split
from posebench.report.plots.plot_style import (
    CASING,
    INK,
    QUIET,
    WIDTH,
    fitting,
    heading,
    heading_room,
    number,
    plain,
    subtitle,
    title,
)
from posebench.report.tables.board import Board
from posebench.report.tables.rows import Row, row_labels

BODIES = 4
"""Bodies in one plot; more are too small for names."""
COLORS = "cividis"
"""Colours of the scale, which the colour-blind see as others do (Nuñez, Anderton, Renslow, PLOS ONE 2018),
and print keeps in order."""
ACROSS, TALL = 2, 3.5
"""Bodies beside each other, and inches of one from top to bottom, with its name."""
ALONE = 5.2
"""Inches of a figure with one body."""
HALF, BOTTOM = 0.54, 1.06
"""Half the width that a body's panel shows, and its lower end, in heights of the body."""
BESIDE, LINE, LONG = 0.045, 0.03, 0.25
"""From a keypoint to its name, the height of a name, and how long one is, in heights of the body."""
NUDGED = {"thorax": 0.045, "pelvis": -0.03}
"""Names that stand lower or higher than their keypoint, so that shoulders and hips do not hide them."""
BONE = "#b5b5b5"
RIM = 0.62
"""Inches for the scale at the right."""


def body(board: Board) -> Figure | None:
    """The best rows' bodies beside each other, on one scale of colours.

    Returns:
        the figure, or None where no record is scored by keypoint, or no keypoint's name is known.
    """
    scored = [(row, _known(row.per_joint)) for row in board.rows[:BODIES]]
    scored = [(row, values) for row, values in scored if any(place(name) for name in values)]
    if not scored:
        return None
    width = WIDTH if len(scored) > 1 else ALONE
    across = min(ACROSS, len(scored))
    down = math.ceil(len(scored) / across)
    more = f"the best {len(scored)} of {len(board.rows)} rows" if len(scored) < len(board.rows) else ""
    about = subtitle(board, [board.people, "bodies face the reader, so the right side is at the left", more], width)
    titles = title(board, f"{board.newest.per_joint_metric or 'Score'} on the body", width)
    above = 0.95 + heading_room(titles, about)
    figure = Figure(figsize=(width, above + down * TALL + 0.1))
    height = figure.get_size_inches()[1]
    heading(figure, titles, about, board.synthetic)
    axes = figure.subplots(down, across, squeeze=False).ravel().tolist()
    figure.subplots_adjust(0.1 / width, 0.1 / height, 1 - (RIM + 0.2) / width, 1 - above / height, 0.02, 0.1)
    every = [value for _, values in scored for value in values.values()]
    scale = ScalarMappable(Normalize(math.floor(min(every)), math.ceil(max(every))) if board.rule.unit else
                           Normalize(min(every), max(every)), COLORS)  # fmt: skip
    for axis, (row, values) in zip(axes, scored, strict=False):
        _body(axis, row, values, scale, board)
    for axis in [*axes][len(scored) :]:
        axis.remove()
    bar = figure.add_axes((1 - (RIM + 0.05) / width, 0.3 / height, 0.12 / width, (TALL - 0.6) / height))
    made = figure.colorbar(scale, cax=bar)
    made.outline.set_visible(False)
    bar.set_title(board.rule.unit, fontsize=8.5)
    return figure


def _known(per_joint: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in per_joint.items() if value is not None}


def _body(axis: Axes, row: Row, values: Mapping[str, float], scale: ScalarMappable, board: Board) -> None:
    at = {name: point for name in values if (point := place(name)) is not None}
    for one, other in bones(at):
        axis.plot(*zip(at[one], at[other], strict=True), color=BONE, linewidth=3, solid_capstyle="round", zorder=1)
    xs, ys = zip(*at.values(), strict=True)
    colors = scale.to_rgba(np.array([values[name] for name in at]))
    axis.scatter(xs, ys, color=colors, s=95, edgecolor=INK, linewidth=0.6, zorder=3)
    for name, (x, y) in labels(at).items():
        text = f"{plain(split(name)[1], 14).replace('_', ' ')} {number(values[name], board, 1)}"
        side = "right" if split(name)[0] == "right" else "left"
        x += -BESIDE if side == "right" else BESIDE
        axis.text(x, y, text, fontsize=6.5, ha=side, va="center", path_effects=CASING, zorder=4)
    others = [f"{plain(name, 20)} {number(values[name], board, 1)}" for name in values if name not in at]
    if others:
        axis.text(0, BOTTOM + 0.02, "\n".join(others), fontsize=6.5, ha="center", va="top", color=QUIET)
    axis.set_title(
        f"{fitting(row_labels(board.rows)[row], WIDTH / ACROSS - 1.2, 8.5)}  {number(row.headline, board)}",
        fontsize=8.5,
        color=INK,
    )
    axis.set_xlim(-HALF, HALF)
    axis.set_ylim(BOTTOM + (0.04 + 0.035 * len(others) if others else 0), -0.04)
    axis.axis("off")


def labels(points: Mapping[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Where texts stand that belong to points: those of the middle a little aside, and none on another one."""
    found: dict[str, tuple[float, float]] = {}
    for name in sorted(points, key=lambda name: points[name][1]):
        x, y = points[name]
        y += NUDGED.get(name, 0)
        near = [other for at, (_, other) in found.items() if (split(at)[0] == "right") == (split(name)[0] == "right")
                and abs(points[at][0] - x) < LONG]  # fmt: skip
        found[name] = x, max([y, *(other + LINE for other in near if y - other < LINE)])
    return found
