"""Initial weights: a job's network as training begins, or as its published weights are."""

from pathlib import Path
from typing import TYPE_CHECKING

from posebench.errors import PosebenchError
from posebench.files import writing
from posebench.results.folder import plain
from posebench.tasks.forking import forked

if TYPE_CHECKING:
    from posebench.plugins.architecture import Architecture
    from posebench.tasks.train import Job


def fresh_network(job: "Job", resumed: bool) -> "Architecture":
    """The network as training begins: random, from ImageNet, or from published weights. A resumed one gets its own."""
    from posebench.plugins.registry import architecture, errors_of
    from posebench.training import published_weights

    skeleton, size = job.protocol.skeleton, job.recipe.input_size
    if job.fork is not None and not resumed:
        return forked(job.arch, skeleton, size, job.fork)
    if job.weights is not None:
        return published_weights.load(job.arch, job.weights, keypoints=skeleton, input_size=size)[0]
    model = architecture(job.arch, skeleton, size)
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
    from posebench.plugins.registry import errors_of
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
    name = f"{plain(model.name)}-{job.protocol.name}-published-{width}x{height}-{writing.sha256(file)[:8]}"
    path = job.results.checkpoint(name)
    save(path, Checkpoint.published(model))
    return path
