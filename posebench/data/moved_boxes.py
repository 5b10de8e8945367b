"""People whose boxes are moved or scaled, as a detector's errors move them."""

from dataclasses import replace

import numpy as np

from posebench.array_type import Array
from posebench.data.geometry import widened
from posebench.data.instances import Instances

HEIGHT = 256
"""Pixels of the input that shifts are stated for: 26 of them are about a tenth of the crop, whatever size a network has."""


def moved(
    people: Instances,
    input_size: tuple[int, int],
    right: float | Array = 0,
    down: float | Array = 0,
    scale: float | Array = 1,
) -> Instances:
    """People whose regions lie elsewhere; a network then sees them off the middle, or smaller.

    Args:
        input_size: (width, height) of the network's crops; only their ratio matters.
        right, down: (N,) or one for all: how far the region moves, in pixels of a crop that is 256 high.
        scale: (N,) or one for all: by how much the region grows. At 1.25, the person is seen at 1 / 1.25 of the size.
    """
    steps = np.stack(np.broadcast_arrays(right, down, np.zeros(len(people))), axis=-1)[:, :2] / HEIGHT
    factors = np.broadcast_to(scale, len(people))[:, None]
    aspect = input_size[0] / input_size[1]

    def change(center: Array, size: Array) -> tuple[Array, Array]:
        return center + steps * widened(size, aspect)[:, 1:], size * factors

    center, size = change(people.center, people.size)
    regions = {code: np.hstack(change(region[:, :2], region[:, 2:])) for code, region in people.regions.items()}
    return replace(people, center=center, size=size, regions=regions)


def jittered(people: Instances, input_size: tuple[int, int], pixels: float, share: float, seed: int) -> Instances:
    """People whose regions are moved and scaled at random, each person alike whoever else is there.

    Args:
        input_size: as for `moved`.
        pixels: regions move by up to this much each way, in pixels of a crop that is 256 high.
        share: they grow by a factor between 1 / (1 + share) and 1 + share, uniform in its logarithm.
        seed: of the random numbers.
    """
    drawn = np.array([
        np.random.default_rng((seed, *map(int, one))).uniform(-1, 1, 3)
        for one in zip(people.image_ids[people.image] & 2**63 - 1, people.person & 2**63 - 1, strict=True)
    ]).reshape(-1, 3)  # fmt: skip
    right, down = pixels * drawn[:, :2].T
    return moved(people, input_size, right, down, (1 + share) ** drawn[:, 2])
