"""Convolutional pose machines (Wei, Ramakrishna, Kanade, Sheikh, "Convolutional Pose Machines", CVPR 2016).

    image ─ 9×9, pool, 9×9, pool, 9×9, pool ─ 5×5 ─ 9×9 ─ 1×1 ─ 1×1 ─► heatmaps (1/8)                  (stage 1)
                                                                           │
    image ─ 9×9, pool, 9×9, pool, 9×9, pool ─ 5×5 ─────────────────────────┴─ 3 × 11×11 ─ 1×1 ─ 1×1 ─► heatmaps   (stage 2)
                                            └ 5×5 ─ …                                                     (stages 3 … 6)

Every stage is supervised. Later stages share what stands before their 5×5 convolution. The paper draws kernels, and leaves
numbers of channels to its release; with these, a network for 17 keypoints has the 31.3 M parameters that mmpose publishes.

Not as in the paper: no map of the background, and no map of the person's centre. Crops are centred on the person here, so that
the second would be the same for every crop; and one map per keypoint is what stages and decoders of all networks are compared by.
"""

import torch
from torch import Tensor, nn

from posebench.data.skeleton import Skeleton
from posebench.plugins.architecture import check_input_size
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.variants import choose

from .heatmap_network import HeatmapNetwork, Size
from .papers import paper

STRIDE = 8
SIGMA = 7 / STRIDE
"""Standard deviation of the target, in cells: 7 pixels of the crop, as in the release."""
CHANNELS = 128
IMAGE_CHANNELS = 32
"""Of what a stage takes from the image."""
FIRST_CHANNELS = 512
"""Of the first stage, which sees no heatmaps."""

OPTIONS = {"stages": ("6", "5", "4", "3", "2", "1"), "supervise": ("all", "last")}
"""`stages`: how many (paper, figure 6c). `supervise`: every stage, or only the last (paper, figures 5 and 6b)."""


def convolution(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    """Convolution that keeps the size, and ReLU."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2), nn.ReLU(inplace=True))


def image_features() -> nn.Sequential:
    """(B, 3, H, W) → (B, CHANNELS, H/8, W/8)."""
    layers = [
        layer for inputs in (3, CHANNELS, CHANNELS) for layer in (convolution(inputs, CHANNELS, 9), nn.MaxPool2d(2))
    ]
    return nn.Sequential(*layers)


class Stage(nn.Module):
    """A later stage: heatmaps from image features and the heatmaps of the stage before."""

    def __init__(self, keypoints: int) -> None:
        super().__init__()
        self.image = convolution(CHANNELS, IMAGE_CHANNELS, 5)
        self.body = nn.Sequential(
            convolution(IMAGE_CHANNELS + keypoints, CHANNELS, 11), convolution(CHANNELS, CHANNELS, 11),
            convolution(CHANNELS, CHANNELS, 11), convolution(CHANNELS, CHANNELS, 1), nn.Conv2d(CHANNELS, keypoints, 1),
        )  # fmt: skip

    def forward(self, features: Tensor, maps: Tensor) -> Tensor:
        """(B, CHANNELS, h, w) and (B, K, h, w) → (B, K, h, w)."""
        refined: Tensor = self.body(torch.cat([self.image(features), maps], dim=1))
        return refined


class ConvolutionalPoseMachine(HeatmapNetwork):
    """Stages in a row, each of which sees the image and the last one's heatmaps with a larger receptive field."""

    pipeline = Pipeline(mean=(0.5, 0.5, 0.5))
    stride = STRIDE

    def __init__(self, skeleton: Skeleton, input_size: Size | None, stages: int, supervise: str) -> None:
        """
        Args:
            stages, supervise: see `OPTIONS`.
        """
        recipe = paper("cpm", skeleton)
        input_size = input_size or recipe.input_size
        check_input_size("cpm", input_size, STRIDE)
        super().__init__(skeleton, input_size)
        self.paper = recipe
        self.supervised = stages if supervise == "all" else 1
        keypoints = len(skeleton)
        self.first = nn.Sequential(
            image_features(), convolution(CHANNELS, IMAGE_CHANNELS, 5), convolution(IMAGE_CHANNELS, FIRST_CHANNELS, 9),
            convolution(FIRST_CHANNELS, FIRST_CHANNELS, 1), nn.Conv2d(FIRST_CHANNELS, keypoints, 1),
        )  # fmt: skip
        self.features = image_features() if stages > 1 else None
        self.later = nn.ModuleList(Stage(keypoints) for _ in range(stages - 1))
        self.apply(initialise)

    @property
    def sigma(self) -> float:
        """Standard deviation of the target, in cells: the recipe's, or the release's."""
        return self.target_settings.sigma or SIGMA

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, stages, K, H/8, W/8)."""
        maps = [self.first(images)]
        if self.features is not None:
            features = self.features(images)
            for stage in self.later:
                maps.append(stage(features, maps[-1]))
        return torch.stack(maps, dim=1)

    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        """Half the squared error of each supervised stage, summed over cells and labelled keypoints, averaged over people.

        The paper's equations 4 and 5; the half is that of the release's loss layer, which its learning rate goes with.
        """
        first = outputs.shape[1] - self.supervised
        squares = self.squares(outputs[:, first:], keypoints, visible)
        errors = squares.sum(dim=(2, 3, 4)).mean(dim=0) / 2
        return {f"stage{first + i + 1}": error for i, error in enumerate(errors)}

    def decode(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """The highest cell of the last stage's maps, refined as the pipeline says."""
        return super().decode(outputs[:, -1])


def initialise(module: nn.Module) -> None:
    """Normal with deviation 0.01, and biases 0, as the release begins; for `Module.apply`."""
    if isinstance(module, nn.Conv2d) and module.bias is not None:
        nn.init.normal_(module.weight, std=0.01)
        nn.init.zeros_(module.bias)


def cpm(skeleton: Skeleton, input_size: Size | None = None, variant: str | None = None) -> ConvolutionalPoseMachine:
    """Convolutional pose machine, six stages: 31.2 M parameters for 16 keypoints."""
    chosen = choose("cpm", variant, OPTIONS)
    return ConvolutionalPoseMachine(skeleton, input_size, int(chosen["stages"]), chosen["supervise"])
