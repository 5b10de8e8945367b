"""CheckpointLayout: how a code base that published weights names the tensors of an architecture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from posebench.plugins.pipeline import Pipeline

Shape = tuple[int, ...]


def _nothing(model: Any) -> Mapping[str, Shape]:
    return {}


@dataclass(frozen=True)
class CheckpointLayout:
    """One code base's checkpoints of one architecture.

    Attributes:
        name: such as `princeton`.
        head: its name for a tensor of the last layer; the first dimension is the number of keypoints. A file with this
            tensor has this layout.
        pipeline: the pipeline that the weights were trained with.
        theirs: posebench's name of a tensor → its name in the file.
        unread: tensors that the code base allocates and never reads, with their shapes, for a posebench network.
        option: the architecture's option that the weights need, such as `stem=bearpaw`.
    """

    name: str
    head: str
    pipeline: Pipeline
    theirs: Callable[[str], str]
    unread: Callable[[Any], Mapping[str, Shape]] = _nothing
    option: str | None = None
