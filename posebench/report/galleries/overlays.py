"""Overlays: predicted over annotated skeletons of the best, the median and the worst cases."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, Stroke

from posebench.array_type import Array
from posebench.data.geometry import Crop, transform
from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.report.plots.plot_style import INK, QUIET, WARNING, fitting, plain, save_png, style
from posebench.report.tables.board import SYNTHETIC_NOTE

# Okabe and Ito's colours again: told apart by everyone, and on skin, grass and snow.
LEFT, RIGHT, MIDDLE = "#56B4E9", "#E69F00", "#F0E442"
ANNOTATED: dict[str, Any] = {"linewidth": 1.1, "linestyle": (0, (3, 1.5))}
COUNT = 6
"""People per row."""
TILE = 1.9
"""Inches across one person."""


def overlays(
    instances: Instances,
    keypoints: Array,
    missing: Array,
    per_person: Array,
    read_image: Callable[[int], Array],
    path: Path,
    title: str,
) -> None:
    """Write a page with the people who scored best, those around the median and those who scored worst, prediction over annotation.

    Args:
        instances: the N people who were asked about.
        keypoints: (N, K, 2) predictions in their order, image pixels.
        missing: (N, K) bool, True where nothing was predicted.
        per_person: (N,) their scores, larger is better; people whose score is NaN are not shown.
        read_image: row of `instances.images` → (H, W, 3) uint8, RGB.
        path: the PNG to write.
        title: says protocol, convention, dataset and split.

    Raises:
        PosebenchError: no person has a score.
    """
    chosen = best_median_worst(per_person, (instances.visibility > 0).sum(axis=1), COUNT)
    if not len(chosen[0]):
        raise PosebenchError(f"{instances.what}: no person has a score, so there is nothing to draw.")
    keypoints = np.where(missing[..., None], np.nan, keypoints)
    rows = [(name, people) for name, people in zip(("best", "median", "worst"), chosen, strict=True) if len(people)]
    slender = shape_of(instances.size[np.concatenate(chosen)])
    scored = per_person[np.isfinite(per_person)]
    about = (
        f"best, median and worst of {len(scored):,} people, by the score of each; the median is {np.median(scored):.2f}"
    )
    with style():
        figure, axes = _page(title, SYNTHETIC_NOTE if instances.synthetic else about, rows, slender)
        for (_, people), line in zip(rows, axes, strict=True):
            for row, axis in zip(people.tolist(), line, strict=False):
                image = int(instances.image[row])
                crop = crop_of(instances, row, slender)
                draw_person(
                    axis, read_image(image), crop, instances.skeleton, keypoints[row], annotated(instances, row)
                )
                under(axis, f"{per_person[row]:.2f}", 3, fontsize=9.5, weight="bold")
                under(axis, plain(Path(instances.images[image]).name[-26:], 26), 16, fontsize=7, color=QUIET)
        save_png(figure, path)


def shape_of(sizes: Array) -> float:
    """Height over width of the tiles of people with regions of these sizes (P, 2), so that little of a tile is wasted."""
    width, height = sizes.T
    return float(np.clip(np.median(height / width), 0.8, 1.4))


def crop_of(instances: Instances, row: int, slender: float) -> Crop:
    """The part of the image that the tile of a person shows."""
    return Crop.around(instances.center[row], instances.size[row], (480, round(480 * slender)))


def annotated(instances: Instances, row: int) -> Array:
    """(K, 2) annotated keypoints of a person, image pixels; NaN where unlabelled."""
    return np.where(instances.visibility[row][:, None] > 0, instances.keypoints[row], np.nan)


def best_median_worst(per_person: Array, labelled: Array, count: int) -> tuple[Array, Array, Array]:
    """Rows of `count` people each: the best, the best first; those around the median, in order; the worst, the worst first.

    Nobody is in two of them; where there are few people, the median is left out first.

    Args:
        per_person: (N,) larger is better; NaN rows are skipped.
        labelled: (N,) annotated keypoints. Of equal scores, more of them show more.
    """
    rows = np.flatnonzero(~np.isnan(per_person))
    best = rows[np.lexsort((rows, -labelled[rows], -per_person[rows]))][: min(count, -(-len(rows) // 2))]
    rest = np.setdiff1d(rows, best)
    rest = rest[np.lexsort((rest, -labelled[rest], per_person[rest]))]
    worst, between = rest[:count], rest[count:][::-1]
    # By rank among all, so that the middle of these rows is the median of everyone.
    first = int(np.clip((len(rows) - count) // 2 - len(best), 0, max(len(between) - count, 0)))
    return best, between[first : first + count], worst


def _page(title: str, about: str, rows: list[tuple[str, Array]], slender: float) -> tuple[Figure, Any]:
    """A figure with heading, key, and a named row of bare axes for each entry of `rows`.

    Args:
        slender: height of a tile over its width.
    """
    across, top, line = max(len(people) for _, people in rows), 0.85, TILE * slender + 0.5
    width, height = max(0.45 + across * (TILE + 0.08), 6.5), top + len(rows) * line
    figure = Figure(figsize=(width, height))
    figure.text(
        0.12 / width,
        1 - 0.14 / height,
        fitting(title, width - 0.24, 11, bold=True),
        weight="bold",
        fontsize=11,
        va="top",
    )
    color = WARNING if about == SYNTHETIC_NOTE else QUIET
    figure.text(0.12 / width, 1 - 0.36 / height, about, fontsize=8.5, color=color, va="top")
    key(figure, 0.1 / width, 1 - 0.55 / height)
    axes = np.empty((len(rows), across), object)
    for down, (name, people) in enumerate(rows):
        bottom = height - top - (down + 1) * line + 0.5
        for place in range(len(people)):
            left = (0.4 + place * (TILE + 0.08)) / width
            axes[down, place] = figure.add_axes((left, bottom / height, TILE / width, TILE * slender / height))
        middle = (bottom + TILE * slender / 2) / height
        figure.text(0.22 / width, middle, name, rotation=90, ha="center", va="center", fontsize=10, color=QUIET)
    return figure, axes


def key(figure: Figure, x: float, y: float) -> None:
    """What the colours and lines mean; its upper left corner is at (x, y) in parts of the figure."""
    sides = (("left", LEFT), ("right", RIGHT), ("middle", MIDDLE))
    handles: list[Any] = [Line2D([], [], color=color, linewidth=3, path_effects=halo(3)) for _, color in sides]
    # White needs something under it to be seen on paper.
    handles.append((Line2D([], [], color="#777777", linewidth=7), Line2D([], [], color="white", **ANNOTATED)))
    names = [f"predicted {name}" for name, _ in sides] + ["annotated"]
    corner: dict[str, Any] = {"loc": "upper left", "bbox_to_anchor": (x, y), "borderaxespad": 0, "borderpad": 0.2}
    figure.legend(handles, names, ncols=4, handlelength=2.4, **corner)


def draw_person(
    axis: Axes, image: Array, crop: Crop, skeleton: Skeleton, predicted: Array | None, annotated: Array | None
) -> None:
    """One tile: the crop of an image, the prediction, and the labelled keypoints over it.

    Args:
        predicted, annotated: (K, 2) image pixels, NaN where there is none; None to leave them out.
    """
    from posebench.opencv import cv2

    size = (crop.width, crop.height)
    # Light grey beyond the image's edge, so that nobody takes it for a dark part of the photograph.
    tile = cv2.warpAffine(image, crop.matrix, size, flags=cv2.INTER_LINEAR, borderValue=(225, 225, 225))
    axis.imshow(tile, interpolation="antialiased")
    axis.set(xlim=(-0.5, crop.width - 0.5), ylim=(crop.height - 0.5, -0.5), xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    bones = np.array(skeleton.bone_indices, int).reshape(-1, 2)
    if predicted is not None:
        points, names = transform(crop.matrix, predicted), skeleton.keypoints
        sides = np.array([side_color(names[one], names[other]) for one, other in bones])
        for color in (MIDDLE, LEFT, RIGHT):
            axis.plot(*_lines(points, bones[sides == color]), color=color, linewidth=2.4, solid_capstyle="round",
                      path_effects=halo(2.4))  # fmt: skip
        sides = np.array([side_color(name) for name in names])
        for color in (MIDDLE, LEFT, RIGHT):
            axis.plot(*points[sides == color].T, "o", color=color, markersize=3.6, markeredgecolor=INK,
                      markeredgewidth=0.5)  # fmt: skip
    if annotated is not None:
        points = transform(crop.matrix, annotated)
        axis.plot(*_lines(points, bones), color="white", path_effects=halo(1.1), **ANNOTATED)
        axis.plot(*points.T, "o", color="white", markersize=2.2, markeredgecolor=INK, markeredgewidth=0.4)


def _lines(points: Array, bones: Array) -> Array:
    """(2, 3B) x and y of the ends of bones (B, 2), each followed by a gap: one line takes a tenth of the time of B lines."""
    gaps = np.full((len(bones), 1, 2), np.nan)
    return np.concatenate([points[bones], gaps], axis=1).reshape(-1, 2).T


def under(axis: Axes, text: str, points: int, **look: Any) -> None:
    """A line of text below a tile, `points` below its edge."""
    axis.annotate(text, (0.5, 0), (0, -points), "axes fraction", "offset points", ha="center", va="top", **look)


def side_color(*names: str) -> str:
    """The colour of a keypoint, or of the bone between two: a side's where no end is on the other side."""
    left, right = (any(name.startswith(side) for name in names) for side in ("left", "right"))
    return MIDDLE if left == right else LEFT if left else RIGHT


def halo(width: float) -> list[Any]:
    return [Stroke(linewidth=width + 1.2, foreground=INK, alpha=0.75), Normal()]
