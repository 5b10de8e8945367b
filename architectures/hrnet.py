"""HRNet (Sun, Xiao, Liu, Wang, "Deep High-Resolution Representation Learning for Human Pose Estimation", CVPR 2019).

    1/4   stem ─ bottlenecks ─┬─ branch ──╳── branch ──╳── branch ──┬─► 1×1 ─► heatmaps
    1/8                       └─ branch ──╳── branch ──╳── branch ──┤
    1/16                                   └─ branch ──╳── branch ──┤         ╳: fusion, every branch receives
    1/32                                               └── branch ──┘            the sum over all of them

Blocks are timm's; branches and fusion are ours. Only the fusion that something reads is allocated: the last one puts
out the heatmaps' resolution alone. Tensors are named as in the official checkpoints.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import cast

import torch
from timm.models.resnet import BasicBlock, Bottleneck
from torch import Tensor, nn

from posebench.data.skeleton import Skeleton
from posebench.plugins.architecture import check_input_size
from posebench.plugins.checkpoint_layout import CheckpointLayout
from posebench.plugins.variants import choose

from .backbone_weights import fitted, tensor_names
from .heatmap_network import HRNET, HeatmapNetwork, Size, initialise, mmpose
from .imagenet import imagenet
from .papers import paper

STRIDE = 4
MODULES = (1, 4, 3)
"""Modules of stages 2, 3, 4; stage s has s branches."""
BLOCKS = 4
"""Residual blocks of a branch, in each module; also bottlenecks of the stem."""

OPTIONS = {"fusion": ("full", "stages", "last"), "head": ("4", "8", "16")}
"""`fusion`: in every module, in the last one of each stage, or in the very last one only (paper, table 7 c, b, a).
`head`: crop pixels per heatmap cell, so the branch that the heatmaps are made from (paper, figure 5)."""


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, relu: bool = True) -> nn.Sequential:
    """Convolution without bias, batch normalisation and, if wanted, ReLU."""
    layers = [nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, nn.ReLU(inplace=True)) if relu else nn.Sequential(*layers)


def exchange(channels: Sequence[int], source: int, target: int) -> nn.Module:
    """What takes branch `source` to the channels and resolution of branch `target`."""
    if source == target:
        return nn.Identity()
    if source > target:
        scale = 2.0 ** (source - target)
        return convolution(channels[source], channels[target], 1, relu=False).append(nn.Upsample(scale_factor=scale))
    down = [convolution(channels[source], channels[source], 3, 2) for _ in range(target - source - 1)]
    return nn.Sequential(*down, convolution(channels[source], channels[target], 3, 2, relu=False))


class Module(nn.Module):
    """Four residual blocks on every branch; then each of `targets` becomes the sum of all branches."""

    def __init__(self, channels: Sequence[int], targets: Sequence[int]) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(*(BasicBlock(c, c) for _ in range(BLOCKS))) for c in channels)
        self.fuse_layers = nn.ModuleDict({
            str(target): nn.ModuleList(exchange(channels, source, target) for source in range(len(channels)))
            for target in targets
        })  # fmt: skip
        self.relu = nn.ReLU()

    def forward(self, branches: list[Tensor]) -> list[Tensor]:
        """One (B, C, h, w) per branch → one per target, or per branch where nothing is fused."""
        branches = [body(x) for body, x in zip(self.branches, branches, strict=True)]
        if not self.fuse_layers:
            return branches
        rows = [cast(nn.ModuleList, row) for row in self.fuse_layers.values()]
        return [self.relu(reduce(torch.add, (take(x) for take, x in zip(row, branches, strict=True)))) for row in rows]


class HRNet(HeatmapNetwork):
    """Parallel branches at 1/4, 1/8, 1/16 and 1/32, of W, 2W, 4W and 8W channels."""

    published = (CheckpointLayout("hrnet", "final_layer.weight", HRNET, lambda key: key), *mmpose(""))

    def __init__(
        self, skeleton: Skeleton, input_size: Size | None, width: int, fusion: str = "full", head: int = 4
    ) -> None:
        """
        Args:
            width: W, channels of the highest resolution.
            fusion, head: see `OPTIONS`.
        """
        recipe = paper("hrnet", skeleton)
        input_size = input_size or recipe.input_size
        check_input_size("HRNet", input_size, 32)
        super().__init__(skeleton, input_size)
        self.paper = recipe
        self.width, self.stride = width, head
        branch = (4, 8, 16).index(head)
        channels = [width * 2**i for i in range(4)]
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 3, 2, 1, bias=False), nn.BatchNorm2d(64)
        self.conv2, self.bn2 = nn.Conv2d(64, 64, 3, 2, 1, bias=False), nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        widen = convolution(64, 256, 1, relu=False)
        bottlenecks = [Bottleneck(256 if i else 64, 64, downsample=None if i else widen) for i in range(BLOCKS)]
        self.layer1 = nn.Sequential(*bottlenecks)
        self.transition1 = nn.ModuleList(
            [convolution(256, channels[0], 3), nn.Sequential(convolution(256, channels[1], 3, 2))]
        )
        for stage, modules in enumerate(MODULES, start=2):
            if stage > 2:
                new = nn.Sequential(convolution(channels[stage - 2], channels[stage - 1], 3, 2))
                self.add_module(f"transition{stage - 1}", nn.ModuleList([nn.Identity()] * (stage - 1) + [new]))
            targets = [_targets(stage, m + 1 == modules, fusion, branch) for m in range(modules)]
            self.add_module(f"stage{stage}", nn.Sequential(*(Module(channels[:stage], t) for t in targets)))
        self.final_layer = nn.Conv2d(channels[branch], len(skeleton), 1)
        self.apply(initialise)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, K, H/stride, W/stride)."""
        x = self.relu(self.bn2(self.conv2(self.relu(self.bn1(self.conv1(images))))))
        x = self.layer1(x)
        branches = [transition(x) for transition in self.transition1]
        for stage in (2, 3, 4):
            if stage > 2:
                branches.append(self.get_submodule(f"transition{stage - 1}.{stage - 1}")(branches[-1]))
            branches = self.get_submodule(f"stage{stage}")(branches)
        maps: Tensor = self.final_layer(branches[0])
        return maps

    def load_pretrained(self) -> str:
        """ImageNet weights by HRNet's authors, through timm; the head stays random."""
        name = f"hrnet_w{self.width}.ms_in1k"
        theirs = imagenet(name).state_dict()
        mine = [key for key in self.state_dict() if not key.startswith("final_layer")]
        self.load_state_dict({key: theirs[key] for key in mine}, strict=False)
        return f"timm {name}"

    def load_backbone(self, tensors: Mapping[str, Tensor]) -> str:
        """Weights of all but the head from a state dict of HRNet's classifier, under its authors' names, which are timm's."""
        name = f"hrnet_w{self.width}"
        mine = {key: value for key, value in self.state_dict().items() if not key.startswith("final_layer")}
        found = fitted(name, mine, tensor_names(name), tensors)
        self.load_state_dict(found.state, strict=False)
        return f"backbone {name} from a file with {found.names}'s names"


def _targets(stage: int, last: bool, fusion: str, head: int) -> Sequence[int]:
    """The branches that a module's fusion puts out; none where it has no fusion."""
    if stage == 4 and last:
        return [head]
    fused = fusion == "full" or (fusion == "stages" and last)
    return range(stage) if fused else []


def _hrnet(width: int, skeleton: Skeleton, input_size: Size | None, variant: str | None) -> HRNet:
    chosen = choose(f"hrnet_w{width}", variant, OPTIONS)
    return HRNet(skeleton, input_size, width, chosen["fusion"], int(chosen["head"]))


def hrnet_w32(skeleton: Skeleton, input_size: Size | None = None, variant: str | None = None) -> HRNet:
    """HRNet with 32 channels at stride 4: 28.5 M parameters for 16 keypoints."""
    return _hrnet(32, skeleton, input_size, variant)


def hrnet_w48(skeleton: Skeleton, input_size: Size | None = None, variant: str | None = None) -> HRNet:
    """HRNet with 48 channels at stride 4: 63.6 M parameters for 16 keypoints."""
    return _hrnet(48, skeleton, input_size, variant)
