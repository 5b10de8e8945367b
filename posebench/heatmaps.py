"""Heatmaps: Gaussian targets, and their inverse. On the batch, on its device."""

from collections.abc import Sequence

import torch
from torch import Tensor

from posebench.geometry import pixel_to_cell


def gaussian_targets(keypoints: Tensor, visible: Tensor, size: tuple[int, int], stride: int, sigma: float) -> Tensor:
    """One Gaussian of height 1 per keypoint, centred at its exact place, not at the nearest cell.

    Args:
        keypoints: (B, K, 2) crop pixels.
        visible: (B, K) bool, labelled.
        size: (width, height) of the heatmaps, in cells.
        stride: crop pixels per cell.
        sigma: standard deviation in cells.

    Returns:
        (B, K, height, width) float32; all zero for a keypoint that is unlabelled or outside the map, as Newell et al.
        (ECCV 2016) supervise what cannot be seen.
    """
    width, height = size
    x, y = pixel_to_cell(keypoints.float(), stride).unbind(-1)  # (B, K) cells
    inside = visible & (x >= -0.5) & (x < width - 0.5) & (y >= -0.5) & (y < height - 0.5)
    columns = torch.arange(width, device=x.device) - x[..., None]  # (B, K, w)
    rows = torch.arange(height, device=y.device) - y[..., None]  # (B, K, h)
    across, down = (torch.exp(-(d**2) / (2 * sigma**2)) for d in (columns, rows))
    targets: Tensor = down[..., :, None] * across[..., None, :] * inside[..., None, None]
    return targets


def decode(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """The highest cell, moved a quarter cell towards the higher neighbour along each axis (Newell et al., ECCV 2016).

    A cell on the border has one neighbour and stays on that axis; so does one between equal neighbours.

    Args:
        heatmaps: (B, K, h, w).

    Returns:
        cells (B, K, 2) float32 and scores (B, K), the height there.
    """
    heatmaps = heatmaps.float()
    height, width = heatmaps.shape[-2:]
    scores, flat = heatmaps.flatten(2).max(dim=2)
    cells = []
    for place, length, step in ((flat % width, width, 1), (flat // width, height, width)):
        inner = (place > 0) & (place < length - 1)
        neighbours = torch.stack([flat - step, flat + step], dim=2).clamp(0, height * width - 1)
        before, after = heatmaps.flatten(2).gather(2, neighbours).unbind(2)
        cells.append(place + 0.25 * torch.sign(after - before) * inner)
    return torch.stack(cells, dim=2), scores


def unflip(heatmaps: Tensor, flip_order: Sequence[int]) -> Tensor:
    """Heatmaps of mirrored images as if they had not been: columns reversed, left and right keypoints swapped.

    Args:
        heatmaps: (..., K, h, w).
        flip_order: `Skeleton.flip_order`.
    """
    return heatmaps.flip(-1)[..., list(flip_order), :, :]
