"""Contents: everything that a report is made from, read once."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from posebench.cost import record as cost
from posebench.cost.record import Cost
from posebench.errors import PosebenchError
from posebench.report.board import Board
from posebench.report.boards import boards
from posebench.report.published_scores import PublishedScores, published
from posebench.results.folder import ResultsFolder
from posebench.results.record import Record, find_records


@dataclass(frozen=True, eq=False)
class Contents:
    """What a results folder holds.

    Attributes:
        records: at least one.
        notes: a sentence for each record or cost that is skipped because it cannot be read.
        costs: measured costs of networks.
        literature: the rows of `published.csv`.
    """

    folder: ResultsFolder
    records: tuple[Record, ...]
    notes: tuple[str, ...]
    costs: tuple[Cost, ...]
    literature: tuple[PublishedScores, ...]

    @cached_property
    def boards(self) -> tuple[Board, ...]:
        """The leaderboards, in their order."""
        return tuple(boards(self.records))


def read_contents(results: Path) -> Contents:
    """Read the records, costs and published rows of a results folder.

    Raises:
        PosebenchError: there is no readable record, or `published.csv` is damaged.
    """
    folder = ResultsFolder(results)
    found = find_records(results)
    if not found.records:
        raise PosebenchError(
            f"{folder.records} has no records. `posebench run` trains and scores a network, "
            "`posebench evaluate` scores a predictions file; either writes one."
        )
    costs, notes = cost.load(results)
    return Contents(folder, found.records, (*found.notes, *notes), tuple(costs), tuple(published(results)))
