"""Watching: how a person has a training run validated, ended and followed; and what of it training calls."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins.registry import errors_of
from posebench.samples.images import ImageReader
from posebench.scoring.scores import shown_decimals
from posebench.tasks.training.packs import upright_pack
from posebench.tasks.training.selection import Selection
from posebench.tasks.training.story import Story, shown_people
from posebench.tasks.training.tracking import Tracker, check_tracker

if TYPE_CHECKING:
    from posebench.plugins.architecture import Architecture
    from posebench.samples.pack import Pack
    from posebench.tasks.training.job import Job
    from posebench.training.checkpoints import Checkpoint
    from posebench.training.validation import Validation
    from posebench.training.watching import Watch


@dataclass(frozen=True, kw_only=True)
class Watching:
    """The options of `posebench train`, `posebench run` and `pb.train` that watch a run. None of them changes its steps.

    Attributes:
        validate_every: epochs from one validation to the next; None for no validation.
        select_by: the split whose people choose the best checkpoint; None as `choose_people` says.
        early_stop: validations without a better score after which training ends; None for all epochs.
        max_time: how long to train, such as `30m`; None for no limit.
        track: names of trackers of accelerate, such as `tensorboard`.

    Raises:
        PosebenchError: an option lacks --validate-every, the time is none, or a tracker is unknown or not installed.
    """

    validate_every: int | None = None
    select_by: str | None = None
    early_stop: int | None = None
    max_time: str | None = None
    track: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for option, value in (("--select-by", self.select_by), ("--early-stop", self.early_stop)):
            if value is not None and self.validate_every is None:
                raise PosebenchError(f"{option} needs validation while training; add --validate-every 1.")
        if self.max_time is not None:
            from posebench.training.watching import seconds_of

            seconds_of(self.max_time)
        for name in self.track:
            check_tracker(name)


@dataclass(frozen=True, eq=False)
class Parts:
    """The people of a run.

    Attributes:
        train: whom it is trained on. selection: who choose the best checkpoint; None where it is not validated.
    """

    train: Instances
    selection: Selection | None


def watch_and_story(job: "Job", parts: Parts, folder: Path, packs: Path, regions: str) -> tuple["Watch", Story]:
    """What watches a run, and the story that it tells in its folder.

    Args:
        packs: the folder of packs. regions: of the network's pipeline.

    Raises:
        PosebenchError: a tracker is unknown or not installed, a pack is damaged, or the selection people's photographs
            are not there.
    """
    from posebench.training.watching import Watch

    asked, recipe = job.watching, job.recipe
    trackers = [Tracker(name, folder.name, folder.parent, recipe) for name in asked.track]
    people = shown_people(parts.train if parts.selection is None else parts.selection.people)
    story = Story(folder, people, upright_pack(packs, people, recipe, regions), recipe.flip_test, trackers)
    validation = None
    if parts.selection is not None:
        scored = parts.selection.people
        pack = upright_pack(packs, scored.take(scored.usable), recipe, regions)
        if pack is None:
            ImageReader(scored)  # photographs that are not there are missed now, not after the first epoch
        validation = _validation(job, parts.selection, pack)
    return Watch(validation, story.begin, story.tell, asked.max_time), story


def _validation(job: "Job", selection: Selection, pack: "Pack | None") -> "Validation":
    """Validation by the protocol's headline on the people of a selection."""
    from posebench.inference import fast
    from posebench.inference.predict import predict
    from posebench.samples.loader import Loading
    from posebench.training.validation import Validation

    protocol, people = job.protocol, selection.people
    convention, loading = protocol.convention().name, Loading(job.workers, pack)

    def score(model: "Architecture") -> float:
        with fast.precision("fp32", next(model.parameters()).device):
            made, _ = predict(model, people, flip_test=job.recipe.flip_test, loading=loading)
        with errors_of("protocol", protocol.name, "score"):
            return float(protocol.score(made, people, convention).metrics[protocol.headline])

    return Validation(
        selection.split, int(people.usable.sum()), protocol.headline, score, job.watching.validate_every or 1,
        job.watching.early_stop,
    )  # fmt: skip


def ending_notes(trained: "Checkpoint", unit: str, asked: Selection | None) -> tuple[str, ...]:
    """Sentences on what ended a run before its last epoch, and on its best checkpoint.

    Args:
        unit: of the protocol's scores.
        asked: who were to choose the best checkpoint; None where the run is not validated.
    """
    notes = []
    if trained.stopped:
        notes.append(
            f"{trained.stopped} ended training after step {trained.step:,} of {trained.steps:,}. "
            "The same command with --resume and a larger value goes on."
        )
    selection = trained.selection
    if selection.get("epoch"):
        score = f"{selection['score']:.{shown_decimals(unit)}f}"
        notes.append(
            f"Best checkpoint: epoch {selection['epoch']} of {len(trained.history)}, {selection['metric']} {score} on "
            f"{selection['people']:,} people ({selection['split']})."
        )
    elif asked is not None:
        notes.append("No validation gave a score before training ended, so the last checkpoint is scored.")
    return tuple(notes)
