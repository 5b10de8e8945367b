"""Robustness: a network's score on corrupted photographs and with other boxes, beside its score on them as they are."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

import posebench
from posebench.array_type import Array
from posebench.data import predictions as files
from posebench.data.chosen import choose
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.diagnosis import robustness as estimates
from posebench.errors import Interrupted, PosebenchError
from posebench.files.locking import locked
from posebench.plugins.protocol import Protocol
from posebench.results.folder import ResultsFolder, slug
from posebench.results.kept_robustness import CLEAN, Condition, Corrupted, KeptRobustness, save_robustness
from posebench.results.make_record import all_known, few_units
from posebench.results.record import INTERVALS, Resampling
from posebench.scoring.bootstrap import Sampling
from posebench.tasks.people import people_to_predict
from posebench.tasks.robustness.conditions import PredictedCondition, RobustnessAsked, conditions
from posebench.tasks.robustness.network import NetworkInUse, network_in_use
from posebench.tasks.scoring.evaluate import check_name, evaluate_predictions
from posebench.tasks.training.train import unreadable_notes

Show = Callable[[int, int, str], None]
"""Called with how many people are predicted, of how many, and under which condition."""


@dataclass(frozen=True, eq=False)
class Measurement:
    """What will be measured, and where it is kept.

    Attributes:
        network, protocol, people, asked: whose score, by which rule, on whom, and under which conditions.
        convention: of the protocol; None for its first.
        name: of the row.
        conditions: all, the clean one first.
        results: the results folder.
    """

    network: NetworkInUse
    protocol: Protocol
    people: Instances
    asked: RobustnessAsked
    convention: str | None
    name: str
    conditions: tuple[PredictedCondition, ...]
    results: Path

    @cached_property
    def folder(self) -> Path:
        """The folder of predictions: another one for every network and people, and the same for every convention."""
        people = self.people
        facts = (
            self.network.sha256, self.network.flip_test, people.dataset, people.split, people.source.identity, people.images,
            people.image.tobytes(), people.person.tobytes(), people.center.tobytes(), people.size.tobytes(),
        )  # fmt: skip
        return ResultsFolder(self.results).robustness_predictions(self._named(self.network.model.name, facts))

    @property
    def id(self) -> str:
        """Name of its file: another one for every source of boxes, convention, way of corrupting, and choice of corruptions."""
        base, asked = self.conditions[0].people, self.asked
        boxes = base.box_source, base.source.identity
        facts = self.folder.name, self.name, *boxes, self.convention, asked.rule, asked.seed, *asked.chosen_cells
        return self._named(self.name, facts)

    def path(self, condition: PredictedCondition) -> Path:
        """The predictions file of a condition."""
        return self.folder / condition.file_name

    @property
    def of_split(self) -> int:
        """Usable people of the split, of whom `people` were chosen."""
        part = self.people.chosen
        return int(self.people.usable.sum()) if part is None else part.of

    @property
    def left(self) -> list[PredictedCondition]:
        """Conditions that are not predicted yet."""
        return [one for one in self.conditions if not self.path(one).is_file()]

    def _named(self, name: str, facts: tuple[object, ...]) -> str:
        synthetic = "synthetic " * self.people.synthetic
        digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:8]
        return f"{slug(f'{self.protocol.name} {synthetic}{self.people.split} {name}')}-{digest}"


def plan(
    source: str, protocol: Protocol, people: Instances, asked: RobustnessAsked, *, results: Path,
    convention: str | None = None, name: str | None = None,
) -> Measurement:  # fmt: skip
    """What will be measured. Nothing is predicted or written.

    Args:
        source: a checkpoint, an exported ONNX file, or the name of an architecture whose plugin brings its weights.
        people: the annotated people of the split.
        convention: a name of the protocol's conventions; None for the first.
        name: the row's label in tables; None for the architecture.

    Raises:
        PosebenchError: the network, the boxes or the number of people are not what they should be, or the package that
            computes corruptions is not installed.
    """
    from posebench.samples.corruption import check_sizes, corruptions_library

    if "corruptions" in asked.parts:
        corruptions_library()
    rule = protocol.convention(convention)
    network = network_in_use(source, protocol.skeleton)
    chosen = choose(people, asked.people, detected=asked.boxes is not None)
    boxes = people_to_predict(protocol, people, asked.boxes, asked.box_threshold, asked.people)
    detected = None if asked.boxes is None else boxes
    if "corruptions" in asked.parts:
        check_sizes(boxes)
    label = name or network.model.name
    check_name(label)
    found = conditions(chosen, asked, network.model.input_size, detected)
    return Measurement(
        network, protocol, chosen, asked, rule.name, label, tuple(found), results
    )  # fmt: skip


def measure(planned: Measurement, workers: int = 0, show: Show = lambda done, total, note: None) -> KeptRobustness:
    """Predict under every condition, score, and write `results/robustness/<id>.json`.

    A condition that was predicted before is not predicted again.

    Args:
        workers: processes that read and corrupt photographs.
        show: called after every batch.

    Raises:
        PosebenchError: a photograph cannot be corrupted, or another process measures the same.
        Interrupted: Ctrl-C or SIGTERM; the conditions that are done are kept.
    """
    from posebench.training.stopping import asked_to_stop

    with locked(planned.folder / ".lock", f"measures {planned.name}") as notes, asked_to_stop() as stop:
        watch = _Watch(planned.conditions, show, stop)
        made = [_predicted(planned, condition, workers, watch) for condition in watch.each()]
    lost = _unreadable(made[0])
    for condition, predictions in zip(planned.conditions, made, strict=True):
        if more := [name for name in _unreadable(predictions) if name not in lost]:
            raise PosebenchError(
                f"{more[0]} can be read but not under the condition {condition.label}. Remove {planned.path(condition)}, and "
                "the person from the annotation if the photograph is smaller than 32 pixels."
            )
    kept = _kept(planned, made, (*notes, *unreadable_notes(lost, "count as missed")))
    save_robustness(kept, planned.id, planned.results)
    return kept


class _Watch:
    """Shows how far all conditions are, and stops between two batches where the user asks for it."""

    def __init__(self, conditions: tuple[PredictedCondition, ...], show: Show, stop: threading.Event) -> None:
        self.conditions, self.show, self.stop = conditions, show, stop
        self.counts = [int(one.people.usable.sum()) for one in conditions]
        self.number = 0

    def each(self) -> Iterator[PredictedCondition]:
        """The conditions; what is shown is about the one that was handed out last."""
        for number, condition in enumerate(self.conditions):
            self.number = number
            self.stop_if_asked()
            yield condition

    def __call__(self, people: int, of: int) -> None:
        """Show that so many people of the current condition are predicted."""
        self.show(sum(self.counts[: self.number]) + people, sum(self.counts), self.conditions[self.number].label)
        if people < of:  # else the condition is first written
            self.stop_if_asked()

    def stop_if_asked(self) -> None:
        """Raise Interrupted where the user asked for it."""
        if self.stop.is_set():
            raise Interrupted(
                f"Stopped. {self.number:,} of {len(self.conditions):,} conditions are done and kept. Type the same command "
                "again to go on."
            )


def _predicted(planned: Measurement, condition: PredictedCondition, workers: int, show: _Watch) -> Predictions:
    """The predictions under a condition: those of its file, which is written where it is not there."""
    path, used = planned.path(condition), planned.network
    if path.is_file():
        if condition.corruption is not None and condition.corruption.folder is not None:
            _write_photographs(condition)
        made = files.load(path)
        show(len(made.image), len(made.image))
        return made
    from posebench.inference.fast import precision
    from posebench.inference.predict import predict
    from posebench.samples.loader import Loading

    damage = condition.corruption
    stated = {"corrupted": None if damage is None else damage.stated, "chosen": condition.people.chosen}
    provenance = used.provenance.model_copy(update={name: one for name, one in stated.items() if one})
    with precision("fp32", next(used.model.parameters()).device):
        loading = Loading(workers, change=damage)
        made, _ = predict(used.model, condition.people, flip_test=used.flip_test, loading=loading, show=show)
    made = replace(made, provenance=provenance)
    files.save(made, path)
    return made


def _write_photographs(condition: PredictedCondition) -> None:
    """Write the corrupted photographs of a condition that is predicted already."""
    from posebench.samples.images import ImageReader

    people = condition.people
    reader = ImageReader(people)
    reader.change = condition.corruption
    for row in np.unique(people.image[people.usable]).tolist():
        reader(row)


def _unreadable(made: Predictions) -> list[str]:
    """Names of the photographs of whose people nothing was predicted."""
    lost = made.missing.all(axis=1)
    return list(dict.fromkeys(made.images[row] for row in made.image[lost].tolist()))


def _kept(planned: Measurement, made: list[Predictions], notes: tuple[str, ...]) -> KeptRobustness:
    """The scores of all conditions, as they are kept."""
    headline, asked = planned.protocol.headline, planned.asked
    evaluations = [
        evaluate_predictions(one, planned.protocol, planned.people, planned.convention, planned.name) for one in made
    ]
    scores = [estimates.sampled(one.scores, headline) for one in evaluations]
    first, sampling = evaluations[0], evaluations[0].scores.sampling
    conditions = tuple(
        Condition(
            part=one.part, name=one.name, level=one.level, score=estimates.estimate(values, sampling),
            change=estimates.change(values, scores[0], sampling),
        )
        for one, values in zip(planned.conditions, scores, strict=True)
    )  # fmt: skip
    cells: dict[str, dict[int, Array]] = {}
    for one, values in zip(planned.conditions, scores, strict=True):
        if one.part == "corruption":
            cells.setdefault(one.name, {})[int(one.level)] = values
    record, used = first.record, planned.network
    return KeptRobustness(
        posebench=posebench.__version__, name=planned.name, arch=used.model.name, input_size=used.model.input_size,
        weights_sha256=used.sha256, flip_test=used.flip_test, rule=record.rule, data=record.data,
        chosen=int(planned.people.usable.sum()), people_of_split=planned.of_split,
        people_of_dataset=planned.protocol.known_counts.get(planned.people.split),
        clean=conditions[0].score, conditions=conditions[1:],
        corrupted=_corrupted(cells, scores[0], sampling, asked) if cells else None,
        resampling=Resampling(**vars(sampling), intervals=INTERVALS),
        notes=(*used.notes, *few_units(first.scores, headline), *_no_share(cells, conditions[0], headline), *notes),
    )  # fmt: skip


def _no_share(cells: Mapping[str, object], clean: Condition, headline: str) -> list[str]:
    """Why there is no rPC, where corruptions are measured and the clean score is 0."""
    zero = bool(cells) and clean.score.value == 0
    return [f"rPC is unknown, because it is a share of the clean {headline}, which is 0."] * zero


def _corrupted(
    cells: dict[str, dict[int, Array]], clean: Array, sampling: Sampling, asked: RobustnessAsked
) -> Corrupted:
    """Means over severities, over all cells, and in percent of the clean score."""
    from posebench.samples.corruption import library_versions

    every = [values for own in cells.values() for values in own.values()]
    drawn = {CLEAN: clean} | {name: np.mean(list(own.values()), axis=0) for name, own in cells.items()}
    return Corrupted(
        names=tuple(cells), severities=tuple(next(iter(cells.values()))), rule=asked.rule, seed=asked.seed,
        packages=library_versions(),
        means={name: estimates.mean(list(own.values()), sampling) for name, own in cells.items()},
        mpc=estimates.mean(every, sampling), rpc=estimates.relative(every, clean, sampling),
        mpc_resampled=all_known(np.mean(every, axis=0)[1:]),
        resampled={name: all_known(values[1:]) for name, values in drawn.items()},
    )  # fmt: skip
