"""State: which runs of a study are done, under way, failed or still to be made. Records tell what is done."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from posebench.data.provenance import Decoded
from posebench.files.locking import holder_of
from posebench.plugins.recipe import Recipe
from posebench.results.folder import HISTORY
from posebench.results.history import EPOCH
from posebench.results.kept_robustness import KeptRobustness, find_robustness
from posebench.results.record import Record, find_records, newest
from posebench.studies import corrupting
from posebench.studies.corrupting import under
from posebench.studies.plan import Plan, PlannedRun
from posebench.tasks.training.initial_weights import has_pretrained
from posebench.tasks.training.job import Job

Word = Literal["done", "running", "failed", "stopped", "waiting"]


@dataclass(frozen=True, eq=False)
class Scored:
    """The records of one predictions file.

    Attributes:
        whole: of all keypoints. joints: of the study's keypoints; None where these are all.
    """

    whole: Record
    joints: Record | None

    @property
    def answer(self) -> Record:
        """The record that the study's question is about."""
        return self.joints or self.whole


@dataclass(frozen=True, eq=False)
class RunState:
    """How far one run is.

    Attributes:
        word: `stopped` for a run that has a checkpoint and that nobody trains now.
        detail: who makes it, how far it is, or why it failed; empty where there is nothing to say.
        record: of all keypoints; None where it is not done. joints: of the study's keypoints; None where these are all.
        decoded: decoder → its records, of those that are scored.
        corrupted: what its network scores on corrupted photographs; None where that is not measured, or not asked for.
    """

    run: PlannedRun
    word: Word
    detail: str = ""
    record: Record | None = None
    joints: Record | None = None
    decoded: Mapping[str, Scored] = field(default_factory=dict)
    corrupted: KeptRobustness | None = None

    def __repr__(self) -> str:
        return f"<{self.run.title}: {self.word}{self.detail and f', {self.detail}'}>"

    @property
    def answer(self) -> Record | None:
        """The record of the network's own decoding that the study's question is about."""
        return self.joints or self.record

    def scored(self, decoder: str, condition: str = "") -> Scored | None:
        """The records of a decoder, or of the network's own decoding where its name is empty; None where there is none.

        Args:
            condition: under which the headline is; empty for the photographs as they are.
        """
        if decoder:
            return self.decoded.get(decoder)
        if condition and self.record is not None and self.corrupted is not None:
            return Scored(under(condition, self.record, self.corrupted), None)
        return None if self.record is None else Scored(self.record, self.joints)


def states(plan: Plan) -> list[RunState]:
    """The state of every run, in the plan's order."""
    records, measured = found_records(plan), found_robustness(plan)
    return [state_of(run, plan, records, measured) for run in plan.runs]


def found_records(plan: Plan) -> Sequence[Record]:
    """The records of the results folder; none where it is not there yet."""
    results = plan.asked.results
    return find_records(results).records if results.is_dir() else ()


def found_robustness(plan: Plan) -> Sequence[KeptRobustness]:
    """The measurements of robustness in the results folder; none where the study asks for none."""
    return find_robustness(plan.asked.results).kept if plan.study.corruptions else ()


def state_of(
    run: PlannedRun, plan: Plan, records: Sequence[Record], measured: Sequence[KeptRobustness] = ()
) -> RunState:
    """The state of one run.

    Args:
        records, measured: of the results folder.
    """
    joints = scored_joints(run, plan)
    record, part = _newest([record for record in records if is_of(record, run)], joints)
    decoded, corrupted = _decoded(run, record, records, joints), _corrupted(run, record, measured)
    made = partial(RunState, run, record=record, joints=part, decoded=decoded, corrupted=corrupted)
    whole = len(decoded) == len(run.decodings) and (run.corruptions is None or corrupted is not None)
    if record is not None and (part is not None or not joints) and whole:
        return made("done")
    for lock in (claim(run, plan), run.job.results.checkpoint(run.key).with_name("lock")):
        if holder := holder_of(lock):
            return made("running", "; ".join(filter(None, (holder, _epochs(run)))))
    if (failure := failure_file(run, plan)).is_file():
        return made("failed", failure.read_text("utf-8", "replace").strip())
    if run.job.results.checkpoint(run.key).exists():
        return made("stopped", _epochs(run))
    return made("waiting")


def _newest(own: Sequence[Record], joints: tuple[str, ...]) -> tuple[Record | None, Record | None]:
    """The newest record of all keypoints, and that of the study's."""
    whole = [record for record in own if not record.rule.keypoints]
    some = [record for record in own if record.rule.keypoints == joints] if joints else []
    return newest(whole) if whole else None, newest(some) if some else None


