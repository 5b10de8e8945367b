"""One predictions file under every convention of its protocol, and where each difference comes from.

A convention differs from the protocol's first one in its ground truth file, in its rule, or in both; scoring by the first
rule on the convention's own ground truth takes the two apart.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posebench.errors import PosebenchError
from posebench.plugins.protocol import Convention, Protocol
from posebench.report.tables.columns import UNKNOWN
from posebench.report.tables.notebook_table import html_list, html_table
from posebench.scoring.scores import Scores
from posebench.tasks.people import people_of_files, split_of_files
from posebench.tasks.scoring.evaluate import Network, score

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Explained:
    """A convention's numbers.

    Attributes:
        convention: with its rule, who publishes by it, and why it differs.
        ground_truth: name of the file it was scored on.
        scores: under this convention; None where it cannot be computed, and `problem` says why.
        reason: why its numbers on this ground truth differ from the first convention's, in sentences.
        notes: what was left out or treated specially, as sentences.
        from_ground_truth, from_rule: what the two contribute to the headline's difference from the first convention.
    """

    convention: Convention
    ground_truth: str
    scores: Scores | None = field(repr=False)  # with its resamples it prints as thousands of lines
    problem: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
    from_ground_truth: float = math.nan
    from_rule: float = math.nan


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """One predictions file under every convention of its protocol.

    Attributes:
        name: of the file.
        protocol: by its rules.
        conventions: the protocol's first one first; iterating over the explanation gives the same.
    """

    name: str
    protocol: Protocol
    conventions: tuple[Explained, ...]

    def __iter__(self) -> Iterator[Explained]:
        return iter(self.conventions)

    def __len__(self) -> int:
        return len(self.conventions)

    def __repr__(self) -> str:
        count = f"{len(self)} conventions of {self.protocol.name}"
        return f"<Explanation of {self.name} under {count}; .frame has every number>"

    @property
    def headline(self) -> str:
        """The metric that ranks the file under the first convention."""
        scores = self.conventions[0].scores
        return (scores.headline if scores else "") or self.protocol.headline

    @property
    def notes(self) -> dict[str, list[str]]:
        """Each sentence of `Explained.notes` once → the names of the conventions that it is about."""
        sentences = dict.fromkeys(sentence for one in self for sentence in one.notes)
        return {text: [one.convention.name for one in self if text in one.notes] for text in sentences}

    @property
    def frame(self) -> "pd.DataFrame":
        """Conventions as rows: `ground_truth`, every metric, `from_ground_truth`, `from_rule`, `problem`; NaN where unknown."""
        import pandas as pd

        rows = [
            {"ground_truth": one.ground_truth, **(one.scores.metrics if one.scores else {}),
             "from_ground_truth": one.from_ground_truth, "from_rule": one.from_rule, "problem": one.problem}
            for one in self
        ]  # fmt: skip
        return pd.DataFrame(rows, index=pd.Index([one.convention.name for one in self], name="convention"))

    def _repr_html_(self) -> str:
        """The table that a notebook shows: metrics as rows, conventions as columns; each convention's rule below."""
        shown = [one for one in self if one.scores is not None]
        metrics = dict.fromkeys(name for one in shown if one.scores for name in one.scores.metrics)
        rows = [[name, *(_number(one, name) for one in shown)] for name in metrics]
        below = [f"{one.convention.name}: {one.problem or one.convention.rule}" for one in self]
        below += [f"{', '.join(names)}: {text}" for text, names in self.notes.items()]
        caption = f"{self.name} under every convention of {self.protocol.name}"
        return html_table(caption, ["", *(one.convention.name for one in shown)], rows) + html_list(below)


def _number(one: Explained, metric: str) -> str:
    value = one.scores.metrics.get(metric, math.nan) if one.scores else math.nan
    return f"{value:.4f}" if math.isfinite(value) else UNKNOWN


def explain(
    path: Path, protocol: Protocol, data: Path | None, split: str | None = None, network: Network | None = None
) -> Explanation:
    """Score a predictions file under all conventions, the protocol's first one first.

    Args:
        split: None for the one that the file states, else the one that published numbers are about.
        network: what made the file, where it does not say so itself.

    Raises:
        PosebenchError: the file cannot be scored under the first convention.
    """
    default, split = protocol.convention().name, split or split_of_files([path], protocol)
    own = people_of_files([path], protocol, data, split, default)
    first, first_notes = score(path, protocol, own, default, network)
    by_first_rule = {own.source.identity: first}
    explained = []
    for name, convention in protocol.conventions.items():
        try:
            own = people_of_files([path], protocol, data, split, name)
            scores, notes = (first, first_notes) if name == default else score(path, protocol, own, name, network)
            if own.source.identity not in by_first_rule:
                by_first_rule[own.source.identity] = score(path, protocol, own, default, network)[0]
        except PosebenchError as error:
            explained.append(Explained(convention, "", None, str(error)))
            continue
        headlines = (
            found.metrics.get(first.headline or protocol.headline, math.nan)
            for found in (first, by_first_rule[own.source.identity], scores)
        )
        from_ground_truth, from_rule = np.diff(list(headlines)).tolist()
        explained.append(
            Explained(
                convention, Path(own.source.file).name, scores, "", convention.reason(own.source.form), notes,
                from_ground_truth, from_rule,
            )
        )  # fmt: skip
    return Explanation(path.name, protocol, tuple(explained))
