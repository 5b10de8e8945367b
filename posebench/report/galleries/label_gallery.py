"""Label gallery: keypoints that may be annotated wrongly, each with its annotation and with what all runs predict."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posebench.array_type import Array
from posebench.data.geometry import transform
from posebench.data.instances import Instances
from posebench.diagnosis.label_errors import LabelError
from posebench.report.galleries.overlays import TILE, annotated, crop_of, draw_person, halo, shape_of, under
from posebench.report.plots.plot_style import QUIET, WARNING, fitting, save_png, style
from posebench.report.tables.board import SYNTHETIC_NOTE

ACROSS, GAP, LEFT_EDGE, TOP, TEXT = 6, 0.08, 0.15, 0.95, 0.62
"""Tiles in a line; inches between tiles, left of them, above all, and below each."""
ANNOTATION, AGREED = "#E69F00", "#56B4E9"
DARK, EDGE, INSIDE = "#222222", 3.8, 2.2
"""Colour of the edge of a mark, and the widths of the edge and of the mark's own line."""
MARK: dict[str, Any] = {"linewidth": 0, "markersize": 11, "markerfacecolor": "none"}
RUN: dict[str, Any] = {"linewidth": 0, "marker": ".", "markersize": 4, "color": AGREED}


def label_gallery(
    instances: Instances, errors: Sequence[LabelError], keypoints: Sequence[Array], read_image: Callable[[int], Array],
    path: Path, title: str, about: str,
) -> None:  # fmt: skip
    """Write a page with a tile for each keypoint.

    Args:
        errors: the keypoints, in the order in which they are drawn; at least one.
        keypoints: of each run, (N, K, 2) image pixels.
        read_image: row of `instances.images` → (H, W, 3) uint8, RGB.
        path: the PNG to write.
        title: says protocol, dataset and split. about: how many there are, and of what.
    """
    slender = shape_of(instances.size[[error.row for error in errors]])
    down, across = -(-len(errors) // ACROSS), min(ACROSS, len(errors))
    size = max(2 * LEFT_EDGE + across * (TILE + GAP), 7.4), TOP + down * (TILE * slender + TEXT)
    with style():
        figure = Figure(figsize=size)
        _heading(
            figure, title, SYNTHETIC_NOTE if instances.synthetic else about, WARNING if instances.synthetic else QUIET
        )
        for place, error in enumerate(errors):
            left = LEFT_EDGE + place % ACROSS * (TILE + GAP)
            bottom = 1 - (TOP + place // ACROSS * (TILE * slender + TEXT) + TILE * slender) / size[1]
            axis = figure.add_axes((left / size[0], bottom, TILE / size[0], TILE * slender / size[1]))
            _tile(axis, instances, error, keypoints, read_image, slender)
        save_png(figure, path)


def _heading(figure: Figure, title: str, about: str, color: str) -> None:
    width, height = figure.get_size_inches()
    left, room = LEFT_EDGE / width, width - 2 * LEFT_EDGE
    figure.text(left, 1 - 0.12 / height, fitting(title, room, 11), weight="bold", fontsize=11, va="top")
    figure.text(left, 1 - 0.36 / height, fitting(about, room, 8.5), fontsize=8.5, color=color, va="top")
    handles: list[Any] = [
        tuple(Line2D([], [], marker=form, markeredgecolor=shade, markeredgewidth=wide, **MARK) for shade, wide in lines)
        for form, lines in (("x", ((DARK, EDGE), (ANNOTATION, INSIDE))), ("o", ((DARK, EDGE), (AGREED, INSIDE))))
    ]
    handles.append(Line2D([], [], path_effects=halo(1), **RUN))
    names = ["annotated", "where all runs agree", "each run"]
    corner: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (left, 1 - 0.6 / height), "borderaxespad": 0}
    figure.legend(handles, names, ncols=3, handlelength=1.6, borderpad=0.2, **corner)


def _tile(
    axis: Axes, instances: Instances, error: LabelError, keypoints: Sequence[Array], read_image: Callable[[int], Array],
    slender: float,
) -> None:  # fmt: skip
    """The person with the annotation, and the keypoint's two places on it."""
    row, image = error.row, int(instances.image[error.row])
    crop = crop_of(instances, row, slender)
    draw_person(axis, read_image(image), crop, instances.skeleton, None, annotated(instances, row))
    place = instances.skeleton.keypoints.index(error.keypoint)
    truth, agreed = transform(crop.matrix, np.array([error.annotated, error.agreed]))
    axis.plot(*np.array([truth, agreed]).T, color="white", linewidth=1, path_effects=halo(1))
    axis.plot(*transform(crop.matrix, np.array([run[row, place] for run in keypoints])).T, path_effects=halo(1), **RUN)
    for point, form, color in ((truth, "x", ANNOTATION), (agreed, "o", AGREED)):
        for shade, wide in ((DARK, EDGE), (color, INSIDE)):
            axis.plot(*point, marker=form, markeredgecolor=shade, markeredgewidth=wide, **MARK)
    under(axis, fitting(error.keypoint.replace("_", " "), TILE, 10), 3, fontsize=9, weight="bold")
    under(axis, fitting(f"{error.times:.1f} × the threshold · {error.kind}", TILE, 7.5), 15, fontsize=7.5)
    under(axis, fitting(f"{Path(error.image).name}, person {error.person}", TILE, 7), 26, fontsize=7, color=QUIET)
