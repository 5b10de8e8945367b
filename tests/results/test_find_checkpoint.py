"""A folder instead of a checkpoint: its checkpoints are named."""

import os
from pathlib import Path

import pytest

from posebench.errors import PosebenchError
from posebench.results.find_checkpoint import existing_checkpoint


def made(folder: Path, *names: str) -> Path:
    """A folder with files of these names, each newer than the one before."""
    for age, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        os.utime(path, (1000 + age, 1000 + age))
    return folder


def test_a_file_is_taken_as_it_is(tmp_path: Path) -> None:
    assert existing_checkpoint(made(tmp_path, "a.pt") / "a.pt") == tmp_path / "a.pt"


def test_checkpoints_of_a_results_folder_are_named_newest_first_with_what_they_are(tmp_path: Path) -> None:
    made(
        tmp_path, "runs/b/checkpoint.pt", "runs/a/best.pt", "runs/a/checkpoint.pt", "net.onnx", ".part.pt", "runs/a/history.csv"
    )  # fmt: skip
    with pytest.raises(PosebenchError) as found:
        existing_checkpoint(tmp_path)
    assert str(found.value) == (
        f"{tmp_path} is a folder. Name one of the checkpoints in it, newest first: net.onnx, runs/a/checkpoint.pt, runs/a/best.pt, "
        "runs/b/checkpoint.pt. best.pt has the best validation score of its run, checkpoint.pt the weights after the last step."
    )


def test_a_folder_without_checkpoints_says_so(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=r"is a folder without a checkpoint \(.pt, .onnx\)"):
        existing_checkpoint(made(tmp_path, "sub/x.csv"))
