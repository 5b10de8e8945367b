"""Train: a job becomes a checkpoint."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from posebench import torchrun
from posebench.data.instances import Instances
from posebench.errors import PosebenchError, counted, existing
from posebench.files import writing
from posebench.files.locking import locked
from posebench.plugins import recipe as recipes
from posebench.plugins.protocol import Protocol
from posebench.plugins.recipe import Recipe
from posebench.plugins.recipe_files import PAPER
from posebench.results.folder import BEST, ResultsFolder, plain
from posebench.tasks.people import left_out_note, load_people, run_splits
from posebench.tasks.training import resuming
from posebench.tasks.training.initial_weights import as_published, fresh_network, has_pretrained
from posebench.tasks.training.packs import training_pack
from posebench.tasks.training.selection import choose_people
from posebench.tasks.training.watching import Parts, Watching, ending_notes, watch_and_story
from posebench.tasks.worker_count import loader_count

if TYPE_CHECKING:
    from posebench.training.run import Progress

UNWATCHED = Watching()
Show = Callable[["Progress"], None]
"""Called after every step of training."""
Say = Callable[[str], None]
"""Called with a sentence that matters before the first step."""


REPLACED = "epochs", "input_size", "batch_size", "learning_rate"
"""Fields of a recipe that have a setting of their own."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of training as a person gives them: the options that `posebench train`, `posebench run` and `pb.train` share.

    Attributes:
        recipe: `paper`, the name of a shipped recipe, or a file; None for `quick` on synthetic people without
            published weights, else `paper`.
        epochs, input_size, batch_size, learning_rate: instead of the recipe's; None for the recipe's. The size is
            (width, height) in pixels.
        device: such as `cuda:1`; None for the one that accelerate chooses.
        pretrained: False for random initial weights, whatever the recipe says.
        workers: processes that load batches; None for none on a CPU; on a GPU one less than there are cores, at most 8.
        seed, limit, weights, backbone_weights, fork, watching: as of `Job`.
    """

    recipe: str | None = None
    epochs: int | None = None
    input_size: tuple[int, int] | None = None
    batch_size: int | None = None
    learning_rate: float | None = None
    device: str | None = None
    seed: int = 0
    limit: int | None = None
    weights: Path | None = None
    backbone_weights: Path | None = None
    fork: Path | None = None
    pretrained: bool = True
    workers: int | None = None
    watching: Watching = UNWATCHED


@dataclass(frozen=True)
class Job:
    """One training run to be scored.

    Attributes:
        protocol: whose people and rules.
        data: the dataset's folder or file; None for synthetic people.
        results: where the checkpoint is kept.
        weights: a file of published weights to begin with; None for none. With no epochs, they are scored as they are.
        limit: train on the first so many usable people; None for all.
        workers: processes that make batches.
        device: where to train, such as `cuda:1`; no part of what the run is. None for the one that accelerate chooses.
        backbone_weights: a file of initial weights of the architecture's backbone; None for none.
        fork: a checkpoint with whose weights to begin; None for none.
        watching: how it is validated, ended and followed.
    """

    arch: str
    protocol: Protocol
    data: Path | None
    recipe: Recipe
    seed: int
    results: ResultsFolder
    weights: Path | None = None
    limit: int | None = None
    workers: int = 0
    backbone_weights: Path | None = None
    device: str | None = None
    fork: Path | None = None
    watching: Watching = UNWATCHED

    def settings(self, train: Instances, selected_by: str = "") -> dict[str, Any]:
        """Everything that makes this run what it is.

        Args:
            train: the people of the training split, with those who are held out of it.
            selected_by: whose score chooses the best checkpoint, `Selection.identity`; empty where the run is not validated.
        """
        files = {"weights": self.weights, "backbone_weights": self.backbone_weights, "fork": self.fork}
        return {
            "arch": self.arch, "protocol": self.protocol.name, "protocol_version": self.protocol.version,
            "seed": self.seed, "data": [train.dataset, train.split, train.source.identity], "limit": self.limit,
            "recipe": self.recipe.model_dump(mode="json"),
        } | {
            name: writing.sha256(existing(file, "a file of weights")) for name, file in files.items() if file is not None
        } | ({"selected_by": selected_by} if selected_by else {})  # fmt: skip

    def key(self, settings: Mapping[str, Any]) -> str:
        """Folder and file name of a run with these settings: readable, and different wherever anything that matters is."""
        # Defaults are left out, so that runs keep their names when recipes gain fields.
        facts = {**settings, "recipe": self.recipe.model_dump(mode="json", exclude_defaults=True)}
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
        return f"{plain(self.arch)}-{plain(self.protocol.name)}-{plain(self.recipe.name)}-seed{self.seed}-{digest}"


def make_job(arch: str, protocol: Protocol, data: Path | None, settings: Settings, results: Path) -> Job:
    """The training run of an architecture with these settings.

    Args:
        data: the dataset's folder or file; None for synthetic people.
        results: the results folder.

    Raises:
        PosebenchError: the recipe is unknown or damaged, the architecture has no published one, or initial weights are
            named twice.
    """
    _check_initial_weights(settings)
    recipe = chosen_recipe(arch, protocol, data, settings)
    asked: dict[str, Any] = {name: getattr(settings, name) for name in REPLACED}
    changes = {name: value for name, value in asked.items() if value is not None}
    # Where an architecture has no such weights, the run is the one that it is without the setting.
    if not settings.pretrained and recipe.pretrained and has_pretrained(arch, protocol.skeleton):
        changes["pretrained"] = False
    return Job(
        arch, protocol, data, recipe.changed(**changes), settings.seed, ResultsFolder(results), weights=settings.weights,
        limit=settings.limit, workers=loader_count(settings.workers, settings.device), backbone_weights=settings.backbone_weights,
        device=settings.device, fork=settings.fork, watching=settings.watching,
    )  # fmt: skip


def _check_initial_weights(settings: Settings) -> None:
    if settings.fork is not None and (settings.weights is not None or settings.backbone_weights is not None):
        other = "--weights" if settings.weights is not None else "--backbone-weights"
        raise PosebenchError(f"--fork starts from a checkpoint and {other} from published weights; give one of them.")
    if settings.backbone_weights is None:
        return
    if settings.weights is not None:
        raise PosebenchError("--weights loads the whole network and --backbone-weights a part of it; give one of them.")
    if not settings.pretrained:
        raise PosebenchError(
            "--no-pretrained starts from random weights and --backbone-weights from a file; give one of them."
        )


def chosen_recipe(arch: str, protocol: Protocol, data: Path | None, settings: Settings) -> Recipe:
    """The recipe by its name, or the default one."""
    name = settings.recipe or ("quick" if data is None and settings.weights is None else PAPER)
    return _published(arch, protocol) if name == PAPER else recipes.choose(name)


def _published(arch: str, protocol: Protocol) -> Recipe:
    """The architecture's own recipe. Only a network tells it; one without memory is enough."""
    import torch

    from posebench.plugins.registry import architecture

    with torch.device("meta"):
        recipe = getattr(architecture(arch, protocol.skeleton), "paper", None)
    if not isinstance(recipe, Recipe):
        raise PosebenchError(
            f"{arch} has no published recipe (its class has no `paper`). Name one: --recipe common, or a file."
        )
    return recipe


