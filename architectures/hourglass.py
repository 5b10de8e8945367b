"""Stacked hourglass (Newell, Yang, Deng, "Stacked Hourglass Networks for Human Pose Estimation", ECCV 2016).

    image ─ stem ─┬─► hourglass ─► residual ─► 1×1 ─► features ─► 1×1 ─► heatmaps     (one stack)
                  │                                      │                  │
                  └────────────── + ◄──── 1×1 ◄──────────┴───── 1×1 ◄───────┘         (re-injection: next stack's input)

Every stack is supervised. A residual has a skip convolution only where its channels change; a well-known version
allocates one in every residual and never uses it.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posebench.data.geometry import cell_to_pixel
from posebench.data.skeleton import Skeleton
from posebench.plugins import heatmaps
from posebench.plugins.architecture import Architecture, check_input_size
from posebench.plugins.checkpoint_layout import CheckpointLayout
from posebench.plugins.heatmaps import Peak
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.variants import choose

from .papers import paper

Size = tuple[int, int]

INPUT_SIZE = (256, 256)
CHANNELS = 256
ORDER = 4
STRIDE = 4
SIGMA = 1.0
"""Standard deviation of the target, in heatmap cells (paper, section 4.1)."""

OPTIONS = {
    "stem": ("newell", "bearpaw"),
    "supervise": ("all", "last"),
    "residuals": ("1", "2", "3", "4", "5", "6", "7", "8"),
    "head": ("4", "8"),
}
"""`stem`: at which of the three residuals channels grow. `supervise`: every stack, or only the last (paper, figure 8).
`residuals`: in a row at each place of an hourglass; equal in parameters are hourglass2:residuals=4,
hourglass4:residuals=2 and hourglass8. `head`: crop pixels per heatmap cell: behind an hourglass's last upsampling, or
before it."""

STEMS = {"newell": (64, 128, 128, CHANNELS), "bearpaw": (64, 128, CHANNELS, CHANNELS)}
"""Channels before, between and after the residuals of the stem, in Newell's release and in bearpaw's pytorch-pose."""

PRINCETON = Pipeline("princeton", peak=Peak(own=(0, 0), ties=-1, empty=-0.5))
"""princeton-vl/pytorch_stacked_hourglass, utils/group.py: always moves, borders compare with the cell itself, and a map
without a peak is its upper left corner."""

BEARPAW = Pipeline("bearpaw", mean=(0.4404, 0.4440, 0.4327), peak=Peak(other=(1, 1), empty=-1.0))
"""bearpaw/pytorch-pose, pose/utils/evaluation.py. Its mean is that of MPII's training images, which it computes and does
not keep in checkpoints."""


class Residual(nn.Module):
    """Pre-activation bottleneck: BN, ReLU, 1×1 to half; BN, ReLU, 3×3; BN, ReLU, 1×1; plus the input."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.outputs = outputs
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


def residuals(count: int) -> nn.Sequential:
    """`count` residuals in a row on the hourglass's channels."""
    return nn.Sequential(*(Residual(CHANNELS, CHANNELS) for _ in range(count)))


class Hourglass(nn.Module):
    """Pool, recurse, upsample; residuals carry each resolution across."""

    def __init__(self, order: int, count: int, half: bool = False) -> None:
        """
        Args:
            order: how often it halves.
            count: residuals at each place.
            half: end before the last upsampling, at half the resolution; nothing is carried across then.
        """
        super().__init__()
        self.across = None if half else residuals(count)
        self.down = residuals(count)
        self.inner = Hourglass(order - 1, count) if order > 1 else residuals(count)
        self.up = residuals(count)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, h, w) → the same shape, or half of it; h and w multiples of 2 ** order."""
        low: Tensor = self.up(self.inner(self.down(F.max_pool2d(x, 2))))
        if self.across is None:
            return low
        result: Tensor = self.across(x) + F.interpolate(low, scale_factor=2.0, mode="nearest")
        return result


class Stack(nn.Module):
    """One hourglass with its head: features, and a heatmap per keypoint."""

    def __init__(self, keypoints: int, count: int, half: bool) -> None:
        super().__init__()
        self.features = nn.Sequential(
            Hourglass(ORDER, count, half), residuals(count),
            nn.Conv2d(CHANNELS, CHANNELS, 1), nn.BatchNorm2d(CHANNELS), nn.ReLU(inplace=True),
        )  # fmt: skip
        self.head = nn.Conv2d(CHANNELS, keypoints, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, channels, h, w) → features of that shape, heatmaps (B, K, h, w)."""
        features = self.features(x)
        return features, self.head(features)


