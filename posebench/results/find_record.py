"""Finding a record: by its file, or by its id, of which the beginning or the end is enough."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from posebench.errors import PosebenchError, existing
from posebench.files.validation import read_model
from posebench.plain_text import one_line
from posebench.results.folder import ResultsFolder
from posebench.results.record import FIX, Record
from posebench.results.telling_apart import told_apart

ENDINGS = (".json", ".zip")
"""Endings of a record's file and of a bundle: a text with one is a path even where nothing is there."""
SHORTEST_ID, DIGEST = 4, 8
"""Letters of an id that are enough where no other id has them, and letters of the digest at its end."""


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


def stated_path(text: str, results: Path) -> Path | None:
    """The file of a record whose path or id is `text`; None where `text` can only be a name.

    Raises:
        PosebenchError: `text` is a path, and no file is there.
    """
    path = Path(text)
    if path.exists() or path.suffix in ENDINGS or path.name != text:
        return existing(path, "a record")
    of_id = ResultsFolder(results).record(text)
    return of_id if of_id.is_file() else None


def path_of(record: Record, results: Path) -> Path:
    """The file of a record that was read from a results folder."""
    files = [ResultsFolder(results).record(one) for one in (record.id, record.older_id)]
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


def of_id(records: Iterable[Record], text: str) -> list[Record]:
    """The record of that id; else those of which the id, or the digest at its end, begins so."""
    found = list(records)
    if whole := [record for record in found if text in (record.id, record.older_id)]:
        return whole
    if len(text) < SHORTEST_ID:
        return []
    return [record for record in found if record.id.startswith(text) or record.id[-DIGEST:].startswith(text)]


def several(text: str, meant: Sequence[Record], results: Path) -> PosebenchError:
    """The error for a text that means several records: a line for each has its id and what tells it from the others."""
    told = told_apart([(record,) for record in meant])
    lines = [one_line(": ".join(filter(None, (one.id, own)))) for one, own in zip(meant, told, strict=True)]
    first = f"{text!r} means {len(meant)} records of {results}. Type the id of one, or its last {DIGEST} letters:"
    return PosebenchError("\n  ".join([first, *lines]))
