"""Recipes: how a network is trained. Users edit them; records keep them."""

import math
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from posebench.errors import PosebenchError, existing, unknown
from posebench.files.validation import explain, read_model
from posebench.plugins.recipe_files import PAPER, name_problem, shipped_file, shipped_names

LARGEST_SIDE = 8192
"""Of a crop, in pixels."""

Side = Annotated[int, Field(ge=1, le=LARGEST_SIDE)]
Factor = Annotated[float, Field(gt=0)]
Part = Annotated[float, Field(gt=0, lt=1)]


def _fit_for_files(name: str) -> str:
    if problem := name_problem(name):
        raise ValueError(problem)
    return name


FileName = Annotated[str, AfterValidator(_fit_for_files)]
"""A name by which files can be named."""


class Augmentation(BaseModel):
    """Random changes of the crop and its colours. The defaults are those of Newell et al. (ECCV 2016), section 3.2."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    scale: tuple[Factor, Factor] = Field((0.75, 1.25), description="region size, as a factor")
    rotation: float = Field(30, ge=0, le=180, description="degrees, either way")
    flip: float = Field(0.5, ge=0, le=1, description="probability of a mirror")
    draws: Literal["uniform", "normal", "log-normal"] = Field(
        "uniform",
        description="of scale and rotation. normal: the ranges are one deviation; clipped there (scale) or at two (rotation), as "
        "HRNet does. log-normal: as Newell's release does, the logarithm of the scale is normal, and both are clipped at two "
        "deviations, which for the scale is the range",
    )
    rotated: float = Field(1, ge=0, le=1, description="probability of a rotation")
    colour: float = Field(
        0, ge=0, le=1, description="each channel is multiplied by a uniform draw of 1 ± this, and clipped"
    )
    half_body: float = Field(
        0, ge=0, le=1, description="probability of showing the upper or lower half of a person only"
    )
    half_body_keypoints: int = Field(8, ge=0, description="only of people with more labelled keypoints than this")

    @field_validator("scale")
    @classmethod
    def _ascending(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if scale[0] > scale[1]:
            raise ValueError("should be the smallest and then the largest factor")
        return scale


class Targets(BaseModel):
    """How targets are drawn, by architectures that draw heatmaps. What is not set is the architecture's own."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    place: Literal["exact", "cell"] = Field(
        "exact",
        description="cell: in the middle of the nearest cell and cut off at 3 sigma, as published codes draw them",
    )
    sigma: float | None = Field(None, gt=0, description="standard deviation in heatmap cells")
    unlabelled: Literal["empty", "ignored"] | None = Field(
        None, description="a keypoint without a label is trained to an empty map, or is left out of the loss"
    )


class Recipe(BaseModel):
    """All settings of training, except the seed and the data."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    name: FileName = Field(description="of the recipe; files of a run are named by it")
    input_size: tuple[Side, Side] = Field(description="crop (width, height) in pixels")
    epochs: int = Field(ge=0)
    batch_size: int = Field(ge=1, description="over all processes")
    last_batch: Literal["drop", "keep"] = Field("drop", description="of an epoch, where it is not full")
    optimizer: Literal["rmsprop", "adam", "adamw", "sgd"]
    learning_rate: float = Field(gt=0)
    epsilon: float = Field(1e-8, gt=0, description="of adam, adamw and rmsprop, added to the denominator")
    momentum: float = Field(0, ge=0, lt=1, description="of sgd and rmsprop")
    nesterov: bool = Field(False, description="Nesterov's momentum, of sgd")
    weight_decay: float | None = Field(
        None, ge=0, description="not of biases and normalisation; None: PyTorch's own (adamw: 0.01 of every parameter)"
    )
    clip_norm: float | None = Field(None, gt=0, description="largest norm of all gradients together")
    accumulate: int = Field(1, ge=1, description="parts in which a batch passes through the network, to save memory")
    ema: float | None = Field(None, gt=0, lt=1, description="decay of averaged weights, which are then scored")
    freeze: tuple[str, ...] = Field((), description="modules or parameters that stay as they are, such as `backbone`")
    compile: bool = Field(False, description="let torch.compile make the network's kernels; that takes minutes")
    recompute: bool = Field(False, description="keep few activations and compute the others again, to save memory")
    sync_batch_norm: bool = Field(False, description="batch normalisation over the batches of all GPUs")
    schedule: Literal["steps", "cosine"] = "steps"
    milestones: tuple[Part, ...] = Field((), description="parts of training after which `steps` divides by `divisor`")
    divisor: float = Field(5, gt=1)
    warmup: float = Field(0, ge=0, lt=1, description="part of training over which the rate rises from 0")
    precision: Literal["no", "auto", "bf16", "fp16"] = Field(
        "no", description="mixed precision; auto: bf16 on a GPU, and on a CPU where it is measured to be faster"
    )
    augmentation: Augmentation = Augmentation()
    targets: Targets = Targets()
    pipeline: Literal["posebench", "published"] = Field(
        "posebench", description="published: alignment, order of channels and mirror of the authors' code"
    )
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

    def changed(self, **changes: Any) -> "Recipe":
        """This recipe with some fields replaced.

        Raises:
            PosebenchError: a value is not valid.
        """
        try:
            return Recipe.model_validate(self.model_dump() | changes) if changes else self
        except ValidationError as error:
            raise PosebenchError(f"The recipe {self.name!r} cannot be changed so: {explain(error, Recipe)}.") from error

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of a step: a pure function, so that a resumed run has the same."""
        done = step / max(steps, 1)
        if done < self.warmup:
            return self.learning_rate * (step + 1) / (self.warmup * steps + 1)
        if self.schedule == "cosine":
            after = (done - self.warmup) / (1 - self.warmup)
            return self.learning_rate * (1 + math.cos(math.pi * after)) / 2
        return self.learning_rate / self.divisor ** sum(done >= m for m in self.milestones)


@cache
def shipped(name: str) -> Recipe:
    """The recipe of that name that ships with posebench.

    Raises:
        PosebenchError: there is none; suggests the nearest.
    """
    return read_model(Recipe, shipped_file(name), "a valid recipe")


QUICK = shipped("quick")


def choose(name: str) -> Recipe:
    """A shipped recipe by its name, or the one in a TOML or JSON file. (`paper` is each architecture's own.)

    Raises:
        PosebenchError: neither a name nor a readable recipe file; names the field that is wrong.
    """
    if name in shipped_names():
        return shipped(name)
    if name.endswith((".toml", ".json")):
        return read_model(Recipe, existing(Path(name), "a recipe"), "a valid recipe")
    raise unknown(
        "recipe", name, [PAPER, *shipped_names()], label="A recipe is a file ending in .toml or .json, or one of"
    )
