"""Finding what a text means in a results folder: a file, an id, or a name, which may be that of several seeds."""

from collections.abc import Sequence
from pathlib import Path

from posebench.errors import PosebenchError, unknown
from posebench.report.tables.rows import Row, rows
from posebench.results.find_record import of_id, path_of, several, stated_path
from posebench.results.record import Record, find_records

IDS_WORK = "The id of a record works, too: all of it, its beginning, or its last eight letters."


def record_path(text: str, results: Path) -> Path:
    """The file of the one record that is meant.

    Args:
        text, results: as of `record_paths`.

    Raises:
        PosebenchError: there is none, or several are meant.
    """
    if (path := stated_path(text, results)) is not None:
        return path
    found = _meant(text, results)
    if len(found) > 1:
        raise several(text, found, results)
    return path_of(found[0], results)


def record_paths(text: str, results: Path) -> list[Path]:
    """The files of the records that are meant.

    Args:
        text: a path, the id of a record or its beginning, the name of a record, or the name of a row, which means all its seeds.

    Raises:
        PosebenchError: there is none, or several rows are meant.
    """
    if (path := stated_path(text, results)) is not None:
        return [path]
    return [path_of(record, results) for record in _meant(text, results)]


def rows_meant(found: Sequence[Row], text: str) -> list[tuple[Row, tuple[Record, ...]]]:
    """The rows that a text means, each with the records that are meant: all seeds by the name of the row, else a single one.

    Args:
        text: the name of a row, else that of a record, else an id or the beginning of one.
    """
    if by_name := [(row, row.records) for row in found if row.name == text]:
        return by_name
    records = [record for row in found for record in row.records]
    meant = [record for record in records if record.name == text] or of_id(records, text)
    places = set(map(id, meant))  # equal records are compared number by number
    return [(row, own) for row in found if (own := tuple(one for one in row.records if id(one) in places))]


def unknown_row(what: str, text: str, known: Sequence[Row]) -> PosebenchError:
    """The error for a text that means none of the known rows; suggests the nearest names and ids."""
    names, ids = dict.fromkeys(row.name for row in known), [identity for row in known for identity in row.ids]
    return PosebenchError(f"{unknown(what, text, names, label='Names', others=ids)} {IDS_WORK}")


def _meant(text: str, results: Path) -> tuple[Record, ...]:
    """The records that are meant: one, or all seeds of one row."""
    known = rows(find_records(results).records) if results.is_dir() else []
    found = rows_meant(known, text)
    if not found:
        if not known:
            raise PosebenchError(
                f"The results folder {results} has no records, so {text!r} is none of them. Name another folder."
            )
        raise unknown_row(f"record in {results}", text, known)
    if len(found) > 1:
        raise several(text, [record for _, records in found for record in records], results)
    return found[0][1]
