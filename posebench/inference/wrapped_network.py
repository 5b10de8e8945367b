"""A trained network that runs another way: the loss, decoding and mirroring stay its own."""

from typing import Any

from torch import Tensor

from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import Outputs


class WrappedNetwork(Architecture):
    """Everything but preparation and the forward pass is the wrapped network's own."""

    def __init__(self, model: Architecture) -> None:
        """Take over the names, size and pipeline of `model`."""
        super().__init__(model.skeleton, model.input_size)
        self.name, self.pipeline, self.origin = model.name, model.pipeline, model.origin
        self.model = model

    def loss(self, outputs: Any, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor] | Tensor:
        """The network's own."""
        return self.model.loss(outputs, keypoints, visible)

    def decode(self, outputs: Any) -> tuple[Tensor, Tensor]:
        """The network's own."""
        return self.model.decode(outputs)

    def unflip(self, outputs: Any) -> Outputs:
        """The network's own."""
        return self.model.unflip(outputs)
