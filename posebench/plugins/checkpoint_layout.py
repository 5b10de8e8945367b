"""Published: how a code base that published weights names the tensors of an architecture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from posebench.plugins.pipeline import Pipeline

Shape = tuple[int, ...]


def _nothing(model: Any) -> Mapping[str, Shape]:
    return {}


@dataclass(frozen=True)
class Published:
    """One code base's checkpoints of one architecture.

    Attributes:
        name: such as `princeton`.
        head: their name for a tensor of the last layer, whose first dimension is the number of keypoints. A file that
            has it is one of theirs.
        pipeline: what their weights expect around them.
        theirs: our name of a tensor → theirs.
        unread: of a network of ours, the tensors that their code allocates and never reads, with their shapes.
        option: what must stand after the architecture's colon for their weights to fit, such as `stem=bearpaw`.
    """

    name: str
    head: str
    pipeline: Pipeline
    theirs: Callable[[str], str]
    unread: Callable[[Any], Mapping[str, Shape]] = _nothing
    option: str | None = None
