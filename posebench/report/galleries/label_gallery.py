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
from posebench.report.plots.plot_style import QUIET, WARNING, fitting, save_png, style
from posebench.report.tables.board import SYNTHETIC_NOTE

ACROSS, GAP, APART, LEFT_EDGE, TOP, TEXT = 3, 0.05, 0.22, 0.15, 0.95, 0.5
"""Keypoints in a line; inches between both tiles of one, between two keypoints, left of all, above all, and below each."""
ALONE = 2 * TILE
"""Inches of a tile where there is one keypoint."""
CLOSE, CLOSEST = 2.5, 0.2
"""A close-up's side: so many times the distance of both places, at least this part of the person's region."""
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

    Args:
        errors: the keypoints, in the order in which they are drawn; at least one.
        keypoints: of each run, (N, K, 2) image pixels.
        read_image: row of `instances.images` → (H, W, 3) uint8, RGB.
        path: the PNG to write.
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
            bottom = 1 - (TOP + place // ACROSS * (high + TEXT) + high) / size[1]
            left = LEFT_EDGE + place % ACROSS * (2 * wide + GAP + APART)
            axes = [
                figure.add_axes((x / size[0], bottom, wide / size[0], high / size[1]))
                for x in (left, left + wide + GAP)
            ]
            _draw(axes, instances, error, keypoints, read_image, slender)
        save_png(figure, path)


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
    axes: Sequence[Axes], instances: Instances, error: LabelError, keypoints: Sequence[Array],
    read_image: Callable[[int], Array], slender: float,
) -> None:  # fmt: skip
    """The person with the annotation, and a close-up; both with the keypoint's two places."""
    row, skeleton = error.row, instances.skeleton
    image = read_image(int(instances.image[row]))
    places = np.array([error.annotated, error.agreed])
    runs = np.array([run[row, skeleton.keypoints.index(error.keypoint)] for run in keypoints])
    whole = crop_of(instances, row, slender)
    side = max(CLOSE * np.ptp(places, axis=0).max(), CLOSEST * instances.size[row].max())
    close = Crop.around(places.mean(axis=0), np.array([side, side * slender]), (whole.width, whole.height))
    for axis, crop, shown in zip(axes, (whole, close), (annotated(instances, row), None), strict=True):
        draw_person(axis, image, crop, skeleton, None, shown)
        _marks(axis, transform(crop.matrix, places), transform(crop.matrix, runs))
    under(axes[0], fitting(error.keypoint.replace("_", " "), TILE, 10), 3, fontsize=9, weight="bold")
    under(axes[0], fitting(f"{Path(error.image).name}, person {error.person}", TILE, 7), 16, fontsize=7, color=QUIET)
    under(axes[1], f"close-up: {error.times:.1f} × the threshold", 3, fontsize=7.5)
    under(axes[1], error.kind, 16, fontsize=7.5)


def _marks(axis: Axes, places: Array, runs: Array) -> None:
    """Args: places: (2, 2) annotated and agreed. runs: (R, 2)."""
    axis.plot(*places.T, color="white", linewidth=1, path_effects=halo(1))
    axis.plot(*runs.T, path_effects=halo(1), **RUN)
    # The cross last, so that a ring about it does not hide it.
    for point, form, color in ((places[1], "o", AGREED), (places[0], "x", ANNOTATION)):
        for shade, wide in ((DARK, EDGE), (color, INSIDE)):
            axis.plot(*point, marker=form, markeredgecolor=shade, markeredgewidth=wide, **MARK)
