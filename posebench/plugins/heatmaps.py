"""Heatmaps: Gaussian targets, and their inverse. On the batch, on its device."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from posebench.data.geometry import Alignment, pixel_to_cell

Values = Any
"""A tensor or numpy's array."""
CUT = 3
"""Standard deviations at which published codes cut a target off."""


@dataclass(frozen=True)
class Peak:
    """When the highest cell is moved a quarter cell towards its higher neighbour. Every code base has its own rule;
    the default is that each axis moves where it has two neighbours that differ (Newell et al., ECCV 2016).

    Attributes:
        own: how many cells at the low and at the high end of an axis are not moved along it.
        other: likewise, are not moved along the other axis.
        ties: the direction between equal neighbours, 0 or -1.
        empty: the place (both coordinates) for a map that is nowhere above 0; None for its highest cell, as always.
    """

    own: tuple[int, int] = (1, 1)
    other: tuple[int, int] = (0, 0)
    ties: int = 0
    empty: float | None = None


def gaussian_targets(
    keypoints: Tensor, visible: Tensor, size: tuple[int, int], stride: int, sigma: float,
    alignment: Alignment = "edges", reach: float = 0.0,
) -> Tensor:  # fmt: skip
    """One Gaussian of height 1 per keypoint, centred at its exact place, not at the nearest cell.

    Args:
        keypoints: (B, K, 2) crop pixels.
        visible: (B, K) bool, labelled.
        size: (width, height) of the heatmaps, in cells.
        stride: crop pixels per cell.
        sigma: standard deviation in cells.
        alignment: of cells on crop pixels.
        reach: how far outside the map, in cells, a keypoint still has a target.

    Returns:
        (B, K, height, width) float32; all zero for a keypoint that is unlabelled or outside the map, as Newell et al.
        (ECCV 2016) supervise what cannot be seen.
    """
    width, height = size
    x, y = pixel_to_cell(keypoints.float(), stride, alignment).unbind(-1)  # (B, K) cells
    inside = visible & within(x, width, reach) & within(y, height, reach)
    return _gaussians(x, y, size, sigma) * inside[..., None, None]


def cell_targets(
    keypoints: Tensor, visible: Tensor, size: tuple[int, int], stride: int, sigma: float, alignment: Alignment = "edges"
) -> Tensor:
    """One Gaussian of height 1 per keypoint as published codes draw it: in the middle of the nearest cell, cut off at 3 sigma.

    Args:
        as for `gaussian_targets`.

    Returns:
        (B, K, height, width) float32; of a keypoint outside the map, what is on the map.
    """
    x, y = nearest_cell(keypoints, stride, alignment).unbind(-1)
    return _gaussians(x, y, size, sigma, CUT * sigma) * visible[..., None, None]


def nearest_cell(keypoints: Tensor, stride: int, alignment: Alignment) -> Tensor:
    """(B, K, 2) crop pixels → the nearest cells as whole numbers; those before the first are rounded towards it (C's cast)."""
    return torch.trunc(pixel_to_cell(keypoints.float(), stride, alignment) + 0.5)


def _gaussians(x: Tensor, y: Tensor, size: tuple[int, int], sigma: float, cut: float = math.inf) -> Tensor:
    """Gaussians (B, K, height, width) around cells (B, K), 0 where an axis is further than `cut` cells away."""
    width, height = size
    columns = torch.arange(width, device=x.device) - x[..., None]  # (B, K, w)
    rows = torch.arange(height, device=y.device) - y[..., None]  # (B, K, h)
    across, down = (torch.exp(-(d**2) / (2 * sigma**2)) * (d.abs() <= cut) for d in (columns, rows))
    drawn: Tensor = down[..., :, None] * across[..., None, :]
    return drawn


def within(place: Tensor, length: int, reach: float = 0.0) -> Tensor:
    """Whether coordinates along one axis of a map, in cells, are on its cells, or at most `reach` cells outside."""
    return (place >= -0.5 - reach) & (place < length - 0.5 + reach)


