"""softunet: a U-Net that regresses coordinates, each the mean of a heatmap.

    image ─ stem ─ 1/4 ─────────────────── + ─ head ─► logits ─ softmax ─ mean place of each map ─► keypoints
                    └─ 1/8 ─────────── + ──┘
                        └─ 1/16 ─ ─ ──┘

The idea is integral regression (Sun, Xiao, Wei, Liang, Wei, "Integral Human Pose Regression", ECCV 2018): the mean over a
softmax is finer than its highest cell, so a map of 16 by 16 is enough for a crop of 64 by 64.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posebench import Architecture, Recipe, Skeleton
from posebench.data.geometry import cell_to_pixel
from posebench.plugins import heatmaps
from posebench.plugins.architecture import check_input_size

STRIDE = 4
"""Crop pixels per heatmap cell."""
SIGMA = 1.0
"""Standard deviation of the target, in cells."""
WIDTHS = 32, 64, 128
"""Channels at 1/4, 1/8 and 1/16 of the crop."""

PAPER = Recipe(
    name="paper", input_size=(192, 256), epochs=60, batch_size=32, optimizer="adamw", learning_rate=1e-3,
    schedule="cosine", warmup=0.02,
)  # fmt: skip
"""The recipe of `--recipe paper`. There is no paper; these are settings to start from."""


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Two 3×3 convolutions; the first one strides."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True),
    )  # fmt: skip


class SoftUNet(Architecture):
    """Two levels down and up again, then one map of logits per keypoint."""

    paper = PAPER

    def __init__(self, skeleton: Skeleton, input_size: tuple[int, int]) -> None:
        check_input_size("softunet", input_size, 16)  # an error for sizes that cannot be halved four times
        super().__init__(skeleton, input_size)
        fine, middle, coarse = WIDTHS
        self.stem = nn.Sequential(block(3, fine // 2, 2), block(fine // 2, fine, 2))
        self.down = block(fine, middle, 2)
        self.bottom = nn.Sequential(block(middle, coarse, 2), block(coarse, coarse))
        self.to_middle = nn.Conv2d(coarse, middle, 1)
        self.up_middle = block(middle, middle)
        self.to_fine = nn.Conv2d(middle, fine, 1)
        self.up_fine = block(fine, fine)
        self.head = nn.Conv2d(fine, len(skeleton), 1)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → logits (B, K, H/4, W/4)."""
        fine = self.stem(images)
        middle = self.down(fine)
        coarse = self.bottom(middle)
        middle = self.up_middle(middle + F.interpolate(self.to_middle(coarse), scale_factor=2.0))
        fine = self.up_fine(fine + F.interpolate(self.to_fine(middle), scale_factor=2.0))
        logits: Tensor = self.head(fine)
        return logits

    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """Cross-entropy of the map against a Gaussian around the keypoint, and distance of the mean from the keypoint."""
        height, width = outputs.shape[-2:]
        target = heatmaps.gaussian_targets(keypoints, visible, (width, height), STRIDE, SIGMA).flatten(2)
        counted = visible & (target.sum(2) > 0)  # labelled, and inside the crop
        number = counted.sum().clamp(min=1)  # a batch without a labelled keypoint must not divide by 0
        target = target / target.sum(2, keepdim=True).clamp(min=1e-9)
        entropy = -(target * outputs.float().flatten(2).log_softmax(2)).sum(2)
        position, _ = self.decode(outputs)
        distance = (position - keypoints).abs().sum(2) / STRIDE  # in cells
        return {
            "map": (entropy * counted).sum() / number,
            "position": (distance * counted).sum() / number,
        }

    def decode(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """The mean position of each map, and the share of the map in its highest cell."""
        height, width = outputs.shape[-2:]
        share = outputs.float().flatten(2).softmax(2).unflatten(2, (height, width))  # (B, K, h, w), sums to 1
        x = (share.sum(2) * torch.arange(width, device=share.device)).sum(2)
        y = (share.sum(3) * torch.arange(height, device=share.device)).sum(2)
        return cell_to_pixel(torch.stack([x, y], dim=2), STRIDE), share.flatten(2).amax(2)

    def unflip(self, outputs: Tensor) -> Tensor:
        """Columns reversed, left and right keypoints exchanged."""
        return heatmaps.unflip(outputs, self.skeleton.flip_order)


def softunet(skeleton: Skeleton, input_size: tuple[int, int] = PAPER.input_size) -> SoftUNet:
    """A U-Net with soft-argmax decoding."""
    return SoftUNet(skeleton, input_size)
