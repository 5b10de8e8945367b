"""Scales: heatmaps of larger and smaller regions around a person, averaged with those of the person's own region.

    region × 1.3 ─► network ─► heatmaps ─┐
    region × 1   ─► network ─► heatmaps ─┼─► laid over the cells of region × 1 ─► mean ─► decode
    region × 0.8 ─► network ─► heatmaps ─┘

All regions have one middle, so a cell lies at distance d from it in region × 1, and at d / s in region × s. What a smaller
region does not show is the mean of the others. HRNet's figure on MPII's test people (Sun et al., CVPR 2019, section 4.2: a
six-scale pyramid) is of this kind; its code was not released.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from posebench.data.geometry import Alignment
from posebench.errors import PosebenchError
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import Outputs, tensors_of

LEAST, MOST = 0.25, 4.0
"""Of a scale: beyond them a person is a few cells, or a part of one."""
OWN = (1.0,)
"""The person's own region alone."""


def check_scales(scales: Sequence[float]) -> None:
    """Raise PosebenchError unless scales differ, are possible, and have 1 among them."""
    wrong = next((scale for scale in scales if not LEAST <= scale <= MOST), None)
    if wrong is not None:
        raise PosebenchError(f"Scale {wrong:g} is not between {LEAST:g} and {MOST:g}.")
    if len(set(scales)) < len(scales) or 1 not in scales:
        shown = ", ".join(f"{scale:g}" for scale in scales)
        raise PosebenchError(f"Scales should differ and have 1 among them, the person's own region; these are {shown}.")


def stacked(model: Architecture, outputs: Outputs, option: str) -> Tensor:
    """Outputs as heatmaps (B, S, K, h, w); S is 1 for a network that is not stacked.

    Args:
        option: what needs heatmaps, for the message.

    Raises:
        PosebenchError: they are no heatmaps of the whole crop.
    """
    maps = tensors_of(outputs)[0]
    if not isinstance(outputs, tuple) and maps.ndim in (4, 5) and maps.shape[-3] == len(model.skeleton):
        (width, height), (down, across) = model.input_size, maps.shape[-2:]
        if width % across == height % down == 0 and width // across == height // down:
            return maps if maps.ndim == 5 else maps[:, None]
    shapes = " and ".join("×".join(map(str, one.shape[1:])) for one in tensors_of(outputs))
    raise PosebenchError(
        f"{model.name} puts out {shapes} for a person, which are no heatmaps of {len(model.skeleton)} keypoints, so "
        f"{option} does not apply to it. Leave it out."
    )


def mean_over_scales(model: Architecture, outputs: Sequence[Outputs], scales: Sequence[float]) -> Tensor:
    """The mean of heatmaps over scales, in the cells and in the form of the network's outputs.

    Args:
        outputs: for each scale, of regions that are so many times as large.

    Raises:
        PosebenchError: they are no heatmaps.
    """
    total, count = torch.zeros(()), torch.zeros(())
    for one, scale in zip(outputs, scales, strict=True):
        maps = stacked(model, one, "--scales").float()
        moved, inside = laid_over(maps.flatten(1, 2), scale, model.pipeline.alignment)
        total, count = total.to(moved.device) + moved * inside, count.to(moved.device) + inside
    mean: Tensor = total / count
    return mean.reshape(tensors_of(outputs[0])[0].shape)


def laid_over(maps: Tensor, scale: float, alignment: Alignment) -> tuple[Tensor, Tensor]:
    """Heatmaps (B, C, h, w) of a region `scale` times as large, on the cells of the region itself.

    Returns:
        (B, C, h, w), bilinear, and (h, w) bool, the cells that the heatmaps show.
    """
    people, _, height, width = maps.shape
    if scale == 1:
        return maps, torch.ones(height, width, dtype=torch.bool, device=maps.device)
    places, shown = [], []
    for length in (width, height):
        middle = (length - 1) / 2 if alignment == "edges" else length / 2
        cells = middle + (torch.arange(length, device=maps.device) - middle) / scale
        places.append(2 * cells / max(length - 1, 1) - 1)  # -1 and 1 are the first and the last cell
        shown.append((cells >= -0.5) & (cells <= length - 0.5))
    across, down = places
    grid = torch.stack([across.expand(height, -1), down[:, None].expand(-1, width)], dim=-1)
    moved = F.grid_sample(
        maps, grid.expand(people, -1, -1, -1), mode="bilinear", padding_mode="border", align_corners=True
    )
    return moved, shown[1][:, None] & shown[0]
