"""A training run to be made: a job, from the settings that a person gives."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posebench.data.instances import Instances
from posebench.errors import PosebenchError, existing
from posebench.files import writing
from posebench.plugins import recipe as recipes
from posebench.plugins.protocol import Protocol
from posebench.plugins.recipe import Recipe
from posebench.plugins.recipe_files import PAPER
from posebench.results.folder import ResultsFolder, plain
from posebench.tasks.training.initial_weights import has_pretrained
from posebench.tasks.training.watching import Watching
from posebench.tasks.worker_count import loader_count

UNWATCHED = Watching()
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
        packs: the folder of packs; None for the one below the results.
        seed, limit, weights, backbone_weights, fork, resume, restart, watching: as of `Job`.

    Raises:
        PosebenchError: both `resume` and `restart` are set.
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
    packs: Path | None = None
    resume: bool = False
    restart: bool = False
    watching: Watching = UNWATCHED

    def __post_init__(self) -> None:
        if self.resume and self.restart:
            raise PosebenchError("--resume continues from a checkpoint and --restart deletes it; give one of them.")


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
        packs: the folder of packs; None for the one below the results. A pack that fits is used.
        resume: continue from this run's checkpoint, or from that of a run with other epochs or another learning rate.
        restart: delete this run's checkpoint.
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
    packs: Path | None = None
    resume: bool = False
    restart: bool = False
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
        device=settings.device, fork=settings.fork, packs=settings.packs, resume=settings.resume, restart=settings.restart,
        watching=settings.watching,
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
