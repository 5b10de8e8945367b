"""Augmentation: random changes of the Crop, the same for one (seed, epoch, row) wherever and whenever it is made."""

import numpy as np

from posebench.data.geometry import Crop
from posebench.plugins.recipe import Augmentation


def perturb(crop: Crop, augmentation: Augmentation, seed: int, epoch: int, row: int) -> Crop:
    """The crop as sample `row` sees it in `epoch`: scaled, turned and perhaps mirrored."""
    random = np.random.default_rng((seed, epoch, row))
    if augmentation.draws == "uniform":
        scale = random.uniform(*augmentation.scale)
        rotation = random.uniform(-augmentation.rotation, augmentation.rotation)
    else:
        low, high = augmentation.scale
        scale = float(np.clip(random.normal((low + high) / 2, (high - low) / 2), low, high))
        rotation = float(np.clip(random.normal(), -2, 2)) * augmentation.rotation
    mirror = bool(random.random() < augmentation.flip)
    turned = augmentation.rotated == 1 or random.random() < augmentation.rotated
    return crop.perturbed(scale, rotation if turned else 0.0, mirror)
