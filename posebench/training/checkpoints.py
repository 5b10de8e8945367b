"""Checkpoints: a network, what it was trained on, and how far. The file is a plain dict of the same fields."""

import pickle
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, listed
from posebench.files.validation import explain
from posebench.files.writing import write_atomically
from posebench.plugins.architecture import Architecture
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.recipe import Recipe
from posebench.plugins.registry import architecture
from posebench.results.find_checkpoint import existing_checkpoint
from posebench.training import published_weights
from posebench.training.checkpoint_fields import check_fields

FORMAT = "posebench checkpoint 1"


@dataclass(frozen=True)
class Checkpoint:
    """A trained network, what it was trained on, and how far.

    Attributes:
        arch: name of the architecture. keypoints: names of the keypoints it finds.
        input_size: (width, height) of the crops, pixels.
        recipe, seed: how it was trained.
        step, steps: training steps done and planned.
        model, optimizer: their state dicts.
        trained_on: the people, the initial weights (`began_with`) and the machine.
        history: one entry per finished epoch, with its mean loss.
        running: of the epoch under way, the sum of losses and the number of steps.
        pipeline: what surrounds the network.
        selection: the state of `training.validation`; empty where the run is not validated. `chosen` in the best checkpoint only.
        stopped: the option that ended training before its last epoch; empty where none did.
        begin: the step at which the schedule of the recipe began; not 0 where the run goes on from another one.
        parts: as `running`, the sums of the loss's parts by name.
        average: the averaged state dict, where the recipe has `ema`; it is what is scored.
        random: states of random numbers, and of fp16's scaler.
    """

    arch: str
    keypoints: tuple[str, ...]
    input_size: tuple[int, int]
    recipe: Recipe
    seed: int
    step: int
    steps: int
    model: dict[str, Any]
    optimizer: dict[str, Any]
    trained_on: dict[str, Any]
    history: list[dict[str, float]]
    running: tuple[float, int]
    pipeline: Pipeline
    selection: dict[str, Any] = field(default_factory=dict)
    stopped: str = ""
    begin: int = 0
    parts: dict[str, float] = field(default_factory=dict)
    average: dict[str, Any] = field(default_factory=dict)
    random: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def published(cls, model: Architecture) -> "Checkpoint":
        """The checkpoint of a network with published weights: no step of training here, and its origin."""
        changes = {"name": "published", "input_size": model.input_size, "epochs": 0}
        return cls(
            arch=model.name, keypoints=model.skeleton.keypoints, input_size=model.input_size,
            recipe=model.paper.model_copy(update=changes), seed=0, step=0, steps=0, model=model.state_dict(),
            optimizer={}, trained_on={"people": 0, "unreadable": [], "began_with": model.origin}, history=[],
            running=(0.0, 0), pipeline=model.pipeline,
        )  # fmt: skip

    def plain(self) -> dict[str, Any]:
        """The dict that is written: tensors, numbers, strings, lists and dicts."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {
            "format": FORMAT, "keypoints": list(self.keypoints), "input_size": list(self.input_size),
            "recipe": self.recipe.model_dump(mode="json"), "running": list(self.running), "pipeline": self.pipeline.plain(),
        }  # fmt: skip

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Checkpoint":
        """The inverse of `plain`.

        Raises:
            KeyError, TypeError, ValueError: a field is missing or malformed.
        """
        check_fields(plain)
        values = {one.name: plain[one.name] for one in fields(cls) if one.name in plain or one.name in REQUIRED}
        width, height = values["input_size"]
        total, count = values["running"]
        return cls(**values | {
            "keypoints": tuple(values["keypoints"]), "input_size": (width, height), "running": (total, count),
            "recipe": Recipe.model_validate(values["recipe"]), "pipeline": Pipeline.of(values["pipeline"]),
        })  # fmt: skip

    def steps_of(self, recipe: Recipe) -> int:
        """Steps in all of a run that goes on from here with another number of epochs."""
        return self.steps // max(self.recipe.epochs, 1) * recipe.epochs

    def continued(self, recipe: Recipe) -> "Checkpoint":
        """The same state as the beginning of a run with another recipe, whose schedule starts here.

        `trained_on` says what was before. The patience of `--early-stop` begins anew: it was with another schedule.
        """
        before = {"step": self.step, "steps": self.steps, "recipe": self.recipe.model_dump(mode="json")}
        earlier = self.trained_on.get("continued", [])
        return replace(
            self, recipe=recipe, steps=self.steps_of(recipe), begin=self.step, stopped="",
            selection=self.selection | ({"since": 0} if self.selection else {}),
            trained_on=self.trained_on | {"continued": [*earlier, before]},
        )  # fmt: skip

    def resized(self, input_size: tuple[int, int]) -> "Checkpoint":
        """The same weights for crops of another (width, height), pixels."""
        return replace(self, input_size=input_size)

    def network(self, skeleton: Skeleton, path: Path) -> Architecture:
        """The trained network, on the CPU; with its averaged weights, where it has such.

        Args:
            path: of the file, for messages.

        Raises:
            PosebenchError: it was trained for other keypoints, its weights do not fit the architecture of that name, or they
                are not finite.
        """
        self.check_finite(path)
        model = self.untrained(skeleton, path)
        try:
            model.load_state_dict(self.average or self.model)
        except RuntimeError as error:
            raise PosebenchError(f"{path} does not fit {self.arch}: {str(error).splitlines()[-1].strip()}") from error
        return model

    def check_finite(self, path: Path) -> None:
        """Raise PosebenchError where a weight is NaN or infinite.

        Args:
            path: of the file, for messages.
        """
        weights = {**self.model, **self.average}
        bad = [name for name, value in weights.items() if value.is_floating_point() and not value.isfinite().all()]
        if bad:
            raise PosebenchError(
                f"{path} has weights that are not finite, the first in {bad[0]}. Use another checkpoint, or train anew "
                "with a lower learning rate."
            )

    def untrained(self, skeleton: Skeleton, path: Path) -> Architecture:
        """The network with its pipeline and initial weights, on the CPU.

        Args:
            path: of the file, for messages.

        Raises:
            PosebenchError: it was trained for other keypoints.
        """
        if self.keypoints != skeleton.keypoints:
            lacking = [name for name in skeleton.keypoints if name not in self.keypoints]
            others = [name for name in self.keypoints if name not in skeleton.keypoints]
            told = [f"it lacks {listed(lacking, 5)}"] if lacking else []
            told += [f"it has {listed(others, 5)}"] if others else []
            raise PosebenchError(
                f"{path} was trained for {len(self.keypoints)} keypoints, but other {len(skeleton)} are asked for: "
                f"{'; '.join(told) or 'they are in another order'}."
            )
        model = architecture(self.arch, skeleton, self.input_size)
        model.pipeline = self.pipeline
        return model


REQUIRED = tuple(one.name for one in fields(Checkpoint) if one.default is MISSING and one.default_factory is MISSING)
"""Fields that every file has; earlier versions wrote no others."""


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint, whole or not at all."""

    def write(partial: Path) -> None:
        with partial.open("wb") as file:  # through a path, torch hides that a disk is full
            torch.save(checkpoint.plain(), file)

    write_atomically(path, write)


