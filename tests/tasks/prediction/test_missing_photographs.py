"""Photographs that are missing when people are predicted, and predictions that replace others."""

import shutil
from pathlib import Path

import pytest
import torch
from entry import posebench
from small_coco import name_of, write_coco

import posebench as pb
from posebench.data import predictions
from posebench.errors import PosebenchError
from posebench.plugins import registry
from posebench.training.checkpoints import Checkpoint, save

REFUSED = (
    "lacks 1 of the 3 photographs of coco val; the first is val_2.png. With --allow-missing, predict and run count its people as "
    "missed, as those of damaged photographs."
)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained hourglass."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("network") / "network.pt"
    save(path, Checkpoint.published(registry.architecture("hourglass1", registry.protocol("coco").skeleton, (64, 64))))
    return path


@pytest.fixture(scope="module")
def lacking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """COCO's layout with three people of val, each in a photograph; that of the second is missing."""
    root = write_coco(tmp_path_factory.mktemp("lacking") / "d")
    (root / "val2017" / name_of("val", 2)).unlink()
    return root


def test_a_missing_photograph_is_an_error_that_names_the_option(
    checkpoint: Path, lacking: Path, tmp_path: Path
) -> None:
    with pytest.raises(PosebenchError) as error:
        pb.predict(checkpoint, protocol="coco", data=lacking, results=tmp_path)
    assert str(error.value) == f"{lacking}/val2017 {REFUSED}"


def test_people_of_a_missing_photograph_count_as_missed_and_the_file_says_so(
    checkpoint: Path, lacking: Path, tmp_path: Path
) -> None:
    options = ("--protocol", "coco", "--data", lacking, "--results", tmp_path, "--allow-missing", "--device", "cpu")
    done = posebench("predict", checkpoint, *options, COLUMNS="160")
    assert done.returncode == 0, done.stderr
    assert "1 photograph is missing; its people count as missed: val_2.png" in done.stderr
    (path,) = (tmp_path / "predictions").glob("*.h5")
    assert path.name.endswith("-1-missing.h5")
    made = predictions.load(path)
    assert (made.missing.all(axis=1).tolist(), made.provenance.unreadable) == ([False, True, False], ["val_2.png"])
    result = pb.evaluate(path, protocol="coco", data=lacking)
    assert "1 person has no prediction and counted as missed; the first is in val_2.png." in result.notes
    assert result.draw_overlays(tmp_path) is not None


def test_a_damaged_photograph_is_named_in_the_file_as_a_missing_one(
    checkpoint: Path, lacking: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(lacking, tmp_path / "d"))
    (root / "val2017" / name_of("val", 2)).write_bytes(b"no picture")
    made = predictions.load(pb.predict(checkpoint, protocol="coco", data=root, results=tmp_path).predictions)
    assert made.provenance.unreadable == ["val_2.png"]


def test_photographs_that_are_all_missing_cannot_be_allowed(checkpoint: Path, lacking: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(lacking, tmp_path / "d"))
    for number in (1, 3):
        (root / "val2017" / name_of("val", number)).unlink()
    with pytest.raises(PosebenchError, match=r"lacks 3 of the 3 photographs of coco val; the first is val_1\.png\.$"):
        pb.predict(checkpoint, protocol="coco", data=root, results=tmp_path, allow_missing=True)


def test_predictions_that_replace_others_say_so(checkpoint: Path, tmp_path: Path) -> None:
    root = write_coco(tmp_path / "d")
    first = pb.predict(checkpoint, protocol="coco", data=root, results=tmp_path)
    assert (first.notes, pb.predict(checkpoint, protocol="coco", data=root, results=tmp_path)) == ((), first)
    (root / "val2017" / name_of("val", 3)).write_bytes(b"no picture")
    second = pb.predict(checkpoint, protocol="coco", data=root, results=tmp_path)
    assert second.predictions == first.predictions
    assert second.notes[-1] == (
        f"{first.predictions} had other predictions and is replaced: 0 people had no prediction, now 1"
    )


def test_a_run_trains_and_counts_people_of_missing_photographs_as_missed(lacking: Path, tmp_path: Path) -> None:
    command = ("run", "--arch", "hourglass1", "--protocol", "coco", "--data", lacking, "--results", tmp_path)
    small = ("--recipe", "quick", "--epochs", "1", "--batch-size", "2", "--device", "cpu", "--workers", "0")
    refused = posebench(*command, *small, COLUMNS="400")
    assert refused.returncode == 1 and REFUSED in refused.stderr
    done = posebench(*command, *small, "--allow-missing", COLUMNS="160")
    assert done.returncode == 0, done.stderr
    assert "1 photograph is missing; its people count as missed: val_2.png" in done.stdout
    assert pb.load_record("hourglass1", results=tmp_path).model.unreadable == ["val_2.png"]
