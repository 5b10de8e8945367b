"""Finding a record: by its file, its id, or its name in the tables."""

from collections.abc import Iterable, Sequence
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
    if (path := stated_path(text, results)) is not None:
        return path
    records = find_records(results).records if results.is_dir() else ()
    named = [record for record in records if record.name == text]
    if not named:
        names, ids = {record.name for record in records}, [record.id for record in records]
        raise unknown(f"record of {results}", text, names, label="Names of records", others=ids)
    if len(named) > 1:
        raise several(text, named, results)
    return path_of(named[0], results)


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


def several(text: str, named: Sequence[Record], results: Path) -> PosebenchError:
    """The error for a name of several records: a line for each has its id and what tells it from the others."""
    facts = [_facts(record) for record in named]
    told: list[tuple[str, ...]] = [()] * len(named)
    for place in range(len(facts[0])):
        more = [(*known, own[place]) for known, own in zip(told, facts, strict=True)]
        told = more if len(set(more)) > len(set(told)) else told
    lines = [
        one_line(": ".join(filter(None, (one.id, ", ".join(known))))) for one, known in zip(named, told, strict=True)
    ]
    return PosebenchError(
        "\n  ".join([f"{len(named)} records of {results} are named {text!r}. Type the id of one:", *lines])
    )


def _facts(record: Record) -> tuple[str, ...]:
    """What may tell records of one name apart, as shown."""
    rule, data, seed = record.rule, record.data, record.model.seed
    return (
        f"{rule.protocol} {rule.short_scope}", data.what, "seed unknown" if seed is None else f"seed {seed}", record.predictions,
        f"boxes: {data.box_source}", f"ground truth: {data.annotations}", f"scored {record.created}",
        f"predictions' SHA-256 {record.predictions_sha256[:12]}…",
    )  # fmt: skip
