"""The types of a checkpoint's fields: files are edited by hand, and damaged."""

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from posebench.data.provenance import Selection, TrainedOn
from posebench.files.validation import Count
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.recipe import Recipe, Side


def _tensor(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        raise ValueError("should be a tensor")
    return value


Tensors = dict[str, Annotated[Any, BeforeValidator(_tensor)]]


class _Fields(BaseModel):
    model_config = ConfigDict(extra="ignore")

    arch: str
    keypoints: list[str]
    input_size: tuple[Side, Side]
    recipe: Recipe
    seed: Count
    step: Count
    steps: Count
    model: Tensors
    optimizer: dict[str, Any]
    trained_on: TrainedOn
    history: list[dict[str, float | None]]
    running: tuple[float, Count]
    pipeline: Pipeline
    selection: Selection | Annotated[dict[str, Any], Field(max_length=0)] = {}
    stopped: str = ""
    begin: Count = 0
    parts: dict[str, float] = {}
    average: Tensors = {}
    random: dict[str, Any] = {}


def check_fields(state: Mapping[str, Any]) -> None:
    """Check the fields of `training.checkpoints.Checkpoint`, as they are in a file.

    Raises:
        ValidationError: one has another type or range.
    """
    _Fields.model_validate(state)
