"""Label gallery: keypoints that may be annotated wrongly, each with its annotation and with what all runs predict."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posebench.array_type import Array
from posebench.data.geometry import Crop, transform
from posebench.data.instances import Instances
from posebench.diagnosis.label_errors import LabelError
from posebench.report.galleries.overlays import TILE, annotated, crop_of, draw_person, halo, shape_of, under
from posebench.report.plots.plot_style import QUIET, WARNING, fitting, save_photographs, style
from posebench.report.tables.board import SYNTHETIC_NOTE

ACROSS, GAP, APART, LEFT_EDGE, TOP, TEXT = 3, 0.05, 0.22, 0.15, 0.95, 0.5
"""Keypoints in a line; inches between both tiles of one, between two keypoints, left of all, above all, and below each."""
ALONE = 2 * TILE
"""Inches of a tile where there is one keypoint."""
CLOSE, CLOSEST = 2.5, 0.2
"""Width of a close-up of both places: so many times their distance, at least this part of the person's tile."""
ENLARGED = 2.5
"""A close-up is at least so many times larger than the person's tile; if both places do not fit into one, each has its own."""
ANNOTATION, AGREED = "#E69F00", "#56B4E9"
DARK, EDGE, INSIDE = "#222222", 3.8, 2.2
"""Colour of the edge of a mark, and the widths of the edge and of the mark's own line."""
MARK: dict[str, Any] = {"linestyle": "none", "markersize": 11, "markerfacecolor": "none"}
RUN: dict[str, Any] = {"linestyle": "none", "marker": ".", "markersize": 4, "color": AGREED}


def label_gallery(
    instances: Instances, errors: Sequence[LabelError], keypoints: Sequence[Array], read_image: Callable[[int], Array],
    path: Path, title: str, about: str,
) -> None:  # fmt: skip
    """Write a page with two tiles for each keypoint: the person with the annotation, and a close-up of both places.

    Where the places are too far apart for that, the second tile is two close-ups: of the annotated place above the agreed one.

    Args:
        errors: the keypoints, in the order in which they are drawn; at least one.
        keypoints: of each run, (N, K, 2) image pixels.
        read_image: row of `instances.images` → (H, W, 3) uint8, RGB.
        path: the file to write: a JPEG where it ends in `.jpg`, else a PNG.
        title: says protocol, dataset and split. about: how many there are, and of what.
    """
    slender = shape_of(instances.size[[error.row for error in errors]])
    down, across = -(-len(errors) // ACROSS), min(ACROSS, len(errors))
    wide = ALONE if len(errors) == 1 else TILE
    high = wide * slender
    size = 2 * LEFT_EDGE + across * (2 * wide + GAP + APART) - APART, TOP + down * (high + TEXT)
    with style():
        figure = Figure(figsize=size)
        _heading(
            figure, title, SYNTHETIC_NOTE if instances.synthetic else about, WARNING if instances.synthetic else QUIET
        )
        for place, error in enumerate(errors):
            crops = _crops(instances, error, slender, (slender - GAP / wide) / 2)
            corner = LEFT_EDGE + place % ACROSS * (2 * wide + GAP + APART), TOP + place // ACROSS * (high + TEXT)
            axes = _tiles(figure, corner, (wide, high), len(crops) - 1)
            _draw(axes, crops, instances, error, keypoints, read_image)
        save_photographs(figure, path)


def _crops(instances: Instances, error: LabelError, slender: float, low: float) -> list[Crop]:
    """The person, then one close-up of both places or two of one place each.

    Args:
        slender: height over width of a whole tile. low: of half a tile.
    """
    whole = crop_of(instances, error.row, slender)
    places = np.array([error.annotated, error.agreed])
    wide = whole.width / float(whole.matrix[0, 0])
    across, down = np.ptp(places, axis=0)
    needed = max(CLOSE * across, CLOSE * down / slender, CLOSEST * wide)
    widest = wide / ENLARGED
    if needed <= widest:
        return [whole, Crop.around(places.mean(axis=0), needed * np.array([1, slender]), (whole.width, whole.height))]
    size = whole.width, round(whole.width * low)
    return [whole, *(Crop.around(place, widest * np.array([1, low]), size) for place in places)]


def _tiles(figure: Figure, corner: tuple[float, float], size: tuple[float, float], close_ups: int) -> list[Axes]:
    """Axes of the person, and of the close-ups beside it, one above the other.

    Args:
        corner: inches from the figure's left and top edge. size: inches across and down.
    """
    (left, top), (wide, high), (width, height) = corner, size, figure.get_size_inches()
    tall = (high - GAP * (close_ups - 1)) / close_ups
    boxes = [(left, top, high), *((left + wide + GAP, top + place * (tall + GAP), tall) for place in range(close_ups))]
    return [figure.add_axes((x / width, 1 - (y + h) / height, wide / width, h / height)) for x, y, h in boxes]


def _heading(figure: Figure, title: str, about: str, color: str) -> None:
    width, height = figure.get_size_inches()
    left, room = LEFT_EDGE / width, width - 2 * LEFT_EDGE
    figure.text(left, 1 - 0.12 / height, fitting(title, room, 11, bold=True), weight="bold", fontsize=11, va="top")
    figure.text(left, 1 - 0.36 / height, fitting(about, room, 8.5), fontsize=8.5, color=color, va="top")
    handles: list[Any] = [
        tuple(Line2D([], [], marker=form, markeredgecolor=shade, markeredgewidth=wide, **MARK) for shade, wide in lines)
        for form, lines in (("x", ((DARK, EDGE), (ANNOTATION, INSIDE))), ("o", ((DARK, EDGE), (AGREED, INSIDE))))
    ]
    handles.append(Line2D([], [], path_effects=halo(1), **RUN))
    names = ["annotated", "where all runs agree", "each run"]
    corner: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (left, 1 - 0.6 / height), "borderaxespad": 0}
    figure.legend(handles, names, ncols=3, handlelength=1.6, borderpad=0.2, **corner)


