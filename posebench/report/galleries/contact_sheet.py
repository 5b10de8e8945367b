"""Contact sheet: what a network sees of people: the photograph with the crop's region, the crop with its keypoints, the targets."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posebench.array_type import Array
from posebench.data.skeleton import Skeleton
from posebench.report.galleries.overlays import LEFT, MIDDLE, RIGHT, halo, side_color
from posebench.report.plots.plot_style import INK, QUIET, SUBTITLE, WARNING, fitting, save_png, style

REGION, BOX = "#00C78C", "#FFFFFF"
"""Colours of the region that becomes the crop, and of the dataset's box."""
BOX_LINE: dict[str, Any] = {"linewidth": 1.2, "linestyle": (0, (4, 2))}
TILE, PHOTOGRAPH = 1.9, 2.5
"""Inches across a crop and across a photograph."""
GAP, LEFT_EDGE = 0.08, 0.15
TEXT = 0.42
"""Inches below every tile, for two lines."""
TOP = 0.95
"""Inches above the tiles: title, line below it, key."""
DIM = 0.35
"""Of the crop's brightness below the targets, so that these stand out."""


@dataclass(frozen=True, eq=False)
class SeenSample:
    """One person as the network sees it. K keypoints; NaN in `keypoints` and `on_photograph` where one is not trained on.

    Attributes:
        title: which person, such as `row 17 · a.jpg`. subtitle: more of it, such as `person 0`.
        change: how augmentation changed the crop, such as `mirrored · turned 12° · ×1.10`.
        photograph: (H, W, 3) uint8 RGB.
        region: (4, 2) corners of the crop in the photograph: top left, top right, bottom right and bottom left of the crop.
        box: (4,) x, y, width, height of the dataset's box, or of the person's region where the dataset has no boxes.
        on_photograph: (K, 2) annotated keypoints, photograph pixels.
        crop: (h, w, 3) uint8 RGB.
        keypoints: (K, 2) crop pixels. occluded: (K,) bool.
        targets: (K, rows, columns) heatmaps; None where the architecture shows none.
    """

    title: str
    subtitle: str
    change: str
    photograph: Array
    region: Array
    box: Array
    on_photograph: Array
    crop: Array
    keypoints: Array
    occluded: Array
    targets: Array | None


@dataclass(frozen=True)
class Heading:
    """The lines above a contact sheet.

    Attributes:
        title: protocol, split and network. about: recipe and input size. warning: a line in another colour; empty for none.
        box: what the samples' boxes are, for the key.
    """

    title: str
    about: str
    warning: str = ""
    box: str = "box of the dataset"


def contact_sheet(samples: Sequence[SeenSample], skeleton: Skeleton, path: Path, heading: Heading) -> None:
    """Write a picture of the samples: two people side by side, three tiles each.

    Args:
        path: the PNG to write.
    """
    height, width = samples[0].crop.shape[:2]
    slender = float(np.clip(height / width, 0.75, 1.5))
    tiles = 2 if samples[0].targets is None else 3
    across = min(2, len(samples))
    block = PHOTOGRAPH + (tiles - 1) * (TILE + GAP) + 0.3
    line = TILE * slender + TEXT + 0.12
    size = max(LEFT_EDGE + across * block, 7.4), _top(heading) + -(-len(samples) // across) * line
    with style():
        figure = Figure(figsize=size)
        _heading(figure, heading)
        for place, sample in enumerate(samples):
            left, top = LEFT_EDGE + place % across * block, _top(heading) + place // across * line
            axes = _axes(figure, (left, top), TILE * slender, tiles)
            _photograph(axes[0], sample, skeleton)
            _crop(axes[1], sample.crop, sample, skeleton)
            if sample.targets is not None:
                _targets(axes[2], sample, skeleton)
            _captions(figure, (left, top + TILE * slender), sample)
        save_png(figure, path)


def _top(heading: Heading) -> float:
    """Inches above the tiles."""
    return TOP + (SUBTITLE if heading.warning else 0)


def _axes(figure: Figure, corner: tuple[float, float], tall: float, tiles: int) -> list[Axes]:
    """Bare axes beside each other.

    Args:
        corner: inches from the figure's left and top edge. tall: inches.
    """
    width, height = figure.get_size_inches()
    left, axes = corner[0], []
    for wide in (PHOTOGRAPH, *[TILE] * (tiles - 1)):
        axis = figure.add_axes((left / width, 1 - (corner[1] + tall) / height, wide / width, tall / height))
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
        axes.append(axis)
        left += wide + GAP
    return axes


def _heading(figure: Figure, heading: Heading) -> None:
    width, height = figure.get_size_inches()
    left, room = LEFT_EDGE / width, width - 2 * LEFT_EDGE
    figure.text(
        left, 1 - 0.12 / height, fitting(heading.title, room, 11, bold=True), weight="bold", fontsize=11, va="top"
    )
    lines = [(heading.about, QUIET), (heading.warning, WARNING)]
    for place, (text, color) in enumerate((text, color) for text, color in lines if text):
        top = 1 - (0.36 + SUBTITLE * place) / height
        figure.text(left, top, fitting(text, room, 8.5), fontsize=8.5, color=color, va="top")
    grey: dict[str, Any] = {"markeredgecolor": INK, "markeredgewidth": 0.6, "markersize": 5}
    handles: list[Any] = [
        Line2D([], [], color=color, linewidth=3, path_effects=halo(3)) for color in (LEFT, RIGHT, MIDDLE)
    ]
    handles += [
        Line2D([], [], color="white", marker="o", linewidth=0, **grey),
        Line2D([], [], color=REGION, linewidth=2, path_effects=halo(2)),
        (Line2D([], [], color="#777777", linewidth=7), Line2D([], [], color=BOX, **BOX_LINE)),
    ]
    names = ["left", "right", "middle", "occluded", "crop (thick: its top edge)", heading.box]
    corner: dict[str, Any] = {
        "loc": "upper left",
        "bbox_to_anchor": (left, 1 - (_top(heading) - 0.39) / height),
        "borderaxespad": 0,
    }
    figure.legend(handles, names, ncols=6, handlelength=2, borderpad=0.2, columnspacing=1.2, **corner)


def _photograph(axis: Axes, sample: SeenSample, skeleton: Skeleton) -> None:
    """The whole photograph with the region of the crop and the dataset's box."""
    height, width = sample.photograph.shape[:2]
    axis.imshow(sample.photograph, interpolation="antialiased")
    # Room around the photograph, where a region may reach, but not so much that the photograph gets small.
    edge = 0.3 * max(width, height)
    low = np.maximum(np.minimum(sample.region.min(axis=0), 0), -edge)
    high = np.minimum(np.maximum(sample.region.max(axis=0), (width, height)), (width + edge, height + edge))
    axis.set(xlim=(low[0] - 1, high[0] + 1), ylim=(high[1] + 1, low[1] - 1), aspect="equal", anchor="SW")
    x, y, wide, tall = sample.box
    corners = np.array([[x, y], [x + wide, y], [x + wide, y + tall], [x, y + tall], [x, y]])
    axis.plot(*corners.T, color=BOX, path_effects=halo(1.2), **BOX_LINE)
    around = np.concatenate([sample.region, sample.region[:1]])
    axis.plot(*around.T, color=REGION, linewidth=1.2, path_effects=halo(1.2))
    axis.plot(*around[:2].T, color=REGION, linewidth=3, path_effects=halo(3))
    _skeleton(axis, sample.on_photograph, skeleton, 1.0)


def _crop(axis: Axes, image: Array, sample: SeenSample, skeleton: Skeleton) -> None:
    """A crop with the keypoints; occluded ones are hollow."""
    height, width = image.shape[:2]
    axis.imshow(image, interpolation="antialiased")
    axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))
    _skeleton(axis, sample.keypoints, skeleton, 2.0)
    for name, point, occluded in zip(skeleton.keypoints, sample.keypoints, sample.occluded, strict=True):
        edge = {"markeredgecolor": side_color(name), "markeredgewidth": 1.3} if occluded else {"markeredgecolor": INK}
        axis.plot(*point, "o", color="white" if occluded else side_color(name), markersize=3.8, **edge)


