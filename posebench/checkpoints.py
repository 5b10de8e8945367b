"""Checkpoints: a plain dict that says what was trained, how far, and on what."""

import pickle
from pathlib import Path
from typing import Any

import torch

from posebench.architecture import Architecture
from posebench.errors import PosebenchError, existing
from posebench.plugins import architecture
from posebench.predictions import write_atomically
from posebench.skeleton import Skeleton

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
    return model
