"""A results folder from Python: leaderboards as one table, rows compared, the report written."""

import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from posebench.api.scoring import StrPath, optional_path, protocol_named
from posebench.errors import PosebenchError
from posebench.plugins.protocol import Protocol

if TYPE_CHECKING:
    import pandas as pd

    from posebench.report.plots.plot_files import Format
    from posebench.results.record import Record
    from posebench.tasks.scoring.compare_rows import RowComparison
    from posebench.tasks.verification.verify import Verification


def leaderboard(
    results: StrPath = "results", *, columns: str | Sequence[str] | None = None, only: str | Sequence[str] = ()
) -> "pd.DataFrame":
    """All leaderboards of a results folder as one table; rows of different leaderboards are not comparable.

    A damaged record, or measured cost, is skipped with a warning that names it.

        >>> people = pb.load_people("mpii")
        >>> _ = pb.score(people.keypoints, people, protocol="mpii", name="right").save("one row")
        >>> pb.leaderboard("one row")[["rank", "name", "Mean"]].values.tolist()
        [[1, 'right', 100.0]]
        >>> pb.leaderboard("one row", columns=["Mean", "people"], only="ri*").columns.tolist()
        ['name', 'Mean', 'people', 'leaderboard']

    Args:
        columns: headers of the printed tables, in the order to show them; None for all. The ends of ranks and intervals have
            columns of their own.
        only: pattern or patterns, for names or record ids of rows, such as `hourglass*`. Ranks are among the rows that stay; `rows
            left out` counts the others.

    Returns:
        The columns of the CSV files: rank, name and headline first, then the others, or the chosen ones in their order;
        `leaderboard` last, the title of the leaderboard that a row belongs to.

    Raises:
        PosebenchError: the folder is not there, or all its records are damaged; or there is no such column or row.
    """
    import pandas as pd

    from posebench.cost import record as costs
    from posebench.report.tables.boards import boards
    from posebench.report.tables.choice import choose
    from posebench.report.tables.full_table import behind, full_table
    from posebench.results.record import find_records

    records = find_records(Path(results))
    measured = costs.load(Path(results))
    _warn([*records.notes, *measured.notes])
    found = boards(records.records, measured.kept)
    if not found:
        return pd.DataFrame({"rank": [], "name": [], "leaderboard": []})
    found = choose(found, columns, [only] if isinstance(only, str) else only)
    table = pd.concat([full_table(board).assign(leaderboard=board.title) for board in found], ignore_index=True)
    usual = ("rank", "name", *(board.rule.headline for board in found))
    shown = [header for board in found for name in board.chosen or () for header in behind(board, name)]
    first = list(dict.fromkeys(usual if columns is None else shown))
    # By place: a metric may be named like another column.
    places = sorted(range(len(table.columns)), key=lambda place: _standing(str(table.columns[place]), first))
    return table.iloc[:, places]


def load_record(record: StrPath, *, results: StrPath = "results") -> "Record":
    """Load one record: rule, data, scores with their intervals, network and training, as `posebench show` prints it.

        >>> people = pb.load_people("mpii")
        >>> path = pb.score(people.keypoints, people, protocol="mpii", name="right").save("loaded")
        >>> record = pb.load_record("right", results="loaded")
        >>> record.metrics["Mean"], record.rule.convention, record.data.people
        (100.0, 'official', 500)

    Args:
        record: a record's file, or its name or id in the results folder; the beginning of the id, or its last eight letters, are
            enough.
        results: in which records are looked up by their name or id.

    Returns:
        A `Record`: `.metrics`, `.intervals`, `.per_joint`, `.rule`, `.data`, `.model` (what is known of the network), `.notes`.

    Raises:
        PosebenchError: there is no such record, several are meant, or its file is no record.
    """
    from posebench.results.find_record import read_record
    from posebench.tasks.row_records import record_path

    return read_record(record if isinstance(record, Path) else record_path(record, Path(results)))


def _standing(column: str, first: Sequence[str]) -> tuple[bool, int]:
    """Sort key: the columns of `first` in their order, the others as they stand, `leaderboard` last."""
    return column == "leaderboard", first.index(column) if column in first else len(first)


def compare_rows(
    names: Sequence[str], *, protocol: str | Protocol, results: StrPath = "results", split: str | None = None,
    convention: str | None = None,
) -> "RowComparison":  # fmt: skip
    """Compare rows of a leaderboard by their headline, from their records; a row of several seeds varies over these too.

        >>> people = pb.load_people("mpii")
        >>> for pixels in (0, 9):
        ...     result = pb.score(people.keypoints + pixels, people, protocol="mpii", name=f"{pixels} pixels off")
        ...     path = result.save("results")
        >>> compared = pb.compare_rows(["0 pixels off", "9 pixels off"], protocol="mpii", results="results")
        >>> compared.frame[["a", "b", "name", "resolved"]].values.tolist()
        [['0 pixels off', '9 pixels off', 'Mean', True]]

    Args:
        names: two or more, as in the leaderboard; or ids of records, of which the beginning or the last eight letters are enough.
        split: of the leaderboard; None for that in which all names are found.
        convention: of the leaderboard; None for the protocol's first one.

    Returns:
        A `RowComparison`: `.pairs`, `.frame`, `.rows`.

    Raises:
        PosebenchError: a name is unknown or that of several rows, or the rows are of different leaderboards.
    """
    from posebench.results.record import find_records
    from posebench.tasks.scoring.compare_rows import compare_named

    found = find_records(Path(results))
    _warn(found.notes)
    return compare_named(found.records, names, protocol_named(protocol), split, convention)


