"""Cascaded pyramid network (Chen, Wang, Peng, Zhang, Yu, Sun, "Cascaded Pyramid Network for Multi-Person Pose Estimation",
CVPR 2018).

    ResNet   1/4  C2 ─ 1×1 ─ + ─► P2 ────────────────────────────── ┐
             1/8  C3 ─ 1×1 ─ + ─► P3 ─ bottleneck ─ ×2 ──────────── ┤
             1/16 C4 ─ 1×1 ─ + ─► P4 ─ 2 bottlenecks ─ ×4 ───────── ┼─► concatenated ─ bottleneck ─ 3×3 ─► heatmaps (1/4)
             1/32 C5 ─ 1×1 ─ + ─► P5 ─ 3 bottlenecks ─ ×8 ───────── ┘
                             │    └─ 1×1 ─ 3×3 ─► heatmaps (of every level)
                             └ from the level below: upsampled, 1×1
                  GlobalNet          RefineNet

GlobalNet learns from all keypoints of a person, RefineNet only from those with the largest errors (online hard keypoint mining).

The paper does not give the width of the bottlenecks, nor the 1×1 before a level's heatmaps; these give the 27.0 M parameters
that HRNet's paper has for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import timm
import torch
from timm.models.resnet import Bottleneck
from torch import Tensor, nn
from torch.nn import functional as F

from posebench.data.skeleton import Skeleton
from posebench.plugins.architecture import check_input_size
from posebench.plugins.variants import choose

from .backbone_weights import fitted, tensor_names
from .heatmap_network import HeatmapNetwork, Size, initialise
from .imagenet import imagenet
from .papers import paper

STRIDE = 4
LEVELS = (2, 3, 4, 5)
"""C2 … C5: 1/4 … 1/32."""
CHANNELS = 256
BACKBONE = "resnet50.tv_in1k"

OPTIONS = {"hard": ("8", "6", "10", "12", "14", "all")}
"""`hard`: keypoints of a person that RefineNet learns from (paper, table on the number of hard keypoints)."""


def convolution(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Convolution without bias, and batch normalisation."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(outputs))


def bottleneck(inputs: int) -> Bottleneck:
    """(B, inputs, h, w) → (B, CHANNELS, h, w), through half as many channels; a projection where their number changes."""
    projection = None if inputs == CHANNELS else convolution(inputs, CHANNELS, 1)
    return Bottleneck(inputs, CHANNELS // Bottleneck.expansion, base_width=2 * 64, downsample=projection)


class GlobalNet(nn.Module):
    """A feature pyramid, and heatmaps from each level."""

    def __init__(self, channels: Sequence[int], keypoints: int) -> None:
        """
        Args:
            channels: of C2 … C5.
        """
        super().__init__()
        self.lateral = nn.ModuleList(
            convolution(inputs, CHANNELS, 1).append(nn.ReLU(inplace=True)) for inputs in channels
        )
        self.up = nn.ModuleList(convolution(CHANNELS, CHANNELS, 1) for _ in channels[1:])
        self.heads = nn.ModuleList(
            convolution(CHANNELS, CHANNELS, 1)
            .append(nn.ReLU(inplace=True))
            .append(nn.Conv2d(CHANNELS, keypoints, 3, padding=1))
            for _ in channels
        )

    def forward(self, features: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """C2 … C5 → P2 … P5, and the heatmaps of these (B, K, h, w), at the size of P2."""
        pyramid: list[Tensor] = []
        for i in reversed(range(len(features))):
            level = self.lateral[i](features[i])
            if pyramid:
                # The same as a 1×1 convolution of the upsampled features, with a quarter of its work.
                level = level + F.interpolate(self.up[i](pyramid[0]), scale_factor=2.0, mode="nearest")
            pyramid.insert(0, level)
        size = pyramid[0].shape[-2:]
        maps = [head(level) for head, level in zip(self.heads, pyramid, strict=True)]
        return pyramid, [F.interpolate(m, size=size, mode="bilinear", align_corners=False) for m in maps]


class RefineNet(nn.Module):
    """Bottlenecks, more of them on deeper levels; then all levels together."""

    def __init__(self, levels: int, keypoints: int) -> None:
        super().__init__()
        self.cascade = nn.ModuleList(nn.Sequential(*(bottleneck(CHANNELS) for _ in range(i))) for i in range(levels))
        self.head = nn.Sequential(bottleneck(levels * CHANNELS), nn.Conv2d(CHANNELS, keypoints, 3, padding=1))

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """P2 … P5 → (B, K, h, w), at the size of P2."""
        size = pyramid[0].shape[-2:]
        deeper = [body(level) for body, level in zip(self.cascade, pyramid, strict=True)]
        maps: Tensor = self.head(torch.cat([F.interpolate(x, size=size, mode="nearest") for x in deeper], dim=1))
        return maps


class CascadedPyramidNetwork(HeatmapNetwork):
    """A ResNet's features, GlobalNet, RefineNet."""

    stride = STRIDE

    def __init__(self, skeleton: Skeleton, input_size: Size | None, hard: int | None) -> None:
        """
        Args:
            hard: keypoints of a person that RefineNet learns from; all if None, or if the skeleton has no more.
        """
        recipe = paper("cpn", skeleton)
        input_size = input_size or recipe.input_size
        check_input_size("cpn_resnet50", input_size, STRIDE * 2 ** (len(LEVELS) - 1))
        super().__init__(skeleton, input_size)
        self.paper = recipe
        self.hard = min(hard or len(skeleton), len(skeleton))
        self.backbone = resnet(timm.create_model)
        self.global_net = GlobalNet(self.backbone.feature_info.channels(), len(skeleton))
        self.refine_net = RefineNet(len(LEVELS), len(skeleton))
        self.global_net.apply(initialise)
        self.refine_net.apply(initialise)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 5, K, H/4, W/4): GlobalNet's heatmaps from P5 to P2, then RefineNet's."""
        pyramid, maps = self.global_net(self.backbone(images))
        return torch.stack([*reversed(maps), self.refine_net(pyramid)], dim=1)

    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """Half the mean squared error: of all maps for each level of GlobalNet, of each person's hardest ones for RefineNet."""
        errors = self.squares(outputs, keypoints, visible).mean(dim=(3, 4)) / 2  # (B, 5, K)
        parts = {f"global{level}": errors[:, i].mean() for i, level in enumerate(reversed(LEVELS))}
        return {**parts, "refine": errors[:, -1].topk(self.hard, dim=1).values.mean()}

    def decode(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """The highest cell of RefineNet's maps, refined as the pipeline says."""
        return super().decode(outputs[:, -1])

    def load_pretrained(self) -> str:
        """The backbone's ImageNet weights, through timm."""
        self.backbone.load_state_dict(resnet(imagenet).state_dict())
        return f"timm {BACKBONE}"

    def load_backbone(self, tensors: Mapping[str, Tensor]) -> str:
        """The backbone's weights from a state dict of a whole ResNet-50, under torchvision's names, which are timm's."""
        found = fitted(BACKBONE, self.backbone.state_dict(), tensor_names(BACKBONE), tensors)
        self.backbone.load_state_dict(found.state, strict=False)
        return f"backbone {BACKBONE} from a file with {found.names}'s names"


def resnet(create: Callable[..., Any]) -> Any:
    """A ResNet-50 that puts out C2 … C5.

    Args:
        create: what makes the model, such as `timm.create_model`.
    """
    return create(BACKBONE, features_only=True, out_indices=tuple(level - 1 for level in LEVELS))


def cpn_resnet50(
    skeleton: Skeleton, input_size: Size | None = None, variant: str | None = None
) -> CascadedPyramidNetwork:
    """Cascaded pyramid network on ResNet-50: 27.0 M parameters for 16 keypoints."""
    hard = choose("cpn_resnet50", variant, OPTIONS)["hard"]
    return CascadedPyramidNetwork(skeleton, input_size, None if hard == "all" else int(hard))
