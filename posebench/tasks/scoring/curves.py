"""Scores of a predictions file over thresholds of one's own choice."""

from pathlib import Path

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import errors_of
from posebench.scoring.scores import Curve
from posebench.tasks.scoring.evaluate import naming, score


def curves(
    path: Path, protocol: Protocol, people: Instances, convention: str | None, thresholds: Array
) -> tuple[tuple[Curve, ...], tuple[str, ...]]:
    """The scores of a predictions file over (T,) ascending thresholds, and the notes on them.

    Raises:
        PosebenchError: as `evaluate`; or the protocol has no thresholds to choose.
    """
    predictions, name = protocol.read_predictions(path, people), protocol.convention(convention).name
    with naming(path), errors_of("protocol", protocol.name, "curves"):
        found = protocol.curves(predictions, people, name, thresholds)
    return found, score(path, protocol, people, name)[1]
