"""Strips of frames: the predicted people of a video, a colour and a number for each track."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from posebench.array_type import Array
from posebench.data.predictions import Predictions
from posebench.report.galleries.overlays import halo, under
from posebench.report.plots.body import bones
from posebench.report.plots.plot_style import INK, PALETTE, QUIET, fitting, plain, save_png, style

FRAMES, SEQUENCES = 6, 3
"""At most so many frames beside each other, of so many sequences."""
TILE, GAP, TOP, BELOW = 2.4, 0.08, 0.62, 0.32
"""Inches: width of a frame, room between two, room for the heading, and for the text below a frame."""


def track_strip(
    predictions: Predictions,
    sequences: Sequence[Sequence[Array]],
    read_image: Callable[[int], Array],
    path: Path,
    title: str,
) -> None:
    """Write a picture with frames of the sequences with the most people, evenly spaced.

    Args:
        predictions: with tracks. sequences: rows of the people of every frame of every sequence.
        read_image: row of `predictions.images` → (H, W, 3) uint8, RGB.
        path: the PNG to write.
    """
    most = sorted(range(len(sequences)), key=lambda one: (-sum(map(len, sequences[one])), one))[:SEQUENCES]
    strips = [chosen(sequences[one]) for one in sorted(most)]
    pictures = [[read_image(int(predictions.image[people[0]])) for people in strip] for strip in strips]
    tall = [TILE * max(image.shape[0] / image.shape[1] for image in strip) for strip in pictures]
    across = max(map(len, strips))
    width, height = max(across * (TILE + GAP) + GAP, 6.5), TOP + sum(tall) + BELOW * len(strips)
    with style():
        figure = Figure(figsize=(width, height))
        heading: dict[str, Any] = {"fontsize": 11, "weight": "bold", "va": "top"}
        figure.text(GAP / width, 1 - 0.12 / height, fitting(title, width - 2 * GAP, 11, bold=True), **heading)
        about = "frames of the sequences with the most people; the number of each track is beside its person"
        figure.text(GAP / width, 1 - 0.36 / height, about, fontsize=8.5, color=QUIET, va="top")
        top = height - TOP
        for strip, images, high in zip(strips, pictures, tall, strict=True):
            for place, (people, image) in enumerate(zip(strip, images, strict=True)):
                left, bottom = GAP + place * (TILE + GAP), top - high
                axis = figure.add_axes((left / width, bottom / height, TILE / width, high / height))
                _frame(axis, image, predictions, people)
            top -= high + BELOW
        save_png(figure, path)


def chosen(frames: Sequence[Array]) -> list[Array]:
    """At most `FRAMES` of the frames, evenly spaced, the first and the last among them."""
    places = np.unique(np.linspace(0, len(frames) - 1, min(FRAMES, len(frames))).round().astype(int))
    return [frames[place] for place in places.tolist()]


def track_color(track: int) -> str:
    """The colour of a track; after eight tracks colours come again."""
    return PALETTE[(track - 1) % len(PALETTE)]


def _frame(axis: Axes, image: Array, predictions: Predictions, people: Array) -> None:
    axis.imshow(image, interpolation="antialiased")
    axis.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5), xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    names = predictions.keypoint_names
    joined = [(names.index(one), names.index(other)) for one, other in bones(names)]
    for row, track in zip(people.tolist(), np.asarray(predictions.track_id)[people].tolist(), strict=True):
        points = np.where(predictions.missing[row][:, None], np.nan, predictions.keypoints[row])
        if np.isnan(points).all():
            continue
        color = track_color(track)
        look: dict[str, Any] = {"color": color, "linewidth": 1.8, "solid_capstyle": "round", "path_effects": halo(1.8)}
        for bone in joined:
            axis.plot(*points[list(bone)].T, **look)
        axis.plot(*points.T, "o", color=color, markersize=2.4, markeredgecolor=INK, markeredgewidth=0.3)
        highest = points[np.nanargmin(points[:, 1])]
        axis.annotate(
            str(track), highest, (0, 3), textcoords="offset points", ha="center", fontsize=8, weight="bold", color="white",
            bbox={"boxstyle": "round,pad=0.15", "facecolor": color, "edgecolor": "none"}, annotation_clip=True,
        )  # fmt: skip
    name = predictions.images[int(predictions.image[people[0]])]
    under(axis, plain(name[-40:], 40), 3, fontsize=7, color=QUIET)
