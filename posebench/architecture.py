"""Architecture: crops in, keypoints in crop pixels out. One of the two kinds of plugin."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor, nn

from posebench.errors import PosebenchError
from posebench.recipe import Recipe
from posebench.skeleton import Skeleton


class Architecture(nn.Module, ABC):
    """A network with its loss and its decoding.

    A plugin is a function `(skeleton, input_size=...) -> Architecture` under the entry-point group
    `posebench.architectures`; `input_size` is (width, height) in pixels, and its default the published one.

    Attributes:
        name: as typed after `--arch`; whoever builds it by name sets it.
        skeleton: the K keypoints to find.
        input_size: (width, height) of the crops.
        mean, std: what `prepare` subtracts from RGB in 0..1, and then divides by.
        paper: the published recipe.
    """

    name: str = ""
    mean: ClassVar[tuple[float, float, float]] = (0.0, 0.0, 0.0)
    std: ClassVar[tuple[float, float, float]] = (1.0, 1.0, 1.0)
    paper: ClassVar[Recipe]

    def __init__(self, skeleton: Skeleton, input_size: tuple[int, int]) -> None:
        super().__init__()
        self.skeleton = skeleton
        self.input_size = input_size

    def prepare(self, images: Tensor) -> Tensor:
        """Crops (B, H, W, 3) uint8 RGB → (B, 3, H, W) float, normalised; channels stay last in memory."""
        mean, std = (torch.tensor(values, device=images.device) for values in (self.mean, self.std))
        return ((images.float() / 255 - mean) / std).permute(0, 3, 1, 2)

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → the network's outputs, batch first."""

    @abstractmethod
    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor] | Tensor:
        """The parts whose sum is minimised, by name; or one scalar.

        Args:
            outputs: of `forward`.
            keypoints: (B, K, 2) crop pixels; meaningless where not visible.
            visible: (B, K) bool, labelled.
        """

    @abstractmethod
    def decode(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs → keypoints (B, K, 2) in crop pixels and scores (B, K)."""

    @abstractmethod
    def unflip(self, outputs: Tensor) -> Tensor:
        """Outputs of mirrored images → as if the images had not been mirrored."""


def check_input_size(name: str, input_size: tuple[int, int], multiple: int) -> None:
    """Raise a sentence unless both sides are multiples of what the network halves them by."""
    width, height = input_size
    if width < multiple or height < multiple or width % multiple or height % multiple:
        near = tuple(max(multiple, round(side / multiple) * multiple) for side in input_size)
        raise PosebenchError(
            f"{name} needs an input whose sides are multiples of {multiple}; {width}x{height} is not. Try {near[0]}x{near[1]} "
            "(width x height)."
        )