def load(path: Path) -> Checkpoint:
    """Read a checkpoint onto the CPU; nothing in the file is executed.

    Raises:
        PosebenchError: the file is missing, damaged, or not a posebench checkpoint.
    """
    try:
        _check_whole(existing_checkpoint(path))
        state = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise PosebenchError(
            f"{path} is not readable as a checkpoint: it is damaged, or written by another tool. {_how_to_import(path)}"
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise PosebenchError(
            f"{path} is not readable as a checkpoint: it is damaged, or another kind of file."
        ) from error
    if not isinstance(state, dict) or not str(state.get("format", "")).startswith("posebench"):
        raise PosebenchError(f"{path} is not a posebench checkpoint. {_how_to_import(path)}")
    if state["format"] != FORMAT:
        raise PosebenchError(f"{path} is a {state['format']!r}; this posebench reads {FORMAT!r}. Update posebench.")
    if lacking := [name for name in REQUIRED if name not in state]:
        raise PosebenchError(f"{path} lacks {', '.join(lacking)}.")
    recipe = state["recipe"]
    if isinstance(recipe, Mapping) and (strange := sorted(recipe.keys() - Recipe.model_fields)):
        raise PosebenchError(
            f"{path} was written by another version of posebench: its recipe has {', '.join(strange)}, which this version "
            "does not know. Update posebench."
        )
    try:
        return Checkpoint.of(state)
    except (KeyError, TypeError, ValueError) as error:
        raise PosebenchError(f"{path} is damaged: {type(error).__name__}: {explain(error)}.") from error


def _check_whole(path: Path) -> None:
    """Compare every part of a file with its checksum: torch writes one for each, and does not look at it when it reads.

    Raises:
        PosebenchError: the file was damaged since it was written.
        zipfile.BadZipFile, ValueError, OSError: likewise, so that not even its parts are found.
    """
    if not zipfile.is_zipfile(path):  # not torch's form: its own error says more
        return
    with zipfile.ZipFile(path) as parts:
        damaged = parts.testzip()
    if damaged is not None:
        raise PosebenchError(
            f"{path} is damaged: the checksum of its part {damaged!r} does not fit. Copy it again from where it was written, "
            "or go back to another checkpoint."
        )


def _how_to_import(path: Path) -> str:
    return (
        f"If another tool wrote these weights, convert them first: posebench weights import {path} --arch NAME "
        "(`posebench list` has the names)."
    )


def import_published(
    arch: str, file: Path, out: Path, *, keypoints: Skeleton | None = None, input_size: tuple[int, int] | None = None,
    partial: bool = False,
) -> published_weights.Fit:  # fmt: skip
    """Convert published weights to a checkpoint; the arguments are those of `published_weights.load`.

    Returns:
        The report of what was imported.

    Raises:
        PosebenchError: they do not fit, or `out` exists.
    """
    if out.exists():
        raise PosebenchError(f"{out} already exists; name another file with --out, or remove it.")
    model, fit = published_weights.load(arch, file, keypoints=keypoints, input_size=input_size, partial=partial)
    save(out, Checkpoint.published(model))
    return fit
