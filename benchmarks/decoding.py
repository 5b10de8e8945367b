"""Decoding a batch of heatmaps at once, side by side with one joint at a time, in one run.

    python benchmarks/decoding.py [--batch 64] [--device cpu] [--threads 1]

Prints medians and the ratio; both must give the same coordinates. The maps are Gaussians of sigma 2 with some noise.
"""

import argparse
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor

from posebench.plugins import heatmaps

KEYPOINTS, WIDTH, HEIGHT = 17, 48, 64
ROUNDS = 15


def one_by_one(maps: Tensor) -> np.ndarray:
    """What pose code bases do: bring the maps to numpy, then loop over people and joints. Edge cells are not moved."""
    values = maps.cpu().numpy()
    people, joints, height, width = values.shape
    places = np.zeros((people, joints, 2), np.float32)
    for person in range(people):
        for joint in range(joints):
            one = values[person, joint]
            y, x = np.unravel_index(one.argmax(), one.shape)
            places[person, joint] = x, y
            if 0 < x < width - 1:
                places[person, joint, 0] += 0.25 * np.sign(one[y, x + 1] - one[y, x - 1])
            if 0 < y < height - 1:
                places[person, joint, 1] += 0.25 * np.sign(one[y + 1, x] - one[y - 1, x])
    return places


def timed(what: Callable[[], Any], device: str) -> tuple[float, Any]:
    """Median seconds, and the last result."""
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        result = what()
        if device != "cpu":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return median(seconds), result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="of torch; the loop has one")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    where = torch.rand(options.batch, KEYPOINTS, 2) * torch.tensor([4.0 * WIDTH, 4.0 * HEIGHT])
    visible = torch.ones(where.shape[:2], dtype=torch.bool)
    maps = heatmaps.gaussian_targets(where, visible, (WIDTH, HEIGHT), 4, 2.0)
    maps = (maps + 0.01 * torch.rand_like(maps)).to(options.device)
    loop, expected = timed(lambda: one_by_one(maps), options.device)
    whole, (cells, _) = timed(lambda: heatmaps.decode(maps), options.device)
    assert np.array_equal(cells.cpu().numpy(), expected)
    print(f"({', '.join(map(str, maps.shape))}) on {options.device}, torch {torch.__version__}, "
          f"{torch.get_num_threads()} threads")  # fmt: skip
    print(f"joint by joint   {1000 * loop:8.2f} ms")
    print(f"whole batch      {1000 * whole:8.2f} ms   {loop / whole:5.1f} x faster, equal")


if __name__ == "__main__":
    main()
