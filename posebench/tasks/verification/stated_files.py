"""The files that a record states with their hashes, and where they are looked for."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from posebench.files.search import files_below, find_by_hash
from posebench.files.writing import sha256
from posebench.results.folder import ResultsFolder, plain
from posebench.results.record import IN_MEMORY, Record
from posebench.results.record_fields import Difference

PREDICTIONS = (".h5", ".hdf5", ".mat", ".json", ".npz", ".csv")
"""Endings of predictions files; one that was renamed is found by its hash."""
CHECKPOINTS = (".pt", ".pth", ".onnx")
BOXES = (".json",)


@dataclass(frozen=True)
class StatedFile:
    """A file that a record states.

    Attributes:
        what: such as `predictions`. name: as the record names it; empty where it names none.
        sha256: the stated hash.
        path, found: the file at hand and its hash; None and empty where there is none.
        problem: why there is none, as a sentence.
    """

    what: str
    name: str
    sha256: str
    path: Path | None = None
    found: str = ""
    problem: str = ""

    @property
    def differs(self) -> bool:
        """Whether the file at hand is another one."""
        return self.path is not None and self.found != self.sha256

    @property
    def difference(self) -> Difference:
        """Both hashes, under the name of the record's field."""
        field = "predictions_sha256" if self.what == "predictions" else "data.annotations_sha256"
        return Difference(field, self.sha256, self.found)

    def as_json(self) -> dict[str, str | None]:
        """What is stated and what was found, as JSON values."""
        path = None if self.path is None else str(self.path)
        return {"what": self.what, "name": self.name, "sha256": self.sha256, "file": path, "found": self.found or None}


def predictions_file(record: Record, places: Sequence[Path]) -> StatedFile:
    """The predictions file of a record: by its hash, else the one of its name, which then differs.

    Args:
        places: predictions files, or folders that have it or a folder with it. Predictions may themselves be a folder.
    """
    stated = StatedFile("predictions", record.predictions, record.predictions_sha256)
    if record.predictions == IN_MEMORY:
        return _missing(stated, "The record was made from arrays in memory, so there is no predictions file to score.")
    folders = [
        path
        for place in places
        for path in (place, place / record.predictions)
        if path.is_dir() and path.name == record.predictions
    ]
    files = [path for place in places for path in files_below(place, record.predictions.__eq__)]
    named = sorted([*folders, *files], key=lambda path: path.name != record.predictions)
    for path in named:
        if sha256(path) == stated.sha256:
            return _at(stated, path)
    found = find_by_hash(list(places), lambda name: name.lower().endswith(PREDICTIONS), stated.sha256)
    if found is not None:
        return _at(stated, found)
    if named:
        return _at(stated, named[0])
    return _missing(
        stated,
        f"No predictions file below {', '.join(map(str, places))} has the record's SHA-256, {stated.sha256}, or its name, "
        f"{stated.name}. "
        "Name the file, or a folder that has it, with --predictions.",
    )


def ground_truth_roots(data: Path, protocol: str, annotations: str) -> Iterator[Path]:
    """What `--data` may mean: the dataset, a folder of datasets by protocol, or a folder with the stated annotation file."""
    yield data
    below = data / plain(protocol.partition(":")[0])
    if below.is_dir():
        yield below
    if data.is_dir():
        yield from files_below(data, annotations.__eq__)


def provenance_files(record: Record, results: Path, data: Path | None) -> tuple[StatedFile, ...]:
    """The files of the network's origin that a record names: found by their hash, or not found.

    They are claims about the network, and no number depends on them. So a file that is not there is no problem.
    """
    model, places = record.model, [] if data is None else [data]
    files = []
    if model.checkpoint_sha256 is not None:
        stated = StatedFile("checkpoint", "", model.checkpoint_sha256)
        found = find_by_hash([ResultsFolder(results).runs], lambda name: name.endswith(CHECKPOINTS), stated.sha256)
        files.append(stated if found is None else _at(stated, found))
    trained_on = model.trained_on
    if trained_on is not None and trained_on.annotations and trained_on.annotations_sha256:
        stated = StatedFile("training annotations", trained_on.annotations, trained_on.annotations_sha256)
        found = find_by_hash(places, trained_on.annotations.__eq__, stated.sha256)
        files.append(stated if found is None else _at(stated, found))
    if model.boxes is not None:
        stated = StatedFile("detected boxes", "", model.boxes.sha256)
        found = find_by_hash([*places, results], lambda name: name.endswith(BOXES), stated.sha256)
        files.append(stated if found is None else _at(stated, found))
    return tuple(files)


def _at(stated: StatedFile, path: Path) -> StatedFile:
    return StatedFile(stated.what, stated.name, stated.sha256, path, sha256(path))


def _missing(stated: StatedFile, problem: str) -> StatedFile:
    return StatedFile(stated.what, stated.name, stated.sha256, problem=problem)
