"""Verify: a record is computed again from the predictions file and the ground truth that it states, and compared. No torch here."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins import registry
from posebench.plugins.protocol import Protocol
from posebench.results.find_record import home, read_record
from posebench.results.record import Record
from posebench.results.record_fields import Difference, differences, fields_of
from posebench.tasks.people import load_people
from posebench.tasks.scoring.evaluate import Network, evaluate_read
from posebench.tasks.scoring.keypoints_in_common import KeypointsAsked, read_in_common
from posebench.tasks.verification.stated_files import StatedFile, ground_truth_roots, predictions_file, provenance_files
from posebench.tasks.verification.versions import other_versions

Status = Literal["verified", "differs", "not checked"]


@dataclass(frozen=True)
class Places:
    """Where the files of a record are looked for.

    Attributes:
        data: folder of the dataset, a folder with a folder for each protocol, or an annotation file; None where there is none.
        predictions: predictions files, or folders that have them; none for the results folder of the record.
        protocol: name of the protocol to score by; None for the record's. A dataset of one's own is named by its description.
    """

    data: Path | None = None
    predictions: tuple[Path, ...] = ()
    protocol: str | None = None


@dataclass(frozen=True)
class Verification:
    """What came of computing one record again.

    Attributes:
        origin: the record's file, as it was named.
        predictions, ground_truth: the files that were used, and whether their hash is the stated one.
        compared: how many numbers and texts were compared.
        differences: those that differ. reworded: sentences in other words with the same numbers.
        unchecked: why numbers could not be computed again, as sentences.
        provenance: the files that the record names as those of the network; `path` is None for one that was not found.
        notes: what a reader should know, as sentences: other versions, and what cannot be computed.
    """

    origin: str
    record: Record
    predictions: StatedFile
    ground_truth: StatedFile
    compared: int = 0
    differences: tuple[Difference, ...] = ()
    reworded: tuple[Difference, ...] = ()
    unchecked: tuple[str, ...] = ()
    provenance: tuple[StatedFile, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """`verified` only if everything was computed again and nothing differs."""
        return "differs" if self.differences else "not checked" if self.unchecked else "verified"

    @property
    def verified(self) -> bool:
        """Whether every number, count and hash is the one that the record states."""
        return self.status == "verified"

    def as_json(self) -> dict[str, Any]:
        """Everything as JSON values; the record by its file and name."""
        files = {"predictions": self.predictions, "ground_truth": self.ground_truth}
        return {
            "record": self.origin, "name": self.record.name, "status": self.status, "compared": self.compared,
            "differences": [vars(one) for one in self.differences], "reworded": [vars(one) for one in self.reworded],
            "unchecked": list(self.unchecked), "notes": list(self.notes),
            **{name: one.as_json() for name, one in files.items()},
            "provenance": [one.as_json() for one in self.provenance],
        }  # fmt: skip


@dataclass
class _Found:
    """What is found out of one record, step by step."""

    protocol: Protocol | None = None
    people: Instances | None = None
    recomputed: Record | None = None
    unchecked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify(path: Path, places: Places, origin: str = "") -> Verification:
    """Compute one record again and compare every number with it.

    Args:
        path: the record's file.
        origin: how it is named; empty for its path.

    Raises:
        PosebenchError: the file is missing or is no record.
    """
    record = read_record(path)
    where = home(path)
    predictions = predictions_file(record, places.predictions or (where,))
    found = _Found()
    _load(record, places, found)
    if predictions.path is None:
        found.unchecked.append(predictions.problem)
    elif found.protocol is not None and found.people is not None:
        _recompute(record, predictions.path, found.protocol, found.people, found)
    truth = StatedFile("ground truth", record.data.annotations, record.data.annotations_sha256)
    if found.people is not None:
        source = found.people.source
        truth = replace(truth, path=Path(source.file), found=source.sha256)
    result = Verification(
        origin or str(path), record, predictions, truth, unchecked=tuple(found.unchecked),
        provenance=provenance_files(record, where, places.data),
        notes=(*other_versions(record, found.protocol), *found.notes),
    )  # fmt: skip
    if found.recomputed is None:
        return replace(result, differences=tuple(one.difference for one in (predictions, truth) if one.differs))
    return _compared(result, found.recomputed)


def _compared(result: Verification, recomputed: Record) -> Verification:
    mine, its = fields_of(result.record), fields_of(recomputed)
    differing = differences(mine, its)
    return replace(
        result, compared=len({**mine, **its}), differences=tuple(one for one in differing if not one.reworded),
        reworded=tuple(one for one in differing if one.reworded),
    )  # fmt: skip


def _load(record: Record, places: Places, found: _Found) -> None:
    """The record's protocol and people, or a sentence on why they cannot be had."""
    try:
        found.protocol = registry.protocol(places.protocol or record.rule.protocol)
        found.people = _people(record, found.protocol, places.data)
    except PosebenchError as error:
        found.unchecked.append(str(error))


def _people(record: Record, protocol: Protocol, data: Path | None) -> Instances:
    """The annotated people with the stated hash; where there are none, those that are at hand.

    Raises:
        PosebenchError: no ground truth of this split is at hand.
    """
    split, convention = record.data.split, record.rule.convention
    if record.data.synthetic:
        return load_people(protocol, None, split, convention)
    if data is None:
        raise PosebenchError(
            f"The ground truth of {record.data.what} is needed, {record.data.annotations}, "
            f"SHA-256 {record.data.annotations_sha256}. Name its folder with --data."
        )
    others: list[Instances] = []
    problems: list[PosebenchError] = []
    for root in ground_truth_roots(data, protocol.name, record.data.annotations):
        try:
            people = load_people(protocol, root, split, convention)
        except PosebenchError as error:
            problems.append(error)
            continue
        if people.source.sha256 == record.data.annotations_sha256:
            return people
        others.append(people)
    if not others:
        raise problems[0]
    return others[0]


def _recompute(record: Record, path: Path, protocol: Protocol, people: Instances, found: _Found) -> None:
    """Score the file as `evaluate` does, with what whoever scored it stated of the network and of keypoints."""
    rule = record.rule
    asked = KeypointsAsked(rule.keypoints, rule.file_keypoints) if rule.keypoints or rule.file_keypoints else None
    try:
        read = read_in_common(path, protocol, people, asked)
        network, claimed = _stated_network(record, read.predictions.provenance.plain())
        evaluation = evaluate_read(read, people, rule.convention, record.name, network, path)
    except PosebenchError as error:
        found.unchecked.append(str(error))
        return
    found.recomputed = evaluation.record
    if claimed:
        found.notes.append(f"Stated by whoever scored the file, and in no file: {', '.join(claimed)} of the network.")


def _stated_network(record: Record, own: dict[str, Any]) -> tuple[Network | None, Sequence[str]]:
    """The network that the record names and the predictions file does not, and the names of those facts."""
    model = record.model
    if model.stated is None or "stated" in own:
        return None, ()
    arch = None if "arch" in own else model.arch
    trained_on = None if model.trained_on is None or "trained_on" in own else model.trained_on.dataset
    network = Network(arch, None if arch is None else model.input_size, trained_on)
    facts = {"architecture": network.arch, "input size": network.input_size, "training data": network.trained_on}
    return network, [name for name, value in facts.items() if value is not None]