def _skeleton(axis: Axes, keypoints: Array, skeleton: Skeleton, width: float) -> None:
    for one, other in skeleton.bone_indices:
        color = side_color(skeleton.keypoints[one], skeleton.keypoints[other])
        axis.plot(*keypoints[[one, other]].T, color=color, linewidth=width, path_effects=halo(width))


def _targets(axis: Axes, sample: SeenSample, skeleton: Skeleton) -> None:
    """All targets of a person over the dimmed crop, each in the colour of its side, cells as squares."""
    assert sample.targets is not None  # noqa: S101 - for mypy: the caller asked
    height, width = sample.crop.shape[:2]
    grey = sample.crop.mean(axis=2, keepdims=True).repeat(3, axis=2) / 255 * DIM
    axis.imshow(grey, interpolation="antialiased")
    colors = np.array([to_rgb(side_color(name)) for name in skeleton.keypoints])
    strongest = sample.targets.argmax(axis=0)
    strength = np.clip(sample.targets.max(axis=0), 0, 1)
    layer = np.concatenate([colors[strongest], strength[..., None]], axis=2)
    axis.imshow(layer, interpolation="nearest", extent=(-0.5, width - 0.5, height - 0.5, -0.5))
    axis.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5))


def _captions(figure: Figure, corner: tuple[float, float], sample: SeenSample) -> None:
    """Two lines below each tile: what it is, and of what.

    Args:
        corner: inches from the figure's left and top edge, of the lines of the first tile.
    """
    width, height = figure.get_size_inches()
    left = corner[0]
    for (first, second), wide in zip(_texts(sample), (PHOTOGRAPH, TILE, TILE), strict=False):
        for text, below, size, color in ((first, 0.03, 7.5, INK), (second, 0.19, 7.0, QUIET)):
            place = left / width, 1 - (corner[1] + below) / height
            figure.text(*place, fitting(text, wide, size), va="top", fontsize=size, color=color)
        left += wide + GAP


def _texts(sample: SeenSample) -> list[tuple[str, str]]:
    """The two lines of each tile."""
    known: Array = np.asarray(np.isfinite(sample.keypoints).all(axis=1))
    rows, columns = sample.crop.shape[:2]
    on_crop = ((sample.keypoints >= -0.5) & (sample.keypoints < (columns - 0.5, rows - 0.5))).all(axis=1)
    lost = int((known & ~on_crop).sum())
    height, width = sample.photograph.shape[:2]
    texts = [
        (sample.title, f"{sample.subtitle}, photograph {height}×{width}"),
        (sample.change, f"{known.sum()} of {len(known)} keypoints" + (f", {lost} off the crop" if lost else "")),
    ]
    if sample.targets is not None:
        shown = int((sample.targets.reshape(len(known), -1).max(axis=1) > 0).sum())
        down, across = sample.targets.shape[1:]
        texts.append((f"targets {down}×{across}", f"{shown} of {len(known)} maps with a peak"))
    return texts