def decode(heatmaps: Tensor, peak: Peak = Peak()) -> tuple[Tensor, Tensor]:
    """The highest cell, the first of equals, moved as `peak` says.

    Args:
        heatmaps: (B, K, h, w).

    Returns:
        cells (B, K, 2) float32 and scores (B, K), the height there.
    """
    people, keypoints, height, width = heatmaps.shape
    maps = heatmaps.float().reshape(people * keypoints, height * width)
    if _in_memory(maps):
        numbers = maps.numpy()
        best = numbers.argmax(axis=1)
        row = np.arange(len(best))
        cells = torch.from_numpy(np.stack(_cells(numbers, row, best, (width, height), peak), axis=1)).float()
        scores = torch.from_numpy(numbers[row, best])
    else:
        scores, place = _highest(maps)
        rows = torch.arange(maps.shape[0], device=maps.device)  # len() would fix the number in an exported network
        cells = torch.stack(_cells(maps, rows, place, (width, height), peak), dim=1)
    if peak.empty is not None:
        cells = torch.where(scores[:, None] > 0, cells, peak.empty)
    return cells.reshape(people, keypoints, 2), scores.reshape(people, keypoints)


def _in_memory(maps: Tensor) -> bool:
    """Whether numpy can read the maps. It finds the highest cells on a CPU in a quarter of torch's time, or less.

    What is exported, compiled or differentiated stays torch's.
    """
    return (
        maps.device.type == "cpu" and type(maps) is Tensor and not (maps.requires_grad or torch.compiler.is_compiling())
    )


def _cells(values: Values, row: Values, best: Values, size: tuple[int, int], peak: Peak) -> list[Values]:
    """(N,) x and y of the highest cells, moved as `peak` says.

    Args:
        values: (N, height x width), of numpy or torch, as all that follows. row: (N,) 0, 1, 2, ... best: (N,) highest cells.
    """
    width, height = size
    x, y = best % width, best // width
    cells = []
    for place, length, step, beside, breadth in ((x, width, 1, y, height), (y, height, width, x, width)):
        moves = _between(place, length, peak.own) & _between(beside, breadth, peak.other)
        before = values[row, best - step * (place > 0)]
        after = values[row, best + step * (place < length - 1)]
        direction = 1.0 * (after > before) - 1.0 * (after < before)
        if peak.ties:
            direction = direction + peak.ties * (after == before)
        cells.append(place + 0.25 * direction * moves)
    return cells


def _highest(values: Tensor) -> tuple[Tensor, Tensor]:
    """(N, n) → the highest values and their indices, the first of equals, as `values.max(dim=1)` gives them.

    torch finds a highest value about ten times as fast as its index; so first the highest part, then the index in there.
    """
    rows, cells = values.shape
    parts = math.gcd(cells, 32)  # pieces much shorter are slow again
    pieces = values.reshape(rows, parts, cells // parts)
    scores, part = pieces.amax(dim=2).max(dim=1)
    place = pieces[torch.arange(rows, device=part.device), part].argmax(dim=1)
    return scores, part * (cells // parts) + place


def _between(place: Values, length: int, margins: tuple[int, int]) -> Values:
    if margins == (0, 0):
        return True
    return (place >= margins[0]) & (place < length - margins[1])


def unflip(heatmaps: Tensor, flip_order: Sequence[int], shift: int = 0) -> Tensor:
    """Heatmaps of mirrored images as if they had not been: columns reversed, left and right keypoints swapped.

    Args:
        heatmaps: (..., K, h, w).
        flip_order: `Skeleton.flip_order`.
        shift: columns by which the result moves right, its first ones staying as they are.
    """
    straight = heatmaps.flip(-1)[..., list(flip_order), :, :]
    return torch.cat([straight[..., :shift], straight[..., :-shift]], dim=-1) if shift else straight
