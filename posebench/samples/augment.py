"""Augmentation: random changes of the Crop, the same for one (seed, epoch, row) wherever and whenever it is made."""

from dataclasses import dataclass

import numpy as np

from posebench.data.geometry import Crop, transform
from posebench.plugins.recipe import Augmentation


def perturb(crop: Crop, augmentation: Augmentation, seed: int, epoch: int, row: int) -> Crop:
    """The crop as sample `row` sees it in `epoch`: scaled, turned and perhaps mirrored."""
    random = np.random.default_rng((seed, epoch, row))
    if augmentation.draws == "uniform":
        scale = random.uniform(*augmentation.scale)
        rotation = random.uniform(-augmentation.rotation, augmentation.rotation)
    else:
        scale = (_normal if augmentation.draws == "normal" else _log_normal)(random, *augmentation.scale)
        rotation = float(np.clip(random.normal(), -2, 2)) * augmentation.rotation
    mirror = bool(random.random() < augmentation.flip)
    turned = augmentation.rotated == 1 or random.random() < augmentation.rotated
    return crop.perturbed(scale, rotation if turned else 0.0, mirror)


def _normal(random: np.random.Generator, low: float, high: float) -> float:
    """A normal draw that is clipped at one deviation, the two ends."""
    return float(np.clip(random.normal((low + high) / 2, (high - low) / 2), low, high))


def _log_normal(random: np.random.Generator, low: float, high: float) -> float:
    """A draw with a normal logarithm that is clipped at two deviations, the two ends."""
    first, last = np.log2([low, high])
    return float(2 ** ((first + last) / 2 + (last - first) / 4 * np.clip(random.normal(), -2, 2)))


@dataclass(frozen=True)
class Reach:
    """How far from a person the crops of an augmentation see.

    Attributes:
        scale: the largest, as a factor of the person's region, or of the region of half a person.
        angle: the largest, in degrees, either way.
    """

    scale: float = 1.0
    angle: float = 0.0

    @classmethod
    def of(cls, augmentation: Augmentation) -> "Reach":
        """What `perturb` can do at most."""
        angle = augmentation.rotation * (1 if augmentation.draws == "uniform" else 2)
        return cls(max(augmentation.scale), angle if augmentation.rotated else 0.0)

    def rectangle(self, crop: Crop) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) in image pixels of everything that an upright crop can show once it is perturbed."""
        half = np.array([crop.width, crop.height]) / 2 / crop.matrix[0, 0] * self.scale
        middle = (np.array([crop.width, crop.height]) - (crop.alignment == "edges")) / 2
        x, y = transform(crop.inverse, middle[None])[0]
        across, down = _turned(half[0], half[1], self.angle), _turned(half[1], half[0], self.angle)
        return float(x - across), float(y - down), float(x + across), float(y + down)


def _turned(along: float, other: float, angle: float) -> float:
    """Half the width of a rectangle's bounding box, at the worst turn of up to `angle` degrees.

    Args:
        along, other: half the rectangle's width and height.
    """
    worst = min(np.deg2rad(angle), np.arctan2(other, along))  # there the corner is straight beside the middle
    return float(along * np.cos(worst) + other * np.sin(worst))
