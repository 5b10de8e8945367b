"""Picture of a diagnosis: where predictions land relative to the annotation, by keypoint."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle

from posebench.diagnosis.clouds import Cloud
from posebench.diagnosis.registration import Registration
from posebench.report.plots.plot_joints import head_to_foot
from posebench.report.plots.plot_run import run_page
from posebench.report.plots.plot_style import INK, PALETTE, QUIET, WIDTH, fitting
from posebench.results.record import Record

ACROSS, LEFT, GAP, ABOVE, BELOW = 4, 0.72, 0.14, 0.5, 0.55
"""Clouds beside each other; inches left of them, between two, above each for its texts, and below all."""
SIDE = (WIDTH - LEFT - 0.1 - (ACROSS - 1) * GAP) / ACROSS
"""Inches of a cloud."""
DENSITY = "Blues"
SMALL = 6.5
"""Points of the texts above a cloud."""


def clouds(
    record: Record, found: Mapping[str, Cloud], right_if: str, cell: float, registration: Registration
) -> Figure | None:
    """Density of predictions about the annotation, by keypoint; None where there is no prediction.

    Args:
        right_if: what the units are. cell: median side of a heatmap cell in these units.
    """
    names = head_to_foot(found)
    if not names:
        return None
    down = math.ceil(len(names) / ACROSS)
    reach = found[names[0]].reach
    densest = max(float(found[name].counts.max()) / found[name].keypoints for name in names)
    about = [
        f"predicted less annotated keypoint; 1 is the distance within which it is right, the limit of {right_if}"
        + " (circle)" * (reach >= 1),
        f"colour: percent of a keypoint's predictions in a small square, at most {100 * densest:.2g} %",
        f"outside: beyond {reach:g}", "orange cross: the median of what is shown",
        "outlined square: one heatmap cell about the annotation", "offset: in heatmap cells, right and down",
    ]  # fmt: skip
    figure, above = run_page(record, "Where predictions land", about, (WIDTH, down * (SIDE + ABOVE) + BELOW - 0.25))
    height = figure.get_size_inches()[1]
    axes = figure.subplots(down, ACROSS, squeeze=False, sharex=True, sharey=True)
    top = 1 - (above + ABOVE - 0.25) / height
    figure.subplots_adjust(LEFT / WIDTH, BELOW / height, 1 - 0.1 / WIDTH, top, GAP / SIDE, ABOVE / SIDE)
    for axis, name in zip(axes.flat, names, strict=False):
        _cloud(axis, found[name], cell, densest)
        _texts(axis, name, found[name], registration)
    for axis in axes.flat[max(0, len(names) - ACROSS) : len(names)]:
        axis.tick_params(labelbottom=True)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    middle = (LEFT + ACROSS * (SIDE + GAP) / 2) / WIDTH
    look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "color": QUIET}
    figure.text(middle, 0.14 / height, f"to the right of the annotation (1: limit of {right_if})", **look)
    figure.text(
        0.14 / WIDTH, (BELOW / height + top) / 2, "below the annotation (1: the same limit)", rotation=90, **look
    )
    return figure


def _cloud(axis: Axes, cloud: Cloud, cell: float, densest: float) -> None:
    """One keypoint's cloud; `densest` is the share of its predictions at the end of the scale of colours."""
    reach, shown = cloud.reach, np.ma.masked_equal(cloud.counts, 0) / cloud.keypoints
    edge: dict[str, Any] = {"fill": False, "edgecolor": INK, "linewidth": 0.7, "zorder": 4}
    scale = PowerNorm(0.6, 0, densest)
    axis.imshow(shown, extent=(-reach, reach, reach, -reach), cmap=DENSITY, norm=scale, zorder=2)
    axis.add_patch(Rectangle((-cell / 2, -cell / 2), cell, cell, **edge))
    if reach >= 1:
        axis.add_patch(Circle((0, 0), 1, **edge))
    axis.axhline(0, color=QUIET, linewidth=0.5, zorder=3)
    axis.axvline(0, color=QUIET, linewidth=0.5, zorder=3)
    axis.plot([cloud.x], [cloud.y], "+", color=PALETTE[1], markersize=9, markeredgewidth=2, zorder=5)
    axis.set_xlim(-reach, reach)
    axis.set_ylim(reach, -reach)
    axis.set_xticks([-reach / 2, 0, reach / 2])
    axis.set_yticks([-reach / 2, 0, reach / 2])
    axis.xaxis.set_major_formatter("{x:g}")
    axis.yaxis.set_major_formatter("{x:g}")
    axis.spines[:].set_visible(True)


def _texts(axis: Axes, name: str, cloud: Cloud, registration: Registration) -> None:
    """Above a cloud: the keypoint, the part of its predictions that is not shown, and its offset."""
    outside = f"{100 * cloud.outside / cloud.keypoints:.0f} % outside"
    offset = registration.joints.get(name)
    cells = "" if offset is None else f"offset {offset.x.value:+z.2f}, {offset.y.value:+z.2f}"
    for x, up, text, size, color, side in (
        (0, 16, fitting(name.replace("_", " "), SIDE, 8.5), 8.5, INK, "left"),
        (0, 5, cells, SMALL, QUIET, "left"),
        (1, 5, outside, SMALL, QUIET, "right"),
    ):
        axis.annotate(text, (x, 1), (0, up), "axes fraction", "offset points", ha=side, fontsize=size, color=color)
