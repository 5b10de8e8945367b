"""One predictions file under every convention of its protocol, and where each difference comes from.

A convention differs from the protocol's first one in its ground truth file, in its rule, or in both; scoring by the first
rule on the convention's own ground truth takes the two apart.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from posebench.errors import PosebenchError
from posebench.plugins.protocol import Convention, Protocol
from posebench.scoring.scores import Scores
from posebench.tasks.evaluate import Network, score, stated
from posebench.tasks.people import load_people


@dataclass(frozen=True)
class Explained:
    """A convention's numbers.

    Attributes:
        convention: with its rule, who publishes by it, and why it differs.
        ground_truth: name of the file it was scored on.
        scores: under this convention; None where it cannot be computed, and `problem` says why.
        assumptions: sentences on what the convention's evaluator needs and the predictions do not state.
        from_ground_truth, from_rule: what the two contribute to the headline's difference from the first convention.
    """

    convention: Convention
    ground_truth: str
    scores: Scores | None = field(repr=False)  # with its resamples it prints as thousands of lines
    problem: str = ""
    assumptions: tuple[str, ...] = ()
    from_ground_truth: float = math.nan
    from_rule: float = math.nan


def explain(
    path: Path, protocol: Protocol, data: Path | None, split: str, network: Network | None = None
) -> list[Explained]:
    """Score a predictions file under all conventions, the protocol's first one first.

    Args:
        network: what made the file, where it does not say so itself.

    Raises:
        PosebenchError: the file cannot be scored under the first convention.
    """
    default = protocol.convention().name
    own = load_people(protocol, data, split, default)
    predictions = stated(protocol.read_predictions(path, own), network, path)
    first = score(path, protocol, own, default, network)
    by_first_rule = {own.source.identity: first}
    explained = []
    for name, convention in protocol.conventions.items():
        try:
            own = load_people(protocol, data, split, name)
            scores = score(path, protocol, own, name, network)
            if own.source.identity not in by_first_rule:
                by_first_rule[own.source.identity] = score(path, protocol, own, default, network)
        except PosebenchError as error:
            if name == default:
                raise
            explained.append(Explained(convention, "", None, str(error)))
            continue
        headlines = (
            found.metrics.get(protocol.headline, math.nan)
            for found in (first, by_first_rule[own.source.identity], scores)
        )
        assumed = protocol.assumptions(predictions, name)
        explained.append(
            Explained(convention, Path(own.source.file).name, scores, "", assumed, *np.diff(list(headlines)).tolist())
        )
    return explained
