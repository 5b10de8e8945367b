"""Prediction sheet: a few people as the network sees them, annotated above and predicted below, as one image."""

from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array
from posebench.data.skeleton import Skeleton
from posebench.opencv import cv2
from posebench.report.galleries.draw_skeletons import draw_skeletons
from posebench.samples.images import Image

TALL = 256
"""Pixels of a tile from top to bottom."""
GAP, CAPTION = 4, 30
"""Pixels between two tiles, and of the line above them."""
FONT, INK = cv2.FONT_HERSHEY_SIMPLEX, (34, 34, 34)


@dataclass(frozen=True, eq=False)
class Seen:
    """P people as a network sees them, K keypoints.

    Attributes:
        crops: (P, H, W, 3) uint8 RGB.
        annotated: (P, K, 2) crop pixels; not drawn where `visible`, (P, K) bool, is False.
        predicted: (P, K, 2) crop pixels.
    """

    crops: Array
    annotated: Array
    visible: Array
    predicted: Array


def prediction_sheet(seen: Seen, skeleton: Skeleton, caption: str) -> Image:
    """An image of two rows: every person with the annotated, and below with the predicted keypoints.

    Args:
        caption: a line above; letters that are not ASCII are left out.
    """
    height, width = seen.crops.shape[1:3]
    scale = TALL / height
    wide = round(width * scale)
    count = len(seen.crops)
    sheet = np.full((CAPTION + 2 * (TALL + GAP), count * (wide + GAP) - GAP, 3), 255, np.uint8)
    text = caption.encode("ascii", "ignore").decode()
    cv2.putText(sheet, text, (6, CAPTION - 10), FONT, 0.5, INK, 1, cv2.LINE_AA)
    everywhere = np.ones(seen.visible.shape)
    for row, (keypoints, shown) in enumerate(((seen.annotated, seen.visible), (seen.predicted, everywhere))):
        for place in range(count):
            tile = np.asarray(cv2.resize(seen.crops[place], (wide, TALL), interpolation=cv2.INTER_LINEAR), np.uint8)
            # Edges on edges: the crop's pixel 0 becomes a square of which the middle is not at 0.
            points = (keypoints[place] + 0.5) * (wide / width, scale) - 0.5
            top, left = CAPTION + row * (TALL + GAP), place * (wide + GAP)
            drawn = draw_skeletons(tile, skeleton, points[None], shown[place].astype(float)[None], above=0.0)
            sheet[top : top + TALL, left : left + wide] = drawn
    return sheet
