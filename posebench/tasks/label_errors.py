"""Finds label errors: what several predictions files agree on, and the annotation does not. No torch here."""

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.diagnosis.label_errors import FEWEST, LabelErrors, label_errors
from posebench.errors import PosebenchError, counted, existing, listed
from posebench.files.writing import write_text
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import errors_of
from posebench.results.find_record import home, read_record
from posebench.results.record import find_records
from posebench.scoring.compared import Compared
from posebench.tasks.row_records import record_paths
from posebench.tasks.scoring.evaluate import naming
from posebench.tasks.verification.stated_files import PREDICTIONS, predictions_file

SHOWN = 30
"""Keypoints in a gallery."""
COLUMNS = (
    "image", "person", "keypoint", "annotated_x", "annotated_y", "agreed_x", "agreed_y", "pixels", "times_threshold",
    "spread", "confidence", "kind", "runs",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Suspects:
    """The label errors that some runs find.

    Attributes:
        errors: which, and of how many keypoints.
        files: the predictions files.
        people: whose annotation it is.
        keypoints: of each run, (N, K, 2) image pixels.
    """

    errors: LabelErrors
    files: tuple[Path, ...]
    people: Instances
    keypoints: tuple[Array, ...]

    def as_csv(self) -> str:
        """A line for each keypoint, the farthest first."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for one in self.errors.found:
            numbers = (*one.annotated, *one.agreed, one.pixels, one.times, one.spread, one.confidence)
            places = (f"{value:.2f}" for value in numbers)
            writer.writerow((one.image, one.person, one.keypoint, *places, one.kind, self.errors.runs))
        return text.getvalue()

    def save(self, path: str | Path) -> None:
        """Write `as_csv`.

        Raises:
            PosebenchError: the folder cannot be written to.
        """
        write_text(Path(path), self.as_csv())

    def draw(self, path: str | Path) -> int:
        """Draw the first keypoints of people whose photographs are there.

        Args:
            path: the file to write: a JPEG where it ends in `.jpg`, else a PNG.

        Returns:
            How many are drawn; 0, and no file, where no photograph is there or nothing was found.
        """
        from posebench.report.galleries.label_gallery import label_gallery
        from posebench.samples.images import ImageReader

        shown = self.people.with_photograph()
        able = [one for one in self.errors.found if shown[one.row]]
        there = able[:SHOWN]
        if not there:
            return 0
        reader: Callable[[int], Any] = ImageReader(self.people.take(np.unique([one.row for one in there])))
        what = f"{counted(self.errors.runs, 'run', 'runs')} against the annotation of {self.people.what}"
        found = len(self.errors.found)
        about = f"{len(there)} of {counted(found, 'keypoint', 'keypoints')}, the farthest first; right is {self.errors.right_if}"
        if len(able) < found:
            about += f"; the photographs of {len(able):,} are there"
        label_gallery(self.people, there, self.keypoints, reader, Path(path), f"Possible label errors: {what}", about)
        return len(there)


def find_label_errors(
    files: Sequence[Path], protocol: Protocol, people: Instances, convention: str | None = None
) -> Suspects:
    """The keypoints on which all predictions files agree with each other and not with the annotation.

    Args:
        people: as `load_people` gives them for the same convention.
        convention: a name of the protocol's conventions; None for the first.

    Raises:
        PosebenchError: there is one file alone, one is named twice, a file cannot be scored, or the protocol does not say how
            near is right.
    """
    twice = [path for place, path in enumerate(files) if path in files[:place]]
    if twice:
        raise PosebenchError(f"{twice[0]} is given twice; it would agree with itself. Name each file once.")
    runs = [_compared(path, protocol, people, convention) for path in files]
    found = label_errors(runs)
    return Suspects(found, tuple(files), runs[0].people, tuple(run.keypoints for run in runs))


def _compared(path: Path, protocol: Protocol, people: Instances, convention: str | None) -> Compared:
    with errors_of("protocol", protocol.name, "read_predictions"):
        predictions = protocol.read_predictions(path, people)
    with naming(path), errors_of("protocol", protocol.name, "compared"):
        return protocol.compared(predictions, people, protocol.convention(convention).name)


def files_named(named: Sequence[str], results: Path) -> list[Path]:
    """Predictions files as they are named: by their path, or as a record (file or id) or row (all its seeds) with kept predictions.

    Raises:
        PosebenchError: there is no such file and no such record, or its predictions were not kept.
    """
    return [file for text in named for file in _files_named(text, results)]


def files_of_table(
    results: Path, protocol: Protocol, people: Instances, convention: str | None = None
) -> tuple[list[Path], tuple[str, ...]]:
    """The kept predictions of all records of one leaderboard, each file once, and a note on records without them.

    Args:
        people: the annotated people; records are of the same annotation file.

    Raises:
        PosebenchError: the results folder is not there, or fewer than two files are.
    """
    rule, source = protocol.convention(convention), people.source.sha256
    records = [
        record
        for record in find_records(results).records
        if (record.rule.protocol, record.rule.convention, record.data.what) == (protocol.name, rule.name, people.what)
        and record.data.annotations_sha256 == source
    ]
    files, lacking = [], []
    for record in {record.predictions_sha256: record for record in records}.values():
        found = predictions_file(record, (results,))
        if found.path is None or found.differs:
            lacking.append(record.name)
        else:
            files.append(found.path)
    where = f"{results} for {people.what} by {protocol.name} {rule.name}"
    if len(files) < FEWEST:
        raise PosebenchError(
            f"{counted(len(records), 'record', 'records')} of {where}: {len(files)} with kept predictions, and {FEWEST} are "
            "needed. Name predictions files instead."
        )
    without = f"without kept predictions, so left out: {listed(lacking)}"
    return files, ((f"Of the records of {where}, {without}.",) if lacking else ())


def _files_named(text: str, results: Path) -> list[Path]:
    path = Path(text)
    if path.is_file() and not _is_record(path):
        return [path]
    if path.suffix.lower() in PREDICTIONS and path.suffix != ".json":
        return [existing(path, "a predictions file")]
    return [_predictions_of(record, text) for record in record_paths(text, results)]


def _predictions_of(record: Path, named: str) -> Path:
    found = predictions_file(read_record(record), (home(record),))
    if found.path is None or found.differs:
        raise PosebenchError(
            f"The predictions of {named} are not kept: {found.problem or 'the file of that name differs.'}"
        )
    return found.path


def _is_record(path: Path) -> bool:
    """Whether a JSON file is a record; COCO results are JSON too, but lists."""
    if path.suffix != ".json":
        return False
    with path.open("rb") as file:
        return file.read(64).lstrip()[:1] == b"{"
