"""Checkpoints that were edited by hand: every field of another type is named in a sentence."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "stranger"))
from stranger import Tiny

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.training import checkpoints


@pytest.fixture
def state(tmp_path: Path) -> dict[str, Any]:
    """What a file of an untrained network holds."""
    checkpoints.save(tmp_path / "c.pt", checkpoints.Checkpoint.published(Tiny(Skeleton(("nose", "tail")), (32, 48))))
    return torch.load(tmp_path / "c.pt", weights_only=True)


@pytest.mark.parametrize(
    "field, value, sentence",
    [
        ("arch", None, "arch: input should be a valid string"),
        ("keypoints", {"x": 1}, "keypoints: input should be a valid list"),
        ("input_size", [0, -64], "input_size.0: input should be greater than or equal to 1"),
        ("input_size", [64, 1_000_000], "input_size.1: input should be less than or equal to 8192"),
        ("seed", 1e308, "seed: "),
        ("step", -1, "step: input should be greater than or equal to 0"),
        ("model", [1, 2], "model: input should be a valid dictionary"),
        ("model", {"weight": "x"}, "model.weight: should be a tensor"),
        ("average", {"weight": [1.0]}, "average.weight: should be a tensor"),
        ("trained_on", [], "trained_on: input should be a valid dictionary"),
        ("history", [[1]], "history.0: input should be a valid dictionary"),
        ("running", ["a", 1], "running.0: input should be a valid number"),
        ("pipeline", {"channels": "grb"}, "pipeline.channels: input should be 'rgb' or 'bgr'"),
        ("selection", {"score": 3.0}, "selection"),
        ("recipe", {"epochs": -1}, "recipe.epochs: input should be greater than or equal to 0"),
    ],
)
def test_a_field_of_another_type_is_named(
    field: str, value: Any, sentence: str, state: dict[str, Any], tmp_path: Path
) -> None:
    if isinstance(state[field], dict) and isinstance(value, dict):
        value = state[field] | value
    torch.save(state | {field: value}, tmp_path / "odd.pt")
    with pytest.raises(PosebenchError, match=rf"odd\.pt is damaged: ValidationError: {sentence}"):
        checkpoints.load(tmp_path / "odd.pt")


def test_a_whole_file_is_read(state: dict[str, Any], tmp_path: Path) -> None:
    assert checkpoints.load(tmp_path / "c.pt").keypoints == ("nose", "tail")
