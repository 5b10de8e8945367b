"""Checkpoints: a plain dict that says what was trained, how far, and on what."""

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, existing
from posebench.files.writing import write_atomically
from posebench.plugins.architecture import Architecture
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.registry import architecture
from posebench.training import published_weights

FORMAT = "posebench checkpoint 1"
FIELDS = (
    "arch",
    "keypoints",
    "input_size",
    "recipe",
    "seed",
    "step",
    "steps",
    "model",
    "optimizer",
    "trained_on",
    "history",
    "running",
    "pipeline",
)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (with the keys of `FIELDS`), whole or not at all."""
    write_atomically(path, lambda partial: torch.save({"format": FORMAT, **state}, partial))


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint onto the CPU; nothing in the file is executed.

    Raises:
        PosebenchError: the file is missing, damaged, or no checkpoint of posebench.
    """
    try:
        state = torch.load(existing(path, "a checkpoint"), map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        raise PosebenchError(
            f"{path} is not readable as a checkpoint: it is of another kind, or was cut off."
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise PosebenchError(f"{path} is no {FORMAT!r}; posebench train writes one.")
    if lacking := [name for name in FIELDS if name not in state]:
        raise PosebenchError(f"{path} lacks {', '.join(lacking)}.")
    return state


def network(state: dict[str, Any], skeleton: Skeleton, path: Path) -> Architecture:
    """The trained network of a checkpoint, on the CPU.

    Raises:
        PosebenchError: it was trained for other keypoints, or its weights do not fit the architecture of that name.
    """
    if tuple(state["keypoints"]) != skeleton.keypoints:
        raise PosebenchError(
            f"{path} was trained for {len(state['keypoints'])} keypoints ({', '.join(state['keypoints'][:3])}, …), "
            f"but {len(skeleton)} are asked for ({', '.join(skeleton.keypoints[:3])}, …)."
        )
    width, height = state["input_size"]
    model = architecture(state["arch"], skeleton, (width, height))
    try:
        model.load_state_dict(state["model"])
    except RuntimeError as error:
        raise PosebenchError(f"{path} does not fit {state['arch']}: {str(error).splitlines()[-1].strip()}") from error
    model.pipeline = Pipeline.of(state["pipeline"])
    return model


def load_published(
    arch: str, source: str | Path | Mapping[str, Any], keypoints: int | Skeleton | None = None
) -> Architecture:
    """The network of published weights, with the pipeline that they expect; see `weights.load`, which can do more.

    Args:
        arch: such as `hrnet_w32`.
        source: a file, or what `torch.load` made of one.
        keypoints: the skeleton, or how many keypoints one of an installed protocol has; None to count them in the file.

    Raises:
        PosebenchError: the weights are not, tensor by tensor, those of the architecture.
    """
    return published_weights.load(arch, source, keypoints=keypoints)[0]


def import_published(
    arch: str, file: Path, out: Path, *, keypoints: Skeleton | None = None, input_size: tuple[int, int] | None = None,
    partial: bool = False,
) -> published_weights.Fit:  # fmt: skip
    """Make a checkpoint of published weights; the arguments are those of `weights.load`.

    Returns:
        The report of what was imported.

    Raises:
        PosebenchError: they do not fit, or `out` is there already.
    """
    model, fit = published_weights.load(arch, file, keypoints=keypoints, input_size=input_size, partial=partial)
    if out.exists():
        raise PosebenchError(f"{out} is there already; name another file with --out, or remove it.")
    save(out, of_published(model))
    return fit


def of_published(model: Architecture) -> dict[str, Any]:
    """What `save` takes, for a network that `weights.load` made: no step of ours, and its origin."""
    changes = {"name": "published", "input_size": model.input_size, "epochs": 0}
    return {
        "arch": model.name, "keypoints": list(model.skeleton.keypoints), "input_size": list(model.input_size),
        "recipe": model.paper.model_copy(update=changes).model_dump(mode="json"), "seed": 0, "step": 0, "steps": 0,
        "model": model.state_dict(), "optimizer": {}, "history": [], "running": [0.0, 0],
        "trained_on": {"people": 0, "unreadable": [], "began_with": model.origin}, "pipeline": model.pipeline.plain(),
    }  # fmt: skip
