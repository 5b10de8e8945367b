"""Recipes: how a network is trained. Users edit them; records keep them."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from posebench.errors import PosebenchError, existing
from posebench.files.validation import explain, read_model


class Augmentation(BaseModel):
    """Random changes of the crop. Scale and rotation are uniform, as in Newell et al. (ECCV 2016), or clipped normals."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scale: tuple[float, float] = Field((0.75, 1.25), description="region size, as a factor")
    rotation: float = Field(30, ge=0, le=180, description="degrees, either way")
    flip: float = Field(0.5, ge=0, le=1, description="probability of a mirror")
    draws: Literal["uniform", "normal"] = Field(
        "uniform",
        description="normal: the ranges are one deviation; clipped there (scale) or at two (rotation), as HRNet does",
    )
    rotated: float = Field(1, ge=0, le=1, description="probability of a rotation")


class Recipe(BaseModel):
    """All settings of training, except the seed and the data."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    input_size: tuple[int, int] = Field(description="crop (width, height) in pixels")
    epochs: int = Field(ge=0)
    batch_size: int = Field(ge=1, description="over all processes")
    optimizer: Literal["rmsprop", "adam", "adamw", "sgd"]
    learning_rate: float = Field(gt=0)
    momentum: float = Field(0, ge=0, lt=1, description="of sgd and rmsprop")
    nesterov: bool = Field(False, description="Nesterov's momentum, of sgd")
    weight_decay: float | None = Field(
        None, ge=0, description="not of biases and normalisation; None: PyTorch's own (adamw: 0.01 of every parameter)"
    )
    clip_norm: float | None = Field(None, gt=0, description="largest norm of all gradients together")
    accumulate: int = Field(1, ge=1, description="parts in which a batch passes through the network, to save memory")
    ema: float | None = Field(None, gt=0, lt=1, description="decay of averaged weights, which are then scored")
    freeze: tuple[str, ...] = Field((), description="modules or parameters that stay as they are, such as `backbone`")
    recompute: bool = Field(False, description="keep few activations and compute the others again, to save memory")
    sync_batch_norm: bool = Field(False, description="batch normalisation over the batches of all GPUs")
    schedule: Literal["steps", "cosine"] = "steps"
    milestones: tuple[float, ...] = Field((), description="parts of training after which `steps` divides by `divisor`")
    divisor: float = Field(5, gt=1)
    warmup: float = Field(0, ge=0, lt=1, description="part of training over which the rate rises from 0")
    precision: Literal["no", "auto", "bf16", "fp16"] = Field(
        "no", description="mixed precision; auto: bf16 on a GPU, and on a CPU where it is measured to be faster"
    )
    augmentation: Augmentation = Augmentation()
    flip_test: bool = Field(True, description="predict the mean of an image and its mirror")
    pretrained: bool = Field(True, description="start from weights of another task, where the architecture does so")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.momentum and self.optimizer not in ("sgd", "rmsprop"):
            raise ValueError(f"{self.optimizer} has no momentum; leave it out, or use sgd or rmsprop")
        if self.nesterov and not (self.optimizer == "sgd" and self.momentum):
            raise ValueError("nesterov needs the optimizer sgd and a momentum above 0, such as 0.9")
        if self.accumulate > self.batch_size:
            raise ValueError(f"accumulate is {self.accumulate}, but a batch has {self.batch_size} samples")
        return self

    def changed(self, changes: Mapping[str, object]) -> Self:
        """The recipe with other values of some fields.

        Raises:
            PosebenchError: a value is not allowed; names the field.
        """
        try:
            return type(self).model_validate(self.model_dump() | dict(changes))
        except ValidationError as error:
            raise PosebenchError(f"The recipe {self.name} cannot be changed so: {explain(error)}.") from error

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of a step: a pure function, so that a resumed run has the same."""
        done = step / max(steps, 1)
        if done < self.warmup:
            return self.learning_rate * (step + 1) / (self.warmup * steps + 1)
        if self.schedule == "cosine":
            after = (done - self.warmup) / (1 - self.warmup)
            return self.learning_rate * (1 + math.cos(math.pi * after)) / 2
        return self.learning_rate / self.divisor ** sum(done >= m for m in self.milestones)


QUICK = Recipe(
    name="quick",
    input_size=(64, 64),
    epochs=4,
    batch_size=4,  # many small steps learn more in a minute of CPU than few large ones
    optimizer="adam",
    learning_rate=3e-3,
    schedule="cosine",
    warmup=0.05,
    augmentation=Augmentation(scale=(0.9, 1.1), rotation=10),
)
"""Small crops and few epochs: a few minutes on two CPU cores. To see everything work, not to publish."""


def choose(name: str) -> Recipe:
    """The recipe of that name: `quick`, or a TOML or JSON file. (`paper` is each architecture's own.)

    Raises:
        PosebenchError: neither a name nor a readable recipe file; names the field that is wrong.
    """
    if name == QUICK.name:
        return QUICK
    if not name.endswith((".toml", ".json")):
        raise PosebenchError(f"No recipe is named {name!r}. Known: paper, quick, or a file ending in .toml or .json.")
    return read_model(Recipe, existing(Path(name), "a recipe"), "a valid recipe")