@dataclass(frozen=True)
class Trained:
    """What training leaves.

    Attributes:
        checkpoint: the file to score: the best checkpoint of a run that is validated, else the last one.
        notes: what was left out and what ended training, as sentences.
    """

    checkpoint: Path
    notes: tuple[str, ...] = ()


def train(
    job: Job, *, resume: bool = False, restart: bool = False, packs: Path | None = None,
    show: Show = lambda progress: None, say: Say = lambda sentence: None,
) -> Trained:  # fmt: skip
    """Train, and keep the checkpoint below the job's results. Published weights and no epochs: they are the checkpoint.

    Args:
        resume: continue from this run's checkpoint, or from that of a run with other epochs or another learning rate.
        restart: discard it.
        packs: the folder of packs; None for the one below the job's results. A pack that fits is used.
        show: called after every step.
        say: called with what matters before the first step.

    Raises:
        PosebenchError: a checkpoint of this run exists, and neither `resume` nor `restart` is set; another process trains
            this run; or a pack is damaged.
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
    start = processes.together(lambda: resuming.start_of(job, settings, resume))
    lock = locked(start.path.with_name("lock"), f"trains {start.path.parent}")
    with processes.entered_by_first(lock) as notes:
        for note in notes:
            say(note)
        processes.by_first(lambda: _begin(job, start, resume, restart, say))
        if selection is not None:
            for note in selection.notes(torchrun.processes()):
                say(note)
        parts = Parts(people if selection is None else selection.train, selection)
        return _train_people(job, parts, start.path, packs or job.results.packs, show, say)


def _begin(job: Job, start: "resuming.Start", resume: bool, restart: bool, say: Say) -> None:
    """Leave the checkpoint that is to be continued, or none, and write the run's settings.

    Raises:
        PosebenchError: there is a checkpoint, and neither `resume` nor `restart` is set.
    """
    path = start.path
    if path.exists() and not resume:
        if not restart:
            raise PosebenchError(
                f"A checkpoint of this run already exists: {path}. "
                "Add --resume to continue it, or --restart to train anew."
            )
        path.unlink()
        path.with_name(BEST).unlink(missing_ok=True)
    start.prepare(job.recipe, say)
    writing.write_text(path.with_name("recipe.json"), job.recipe.model_dump_json(indent=1) + "\n")


def _train_people(job: Job, parts: Parts, path: Path, packs: Path, show: Show, say: Say) -> Trained:
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
