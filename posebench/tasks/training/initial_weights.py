"""Initial weights: a job's network as training begins, with the recipe's targets and pipeline, or as its published weights are."""

from pathlib import Path
from typing import TYPE_CHECKING

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.files import writing
from posebench.plugins import registry
from posebench.plugins.recipe import Recipe
from posebench.plugins.registry import errors_of
from posebench.results.folder import plain
from posebench.tasks.training.forking import forked

if TYPE_CHECKING:
    from posebench.plugins.architecture import Architecture
    from posebench.tasks.training.job import Job


def recipe_network(arch: str, skeleton: Skeleton, recipe: Recipe) -> "Architecture":
    """The network that a recipe trains, with random weights, and the recipe's targets and pipeline.

    Raises:
        PosebenchError: the recipe sets what the architecture does not have, or the input size does not fit.
    """
    model = registry.architecture(arch, skeleton, recipe.input_size)
    _follow(model, recipe)
    return model


def has_pretrained(arch: str, skeleton: Skeleton) -> bool:
    """Whether an architecture has initial weights that were trained on another task. Only a network tells it; one without memory
    is enough.
    """
    import torch

    with torch.device("meta"):
        model = registry.architecture(arch, skeleton)
    with errors_of("architecture", arch, "has_pretrained"):
        return model.has_pretrained


def _follow(model: "Architecture", recipe: Recipe) -> None:
    with errors_of("architecture", model.name, "follow"):
        model.follow(recipe)


def _keeping_its_pipeline(model: "Architecture", recipe: Recipe) -> "Architecture":
    """A network with trained weights, after it took over its part of a recipe: weights come with their pipeline."""
    pipeline = model.pipeline
    _follow(model, recipe)
    model.pipeline = pipeline
    return model


def fresh_network(job: "Job", resumed: bool) -> "Architecture":
    """The network as training begins: random, from ImageNet, or from published weights. A resumed one gets its own."""
    from posebench.training import published_weights

    skeleton, recipe = job.protocol.skeleton, job.recipe
    if job.fork is not None and not resumed:
        return _keeping_its_pipeline(forked(job.arch, skeleton, recipe.input_size, job.fork), recipe)
    if job.weights is not None:
        model, _ = published_weights.load(job.arch, job.weights, keypoints=skeleton, input_size=recipe.input_size)
        return _keeping_its_pipeline(model, recipe)
    model = recipe_network(job.arch, skeleton, recipe)
    if job.backbone_weights is not None:
        if not resumed:
            load_backbone(model, job.backbone_weights)
    elif job.recipe.pretrained and not resumed:
        with errors_of("architecture", job.arch, "load_pretrained"):
            name = model.load_pretrained()
        if name is not None:
            model.origin = {"weights": name}
    return model


def load_backbone(model: "Architecture", file: Path) -> None:
    """Load the initial weights of a network's backbone from a file, and note the file as their origin.

    Raises:
        PosebenchError: the file is not readable, the network has no backbone, or they do not fit it.
    """
    from posebench.training import published_weights

    tensors = published_weights.read(file)
    try:
        with errors_of("architecture", model.name, "load_backbone"):
            name = model.load_backbone(tensors)
    except PosebenchError as error:
        raise PosebenchError(f"{file}: {error}") from error
    model.origin = {"weights": name, "file": file.name, "sha256": writing.sha256(file)}


def as_published(job: "Job", file: Path) -> Path:
    """The checkpoint of published weights that are scored as they are."""
    from posebench.training import published_weights
    from posebench.training.checkpoints import Checkpoint, save

    model, _ = published_weights.load(job.arch, file, keypoints=job.protocol.skeleton, input_size=job.recipe.input_size)
    width, height = job.recipe.input_size
    name = f"{plain(model.name)}-{plain(job.protocol.name)}-published-{width}x{height}-{writing.sha256(file)[:8]}"
    path = job.results.checkpoint(name)
    save(path, Checkpoint.published(model))
    return path
