"""Jobs: what needs a network: train, and predict. Each one's result is a file that the next step of the flow takes."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from posebench.cli.console import progress
from posebench.data.instances import Instances
from posebench.errors import PosebenchError, counted
from posebench.files import writing as files
from posebench.plugins import recipe as recipes
from posebench.plugins.protocol import Protocol
from posebench.plugins.recipe import Recipe
from posebench.results.folder import CHECKPOINT, plain
from posebench.tasks.people import load_people

if TYPE_CHECKING:
    from posebench.plugins.architecture import Architecture


@dataclass(frozen=True)
class Job:
    """One training run to be scored.

    Attributes:
        protocol: whose people and rules.
        data: the dataset's folder or file; None for embedded people.
        results: folder of records; checkpoints and predictions are kept below it.
        weights: a file of published weights to begin with; None for none. With no epochs, they are scored as they are.
        limit: train on the first so many usable people; None for all.
        workers: processes that make batches.
    """

    arch: str
    protocol: Protocol
    data: Path | None
    recipe: Recipe
    seed: int
    results: Path
    weights: Path | None = None
    limit: int | None = None
    workers: int = 0

    def key(self, train: Instances) -> str:
        """Folder and file name of this run: readable, and different wherever anything that matters is."""
        facts = {
            "recipe": self.recipe.model_dump(mode="json"), "limit": self.limit, "protocol": self.protocol.version,
            "data": [train.dataset, train.split, train.source.identity], "arch": self.arch,
            "weights": None if self.weights is None else files.sha256(self.weights),
        }  # fmt: skip
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
        return f"{plain(self.arch)}-{plain(self.protocol.name)}-{self.recipe.name}-seed{self.seed}-{digest}"


def worker_count(asked: int | None) -> int:
    """Processes that make batches: as asked, else one less than there are cores, at most 8."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(8, cores - 1) if asked is None else asked


def choose_recipe(arch: str, protocol: Protocol, data: Path | None, name: str | None, epochs: int | None) -> Recipe:
    """The recipe by name; unnamed, `paper` on a dataset and `quick` on embedded people."""
    name = name or ("quick" if data is None else "paper")
    chosen = _published(arch, protocol) if name == "paper" else recipes.choose(name)
    return chosen if epochs is None else chosen.model_copy(update={"epochs": epochs})


def _published(arch: str, protocol: Protocol) -> Recipe:
    """The architecture's own recipe. Only a network tells it; one without memory is enough."""
    import torch

    from posebench.plugins.registry import architecture

    with torch.device("meta"):
        recipe = getattr(architecture(arch, protocol.skeleton), "paper", None)
    if not isinstance(recipe, Recipe):
        raise PosebenchError(
            f"{arch} has no published recipe (its class has no `paper`). Name one: --recipe quick, or a file."
        )
    return recipe


def train(job: Job, console: Console, resume: bool, restart: bool) -> Path:
    """Train, and return the checkpoint's path. Published weights and no epochs: they are it.

    Raises:
        PosebenchError: a checkpoint of this very run is there, and neither `resume` nor `restart` is asked for.
    """
    import torch

    from posebench.training import loop as training

    if job.weights is not None and not job.recipe.epochs:
        return _as_published(job, job.weights)
    people = load_people(job.protocol, job.data, job.protocol.train_split)
    if job.limit is not None:
        people = people.take(np.flatnonzero(people.usable)[: job.limit])
    path = job.results / "runs" / job.key(people) / CHECKPOINT
    if path.exists() and not resume:
        if not restart:
            raise PosebenchError(
                f"{path} holds this very run. Add --resume to go on from it, or --restart to train anew."
            )
        path.unlink(missing_ok=True)  # of several processes, one is first
    # Written before the first step: a folder that cannot be written to must not be found after an epoch.
    files.write_text(path.with_name("recipe.json"), job.recipe.model_dump_json(indent=1) + "\n")
    torch.manual_seed(job.seed)
    model = _fresh(job, resumed=path.exists())
    with progress(console, f"train {job.arch}") as update:

        def show(p: training.Progress) -> None:
            update(p.step, p.steps, f"epoch {p.epoch}/{p.epochs}  loss {p.loss:.6f}  rate {p.rate:.1e}")

        state = training.train(model, people, job.recipe, job.seed, path, show, job.workers)
    _tell_unreadable(state["trained_on"]["unreadable"], "were not trained on", console)
    return path


def _fresh(job: Job, resumed: bool) -> "Architecture":
    """The network as training begins: random, from ImageNet, or from published weights. A resumed one gets its own."""
    from posebench.plugins.registry import architecture
    from posebench.training import published_weights

    skeleton, size = job.protocol.skeleton, job.recipe.input_size
    if job.weights is not None:
        return published_weights.load(job.arch, job.weights, keypoints=skeleton, input_size=size)[0]
    model = architecture(job.arch, skeleton, size)
    if job.recipe.pretrained and not resumed and (name := model.load_pretrained()) is not None:
        model.origin = {"weights": name}
    return model


def _as_published(job: Job, file: Path) -> Path:
    """The checkpoint of published weights that are scored as they are."""
    from posebench.training import checkpoints, published_weights

    model, _ = published_weights.load(job.arch, file, keypoints=job.protocol.skeleton, input_size=job.recipe.input_size)
    width, height = job.recipe.input_size
    name = f"{plain(model.name)}-{job.protocol.name}-published-{width}x{height}-{files.sha256(file)[:8]}"
    path = job.results / "runs" / name / CHECKPOINT
    checkpoints.save(path, checkpoints.of_published(model))
    return path


def _tell_unreadable(names: list[str], consequence: str, console: Console) -> None:
    if names:
        many = counted(len(names), "photograph could not be read; its", "photographs could not be read; their")
        console.print(f"[yellow]{many} people {consequence}: {', '.join(names[:3])}", highlight=False)
