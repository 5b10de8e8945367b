"""Pictures of a diagnosis that need every prediction: where they land, and at which keypoint they lie."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from posebench.array_type import Array
from posebench.diagnosis.clouds import REACH, Cloud
from posebench.diagnosis.confusions import Confusions
from posebench.diagnosis.registration import Registration
from posebench.report.plots.plot_joints import head_to_foot
from posebench.report.plots.plot_run import run_page
from posebench.report.plots.plot_style import INK, PALETTE, QUIET, plain
from posebench.results.record import Record

ACROSS = 4
"""Clouds beside each other."""
SIDE = 1.9
"""Inches of a cloud."""
DENSITY = "Blues"
MOST_NUMBERS = 24
"""Keypoints up to which a table of confusions has its numbers written in it; of more they are too small."""


def clouds(
    record: Record, found: Mapping[str, Cloud], right_if: str, cell: float, registration: Registration
) -> Figure | None:
    """Density of predictions about the truth, by keypoint; None where there is no prediction.

    Args:
        right_if: what the units are. cell: median side of a heatmap cell in these units.
    """
    names = head_to_foot(found)
    if not names:
        return None
    down = math.ceil(len(names) / ACROSS)
    about = [
        f"predicted less annotated; 1 is how far {right_if} reaches", "cross: the median",
        "square: one heatmap cell about the truth", "numbers: offset in cells, right and down",
    ]  # fmt: skip
    size = 0.65 + ACROSS * (SIDE + 0.2), 0.35 + down * (SIDE + 0.45)
    figure, above = run_page(record, "Where predictions land", about, size)
    width, height = figure.get_size_inches()
    axes = figure.subplots(down, ACROSS, squeeze=False, sharex=True, sharey=True)
    figure.subplots_adjust(
        0.6 / width, 0.35 / height, 1 - 0.1 / width, 1 - (above + 0.1) / height, 0.2 / SIDE, 0.45 / SIDE
    )
    for axis, name in zip(axes.flat, names, strict=False):
        _cloud(axis, found[name], cell)
        offset = registration.joints.get(name)
        cells = "" if offset is None else f"  ({offset.x.value:+.2f}, {offset.y.value:+.2f})"
        axis.set_title(plain(name, 20).replace("_", " ") + cells, fontsize=8, color=INK)
    for axis in axes.flat[len(names) :]:
        axis.set_visible(False)
    return figure


def _cloud(axis: Axes, cloud: Cloud, cell: float) -> None:
    shown = np.ma.masked_equal(cloud.counts, 0)
    edge = {"fill": False, "edgecolor": INK, "linewidth": 0.7, "zorder": 4}
    axis.imshow(shown, extent=(-REACH, REACH, REACH, -REACH), cmap=DENSITY, norm=PowerNorm(0.6, vmin=0), zorder=2)
    axis.add_patch(Rectangle((-cell / 2, -cell / 2), cell, cell, **edge))  # type: ignore[arg-type]
    axis.axhline(0, color=QUIET, linewidth=0.5, zorder=3)
    axis.axvline(0, color=QUIET, linewidth=0.5, zorder=3)
    axis.plot([cloud.x], [cloud.y], "+", color=PALETTE[1], markersize=9, markeredgewidth=2, zorder=5)
    axis.text(
        0.03,
        0.03,
        f"{100 * cloud.outside / cloud.keypoints:.0f} % outside",
        transform=axis.transAxes,
        fontsize=6.5,
        color=QUIET,
    )
    axis.set_xlim(-REACH, REACH)
    axis.set_ylim(REACH, -REACH)
    axis.set_xticks([-REACH / 2, 0, REACH / 2])
    axis.set_yticks([-REACH / 2, 0, REACH / 2])


def confusion(record: Record, found: Confusions, names: tuple[str, ...], right_if: str) -> Figure:
    """Tables of percent: at which keypoint of the same person, and of another one, the predictions of each keypoint lie."""
    order = [names.index(name) for name in head_to_foot(dict.fromkeys(names)) if found.predictions[names.index(name)]]
    cell = 0.27 if len(order) <= MOST_NUMBERS else 0.16
    side = cell * len(order)
    about = [f"% of the predictions of a row that lie at the keypoint of a column; reach: {right_if}"]
    figure, _ = run_page(record, "At which keypoint predictions lie", about, (2 * side + 2.9, side + 1.35))
    width, height = figure.get_size_inches()
    for place, (what, counts) in enumerate((("of the same person", found.same), ("of another person", found.other))):
        share = 100 * counts[np.ix_(order, order)] / np.maximum(found.predictions[order], 1)[:, None]
        left = 1.25 + place * (side + 1.4)
        axis = figure.add_axes((left / width, 1.2 / height, side / width, side / height))
        _table(axis, share, same=place == 0)
        axis.set_title(what, loc="left", fontsize=9.5, color=INK)
        labels = [plain(names[k], 20).replace("_", " ") for k in order]
        axis.set_xticks(range(len(order)), labels, rotation=90, fontsize=7, color=INK)
        axis.set_yticks(range(len(order)), labels, fontsize=7, color=INK)
    return figure


def _table(axis: Axes, share: Array, same: bool) -> None:
    """Args: same: whether the diagonal is right, so that it has no colour."""
    right = np.eye(len(share), dtype=bool) & same
    wrong = np.ma.masked_where(right | (share == 0), share)
    highest = max(float(share[~right].max(initial=0)), 0.1)
    axis.imshow(wrong, cmap="Oranges", norm=PowerNorm(0.6, 0, highest), zorder=1)
    if len(share) <= MOST_NUMBERS:
        for row, column in zip(*np.nonzero(share >= 0.05), strict=True):
            value = share[row, column]
            dark = not right[row, column] and value > 0.55 * highest
            text = f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"
            axis.text(column, row, text, ha="center", va="center", fontsize=6, color="white" if dark else INK)
    axis.set_xticks(np.arange(-0.5, len(share)), minor=True)
    axis.set_yticks(np.arange(-0.5, len(share)), minor=True)
    axis.grid(which="minor", color="white", linewidth=1)
    axis.tick_params(which="minor", length=0)
