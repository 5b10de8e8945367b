"""Contents: everything that a report is made from, read once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from posebench.cost import record as cost
from posebench.cost.record import Cost
from posebench.errors import PosebenchError
from posebench.files.writing import copy_file
from posebench.report.tables.board import Board
from posebench.report.tables.boards import boards
from posebench.report.tables.choice import choose
from posebench.report.tables.published_scores import PublishedScores, published
from posebench.results.folder import ResultsFolder
from posebench.results.kept_comparison import KeptComparison, find_comparisons
from posebench.results.kept_diagnosis import KeptDiagnosis, find_diagnoses
from posebench.results.kept_robustness import KeptRobustness, find_robustness
from posebench.results.kept_study import KeptStudy, find_studies
from posebench.results.record import Record, find_records


@dataclass(frozen=True, eq=False)
class Contents:
    """What a results folder holds.

    Attributes:
        folder: where the report is written.
        records: at least one.
        notes: a sentence for each file of these kinds that is skipped because it cannot be read.
        diagnoses: id of a record → why its score is what it is.
        comparisons: paired differences of two records.
        costs: measured costs of networks.
        robustness: of networks.
        studies: name of a study's folder → what is kept of it.
        literature: the rows of `published.csv`.
    """

    folder: ResultsFolder
    records: tuple[Record, ...]
    notes: tuple[str, ...]
    diagnoses: Mapping[str, KeptDiagnosis]
    comparisons: tuple[KeptComparison, ...]
    costs: tuple[Cost, ...]
    robustness: tuple[KeptRobustness, ...]
    studies: Mapping[str, KeptStudy]
    literature: tuple[PublishedScores, ...]
    boards: tuple[Board, ...]


def read_contents(results: Path, columns: str | Sequence[str] | None = None, only: Sequence[str] = ()) -> Contents:
    """Read the records, diagnoses, comparisons, costs, robustness, studies and published rows of a results folder.

    Args:
        columns, only: which columns and rows its leaderboards have, as of `choose`.

    Raises:
        PosebenchError: there is no readable record, or `published.csv` is damaged; or there is no such column or row.
    """
    folder = ResultsFolder(results)
    found = find_records(results)
    if not found.records:
        raise PosebenchError(
            f"{folder.records} has no records. `posebench run` trains and scores a network, "
            "`posebench evaluate` scores a predictions file; either writes one."
        )
    costs, studies = cost.load(results), find_studies(results)
    diagnoses, comparisons, robustness = find_diagnoses(results), find_comparisons(results), find_robustness(results)
    notes = [note for part in (found, costs, diagnoses, comparisons, robustness, studies) for note in part.notes]
    tables = choose(boards(found.records, costs.kept), columns, only)
    return Contents(
        folder, found.records, tuple(notes), diagnoses.by_record, comparisons.kept, costs.kept, robustness.kept,
        studies.kept, tuple(published(results)), tuple(tables),
    )  # fmt: skip


def placed(contents: Contents, out: Path) -> Contents:
    """The contents with another folder to write to. Galleries that show the chosen records alone are copied there, and the
    pictures of their diagnoses. Robustness and studies are not of chosen records, so they are left out.

    Raises:
        PosebenchError: the folder is a results folder, of which the leaderboards would be overwritten, or is inside the one that is
            read.
    """
    folder = ResultsFolder(out)
    if contents.folder.path.resolve() in out.resolve().parents:
        raise PosebenchError(
            f"{out} is inside the results folder {contents.folder.path}, where commands keep and find their files. --out needs a "
            "folder elsewhere."
        )
    if folder.records.exists():
        raise PosebenchError(
            f"{out} is a results folder: it has records, and its leaderboards are about all of them. --out needs another folder."
        )
    records = (record for board in contents.boards for record in board.records)
    ids = {identity for record in records for identity in (record.older_id, record.id)}
    for one, galleries in contents.folder.galleries().items():
        for gallery in galleries:
            if one in ids and gallery.other in ids | {""}:
                copy_file(gallery.path, folder.overlays / gallery.path.name)
    for identity in ids:
        for path in contents.folder.diagnosis_pictures(identity).glob("[!.]*.png"):
            copy_file(path, folder.diagnosis_pictures(identity) / path.name)
    return replace(contents, folder=folder, robustness=(), studies={})
