"""`posebench show`: one record for a person, and as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from records import COCO, record
from terminal import type_posebench

from posebench.cli.main import main
from posebench.cost import record as cost
from posebench.cost.record import Cost, Timing
from posebench.results.record import Record, save_record

RECIPE = {
    "name": "quick", "epochs": 4, "input_size": [192, 256], "batch_size": 16, "optimizer": "adamw", "learning_rate": 0.002,
    "weight_decay": 0.01, "clip_norm": 2.5, "ema": 0.999, "flip_test": True, "augmentation": {"rotation": 40},
}  # fmt: skip
MODEL = {
    "arch": "mynet", "parameters": 1_234_567, "input_size": [192, 256], "seed": 3, "step": 500, "steps": 500,
    "recipe": RECIPE, "checkpoint": "the best one", "checkpoint_sha256": "d" * 64,
    "trained_on": {"dataset": "mpii", "split": "train", "people": 4000, "annotations": "train.h5", "annotations_sha256": "e" * 64},
    "selection": {
        "split": "train, held out", "people": 400, "metric": "Mean", "every": 1, "epoch": 2, "score": 81.25, "chosen": True,
    },
    "history": [{"epoch": 4, "step": 500, "loss": 0.125, "score": 80.5}], "flip_test": False, "device": "NVIDIA A100",
    "torch": "2.11.0",
}  # fmt: skip
SHOWN = record(
    "my [net]", model=MODEL, notes=["82 people are annotated twice."], intervals={"Mean": (88.5, 89.75)},
    per_joint_intervals={"left_knee": (70.5, 80.25)},
)  # fmt: skip


def measured() -> Cost:
    timing = Timing(
        how="eager fp32", batch=1, median=20.0, low=19.0, high=21.0, rounds=5, images_per_second=50.0, memory=None, relative=0.0
    )  # fmt: skip
    return Cost(
        arch="mynet", input_size=(192, 256), protocol="mpii", keypoints=16, parameters=1_234_567, unused={}, macs=2_500_000_000,
        macs_on_outputs=0, activations=0, kept=0, device="A big CPU", timings=(timing,), created="2026", environment={},
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_record(SHOWN, tmp_path / "results")
    cost.save(measured(), tmp_path / "results")
    return tmp_path


def show(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["show", *arguments], catch_exceptions=False)


def test_a_record_is_shown_in_sections_within_eighty_columns_of_a_terminal(folder: Path) -> None:
    seen = type_posebench("show", "my [net]", cwd=folder, columns=80, rows=100)
    assert seen.returncode == 0
    assert seen.lines[0] == "my [net] on mpii val"
    titles = [line for line in seen.lines if line and not line.startswith(" ")]
    assert titles[1:] == [
        "Rule", "Data", "Scores, ranked by Mean", "95 %: the interval from 1,000 resamples, resampled by image (2,729)",
        "Mean by threshold", "Keypoints, PCKh@0.5", "Notes", "Network", "Recipe", "Cost", "Files", "Made",
    ]  # fmt: skip
    shown = [" ".join(line.split()) for line in seen.lines]
    for line in (
        "people 2,958 in 2,729 images of mpii val", "Mean 89.0915 88.5–89.8", "left_knee 74.0000 70.5–80.2",
        "82 people are annotated twice.", "parameters 1,234,567", "input (h×w) 256×192", "last epoch loss 0.125, score 80.5",
        "selected by Mean of 400 people of train, held out, 81.2500 at epoch 2", "flip test no", "versions torch 2.11.0",
        "operations 2.50 G multiply-accumulates, 1.23 M parameters", "speed 50.0 images/s (eager fp32, batch 1) on A big CPU",
        "predictions 8.h5", "c" * 64, "a" * 64, "e" * 64, "d" * 64, "with posebench 0.1.0, python 3.12.3",
    ):  # fmt: skip
        assert line in shown, line


def test_the_settings_of_a_recipe_that_are_not_the_defaults_are_named(folder: Path) -> None:
    out = show("my [net]", "--results", str(folder / "results")).stdout
    recipe = out[out.index("\nRecipe\n") : out.index("\nCost\n")]
    assert [" ".join(line.split()) for line in recipe.strip().splitlines()[1:]] == [
        "batch_size 16 (over all processes)", "optimizer adamw", "learning_rate 0.002",
        "weight_decay 0.01 (not of biases and normalisation; None: PyTorch's own (adamw: 0.01 of every parameter))",
        "clip_norm 2.5 (largest norm of all gradients together)",
        "ema 0.999 (decay of averaged weights, which are then scored)", "augmentation rotation 40.0",
    ]  # fmt: skip


def test_a_recipe_of_another_version_is_shown_as_it_stands(tmp_path: Path) -> None:
    path = save_record(record("odd", model={"recipe": {"name": "x", "epochs": 4, "momenta": [1, 2]}}), tmp_path)
    assert "momenta      [1, 2]" in show(str(path)).stdout


def test_what_a_record_does_not_know_is_left_out(tmp_path: Path) -> None:
    path = save_record(record("bare", model={}, per_joint={}), tmp_path)
    out = show(str(path)).stdout
    assert "Rule\n" in out and "Files\n" in out
    for title in ("Keypoints", "Notes", "Network", "Cost", "95 %", "published by"):
        assert title not in out


def test_json_is_the_record_with_its_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    printed = json.loads(show(SHOWN.id, "--json").stdout)
    assert printed.pop("record") == f"results/records/{SHOWN.id}.json"
    assert Record.model_validate(printed) == SHOWN


def test_a_name_that_is_not_there_is_a_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    done = show("my net")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: No record in results is named 'my net'. Did you mean 'my [net]'?")


def test_a_folder_without_records_is_named(tmp_path: Path) -> None:
    done = show("net", "--results", str(tmp_path / "none"))
    assert (
        done.stderr
        == f"Error: The results folder {tmp_path / 'none'} has no records, so 'net' is none of them. Name another folder.\n"
    )


def test_ap_at_the_thresholds_of_a_coco_record_is_shown(tmp_path: Path) -> None:
    save_record(record("poses", COCO), tmp_path / "results")
    shown = show("poses", "--results", str(tmp_path / "results")).output
    assert [line.split() for line in shown.split("AP by threshold\n")[1].split("\n\n")[0].splitlines()] == [
        ["OKS", "threshold", "AP"], ["0.5", "0.905"], ["0.75", "0.819"], ["0.95", "0.240"],
    ]  # fmt: skip
