"""Augmentation: random changes of the Crop, the same for one (seed, epoch, row) wherever and whenever it is made."""

import numpy as np

from posebench.geometry import Crop
from posebench.recipe import Augmentation


def perturb(crop: Crop, augmentation: Augmentation, seed: int, epoch: int, row: int) -> Crop:
    """The crop as sample `row` sees it in `epoch`: scaled, turned and perhaps mirrored."""
    random = np.random.default_rng((seed, epoch, row))
    scale = random.uniform(*augmentation.scale)
    rotation = random.uniform(-augmentation.rotation, augmentation.rotation)
    return crop.perturbed(scale, rotation, mirror=bool(random.random() < augmentation.flip))
