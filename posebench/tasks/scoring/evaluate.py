"""Evaluate: predictions → scores, record and pictures. No torch here."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from posebench.array_type import Array
from posebench.data.chosen import chosen
from posebench.data.instances import Instances
from posebench.data.matching import row_of_each
from posebench.data.predictions import Predictions
from posebench.data.provenance import TrainedOn
from posebench.errors import PosebenchError, counted
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import errors_of
from posebench.results.folder import ResultsFolder
from posebench.results.make_record import make_record, notes_of
from posebench.results.record import IN_MEMORY, LONGEST_NAME, Record, save_record
from posebench.scoring.scores import Scores
from posebench.tasks.scoring.keypoints_in_common import InCommon, KeypointsAsked, read_in_common, stating_keypoints

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """Scored predictions, not yet written anywhere.

    Attributes:
        record: what `save` writes: the numbers with their rule, people and origin.
        scores: the same numbers with every resample.
        predictions: as they were scored.
        people: whom they were scored on.
    """

    record: Record
    scores: Scores
    predictions: Predictions
    people: Instances

    @property
    def metrics(self) -> Mapping[str, float | None]:
        """Metric → value, in the order of the field's tables; None where it is unknown."""
        return self.record.metrics

    @property
    def intervals(self) -> Mapping[str, tuple[float, float]]:
        """Metric → its 95 % interval (low, high)."""
        return self.record.intervals

    @property
    def per_joint(self) -> Mapping[str, float | None]:
        """Keypoint → value; empty where the protocol does not score keypoints one by one."""
        return self.record.per_joint

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out or treated specially, as sentences."""
        return tuple(self.record.notes)

    @property
    def frame(self) -> "pd.DataFrame":
        """Metrics and keypoints as rows; columns `kind`, `value`, `low`, `high`."""
        import pandas as pd

        record = self.record
        parts = [
            ("metric", record.metrics, record.intervals),
            ("keypoint", record.per_joint, record.per_joint_intervals),
        ]
        rows = [
            (name, kind, value, *intervals.get(name, (None, None)))
            for kind, values, intervals in parts
            for name, value in values.items()
        ]
        columns = ["name", "kind", "value", "low", "high"]
        return (
            pd.DataFrame(rows, columns=columns).set_index("name").astype({"value": float, "low": float, "high": float})
        )

    def save(self, results: str | Path = "results") -> Path:
        """Write the record below a results folder; the same file scored again replaces its record.

        Returns:
            The record's path.
        """
        return save_record(self.record, Path(results))

    def draw_overlays(self, results: str | Path = "results") -> Path | None:
        """Draw the best, the median and the worst cases below a results folder.

        Returns:
            The picture's path; None where the protocol does not score people one by one.

        Raises:
            PosebenchError: the photographs are not there.
        """
        from posebench.report.galleries.overlays import overlays
        from posebench.samples.images import ImageReader

        if not len(self.scores.per_person):
            return None
        path = ResultsFolder(Path(results)).overlay(self.record.id)
        title = f"{self.record.name} · {self.drawn_title}"
        keypoints, missing = self.of_people
        lacking = bool(self.predictions.provenance.unreadable)
        reader: Callable[[int], Any] = ImageReader(replace(self.people, allow_missing=lacking))
        # Nobody to draw where nothing was predicted; perhaps there is no photograph either.
        per_person = np.where(missing.all(axis=1), np.nan, self.scores.per_person)
        overlays(self.people, keypoints, missing, per_person, reader, path, title)
        return path

    @property
    def of_people(self) -> tuple[Array, Array]:
        """(N, K, 2) predicted keypoints in the order of `people`, and (N, K) bool, where nothing was predicted."""
        rows = row_of_each(self.predictions, self.people)
        return self.predictions.keypoints[rows], self.predictions.missing[rows] | (rows < 0)[:, None]

    @property
    def drawn_title(self) -> str:
        """Rule, people, and what the numbers below people are, for the title of a picture."""
        rule = self.record.rule
        return f"{rule.protocol} {rule.short_scope} · {self.people.what}; below each: {self.scores.per_person_metric}"

    def __repr__(self) -> str:
        record = self.record
        value = record.metrics[record.rule.headline]
        shown = "unknown" if value is None else f"{value:.2f}{record.rule.unit}" if record.rule.unit else f"{value:.3f}"
        notes = f"; {counted(len(self.notes), 'note', 'notes')} in .notes" if self.notes else ""
        return (
            f"<Evaluation of {record.name} on {record.data.what}, {record.rule.protocol} {record.rule.short_scope}: "
            f"{record.rule.headline} {shown}; .frame has every number{notes}>"
        )

    def _repr_html_(self) -> str:
        """The table that a notebook shows."""
        from posebench.report.tables.evaluation_table import html

        return html(self.record)


@dataclass(frozen=True)
class Network:
    """The network that made a predictions file, where the file does not say so itself.

    Attributes:
        arch: its name, or None. input_size: (width, height) of its crops, or None.
        trained_on: the data that it was trained on, such as `LSP, LSPET, MPII`, or None.
    """

    arch: str | None = None
    input_size: tuple[int, int] | None = None
    trained_on: str | None = None


def evaluate(
    path: Path,
    protocol: Protocol,
    people: Instances,
    convention: str | None = None,
    name: str | None = None,
    network: Network | None = None,
    keypoints: KeypointsAsked | None = None,
) -> Evaluation:
    """Score a predictions file.

    Args:
        people: as `load_people` gives them for the same convention.
        convention: a name of the protocol's conventions; None for the first.
        name: the row's label in tables; None for the architecture or the file's name.
        network: what made the file, where it does not say so itself.
        keypoints: which of them are scored, of a file of others; None for the protocol's.

    Raises:
        PosebenchError: the file is damaged or of other people; or `network` is stated although the file names its own.
    """
    return evaluate_read(read_in_common(path, protocol, people, keypoints), people, convention, name, network, path)


def evaluate_read(
    read: InCommon, people: Instances, convention: str | None, name: str | None, network: Network | None, path: Path
) -> Evaluation:
    """Score what was read of a predictions file; the arguments are those of `evaluate`.

    Raises:
        PosebenchError: as `evaluate`; or the headline needs keypoints that are not scored.
    """
    protocol, predictions = read.protocol, stated(read.predictions, network, path)
    with naming(path):
        found = evaluate_predictions(
            predictions,
            protocol,
            people,
            convention,
            name or predictions.provenance.arch or (path.name if path.is_dir() else path.stem),
            path,
        )
    return replace(found, record=stating_keypoints(found.record, read))


def evaluate_predictions(
    predictions: Predictions,
    protocol: Protocol,
    people: Instances,
    convention: str | None = None,
    name: str | None = None,
    path: Path | None = None,
) -> Evaluation:
    """Score predictions; the arguments are those of `evaluate`.

    Args:
        path: the file that they were read from, which the record names with its hash; None for predictions in memory.

    Raises:
        PosebenchError: they are of other people or of another skeleton.
    """
    label = name or predictions.provenance.arch or IN_MEMORY
    check_name(label)
    rule = protocol.convention(convention)
    people = chosen(people, predictions.provenance.chosen)
    with errors_of("protocol", protocol.name, "score"):
        scores = protocol.score(predictions, people, rule.name)
    return Evaluation(
        make_record(label, protocol, rule, people, predictions, scores, path), scores, predictions, people
    )


def check_name(name: str) -> None:
    """Check the length of a row's name.

    Raises:
        PosebenchError: the name is empty or too long.
    """
    if not 1 <= len(name) <= LONGEST_NAME:
        raise PosebenchError(f"The name of a row may have 1 to {LONGEST_NAME} characters; this one has {len(name)}.")


def stated(predictions: Predictions, network: Network | None, path: Path) -> Predictions:
    """Predictions with the network that is stated for them.

    Raises:
        PosebenchError: the file names its own.
    """
    if network is None:
        return predictions
    own = predictions.provenance
    if network.arch is not None and own.arch is not None:
        raise PosebenchError(f"{path} already states its architecture, {own.arch}; leave out --arch.")
    if network.input_size is not None and own.input_size is not None:
        width, height = own.input_size
        raise PosebenchError(f"{path} already states its network's input, {height}x{width}; leave out --input-size.")
    if network.trained_on is not None and own.trained_on is not None:
        raise PosebenchError(f"{path} already states what it was trained on; leave out --trained-on.")
    changes: dict[str, Any] = {"stated": "by whoever scored it"}
    if network.arch is not None:
        changes["arch"] = network.arch
    if network.input_size is not None:
        changes["input_size"] = network.input_size
    if network.trained_on is not None:
        changes["trained_on"] = TrainedOn(dataset=network.trained_on)
    return replace(predictions, provenance=predictions.provenance.model_copy(update=changes))


def score(
    path: Path, protocol: Protocol, people: Instances, convention: str, network: Network | None = None
) -> tuple[Scores, tuple[str, ...]]:
    """The scores of a predictions file, without a record, and the notes on them.

    Args:
        network: as for `evaluate`.

    Raises:
        PosebenchError: as `evaluate`.
    """
    predictions = stated(protocol.read_predictions(path, people), network, path)
    with naming(path), errors_of("protocol", protocol.name, "score"):
        scores = protocol.score(predictions, people, convention)
    return scores, tuple(notes_of(people, predictions, scores, path))


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name before an error about its content."""
    try:
        yield
    except PosebenchError as error:
        raise PosebenchError(f"{path}: {error}") from error