def _decoded(
    run: PlannedRun, record: Record | None, records: Sequence[Record], joints: tuple[str, ...]
) -> dict[str, Scored]:
    """Decoder → its records. Only those of the checkpoint that the run's own record is of: they differ in the decoder alone.

    Args:
        record: the run's own.
    """
    found: dict[str, Scored] = {}
    if record is None:
        return found
    for way in run.decodings:
        own = [one for one in records if is_of(one, run, way)]
        same = [one for one in own if one.model.checkpoint_sha256 == record.model.checkpoint_sha256]
        whole, part = _newest(same, joints)
        if whole is not None and (part is not None or not joints):
            found[way.decoder] = Scored(whole, part)
    return found


def _corrupted(run: PlannedRun, record: Record | None, measured: Sequence[KeptRobustness]) -> KeptRobustness | None:
    """What the run's network scores on corrupted photographs.

    Args:
        record: the run's own.
    """
    asked = run.corruptions
    if record is None or asked is None:
        return None
    return next((one for one in measured if corrupting.is_of(one, record, asked)), None)


def claim(run: PlannedRun, plan: Plan) -> Path:
    """The lock file that is held while a run is made, so that several processes share a study."""
    return plan.folder / "runs" / f"{run.key}.lock"


def failure_file(run: PlannedRun, plan: Plan) -> Path:
    """The file that says why a run failed."""
    return plan.folder / "runs" / f"{run.key}.failed"


def scored_joints(run: PlannedRun, plan: Plan) -> tuple[str, ...]:
    """The study's keypoints in the protocol's order; none where these are all."""
    joints = plan.study.joints
    skeleton = run.job.protocol.skeleton.keypoints
    return tuple(name for name in skeleton if name in joints) if 0 < len(joints) < len(skeleton) else ()


def is_of(record: Record, run: PlannedRun, decoded: Decoded | None = None) -> bool:
    """Whether a record is what a run would make: network, recipe, seed, people and rule agree, and training came to its end.

    Args:
        decoded: in which way; None for the network's own.
    """
    job, model, people = run.job, record.model, run.people
    trained_on = model.trained_on
    if not model.trained or trained_on is None or model.step != model.steps or model.decoded != decoded:
        return False
    if any(
        other is not None for other in (model.inference, model.scales, model.tracked, model.corrupted, model.chosen)
    ):
        return False
    convention = job.protocol.convention()
    rule, data, train = record.rule, record.data, people.train
    started = dict(trained_on.began_with or {})
    same = (
        (model.arch, job.arch), (model.seed, job.seed), (rule.protocol, job.protocol.name),
        (rule.version, job.protocol.version), (rule.convention, convention.name), (rule.file_keypoints, ()),
        (data.dataset, people.scored.dataset), (data.split, people.scored.split),
        (data.annotations_sha256, people.scored.source.sha256), (data.box_source, people.asked.box_source),
        (trained_on.dataset, train.dataset), (trained_on.split, train.split), (trained_on.people, int(train.usable.sum())),
        (trained_on.annotations_sha256, train.source.sha256),
    )  # fmt: skip
    # Weights of a file, another run or a part of this one's people are other runs.
    other = model.selection is not None or model.stopped is not None or trained_on.continued or {*started} - {"weights"}
    return not other and all(its == mine for its, mine in same) and _same_recipe(_recipe(model.recipe), job)


def _same_recipe(stated: Recipe | None, job: Job) -> bool:
    """Whether a recipe is the job's, apart from `pretrained` where the architecture has no such weights."""
    if stated is None or stated == job.recipe:
        return stated is not None
    same = stated.changed(pretrained=job.recipe.pretrained) == job.recipe
    return same and not has_pretrained(job.arch, job.protocol.skeleton)


def _recipe(stated: dict[str, Any] | None) -> Recipe | None:
    """The recipe of a record; fields that it had not yet are as they were then."""
    try:
        return Recipe.model_validate(stated)
    except ValidationError:
        return None


def _epochs(run: PlannedRun) -> str:
    """Such as `epoch 3 of 10 ended`; empty before the first one."""
    path = run.job.results.checkpoint(run.key).with_name(HISTORY)
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return f"epoch {int(float(rows[-1][EPOCH]))} of {run.job.recipe.epochs} ended"
    except (OSError, KeyError, IndexError, ValueError, TypeError):
        return ""


def described(state: RunState) -> dict[str, Any]:
    """A run and its state as JSON values."""
    run, record = state.run, state.answer
    width, height = run.job.recipe.input_size
    return {
        "architecture": run.place.arch, "protocol": run.place.protocol, "recipe": run.job.recipe.name,
        "input_size": [width, height], "seed": run.job.seed, "state": state.word, "detail": state.detail,
        "record": None if record is None else record.id,
        "decoded": {decoder: its.answer.id for decoder, its in state.decoded.items()},
    }  # fmt: skip
