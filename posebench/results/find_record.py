"""Finding a record: by its file, its id, or its name in the tables."""

from collections.abc import Iterable
from pathlib import Path

from posebench.errors import PosebenchError, existing, unknown
from posebench.files.validation import read_model
from posebench.plain_text import one_line
from posebench.results.folder import ResultsFolder
from posebench.results.record import FIX, Record, find_records

ENDINGS = (".json", ".zip")
"""Endings of a record's file and of a bundle: a text with one is a path even where nothing is there."""


def read_record(path: Path) -> Record:
    """Read one record.

    Raises:
        PosebenchError: the file is missing, or is no record.
    """
    fix = (
        FIX
        if path.suffix == ".json"
        else "A record is a JSON file; `posebench evaluate` makes one of a predictions file."
    )
    return read_model(Record, existing(path, "a record"), "a readable record", fix)


def record_path(text: str, results: Path) -> Path:
    """The file of a record.

    Args:
        text: a path, or the id or name of a record of the results folder.

    Raises:
        PosebenchError: there is none, or several records have that name.
    """
    path = Path(text)
    if path.exists() or path.suffix in ENDINGS or path.name != text:
        return existing(path, "a record")
    folder = ResultsFolder(results)
    if folder.record(text).is_file():
        return folder.record(text)
    records = find_records(results).records if results.is_dir() else ()
    named = [record for record in records if record.name == text]
    if not named:
        raise unknown(f"record of {results}", text, {record.name for record in records}, label="Names of records")
    if len(named) > 1:
        ids = "; ".join(f"{record.id} ({_of(record)})" for record in named)
        raise PosebenchError(f"{len(named)} records of {results} are named {text!r}. Name one by its id: {ids}.")
    (record,) = named
    files = [folder.record(one) for one in (record.id, record.older_id)]
    return existing(next((file for file in files if file.is_file()), files[0]), "a record")


def records_of(records: Iterable[Record], scored: Record) -> list[Record]:
    """The records of a predictions file under one rule, whatever their names.

    Args:
        scored: of the same file, scored now.

    Raises:
        PosebenchError: there is none.
    """
    found = [one for one in records if (one.group, one.predictions_sha256) == (scored.group, scored.predictions_sha256)]
    if not found:
        rule = scored.rule
        raise PosebenchError(
            f"There is no record of {scored.predictions} under {rule.protocol} {rule.convention}, version {rule.version}, on these "
            f"people, and --save keeps what it found beside records. Make one with posebench evaluate {scored.predictions} "
            f"--protocol {rule.protocol}, and the same --data, --split and --convention."
        )
    return found


def home(path: Path) -> Path:
    """The results folder of a record's file; a record that lies elsewhere has the folder that it is in."""
    folder = path.parent if path.parent.name else path.absolute().parent
    return folder.parent if folder.name == ResultsFolder(folder).records.name else path.parent


def _of(record: Record) -> str:
    """What tells records of one name apart: the rule, the people, the seed or the predictions file."""
    seed = record.predictions if record.model.seed is None else f"seed {record.model.seed}"
    return one_line(f"{record.rule.protocol} {record.rule.short_scope}, {record.data.what}, {seed}")