def write_report(
    results: StrPath = "results", *, columns: str | Sequence[str] | None = None, only: str | Sequence[str] = (),
    out: StrPath | None = None, formats: "Collection[Format]" = (), single_file: bool = False,
) -> list[Path]:  # fmt: skip
    """Write leaderboards, plots and the page from the records of a results folder.

    A damaged record is skipped with a warning that names it.

    Args:
        columns, only: as of `leaderboard`.
        out: folder to write to; None for the results folder, where leaderboards keep all rows and columns.
        formats: of plots beside PNG, `pdf` and `svg`.
        single_file: whether `index.html` has style, scripts and pictures within itself, so that it can be sent alone.

    Returns:
        The files' paths, `index.html` last.

    Raises:
        PosebenchError: there is no readable record, or no such column or row; or rows or columns are chosen without `out`.
    """
    from posebench.report.pages.page import write_pages
    from posebench.report.tables.contents import placed, read_contents

    if out is None and (columns is not None or only):
        raise PosebenchError(f"The leaderboards in {results} keep all rows and columns. Give another folder as out=.")
    contents = read_contents(Path(results), columns, [only] if isinstance(only, str) else only)
    _warn(contents.notes)
    return write_pages(contents if out is None else placed(contents, Path(out)), formats, single_file)


def verify(
    record: StrPath, *, data: StrPath | None = None, predictions: StrPath | Sequence[StrPath] | None = None,
    results: StrPath = "results", protocol: str | None = None,
) -> "Verification":  # fmt: skip
    """Compute a record again from its predictions file and the dataset, and compare every number to the last digit.

        >>> people = pb.load_people("mpii")
        >>> file = pb.save_predictions("verified/predictions/near.h5", people.keypoints + 2, people)
        >>> path = pb.evaluate(file, protocol="mpii").save("verified")
        >>> found = pb.verify(path)
        >>> found.status, found.differences
        ('verified', ())

    Args:
        record: a record's file, or its name or id in the results folder; the beginning of the id, or its last eight letters, are
            enough.
        data: folder of the dataset, a folder with a folder for each protocol, or an annotation file; None for records of synthetic
            people.
        predictions: the predictions file, or a folder in which it is found by its hash, or several; None for the record's
            results folder.
        results: in which records are looked up by their id or name.
        protocol: to score by, for a dataset of one's own: `coco:FILE`; None for the record's.

    Returns:
        A `Verification`: `.verified`, `.status`, `.differences`, `.unchecked` (what could not be computed again, and why).

    Raises:
        PosebenchError: there is no such record, or its file is no record.
    """
    from posebench.tasks.row_records import record_path
    from posebench.tasks.verification.verify import Places
    from posebench.tasks.verification.verify import verify as verify_record

    path = record if isinstance(record, Path) else record_path(record, Path(results))
    return verify_record(path, Places(optional_path(data), _paths(predictions), protocol))


def write_bundle(
    records: Sequence[StrPath], out: StrPath, *, predictions: StrPath | Sequence[StrPath] | None = None,
    results: StrPath = "results",
) -> Path:  # fmt: skip
    """Pack records with their predictions files, recipes, versions and hashes, for a paper's supplement.

        >>> people = pb.load_people("mpii")
        >>> file = pb.save_predictions("packed/predictions/near.h5", people.keypoints + 2, people)
        >>> path = pb.evaluate(file, protocol="mpii", name="near").save("packed")
        >>> bundle = pb.write_bundle(["near"], "evidence.zip", results="packed")
        >>> [found.status for found in pb.verify_bundle(bundle)]
        ['verified']

    Args:
        records: as of `verify`; or names of rows, which mean all their seeds.
        out: the zip archive to write; the same records give the same bytes.
        predictions: as of `verify`.

    Returns:
        The archive's path.

    Raises:
        PosebenchError: `out` exists; or a record or its predictions file is missing.
    """
    from posebench.tasks.row_records import record_paths
    from posebench.tasks.verification.bundle import write_bundle as write

    paths = [path for one in records for path in ([one] if isinstance(one, Path) else record_paths(one, Path(results)))]
    return write(paths, Path(out), _paths(predictions))


def verify_bundle(file: StrPath, *, data: StrPath | None = None, protocol: str | None = None) -> "list[Verification]":
    """Verify every record of an archive of `write_bundle`, which has an example.

    Args:
        data, protocol: as of `verify`.

    Raises:
        PosebenchError: the archive is missing, damaged or hostile, or is no bundle.
    """
    from posebench.tasks.verification.bundle import verify_bundle as verify_records
    from posebench.tasks.verification.verify import Places

    return verify_records(Path(file), Places(optional_path(data), protocol=protocol))


def _paths(given: StrPath | Sequence[StrPath] | None) -> tuple[Path, ...]:
    if given is None:
        return ()
    return (Path(given),) if isinstance(given, str | Path) else tuple(map(Path, given))


def _warn(notes: Sequence[str]) -> None:
    """A Python warning per note, at the line that called the public function."""
    for note in notes:
        warnings.warn(note, stacklevel=3)