class StackedHourglass(Architecture):
    """`stacks` hourglasses in a row, each refining the last one's heatmaps."""

    draws_targets = True
    published = (
        CheckpointLayout(
            "princeton", "outs.0.conv.weight", PRINCETON, lambda key: princeton(key), lambda model: unread(model)
        ),
        CheckpointLayout("bearpaw", "score.0.weight", BEARPAW, lambda key: bearpaw(key), option="stem=bearpaw"),
    )

    def __init__(self, skeleton: Skeleton, input_size: Size, stacks: int, variant: str | None = None) -> None:
        """
        Args:
            variant: choices among `OPTIONS`, such as `supervise=last,residuals=2`.
        """
        check_input_size("hourglass", input_size, STRIDE * 2**ORDER)
        super().__init__(skeleton, input_size)
        self.paper = paper("hourglass", skeleton)
        chosen = choose(f"hourglass{stacks}", variant, OPTIONS)
        self.supervised = stacks if chosen["supervise"] == "all" else 1
        self.stride = int(chosen["head"])
        count, half = int(chosen["residuals"]), self.stride > STRIDE
        first, second, third, last = STEMS[chosen["stem"]]
        self.stem = nn.Sequential(
            nn.Conv2d(3, first, 7, stride=2, padding=3), nn.BatchNorm2d(first), nn.ReLU(inplace=True),
            Residual(first, second), nn.MaxPool2d(2), Residual(second, third), Residual(third, last),
        )  # fmt: skip
        self.stacks = nn.ModuleList(Stack(len(skeleton), count, half) for _ in range(stacks))
        self.merge_features = nn.ModuleList(nn.Conv2d(CHANNELS, CHANNELS, 1) for _ in range(stacks - 1))
        self.merge_heatmaps = nn.ModuleList(nn.Conv2d(len(skeleton), CHANNELS, 1) for _ in range(stacks - 1))

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, stacks, K, H/stride, W/stride)."""
        x = self.stem(images)
        outputs = []
        for i, stack in enumerate(self.stacks):
            features, maps = stack(x)
            outputs.append(maps)
            if i < len(self.merge_features):
                merged = self.merge_features[i](features) + self.merge_heatmaps[i](maps)
                x = x + (merged if self.stride == STRIDE else F.interpolate(merged, scale_factor=2.0, mode="nearest"))
        return torch.stack(outputs, dim=1)

    def targets(self, keypoints: Tensor, visible: Tensor) -> Tensor:
        """A Gaussian (B, K, H/stride, W/stride) at each labelled keypoint; nothing where its place is off the map."""
        size = (self.input_size[0] // self.stride, self.input_size[1] // self.stride)
        draw = heatmaps.cell_targets if self.target_settings.place == "cell" else heatmaps.gaussian_targets
        sigma = self.target_settings.sigma or SIGMA
        return draw(keypoints, visible, size, self.stride, sigma, self.pipeline.alignment)

    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """Mean squared error of each supervised stack against one target; the stacks' errors are added.

        Maps of unlabelled keypoints are trained to be empty, as in the paper, unless the recipe leaves them out.
        """
        stacks, target = outputs.shape[1], self.targets(keypoints, visible)
        first = stacks - self.supervised
        squares = (outputs[:, first:].float() - target[:, None]).square()
        if self.target_settings.unlabelled == "ignored":
            squares = squares * visible[:, None, :, None, None]
        errors = squares.mean(dim=(0, 2, 3, 4))
        return {f"stack{first + i + 1}": error for i, error in enumerate(errors)}

    def decode(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """The highest cell of the last stack's maps, refined as the pipeline says."""
        cells, scores = heatmaps.decode(outputs[:, -1], self.pipeline.peak)
        return cell_to_pixel(cells, self.stride, self.pipeline.alignment), scores

    def unflip(self, outputs: Tensor) -> Tensor:
        """Heatmaps mirrored back, without the one-column shift of other code bases: cells here have centres."""
        return heatmaps.unflip(outputs, self.skeleton.flip_order, self.pipeline.flip_shift)


PLACES = r"^stacks\.(\d+)\.features\.0\.((?:inner\.)*)(across|down|inner|up)\.(\d+)\."
"""A residual inside an hourglass: stack, how deep, where, and which one there."""


def princeton(key: str) -> str:
    """Our name of a tensor → its name in Newell's PyTorch release."""
    order = {"0": "bn1", "2": "conv1.conv", "3": "bn2", "5": "conv2.conv", "6": "bn3", "8": "conv3.conv"}
    where = {"across": "up1", "down": "low1", "inner": "low2", "up": "low3"}
    key = re.sub(PLACES, lambda m: f"hgs.{m[1]}.0.{m[2].replace('inner', 'low2')}{where[m[3]]}.", key)
    for ours, theirs in (
        (r"^stem\.0\.", "pre.0.conv."), (r"^stem\.1\.", "pre.0.bn."), (r"^stem\.3\.", "pre.1."),
        (r"^stem\.5\.", "pre.3."), (r"^stem\.6\.", "pre.4."),
        (r"^stacks\.(\d+)\.features\.1\.0\.", r"features.\1.0."), (r"^stacks\.(\d+)\.features\.2\.", r"features.\1.1.conv."),
        (r"^stacks\.(\d+)\.features\.3\.", r"features.\1.1.bn."), (r"^stacks\.(\d+)\.head\.", r"outs.\1.conv."),
        (r"^merge_features\.(\d+)\.", r"merge_features.\1.conv.conv."),
        (r"^merge_heatmaps\.(\d+)\.", r"merge_preds.\1.conv.conv."), (r"\.skip\.", ".skip_layer.conv."),
    ):  # fmt: skip
        key = re.sub(ours, theirs, key)
    return re.sub(r"\.body\.(\d)\.", lambda m: f".{order[m[1]]}.", key)


