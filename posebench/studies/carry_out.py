"""Carrying out: the runs of a study that are not done, one after the other. Several processes share them by locks."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Protocol as Interface

from posebench.data.instances import Instances
from posebench.errors import Interrupted, PosebenchError
from posebench.files.locking import InUse, locked
from posebench.files.writing import sha256, write_text
from posebench.results.record import Record
from posebench.studies.corrupting import measure
from posebench.studies.decoding import decode
from posebench.studies.plan import Plan, PlannedRun
from posebench.studies.state import (
    RunState,
    claim,
    failure_file,
    found_records,
    found_robustness,
    scored_joints,
    state_of,
    states,
)
from posebench.tasks.prediction.predict import predictions_path
from posebench.tasks.run import Counted, Viewer, run
from posebench.tasks.scoring.evaluate import evaluate
from posebench.tasks.scoring.keypoints_in_common import KeypointsAsked
from posebench.tasks.training.job import Job
from posebench.tasks.training.preflight import check_initial_weights
from posebench.tasks.training.train import Show


class Watcher(Interface):
    """Whom a study tells how far it is."""

    def begins(self, planned: PlannedRun, number: int, total: int) -> Viewer:
        """Called before a run; gives whom the run itself tells.

        Args:
            number: of the run among those that are to be made, from 1. total: how many they are.
        """

    def ended(self, planned: PlannedRun, record: Record) -> None:
        """Called after a run with the record that answers the question."""

    def failed(self, planned: PlannedRun, reason: str) -> None:
        """Called after a run that failed."""


class Telling:
    """Tells a function about the runs in sentences, and nothing of their steps."""

    def __init__(self, say: Callable[[str], None] = lambda sentence: None) -> None:
        self.say = say

    def begins(self, planned: PlannedRun, number: int, total: int) -> "Telling":
        """A sentence with the run's number; tells of the run itself, too."""
        self.say(f"Run {number} of {total}: {planned.title}")
        return self

    def ended(self, planned: PlannedRun, record: Record) -> None:
        """A sentence with the score."""
        self.say(f"{planned.title}: {record.rule.headline} {record.metrics[record.rule.headline]}")

    def failed(self, planned: PlannedRun, reason: str) -> None:
        """A sentence with the reason."""
        self.say(f"{planned.title} failed: {reason}")

    def training(self, job: Job) -> AbstractContextManager[Show]:
        """Nothing is told of a step."""
        return nullcontext(lambda progress: None)

    def predicting(self, asked: Instances) -> AbstractContextManager[Counted]:
        """Nothing is told of a batch."""
        return nullcontext(lambda done, total: None)


def check_beginnings(now: Sequence[RunState]) -> None:
    """Find out whether every run that has not begun can have its initial weights, which are downloaded here.

    Args:
        now: the state of every run.

    Raises:
        PosebenchError: some cannot be had.
    """
    runs = [state.run for state in now if state.word in ("waiting", "failed")]
    check_initial_weights([run.job for run in runs if not run.job.results.checkpoint(run.key).exists()])


def carry_out(plan: Plan, watcher: Watcher) -> list[RunState]:
    """Make the runs that are neither done nor under way elsewhere. One that fails does not keep the others from being made.

    Returns:
        the state of every run afterwards.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; the run under way has written its checkpoint.
    """
    left = [state.run for state in states(plan) if state.word != "done"]
    try:
        for number, planned in enumerate(left, start=1):
            make(plan, planned, watcher, (number, len(left)))
    except Interrupted as error:  # whose sentence names an option of `posebench run`
        raise Interrupted("Stopped; the run under way is kept. Type the same command again to go on.") from error
    return states(plan)


def make(plan: Plan, planned: PlannedRun, watcher: Watcher, place: tuple[int, int] = (1, 1)) -> None:
    """Make one run, unless it is done by now or another process makes it.

    Args:
        place: its number among the runs to make, and how many they are.

    Raises:
        Interrupted: as of `carry_out`.
    """
    with ExitStack() as held:
        try:
            held.enter_context(locked(claim(planned, plan), f"makes {planned.title}"))
        except InUse:
            return
        state = state_of(planned, plan, found_records(plan), found_robustness(plan))
        if state.word == "done":
            return
        failed = failure_file(planned, plan)
        failed.unlink(missing_ok=True)
        viewer = watcher.begins(planned, *place)
        try:
            watcher.ended(planned, _made(plan, state, viewer))
        except Interrupted:
            raise
        except InUse as error:  # `posebench run` trains it, or writes its predictions
            watcher.failed(planned, str(error))
        except PosebenchError as error:
            write_text(failed, f"{error}\n")
            watcher.failed(planned, str(error))
        except Exception as error:
            write_text(failed, f"{type(error).__name__}: {error}\n")
            raise


def _made(plan: Plan, state: RunState, viewer: Viewer) -> Record:
    planned = state.run
    job, people = planned.job, planned.people
    checkpoint = job.results.checkpoint(planned.key)
    joints = scored_joints(planned, plan)
    file = predictions_path(checkpoint, people.asked, job.results)
    record = state.record
    if record is None or not _is_kept(state, file, checkpoint, joints):
        # Not --resume: it would go on from a run with other epochs where this one has no checkpoint.
        record = run(replace(job, resume=checkpoint.exists()), people.scored, people.asked, viewer)
        if record is None:
            raise PosebenchError("posebench study makes its runs in one process each. Start it without torchrun.")
    answer = _scored_on(joints, planned, file, record.name) if joints else record
    same = record is state.record
    if wanted := [one for one in planned.decodings if not (same and one.decoder in state.decoded)]:
        folder = claim(planned, plan).with_suffix(".heatmaps")
        decoded = decode(job, checkpoint, people.asked, wanted, folder, viewer)
        for one, path in zip(wanted, decoded, strict=True):
            name = f"{job.arch}, {one.decoder}"
            evaluate(path, job.protocol, people.scored, name=name).save(job.results.path)
            if joints:
                _scored_on(joints, planned, path, name)
    if planned.corruptions is not None and not (same and state.corrupted is not None):
        name = f"{planned.name}, seed {job.seed}"
        measure(job, checkpoint, people.scored, planned.corruptions, name, viewer)
    return answer


def _scored_on(joints: tuple[str, ...], planned: PlannedRun, file: Path, name: str) -> Record:
    """The record of a predictions file that scores some keypoints alone."""
    job = planned.job
    part = evaluate(file, job.protocol, planned.people.scored, name=name, keypoints=KeypointsAsked(joints))
    part.save(job.results.path)
    return part.record


def _is_kept(state: RunState, file: Path, checkpoint: Path, joints: tuple[str, ...]) -> bool:
    """Whether what is left to do of a run can be done with its files: predictions to score, a checkpoint to predict with."""
    record = state.record
    if record is None:
        return False
    kept = not joints or (file.is_file() and sha256(file) == record.predictions_sha256)
    whole = len(state.decoded) == len(state.run.decodings) and (
        state.run.corruptions is None or state.corrupted is not None
    )
    return kept and (whole or (checkpoint.is_file() and sha256(checkpoint) == record.model.checkpoint_sha256))
