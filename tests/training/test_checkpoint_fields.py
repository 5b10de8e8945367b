"""Checkpoints that were edited by hand, damaged, or written to a full disk: a sentence each."""

import random
import resource
from pathlib import Path
from typing import Any

import pytest
import torch
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


def test_a_flipped_bit_is_found_or_changes_nothing(state: dict[str, Any], tmp_path: Path) -> None:
    content, draw, found = (tmp_path / "c.pt").read_bytes(), random.Random(0), 0  # noqa: S311 - bits, no secrets
    for _ in range(100):
        damaged, bit = bytearray(content), draw.randrange(8 * len(content))
        damaged[bit // 8] ^= 1 << bit % 8
        (tmp_path / "flipped.pt").write_bytes(damaged)
        try:
            whole = checkpoints.load(tmp_path / "flipped.pt")
        except PosebenchError:
            found += 1
        else:  # a bit between the parts of the file, or of a date
            assert all(torch.equal(tensor, state["model"][name]) for name, tensor in whole.model.items())
    assert found > 60


def test_a_damaged_weight_is_named_as_damage_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    torch.save({"format": checkpoints.FORMAT, "weight": torch.full((40,), 1.25)}, path)
    content = path.read_bytes()
    weights = torch.full((40,), 1.25).numpy().tobytes()
    path.write_bytes(content.replace(weights, weights[:-1] + b"\xbf"))  # the last one is -1.25 now
    assert torch.load(path, weights_only=True)["weight"][-1] == -1.25
    with pytest.raises(
        PosebenchError, match=r"w\.pt is damaged: the checksum of its part '.*' does not fit\. Copy it again"
    ):
        checkpoints.load(path)


def test_a_checkpoint_that_does_not_fit_on_the_disk_is_a_sentence_and_the_last_one_stays(
    state: dict[str, Any], tmp_path: Path
) -> None:
    before, kept = (tmp_path / "c.pt").read_bytes(), checkpoints.load(tmp_path / "c.pt")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_048, hard))
    try:
        with pytest.raises(
            PosebenchError, match=r"c\.pt is not written: this process may not write files of that size"
        ):
            checkpoints.save(tmp_path / "c.pt", kept)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]
    assert (tmp_path / "c.pt").read_bytes() == before
