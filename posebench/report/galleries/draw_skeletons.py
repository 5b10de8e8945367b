"""Draw skeletons: predicted people over a photograph or a frame of a video, as an image of the same size."""

import numpy as np

from posebench.array_type import Array
from posebench.data.skeleton import Skeleton
from posebench.opencv import cv2
from posebench.report.galleries.overlays import side_color
from posebench.report.plots.plot_style import INK
from posebench.samples.images import Image

PIXELS_PER_WIDTH = 110
"""A line is one pixel wide for this many pixels of a person's size."""
WIDEST = 9
SUBPIXEL = 4
"""Binary digits behind the point of coordinates that OpenCV draws."""
FARTHEST = 1e5
"""Pixels; what lies farther away is not drawn, since OpenCV's coordinates would overflow."""


def draw_skeletons(image: Image, skeleton: Skeleton, keypoints: Array, scores: Array, above: float) -> Image:
    """The image with the skeleton of every person.

    Args:
        image: (H, W, 3) uint8 RGB; it stays as it is.
        keypoints: (P, K, 2) pixels of the image.
        scores: (P, K); keypoints with a score of `above` or less are left out, and so are the bones that end there.
    """
    drawn = image.copy()
    near = (np.abs(keypoints) < FARTHEST).all(axis=2)  # also refuses NaN
    for points, shown in zip(keypoints, (scores > above) & near, strict=True):
        if shown.any():
            _person(drawn, skeleton, points, shown)
    return drawn


def _person(image: Image, skeleton: Skeleton, points: Array, shown: Array) -> None:
    spread = np.ptp(points[shown], axis=0).max()
    width = int(np.clip(round(spread / PIXELS_PER_WIDTH), 1, WIDEST))
    names = skeleton.keypoints
    bones = [bone for bone in skeleton.bone_indices if shown[list(bone)].all()]
    for edge in (True, False):  # all dark edges first, so that none cuts through a bone
        for one, other in bones:
            color = INK if edge else side_color(names[one], names[other])
            cv2.line(
                image, _fixed(points[one]), _fixed(points[other]), _rgb(color), width + 2 * edge, cv2.LINE_AA, SUBPIXEL
            )
    for name, point, there in zip(names, points, shown, strict=True):
        if there:
            for color, radius in ((INK, width + 2), (side_color(name), width + 1)):
                cv2.circle(image, _fixed(point), radius << SUBPIXEL, _rgb(color), -1, cv2.LINE_AA, SUBPIXEL)


def _fixed(point: Array) -> tuple[int, int]:
    x, y = np.round(point * (1 << SUBPIXEL)).astype(int).tolist()
    return x, y


def _rgb(color: str) -> tuple[int, int, int]:
    """`#56B4E9` → (86, 180, 233)."""
    red, green, blue = bytes.fromhex(color.removeprefix("#"))
    return red, green, blue
