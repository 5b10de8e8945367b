"""Architecture: crops in, keypoints in crop pixels out. One of the two kinds of plugin."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.checkpoint_layout import CheckpointLayout
from posebench.plugins.outputs import Outputs
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.recipe import Recipe, Targets


class Architecture(nn.Module, ABC):
    """A network with its loss and its decoding.

    A plugin is a function `(skeleton, input_size=...) -> Architecture` under the entry-point group
    `posebench.architectures`; `input_size` is (width, height) in pixels, and its default the published one. If it takes
    a keyword `variant`, that is the text after the colon of the name, as in `hourglass2:supervise=last`. `posebench list` shows the
    first line of the function's docstring and, where the module has one, its literal `OPTIONS` (option → choices, the default
    first); it reads both from the source, without importing the module.

    Attributes:
        name: as typed after `--arch`; set by the registry.
        skeleton: the K keypoints to find.
        input_size: (width, height) of the crops, pixels.
        pipeline: what surrounds the network. A class has the one of its own training; importing published weights
            replaces it on the instance.
        origin: source and file of the initial weights; empty if they are random.
        paper: the published recipe.
        published: layouts of the checkpoints that can be imported; the first has the pipeline of the authors' code.
        target_settings: the recipe's, which `targets` and `loss` follow where `draws_targets` is set.
        draws_targets: whether the recipe's place and sigma of targets apply.
    """

    name: str = ""
    pipeline: Pipeline = Pipeline()
    paper: Recipe
    published: ClassVar[tuple[CheckpointLayout, ...]] = ()
    target_settings: Targets = Targets()
    draws_targets: ClassVar[bool] = False

    def __init__(self, skeleton: Skeleton, input_size: tuple[int, int]) -> None:
        super().__init__()
        self.origin: dict[str, str] = {}
        self.skeleton = skeleton
        self.input_size = input_size

    def prepare(self, images: Tensor) -> Tensor:
        """Crops (B, H, W, 3) uint8 RGB → (B, 3, H, W) float, normalised; channels stay last in memory."""
        if self.pipeline.channels == "bgr":
            images = images.flip(-1)
        # Not created on the device: a GPU would be waited for.
        mean, std = (
            torch.tensor(values).to(images.device, non_blocking=True)
            for values in (self.pipeline.mean, self.pipeline.std)
        )
        return ((images.float() / 255 - mean) / std).permute(0, 3, 1, 2)

    def follow(self, recipe: Recipe) -> None:
        """Take over what a recipe sets of the network itself, its targets and its pipeline; called before training.

        Raises:
            PosebenchError: the recipe sets what the architecture does not have.
        """
        if not self.draws_targets and (recipe.targets.place, recipe.targets.sigma) != ("exact", None):
            raise PosebenchError(
                f"{self.name} draws targets by a rule of its own, so `place` and `sigma` below the recipe's [targets] do not "
                "apply. Remove them from the recipe."
            )
        self.target_settings = recipe.targets
        if recipe.pipeline == "published":
            if not self.published:
                raise PosebenchError(f"{self.name} has no published pipeline. Remove `pipeline` from the recipe.")
            options = self.name.partition(":")[2].split(",")
            layout = next((it for it in self.published if it.option in options), self.published[0])
            self.pipeline = layout.pipeline

    @property
    def has_pretrained(self) -> bool:
        """Whether `load_pretrained` loads weights. Where it does not, a recipe's `pretrained` changes nothing."""
        return type(self).load_pretrained is not Architecture.load_pretrained

    def load_pretrained(self) -> str | None:
        """Load initial weights that were trained on another task, such as ImageNet.

        Returns:
            Their name, for the record; None if the architecture has none.

        Raises:
            PosebenchError: they are not available; says how to get them.
        """
        return None

    def load_backbone(self, tensors: Mapping[str, Tensor]) -> str:
        """Load initial weights of the backbone, which were trained on another task, from the tensors of a file.

        Returns:
            Their name, for the record.

        Raises:
            PosebenchError: the architecture has no backbone, or the tensors are not the backbone's; says which are not.
        """
        raise PosebenchError(
            f"{self.name} has no backbone, so --backbone-weights does not apply to it. --weights loads weights of a whole network."
        )

    @abstractmethod
    def forward(self, images: Tensor) -> Outputs:
        """(B, 3, H, W) → outputs: one tensor or a tuple of tensors, batch first, for `loss`, `decode` and `unflip`."""

    @abstractmethod
    def loss(self, outputs: Any, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor] | Tensor:
        """One scalar to minimise, or its parts by name.

        Args:
            outputs: as `forward` returns them.
            keypoints: (B, K, 2) crop pixels; meaningless where not visible.
            visible: (B, K) bool, labelled.
        """

    def targets(self, keypoints: Tensor, visible: Tensor) -> Tensor | None:
        """The heatmaps (B, K, h, w) that `loss` compares outputs with, for `posebench data show`; None where there are none.

        Args:
            keypoints, visible: as for `loss`.
        """
        return None

    @abstractmethod
    def decode(self, outputs: Any) -> tuple[Tensor, Tensor]:
        """Outputs → keypoints (B, K, 2) in crop pixels and scores (B, K)."""

    @abstractmethod
    def unflip(self, outputs: Any) -> Outputs:
        """Outputs of mirrored images → as if the images had not been mirrored, in the same form."""


def check_input_size(name: str, input_size: tuple[int, int], multiple: int) -> None:
    """Raise PosebenchError unless both sides are multiples of `multiple`.

    Args:
        name: of the network, for the message.
        input_size: (width, height), pixels.
        multiple: the factor by which the network reduces its input.
    """
    width, height = input_size
    if width < multiple or height < multiple or width % multiple or height % multiple:
        near = tuple(max(multiple, round(side / multiple) * multiple) for side in input_size)
        raise PosebenchError(
            f"{name} needs an input whose sides are multiples of {multiple}; height {height}, width {width} is not. "
            f"Try {near[1]}x{near[0]} (height x width)."
        )