def _draw(
    axes: Sequence[Axes], crops: Sequence[Crop], instances: Instances, error: LabelError, keypoints: Sequence[Array],
    read_image: Callable[[int], Array],
) -> None:  # fmt: skip
    """The person with the annotation, and the close-ups; all with the keypoint's two places."""
    row, skeleton = error.row, instances.skeleton
    image = read_image(int(instances.image[row]))
    places = np.array([error.annotated, error.agreed])
    runs = np.array([run[row, skeleton.keypoints.index(error.keypoint)] for run in keypoints])
    for axis, crop in zip(axes, crops, strict=True):
        draw_person(axis, image, crop, skeleton, None, annotated(instances, row) if axis is axes[0] else None)
        _marks(axis, transform(crop.matrix, places), transform(crop.matrix, runs))
    under(axes[0], fitting(error.keypoint.replace("_", " "), TILE, 10), 3, fontsize=9, weight="bold")
    under(axes[0], fitting(f"{Path(error.image).name}, person {error.person}", TILE, 7), 16, fontsize=7, color=QUIET)
    near = "close-up" if len(axes) == 2 else "close-ups"
    under(axes[-1], f"{near}: {error.times:.1f} × the threshold", 3, fontsize=7.5)
    under(axes[-1], error.kind, 16, fontsize=7.5)


def _marks(axis: Axes, places: Array, runs: Array) -> None:
    """Args: places: (2, 2) annotated and agreed. runs: (R, 2)."""
    axis.plot(*places.T, color="white", linewidth=1, path_effects=halo(1))
    axis.plot(*runs.T, path_effects=halo(1), **RUN)
    # The cross last, so that a ring about it does not hide it.
    for point, form, color in ((places[1], "o", AGREED), (places[0], "x", ANNOTATION)):
        for shade, wide in ((DARK, EDGE), (color, INSIDE)):
            axis.plot(*point, marker=form, markeredgecolor=shade, markeredgewidth=wide, **MARK)
