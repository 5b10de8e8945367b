"""Heatmaps: Gaussian targets, and their inverse. On the batch, on its device."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from posebench.data.geometry import Alignment, pixel_to_cell

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
    heatmaps = heatmaps.float()
    height, width = heatmaps.shape[-2:]
    values = heatmaps.flatten(2)
    scores, flat = _highest(values)
    x, y = flat % width, flat // width
    cells = []
    for place, length, step, beside, breadth in ((x, width, 1, y, height), (y, height, width, x, width)):
        moves = _between(place, length, peak.own) & _between(beside, breadth, peak.other)
        before = values.gather(2, (flat - step * (place > 0))[..., None])[..., 0]
        after = values.gather(2, (flat + step * (place < length - 1))[..., None])[..., 0]
        direction = torch.sign(after - before) + peak.ties * (after == before)
        cells.append(place + 0.25 * direction * moves)
    decoded = torch.stack(cells, dim=2)
    if peak.empty is not None:
        decoded = torch.where(scores[..., None] > 0, decoded, peak.empty)
    return decoded, scores


def _highest(values: Tensor) -> tuple[Tensor, Tensor]:
    """(B, K, n) → the highest value and its index, the first of equals, as `values.max(dim=2)` gives them.

    torch finds a highest value about ten times as fast as its index; so first the highest part, then the index in there.
    """
    people, keypoints, cells = values.shape
    parts = math.gcd(cells, 32)  # pieces much shorter are slow again
    pieces = values.reshape(people * keypoints, parts, cells // parts)
    scores, part = pieces.amax(dim=2).max(dim=1)
    place = pieces[torch.arange(part.shape[0], device=part.device), part].argmax(dim=1)
    return scores.reshape(people, keypoints), (part * (cells // parts) + place).reshape(people, keypoints)


def _between(place: Tensor, length: int, margins: tuple[int, int]) -> Tensor:
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