def bearpaw(key: str) -> str:
    """Our name of a tensor → its name in pytorch-pose. Depth counts from the smallest resolution there."""
    order = {"0": "bn1", "2": "conv1", "3": "bn2", "5": "conv2", "6": "bn3", "8": "conv3"}
    where = {"across": 0, "down": 1, "up": 2, "inner": 3}

    def place(m: re.Match[str]) -> str:
        return f"hg.{m[1]}.hg.{ORDER - 1 - m[2].count('inner')}.{where[m[3]]}.{m[4]}."

    key = re.sub(PLACES, place, key)
    for ours, theirs in (
        (r"^stem\.0\.", "conv1."), (r"^stem\.1\.", "bn1."), (r"^stem\.3\.", "layer1.0."), (r"^stem\.5\.", "layer2.0."),
        (r"^stem\.6\.", "layer3.0."), (r"^stacks\.(\d+)\.features\.1\.", r"res.\1."),
        (r"^stacks\.(\d+)\.features\.2\.", r"fc.\1.0."), (r"^stacks\.(\d+)\.features\.3\.", r"fc.\1.1."),
        (r"^stacks\.(\d+)\.head\.", r"score.\1."), (r"^merge_features\.", "fc_."), (r"^merge_heatmaps\.", "score_."),
        (r"\.skip\.", ".downsample.0."),
    ):  # fmt: skip
        key = re.sub(ours, theirs, key)
    return re.sub(r"\.body\.(\d)\.", lambda m: f".{order[m[1]]}.", key)


def unread(model: nn.Module) -> Mapping[str, tuple[int, ...]]:
    """The skip convolutions of Newell's release in residuals whose channels do not change: names and shapes."""
    shapes: dict[str, tuple[int, ...]] = {}
    for name, module in model.named_modules():
        if isinstance(module, Residual) and isinstance(module.skip, nn.Identity):
            channels = module.outputs
            shapes[princeton(f"{name}.skip.weight")] = (channels, channels, 1, 1)
            shapes[princeton(f"{name}.skip.bias")] = (channels,)
    return shapes


def hourglass1(skeleton: Skeleton, input_size: Size = INPUT_SIZE, variant: str | None = None) -> StackedHourglass:
    """Stacked hourglass, one stack: 3.4 M parameters for 16 keypoints."""
    return StackedHourglass(skeleton, input_size, 1, variant)


def hourglass2(skeleton: Skeleton, input_size: Size = INPUT_SIZE, variant: str | None = None) -> StackedHourglass:
    """Stacked hourglass, two stacks: 6.6 M parameters for 16 keypoints."""
    return StackedHourglass(skeleton, input_size, 2, variant)


def hourglass3(skeleton: Skeleton, input_size: Size = INPUT_SIZE, variant: str | None = None) -> StackedHourglass:
    """Stacked hourglass, three stacks: 9.7 M parameters for 16 keypoints."""
    return StackedHourglass(skeleton, input_size, 3, variant)


def hourglass4(skeleton: Skeleton, input_size: Size = INPUT_SIZE, variant: str | None = None) -> StackedHourglass:
    """Stacked hourglass, four stacks: 12.9 M parameters for 16 keypoints."""
    return StackedHourglass(skeleton, input_size, 4, variant)


def hourglass5(skeleton: Skeleton, input_size: Size = INPUT_SIZE, variant: str | None = None) -> StackedHourglass:
    """Stacked hourglass, five stacks: 16.0 M parameters for 16 keypoints."""
    return StackedHourglass(skeleton, input_size, 5, variant)


def hourglass6(skeleton: Skeleton, input_size: Size = INPUT_SIZE, variant: str | None = None) -> StackedHourglass:
    """Stacked hourglass, six stacks: 19.1 M parameters for 16 keypoints."""
    return StackedHourglass(skeleton, input_size, 6, variant)


def hourglass7(skeleton: Skeleton, input_size: Size = INPUT_SIZE, variant: str | None = None) -> StackedHourglass:
    """Stacked hourglass, seven stacks: 22.3 M parameters for 16 keypoints."""
    return StackedHourglass(skeleton, input_size, 7, variant)


def hourglass8(skeleton: Skeleton, input_size: Size = INPUT_SIZE, variant: str | None = None) -> StackedHourglass:
    """Stacked hourglass, eight stacks: 25.4 M parameters for 16 keypoints."""
    return StackedHourglass(skeleton, input_size, 8, variant)
