"""Forking: a network that begins with the weights of a checkpoint."""

from pathlib import Path
from typing import TYPE_CHECKING

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.files.writing import sha256

if TYPE_CHECKING:
    from posebench.plugins.architecture import Architecture


def forked(arch: str, skeleton: Skeleton, input_size: tuple[int, int], file: Path) -> "Architecture":
    """A network with the weights and the pipeline of a checkpoint; its origin says which one, and what that was trained on.

    Args:
        input_size: (width, height), which may differ from the checkpoint's.

    Raises:
        PosebenchError: the checkpoint is damaged, or of another architecture or other keypoints.
    """
    from posebench.training import checkpoints

    found = checkpoints.load(file)
    if found.arch != arch:
        raise PosebenchError(f"{file} is a checkpoint of {found.arch}, not of {arch}. Use --arch {found.arch}.")
    model = found.resized(input_size).network(skeleton, file)
    people = " ".join(str(found.trained_on[name]) for name in ("dataset", "split") if name in found.trained_on)
    model.origin = {
        "checkpoint": f"{file.resolve().parent.name}/{file.name}", "sha256": sha256(file),
        "step": f"{found.step} of {found.steps}", "trained_on": people,
        "weights": str(found.trained_on.get("began_with", {}).get("weights", "")),
    }  # fmt: skip
    model.origin = {name: text for name, text in model.origin.items() if text}
    return model
