"""Compared overlays: the people on whom two runs differ most, each as annotated, as one run and as the other predicts."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.report.galleries.overlays import TILE, annotated, crop_of, draw_person, key, shape_of, under
from posebench.report.plots.plot_style import INK, QUIET, WARNING, fitting, save_png, style
from posebench.report.tables.board import SYNTHETIC_NOTE

COUNT = 5
"""People on whom each run is better."""
GAP, LEFT_EDGE, TOP, TEXT = 0.06, 0.15, 1.15, 0.5
"""Inches between the tiles of a person, left of them, above all tiles, and below each."""
BLOCK = 3 * (TILE + GAP) + 0.3
"""Inches across the three tiles of a person."""


@dataclass(frozen=True, eq=False)
class Shown:
    """A run as it is drawn: its name, (N, K, 2) keypoints in image pixels with NaN for none, and (N,) scores of the people."""

    name: str
    keypoints: Array
    per_person: Array


def compared_overlays(
    instances: Instances, runs: tuple[Shown, Shown], read_image: Callable[[int], Array], path: Path, title: str
) -> None:
    """Write a page with the people on whom either run is better by most; a line of three tiles for each person.

    Args:
        instances: the N people.
        read_image: row of `instances.images` → (H, W, 3) uint8, RGB.
        path: the PNG to write.
        title: says protocol, convention, dataset and split, and what the numbers are.

    Raises:
        PosebenchError: the runs score the same on everyone.
    """
    sides = most_different(runs[0].per_person, runs[1].per_person, COUNT)
    if not any(map(len, sides)):
        raise PosebenchError(
            f"{runs[0].name} and {runs[1].name} score the same on every person of {instances.what}, so there is nothing to draw."
        )
    found = [(run.name, rows) for run, rows in zip(runs, sides, strict=True) if len(rows)]
    slender = shape_of(instances.size[np.concatenate(sides)])
    down = max(len(rows) for _, rows in found)
    size = max(LEFT_EDGE + len(found) * BLOCK, 7.4), TOP + down * (TILE * slender + TEXT)
    with style():
        figure = Figure(figsize=size)
        _heading(figure, instances, title)
        for place, (name, rows) in enumerate(found):
            left = LEFT_EDGE + place * BLOCK
            heading = fitting(f"better: {name}", BLOCK - 0.3, 10)
            figure.text(left / size[0], 1 - (TOP - 0.22) / size[1], heading, fontsize=10, weight="bold")
            for line, row in enumerate(rows.tolist()):
                axes = _axes(figure, (left, TOP + line * (TILE * slender + TEXT)), slender)
                _person(axes, instances, row, runs, read_image)
        save_png(figure, path)


def most_different(one: Array, other: Array, count: int) -> tuple[Array, Array]:
    """Rows of up to `count` people on whom one run scores higher than the other, and of those where it scores lower.

    Args:
        one, other: (N,) scores of each person; NaN where a run has none.

    Returns:
        Two arrays of rows, the largest difference first; equal scores are in neither.
    """
    difference = np.nan_to_num(one - other)
    order = np.argsort(-np.abs(difference), kind="stable")
    return order[difference[order] > 0][:count], order[difference[order] < 0][:count]


def _heading(figure: Figure, instances: Instances, title: str) -> None:
    width, height = figure.get_size_inches()
    left, room = LEFT_EDGE / width, width - 2 * LEFT_EDGE
    figure.text(left, 1 - 0.12 / height, fitting(title, room, 11, bold=True), weight="bold", fontsize=11, va="top")
    able = int(instances.with_photograph().sum())
    among = "" if able == len(instances) else f", of the {able:,} whose photographs are there,"
    about, color = f"the people{among} on whom two runs differ most, the largest difference first", QUIET
    if instances.synthetic:
        about, color = SYNTHETIC_NOTE, WARNING
    figure.text(left, 1 - 0.36 / height, fitting(about, room, 8.5), fontsize=8.5, color=color, va="top")
    key(figure, left, 1 - 0.55 / height)


def _axes(figure: Figure, corner: tuple[float, float], slender: float) -> list[Axes]:
    """Three axes beside each other.

    Args:
        corner: inches from the figure's left and top edge.
        slender: height of a tile over its width.
    """
    width, height = figure.get_size_inches()
    bottom = 1 - (corner[1] + TILE * slender) / height
    lefts = (corner[0] + place * (TILE + GAP) for place in range(3))
    return [figure.add_axes((left / width, bottom, TILE / width, TILE * slender / height)) for left in lefts]


def _person(
    axes: list[Axes], instances: Instances, row: int, runs: tuple[Shown, Shown], read_image: Callable[[int], Array]
) -> None:
    """The annotation, and what each run predicts over it, with the run's name and score below."""
    image = int(instances.image[row])
    pixels, truth = read_image(image), annotated(instances, row)
    crop = crop_of(instances, row, axes[0].bbox.height / axes[0].bbox.width)
    tiles: list[tuple[Array | None, str, str]] = [(None, "annotated", Path(instances.images[image]).name)]
    tiles += [(run.keypoints[row], f"{run.per_person[row]:.2f}", run.name) for run in runs]
    for axis, (predicted, first, second) in zip(axes, tiles, strict=True):
        draw_person(axis, pixels, crop, instances.skeleton, predicted, truth)
        look: dict[str, Any] = {"color": INK, "weight": "bold"} if predicted is not None else {"color": QUIET}
        under(axis, first, 3, fontsize=9, **look)
        under(axis, fitting(second, TILE, 7), 16, fontsize=7, color=QUIET)
