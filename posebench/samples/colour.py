"""Colour: random brightness of each channel, as Newell's release and pytorch-pose draw it. By a table, after the warp."""

import numpy as np
from numpy.typing import NDArray

from posebench.opencv import cv2
from posebench.plugins.recipe import Augmentation
from posebench.samples.images import Image

STREAM = 2
"""Separates these draws from the others of a sample."""


def factors(augmentation: Augmentation, key: tuple[int, int, int]) -> NDArray[np.float64] | None:
    """(3,) by which a sample multiplies its channels, uniform in 1 ± `colour`; None where colours stay.

    Args:
        key: (seed, epoch, row) of the sample, on which the draws depend.
    """
    if not augmentation.colour:
        return None
    return np.random.default_rng((*key, STREAM)).uniform(1 - augmentation.colour, 1 + augmentation.colour, 3)


def recolour(image: Image, by: NDArray[np.float64]) -> None:
    """Multiply the channels of an image (h, w, 3) in place, rounded, and clipped at 255."""
    table = np.rint(np.arange(256)[:, None] * by).clip(0, 255).astype(np.uint8)
    cv2.LUT(image, table[None], dst=image)
