"""Finding the records of a row of a leaderboard: several seeds of one recipe."""

from pathlib import Path

from posebench.report.tables.rows import rows
from posebench.results.find_record import path_of, record_path, several, stated_path
from posebench.results.record import find_records


def record_paths(text: str, results: Path) -> list[Path]:
    """The files of the records that are meant.

    Args:
        text: a path, the id or name of a record, or the name of a row, which means all its seeds.

    Raises:
        PosebenchError: there is none, or several rows have that name.
    """
    if (path := stated_path(text, results)) is not None:
        return [path]
    found = rows(find_records(results).records) if results.is_dir() else []
    named = [row for row in found if row.name == text]
    if len(named) > 1:
        raise several(text, [record for row in named for record in row.records], results)
    return [path_of(record, results) for record in named[0].records] if named else [record_path(text, results)]
