"""The checked architecture, built at several sizes and skeletons, with batches of people. All seeds are fixed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugin_checks.runner import Broken
from posebench.plugins import registry
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import Outputs, total_loss
from posebench.plugins.plugin_errors import PluginError
from posebench.samples.images import ImageReader
from posebench.samples.loader import Batch, Samples
from posebench.synthetic import people as synthetic

Size = tuple[int, int]
ProgressDisplay = Callable[[str], AbstractContextManager[Callable[[int, int, str], None]]]
"""Opens a progress display with a title; yields its update function (done, total, note)."""

SEED = 0
PEOPLE = 8
SIZES: tuple[Size, ...] = ((64, 64), (96, 96), (128, 128), (192, 256), (256, 256))
"""Tried in turn until the plugin accepts one: checks take seconds on a small crop and minutes on a large one."""

BODY = Skeleton(
    keypoints=(
        "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
        "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
        "right_ankle",
    )
)  # fmt: skip
"""COCO's 17, each right keypoint after its left one."""
TRIO = Skeleton(keypoints=("right_wrist", "nose", "left_wrist"))
"""Three, with the pair apart and the right one first."""


@contextmanager
def unwatched(title: str) -> Iterator[Callable[[int, int, str], None]]:
    """A progress display that shows nothing."""
    yield lambda done, total, note: None


class Subject:
    """An architecture by name, and what its checks share.

    Attributes:
        seconds: the most that training may take.
        watch: opens a progress display for work of the title that it is given.
        facts: what checks measured in passing.
        ideal: outputs that minimise the loss, and the rest of the loss; `behaviour.ideal` computes them.
    """

    def __init__(self, name: str, seconds: float, watch: ProgressDisplay = unwatched) -> None:
        self.name, self.seconds, self.watch = name, seconds, watch
        self.facts: dict[str, Any] = {}
        self.ideal: tuple[Outputs, float] | None = None
        self._models: dict[Skeleton, tuple[Size, Architecture]] = {}
        self._refusals: dict[Size, str] = {}
        self._pictures = ImageReader(_people(BODY, PEOPLE))

    def build(self, skeleton: Skeleton, size: Size | None) -> Architecture:
        """A new network with the weights of `SEED`."""
        torch.manual_seed(SEED)
        return registry.architecture(self.name, skeleton, size)

    def model(self, skeleton: Skeleton, size: Size) -> Architecture:
        """That network in eval mode, built once: for checks that leave it as it is."""
        if skeleton in self._models and self._models[skeleton][0] == size:
            return self._models[skeleton][1]
        self._models.pop(skeleton, None)  # one of each skeleton at a time: some are large
        model = self.build(skeleton, size).eval()
        self._models[skeleton] = size, model
        return model

    @cached_property
    def default(self) -> Architecture:
        """A network for `BODY` at its default size, without memory for its weights.

        Raises:
            PluginError: it cannot be built so.
        """
        with torch.device("meta"):
            return self.build(BODY, None)

    def outline(self, skeleton: Skeleton, size: Size | None) -> Architecture:
        """A network without memory for its weights, for questions that these do not answer.

        With its weights where the plugin fails without memory, which another check reports.
        """
        try:
            if (skeleton, size) == (BODY, None):
                return self.default
            with torch.device("meta"):
                return self.build(skeleton, size)
        except PluginError:
            return self.build(skeleton, size)

    def refusal(self, size: Size) -> str:
        """The sentence with which the constructor refuses this crop size; "" if it takes it.

        Raises:
            PluginError: the constructor raises something else.
        """
        if size not in self._refusals:
            try:
                self.outline(TRIO, size)
            except PluginError:
                raise
            except PosebenchError as error:
                self._refusals[size] = str(error)
            else:
                self._refusals[size] = ""
        return self._refusals[size]

    @cached_property
    def small(self) -> Size:
        """The first of `SIZES` that the plugin accepts, or its default."""
        for size in SIZES:
            if not self.refusal(size):
                return size
        return self.outline(BODY, None).input_size

    @cached_property
    def oblong(self) -> Size:
        """A crop twice as high as wide, where the plugin accepts that; else `small`."""
        size = self.small[0], 2 * self.small[1]
        return self.small if self.refusal(size) else size

    def batch(self, skeleton: Skeleton, size: Size, count: int = PEOPLE) -> Batch:
        """Synthetic people, upright, as a batch of the loader."""
        samples = Samples(_people(skeleton, count), size)
        samples.read = self._pictures  # those of the same people, whatever skeleton is annotated
        return samples.batch([(0, row) for row in range(count)])


def _people(skeleton: Skeleton, count: int) -> Instances:
    return synthetic.instances(skeleton, "check", count, SEED)


def total(parts: Any) -> Tensor:
    """The sum of what `loss` returned.

    Raises:
        Broken: it is neither a scalar tensor nor a dict of such.
    """
    named = parts if isinstance(parts, dict) else {"loss": parts}
    fix = "Return one scalar tensor, or a dict of scalar tensors by name; their sum is minimised."
    if not named:
        raise Broken("loss returns an empty dict.", fix)
    for name, part in named.items():
        if not isinstance(part, Tensor):
            raise Broken(f"loss returns a {type(part).__name__} for {name!r}, not a tensor.", fix)
        if part.dim() or not part.is_floating_point():
            raise Broken(f"loss returns {described(part)} for {name!r}, not a scalar of floating point.", fix)
    return total_loss(named)


def described(value: Any) -> str:
    """Such as `(2, 17, 2) float32`, for messages."""
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    return f"{tuple(value.shape)} {str(value.dtype).removeprefix('torch.')}"
