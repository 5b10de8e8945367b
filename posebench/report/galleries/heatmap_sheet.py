"""Heatmap sheet: for chosen people and keypoints, the crop with the annotation, and the heatmap of every stack over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posebench.array_type import Array
from posebench.data.skeleton import Skeleton
from posebench.report.galleries.contact_sheet import Heading
from posebench.report.galleries.overlays import ANNOTATED, halo
from posebench.report.plots.plot_style import INK, QUIET, SUBTITLE, WARNING, fitting, save_png, style

TILE, GAP, LEFT_EDGE, TOP, TEXT = 1.55, 0.06, 0.15, 1.1, 0.42
"""Inches across a tile, between two tiles, left of them, above all tiles, and below each."""
RINGS = (("#222222", 3.2), ("#00C78C", 1.6))
"""Colour and width of the ring around an annotated keypoint: a dark edge, and green in it."""
DIM = 0.5
"""Of the crop's brightness below a heatmap, so that the heatmap stands out."""
COLORS = "inferno"
RING: dict[str, Any] = {"marker": "o", "markersize": 9, "markerfacecolor": "none", "linestyle": "none"}
CROSS: dict[str, Any] = {"marker": "+", "markersize": 8, "markeredgewidth": 1.8, "linestyle": "none", "color": "white"}


@dataclass(frozen=True, eq=False)
class SeenKeypoint:
    """One keypoint of one person as every stack sees it. S stacks, K keypoints; crop pixels are those of the network's input.

    Attributes:
        name: the keypoint. whose: the person, such as `row 17 · a.jpg`.
        place: which of the K keypoints it is.
        crop: (H, W, 3) uint8 RGB, the network's input in any resolution. input_size: its (width, height) in crop pixels.
        annotated: (K, 2) crop pixels, NaN where unlabelled.
        maps: (S, h, w) heatmaps. peaks: (S, 2) their highest cells, in crop pixels.
        stride: crop pixels per cell.
    """

    name: str
    whose: str
    place: int
    crop: Array
    input_size: tuple[int, int]
    annotated: Array
    maps: Array
    peaks: Array
    stride: int

    @property
    def errors(self) -> Array:
        """(S,) cells from each peak to the annotation; NaN where it is unlabelled."""
        return np.asarray(np.hypot(*(self.peaks - self.annotated[self.place]).T) / self.stride)


def heatmap_sheet(
    seen: Sequence[SeenKeypoint], skeleton: Skeleton, stacks: Sequence[int], path: Path, heading: Heading
) -> None:
    """Write a picture with a line for each keypoint: the annotation, then each stack.

    Args:
        stacks: their numbers, counted from 1.
        path: the PNG to write.
    """
    width, height = seen[0].input_size
    tall = TILE * float(np.clip(height / width, 0.75, 1.5))
    size = max(LEFT_EDGE * 2 + (len(stacks) + 1) * (TILE + GAP), 7.4), TOP + len(seen) * (tall + TEXT)
    with style():
        figure = Figure(figsize=size)
        _heading(figure, heading)
        for line, one in enumerate(seen):
            axes = _axes(figure, len(stacks) + 1, TOP + line * (tall + TEXT), tall)
            _annotation(axes[0], one, skeleton)
            _texts(axes[0], one.name.replace("_", " "), one.whose)
            # One scale for all stacks of a keypoint, so that a weak map looks weak.
            highest = max(float(one.maps.max()), 1e-6)
            for number, axis, place in zip(stacks, axes[1:], range(len(stacks)), strict=True):
                _stack(axis, one, place, highest)
                error = one.errors[place]
                off = "" if np.isnan(error) else f", {error:.1f} cells off"
                peak = one.maps[place].max()
                _texts(axis, f"stack {number}" if len(stacks) > 1 else "heatmap", f"height {peak:.2f}{off}")
        save_png(figure, path)


def _heading(figure: Figure, heading: Heading) -> None:
    width, height = figure.get_size_inches()
    left, room = LEFT_EDGE / width, width - 2 * LEFT_EDGE
    figure.text(
        left, 1 - 0.12 / height, fitting(heading.title, room, 11, bold=True), weight="bold", fontsize=11, va="top"
    )
    for place, (text, color) in enumerate(((heading.about, QUIET), (heading.warning, WARNING))):
        top = 1 - (0.36 + SUBTITLE * place) / height
        figure.text(left, top, fitting(text, room, 8.5), fontsize=8.5, color=color, va="top")
    grey = Line2D([], [], color="#777777", linewidth=7)
    handles: list[Any] = [
        tuple(Line2D([], [], markeredgecolor=color, markeredgewidth=wide, **RING) for color, wide in RINGS),
        (grey, Line2D([], [], path_effects=halo(1.8), **CROSS)),
        Line2D([], [], color=mpl.colormaps[COLORS](0.75), linewidth=7),
    ]
    corner: dict[str, Any] = {
        "loc": "upper left",
        "bbox_to_anchor": (left, 1 - (TOP - 0.35) / height),
        "borderaxespad": 0,
    }
    names = ["annotated", "highest cell (its distance below, in cells)", "heatmap (one scale per line)"]
    figure.legend(handles, names, ncols=3, handlelength=2, borderpad=0.2, **corner)


def _axes(figure: Figure, count: int, top: float, tall: float) -> list[Axes]:
    """Bare axes beside each other; `top` in inches from the figure's upper edge."""
    width, height = figure.get_size_inches()
    lefts = (LEFT_EDGE + place * (TILE + GAP) for place in range(count))
    axes = [figure.add_axes((left / width, 1 - (top + tall) / height, TILE / width, tall / height)) for left in lefts]
    for axis in axes:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    return axes


def _annotation(axis: Axes, one: SeenKeypoint, skeleton: Skeleton) -> None:
    _show(axis, one.crop, one)
    for bone in skeleton.bone_indices:
        axis.plot(*one.annotated[list(bone)].T, color="white", path_effects=halo(1.1), **ANNOTATED)
    _ring(axis, one.annotated[one.place])


def _stack(axis: Axes, one: SeenKeypoint, place: int, highest: float) -> None:
    """A heatmap over the dimmed crop; cells are squares."""
    grey = one.crop.mean(axis=2, keepdims=True).repeat(3, axis=2) / 255 * DIM
    _show(axis, grey, one)
    strength = np.clip(one.maps[place] / highest, 0, 1)
    layer = mpl.colormaps[COLORS](0.25 + 0.75 * strength)
    layer[..., 3] = np.sqrt(strength)
    _show(axis, layer, one, interpolation="nearest")
    _ring(axis, one.annotated[one.place])
    axis.plot(*one.peaks[place], path_effects=halo(1.8), **CROSS)


def _show(axis: Axes, image: Array, one: SeenKeypoint, interpolation: str = "antialiased") -> None:
    width, height = one.input_size
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    axis.imshow(image, interpolation=interpolation, extent=extent)
    axis.set(xlim=extent[:2], ylim=extent[2:])


def _ring(axis: Axes, point: Array) -> None:
    for color, wide in RINGS:
        axis.plot(*point, markeredgecolor=color, markeredgewidth=wide, **RING)


def _texts(axis: Axes, first: str, second: str) -> None:
    for text, down, size, color in ((first, 3, 8.5, INK), (second, 15, 7, QUIET)):
        axis.annotate(
            fitting(text, TILE, size),
            (0, 0),
            (0, -down),
            "axes fraction",
            "offset points",
            va="top",
            fontsize=size,
            color=color,
        )
