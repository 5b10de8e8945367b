"""Picture of a diagnosis: at which keypoint of the same person, and of another one, the predictions of each keypoint lie."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, PowerNorm
from matplotlib.figure import Figure

from posebench.array_type import Array
from posebench.diagnosis.confusions import Confusions
from posebench.report.plots.plot_joints import head_to_foot
from posebench.report.plots.plot_run import run_page
from posebench.report.plots.plot_style import CASING, GRID, INK, WIDTH, inches, plain
from posebench.results.record import Record

MOST_NUMBERS = 24
"""Keypoints up to which the shares are written in the cells; of more they are too small."""
SMALLEST, LARGEST = 0.13, 0.34
"""Inches of a cell."""
GAP, BAR = 0.2, 0.65
"""Inches between the tables, and right of them for the scale of colours."""
LEAST = 0.05
"""Percent from which on a share is written: smaller ones would read 0.0."""
COLORS, OWN = "Oranges", GRID
"""Colours of the scale, and of the diagonal, where predictions are at their own keypoint."""


def confusion(record: Record, found: Confusions, names: tuple[str, ...], right_if: str) -> Figure | None:
    """Tables of percent on one scale of colours; that of other people only where predictions lie at their keypoints.

    Returns:
        the figure, or None where there is no prediction.
    """
    order = [names.index(name) for name in head_to_foot(dict.fromkeys(names)) if found.predictions[names.index(name)]]
    if not order:
        return None
    labels = [plain(names[k], 20).replace("_", " ") for k in order]
    panels = _panels(found, order)
    room = 0.3 + max(inches(label, 7) for label in labels)
    fits = (WIDTH - room - BAR - GAP * (len(panels) - 1)) / len(order) / len(panels)
    side = len(order) * float(np.clip(fits, SMALLEST, LARGEST))
    size = max(WIDTH, room + len(panels) * (side + GAP) - GAP + BAR), side + room + 0.15
    figure, _ = run_page(record, "At which keypoint predictions lie", _about(panels, right_if), size)
    width, height = figure.get_size_inches()
    highest = max(LEAST, *(float(share[~own].max(initial=0)) for _, share, own in panels))
    scale = PowerNorm(0.6, 0, highest)
    for place, (what, share, own) in enumerate(panels):
        left = room + place * (side + GAP)
        axis = figure.add_axes((left / width, (room + 0.1) / height, side / width, side / height))
        _table(axis, share, own, scale)
        axis.set_title(what, loc="left", fontsize=9.5, color=INK)
        axis.set_xticks(range(len(order)), labels, rotation=90, fontsize=7, color=INK)
        axis.set_yticks(range(len(order)), labels if place == 0 else [""] * len(order), fontsize=7, color=INK)
        axis.set_xlabel("annotated keypoint")
    figure.axes[0].set_ylabel("predicted keypoint")
    bar = figure.add_axes(((left + side + 0.15) / width, (room + 0.1) / height, 0.12 / width, side / height))
    figure.colorbar(ScalarMappable(scale, COLORS), cax=bar).outline.set_visible(False)
    bar.set_title("%", fontsize=8.5)
    return figure


def _panels(found: Confusions, order: Sequence[int]) -> list[tuple[str, Array, Array]]:
    """(title, percent of the predictions of a row, which cells are a keypoint's own place)."""
    chosen = np.ix_(order, order)
    of_row = found.predictions[order][:, None] / 100
    own = np.eye(len(order), dtype=bool)
    panels = [("of the same person", found.same[chosen] / of_row, own)]
    if found.other.any():
        panels.append(("of another annotated person", found.other[chosen] / of_row, np.zeros_like(own)))
    return panels


def _about(panels: Sequence[tuple[str, Array, Array]], right_if: str) -> list[str]:
    numbers = len(panels[0][1]) <= MOST_NUMBERS
    return [
        f"percent of a row's predictions that lie at the keypoint of a column, by the limit of {right_if}",
        "grey: at the keypoint's own place",
        f"coloured without a number: below {LEAST} %" if numbers else "",
        "no prediction lies at a keypoint of another annotated person" if len(panels) == 1 else "",
    ]


def _table(axis: Axes, share: Array, own: Array, scale: PowerNorm) -> None:
    axis.imshow(np.where(own, 1.0, np.nan), cmap=ListedColormap([OWN]), zorder=1)
    axis.imshow(np.ma.masked_where(own | (share == 0), share), cmap=COLORS, norm=scale, zorder=1)
    if len(share) <= MOST_NUMBERS:
        inside = axis.get_window_extent().width / axis.figure.dpi / len(share)
        for row, column in zip(*np.nonzero(share >= LEAST), strict=True):
            value = share[row, column]
            text = f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"
            look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": min(6.5, 29 * inside)}
            if not own[row, column] and scale(value) > 0.3:
                look["path_effects"] = CASING
            axis.text(column, row, text, **look)
    axis.set_xticks(np.arange(-0.5, len(share)), minor=True)
    axis.set_yticks(np.arange(-0.5, len(share)), minor=True)
    axis.grid(which="minor", color="white", linewidth=1)
    axis.tick_params(which="minor", length=0)
