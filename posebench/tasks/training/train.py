"""Train: a job becomes a checkpoint."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from posebench import torchrun
from posebench.errors import PosebenchError, counted
from posebench.files import writing
from posebench.files.locking import locked
from posebench.results.folder import BEST
from posebench.tasks.people import left_out_note, load_people, run_splits
from posebench.tasks.training import resuming
from posebench.tasks.training.initial_weights import as_published, fresh_network
from posebench.tasks.training.job import Job
from posebench.tasks.training.packs import training_pack
from posebench.tasks.training.selection import choose_people
from posebench.tasks.training.watching import Parts, ending_notes, watch_and_story

if TYPE_CHECKING:
    from posebench.training.run import Progress

Show = Callable[["Progress"], None]
"""Called after every step of training."""
Say = Callable[[str], None]
"""Called with a sentence that matters before the first step."""


@dataclass(frozen=True)
class Trained:
    """What training leaves.

    Attributes:
        checkpoint: the file to score: the best checkpoint of a run that is validated, else the last one.
        notes: what was left out and what ended training, as sentences.
    """

    checkpoint: Path
    notes: tuple[str, ...] = ()


def train(job: Job, show: Show = lambda progress: None, say: Say = lambda sentence: None) -> Trained:
    """Train, and keep the checkpoint below the job's results. Published weights and no epochs: they are the checkpoint.

    Args:
        show: called after every step.
        say: called with what matters before the first step.

    Raises:
        PosebenchError: a checkpoint of this run exists, and the job neither resumes nor restarts it; another process
            trains this run; or a pack is damaged.
        Interrupted: Ctrl-C or SIGTERM; the checkpoint is written.
    """
    from posebench.training import processes
    from posebench.training.devices import use_device

    processes.join(job.device)
    use_device(job.device)
    if job.weights is not None and not job.recipe.epochs:
        file = job.weights
        return Trained(processes.by_first(lambda: as_published(job, file)))
    people = load_people(job.protocol, job.data, run_splits(job.protocol, job.data).train, limit=job.limit)
    watched = job.watching.validate_every is not None
    selection = choose_people(job.protocol, job.data, people, job.watching.select_by) if watched else None
    settings = job.settings(people, selection.identity if selection else "")
    start = processes.together(lambda: resuming.start_of(job, settings))
    lock = locked(start.path.with_name("lock"), f"trains {start.path.parent}")
    with processes.entered_by_first(lock) as notes:
        for note in notes:
            say(note)
        processes.by_first(lambda: _begin(job, start, say))
        if selection is not None:
            for note in selection.notes(torchrun.processes()):
                say(note)
        parts = Parts(people if selection is None else selection.train, selection)
        return _train_people(job, parts, start.path, show, say)


def _begin(job: Job, start: "resuming.Start", say: Say) -> None:
    """Leave the checkpoint that is to be continued, or none, and write the run's settings.

    Raises:
        PosebenchError: there is a checkpoint, and the job neither resumes nor restarts it.
    """
    path = start.path
    if path.exists() and not job.resume:
        if not job.restart:
            raise PosebenchError(
                f"A checkpoint of this run already exists: {path}. "
                "Add --resume to continue it, or --restart to train anew."
            )
        path.unlink()
        path.with_name(BEST).unlink(missing_ok=True)
    start.prepare(job.recipe, say)
    writing.write_text(path.with_name("recipe.json"), job.recipe.model_dump_json(indent=1) + "\n")


def _train_people(job: Job, parts: Parts, path: Path, show: Show, say: Say) -> Trained:
    """Train from scratch, or from the checkpoint at `path`."""
    import torch

    from posebench.samples.loader import Loading
    from posebench.training import loop

    torch.manual_seed(job.seed)
    model = fresh_network(job, resumed=path.exists())
    if job.fork is not None and not path.exists():
        say(f"Begins with the weights of {job.fork}, of step {model.origin['step']} there.")
    if left_out := left_out_note(int(parts.train.usable.sum()), job.recipe):
        say(left_out)
    packs = job.packs or job.results.packs
    loading = Loading(job.workers, training_pack(packs, parts.train, job.recipe, model.pipeline.regions, say), say)
    watch, story = watch_and_story(job, parts, path.parent, packs, model.pipeline.regions)
    try:
        trained = loop.train(model, parts.train, job.recipe, job.seed, path, show, loading, watch)
    finally:
        story.close()
    if torchrun.is_first():
        story.draw_curves(trained.history, trained.selection)
    unreadable = unreadable_notes(trained.trained_on["unreadable"], "were not trained on")
    best = path.with_name(BEST) if trained.selection.get("epoch") else path
    return Trained(best, (*unreadable, *ending_notes(trained, job.protocol.unit, parts.selection)))


def unreadable_notes(names: Sequence[str], consequence: str) -> tuple[str, ...]:
    """A sentence on photographs that could not be read, if there are any; it names the first three."""
    if not names:
        return ()
    many = counted(len(names), "photograph could not be read; its", "photographs could not be read; their")
    return (f"{many} people {consequence}: {', '.join(names[:3])}",)
