"""Stacked hourglass (Newell, Yang, Deng, "Stacked Hourglass Networks for Human Pose Estimation", ECCV 2016).

    image ─ stem ─┬─► hourglass ─► residual ─► 1×1 ─► features ─► 1×1 ─► heatmaps     (one stack)
                  │                                      │                  │
                  └────────────── + ◄──── 1×1 ◄──────────┴───── 1×1 ◄───────┘         (re-injection: next stack's input)

Every stack is supervised. A residual has a skip convolution only where its channels change; a well-known version
allocates one in every residual and never uses it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posebench import heatmaps
from posebench.architecture import Architecture, check_input_size
from posebench.geometry import cell_to_pixel
from posebench.recipe import Recipe
from posebench.skeleton import Skeleton

Size = tuple[int, int]

CHANNELS = 256
ORDER = 4
STRIDE = 4
SIGMA = 1.0
"""Standard deviation of the target, in heatmap cells (paper, section 4.1)."""

# The paper trains at 2.5e-4 and divides by 5 once, when validation stops improving. A pure function of the step has no
# validation to look at; three quarters of 100 epochs is where that happens.
PAPER = Recipe(
    name="paper", input_size=(256, 256), epochs=100, batch_size=16, optimizer="rmsprop", learning_rate=2.5e-4,
    milestones=(0.75,), divisor=5,
)  # fmt: skip


class Residual(nn.Module):
    """Pre-activation bottleneck: BN, ReLU, 1×1 to half; BN, ReLU, 3×3; BN, ReLU, 1×1; plus the input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        middle = outputs // 2
        self.body = nn.Sequential(
            nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, middle, 1),
            nn.BatchNorm2d(middle), nn.ReLU(inplace=True), nn.Conv2d(middle, middle, 3, padding=1),
            nn.BatchNorm2d(middle), nn.ReLU(inplace=True), nn.Conv2d(middle, outputs, 1),
        )  # fmt: skip
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) → (B, outputs, h, w)."""
        result: Tensor = self.skip(x) + self.body(x)
        return result


class Hourglass(nn.Module):
    """Pool, recurse, upsample; a residual carries each resolution across."""

    def __init__(self, order: int, channels: int) -> None:
        super().__init__()
        self.across = Residual(channels, channels)
        self.down = Residual(channels, channels)
        self.inner = Hourglass(order - 1, channels) if order > 1 else Residual(channels, channels)
        self.up = Residual(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, h, w) → the same shape; h and w multiples of 2 ** order."""
        low = self.up(self.inner(self.down(F.max_pool2d(x, 2))))
        result: Tensor = self.across(x) + F.interpolate(low, scale_factor=2.0, mode="nearest")
        return result


class Stack(nn.Module):
    """One hourglass with its head: features, and a heatmap per keypoint."""

    def __init__(self, channels: int, keypoints: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            Hourglass(ORDER, channels), Residual(channels, channels),
            nn.Conv2d(channels, channels, 1), nn.BatchNorm2d(channels), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.head = nn.Conv2d(channels, keypoints, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, channels, h, w) → features of that shape, heatmaps (B, K, h, w)."""
        features = self.features(x)
        return features, self.head(features)


class StackedHourglass(Architecture):
    """`stacks` hourglasses in a row, each refining the last one's heatmaps."""

    paper = PAPER

    def __init__(self, skeleton: Skeleton, input_size: Size, stacks: int) -> None:
        check_input_size("hourglass", input_size, STRIDE * 2**ORDER)
        super().__init__(skeleton, input_size)
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, stride=2, padding=3), nn.BatchNorm2d(64), nn.ReLU(inplace=True),
            Residual(64, 128), nn.MaxPool2d(2), Residual(128, 128), Residual(128, CHANNELS),
        )  # fmt: skip
        self.stacks = nn.ModuleList(Stack(CHANNELS, len(skeleton)) for _ in range(stacks))
        self.merge_features = nn.ModuleList(nn.Conv2d(CHANNELS, CHANNELS, 1) for _ in range(stacks - 1))
        self.merge_heatmaps = nn.ModuleList(nn.Conv2d(len(skeleton), CHANNELS, 1) for _ in range(stacks - 1))

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, stacks, K, H/4, W/4)."""
        x = self.stem(images)
        outputs = []
        for i, stack in enumerate(self.stacks):
            features, maps = stack(x)
            outputs.append(maps)
            if i < len(self.merge_features):
                x = x + self.merge_features[i](features) + self.merge_heatmaps[i](maps)
        return torch.stack(outputs, dim=1)

    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """Mean squared error of each stack against one target; the stacks' errors are added."""
        height, width = outputs.shape[-2:]
        target = heatmaps.gaussian_targets(keypoints, visible, (width, height), STRIDE, SIGMA)
        errors = (outputs.float() - target[:, None]).square().mean(dim=(0, 2, 3, 4))
        return {f"stack{i + 1}": error for i, error in enumerate(errors)}

    def decode(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Argmax with quarter offset on the last stack."""
        cells, scores = heatmaps.decode(outputs[:, -1])
        return cell_to_pixel(cells, STRIDE), scores

    def unflip(self, outputs: Tensor) -> Tensor:
        """Heatmaps mirrored back, without the one-column shift of other code bases: cells here have centres."""
        return heatmaps.unflip(outputs, self.skeleton.flip_order)


def hourglass1(skeleton: Skeleton, input_size: Size = PAPER.input_size) -> StackedHourglass:
    """One stack."""
    return StackedHourglass(skeleton, input_size, stacks=1)


def hourglass2(skeleton: Skeleton, input_size: Size = PAPER.input_size) -> StackedHourglass:
    """Two stacks."""
    return StackedHourglass(skeleton, input_size, stacks=2)


def hourglass3(skeleton: Skeleton, input_size: Size = PAPER.input_size) -> StackedHourglass:
    """Three stacks."""
    return StackedHourglass(skeleton, input_size, stacks=3)


def hourglass4(skeleton: Skeleton, input_size: Size = PAPER.input_size) -> StackedHourglass:
    """Four stacks."""
    return StackedHourglass(skeleton, input_size, stacks=4)


def hourglass5(skeleton: Skeleton, input_size: Size = PAPER.input_size) -> StackedHourglass:
    """Five stacks."""
    return StackedHourglass(skeleton, input_size, stacks=5)


def hourglass6(skeleton: Skeleton, input_size: Size = PAPER.input_size) -> StackedHourglass:
    """Six stacks."""
    return StackedHourglass(skeleton, input_size, stacks=6)


def hourglass7(skeleton: Skeleton, input_size: Size = PAPER.input_size) -> StackedHourglass:
    """Seven stacks."""
    return StackedHourglass(skeleton, input_size, stacks=7)


def hourglass8(skeleton: Skeleton, input_size: Size = PAPER.input_size) -> StackedHourglass:
    """Eight stacks."""
    return StackedHourglass(skeleton, input_size, stacks=8)
