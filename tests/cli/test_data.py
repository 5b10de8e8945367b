"""`posebench data check` and `data show` as typed in a terminal."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from entry import posebench
from small_coco import name_of, write_coco
from terminal import type_posebench

from posebench.cli.main import main

ARGUMENTS = ("data", "check", "coco", "--data", "d")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_coco(tmp_path / "d")
    return tmp_path


def test_a_sound_folder_fits_80_columns_and_ends_with_0(place: Path) -> None:
    seen = type_posebench(*ARGUMENTS, cwd=place, columns=80, rows=60)
    assert seen.returncode == 0, seen.text
    assert "coco in d" in seen.lines
    assert "train  4 of 149,813  4 of 4       person_keypoints_train2017.json" in seen.text
    assert "  7 photographs decode." in seen.lines
    assert "  No photograph is in both train and val, and no two look alike." in seen.lines
    assert seen.text.rstrip().endswith("Training and scoring are possible.")
    assert b"7/7" in seen.raw


def test_missing_photographs_end_with_1_and_name_folder_and_source(place: Path) -> None:
    (place / "d/val2017" / name_of("val", 3)).unlink()
    seen = type_posebench(*ARGUMENTS, cwd=place, columns=120, rows=60)
    assert seen.returncode == 1
    problem = (
        "Predicting is impossible without --allow-missing: d/val2017 lacks 1 of the 3 photographs of val: val_3.png"
    )
    assert f"  {problem}" in seen.lines
    assert "Where the files come from" in seen.lines
    assert "Training and scoring are possible." not in seen.text


def test_an_empty_folder_is_said_once_with_the_address_of_the_dataset(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    seen = type_posebench("data", "check", "mpii", "--data", "d", cwd=tmp_path, columns=120, rows=60)
    words = " ".join(seen.text.split())
    assert (seen.returncode, words.count("d/annot, d, d/annotations")) == (1, 1)
    assert (
        "Scoring is impossible: No MPII val annotation below d: looked for mpii_human_pose_v1_u12_*.mat, detections.mat, "
        in words
    )
    assert "valid.json, valid.h5 in the same folders. Where the files come from" in words
    assert "http://human-pose.mpi-inf.mpg.de/#download" in words


def test_json_is_alone_on_stdout_and_has_every_fact(place: Path) -> None:
    done = posebench(*ARGUMENTS, "--json", cwd=place)
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr, found["possible"]) == (0, "", True)
    assert [split["present"] for split in found["splits"]] == [4, 3]
    lines = [json.loads(line) for line in (place / found["cache"]).read_text().splitlines() if line]
    assert sorted(Path(line[1]).name for line in lines)[0] == "train_1.png"
    assert all(len(line[4]["sha256"]) == 64 for line in lines) and len(lines) == 7


def test_show_writes_a_picture_and_prints_its_path(place: Path) -> None:
    seen = type_posebench(
        "data", "show", "coco", "--arch", "hourglass1", "--recipe", "quick", "--data", "d", cwd=place, columns=80
    )
    assert (seen.returncode, seen.lines[0]) == (0, "coco-train-hourglass1.png"), seen.text
    assert (place / "coco-train-hourglass1.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--row", "1", "--image", "x.png"), "--row names one person and --image one photograph; give one of them."),
        (("--out", "x.jpg"), "--out x.jpg should end in .png"),
        (("--split", "tets"), "No split of coco is named 'tets'."),
    ],
)
def test_options_that_do_not_fit_are_refused(place: Path, more: tuple[str, ...], sentence: str) -> None:
    arguments = "--arch", "hourglass1", "--data", "d", "--recipe", "quick"
    done = posebench("data", "show", "coco", *arguments, *more, cwd=place)
    assert (done.returncode, sentence in done.stderr) == (1, True), done.stderr


def test_run_names_the_missing_photographs_before_it_trains(place: Path) -> None:
    (place / "d/val2017" / name_of("val", 3)).unlink()
    seen = type_posebench(
        "run", "--arch", "hourglass1", "--protocol", "coco", "--data", "d", "--recipe", "quick", cwd=place, columns=120
    )
    assert seen.returncode == 1
    assert "Nothing was trained, because this run could not be scored: d/val2017 lacks 1 of the 3" in seen.text
    assert not (place / "results/runs").exists()


def test_ctrl_c_ends_a_check_with_a_sentence(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*arguments: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("posebench.tasks.dataset.check.scan", interrupted)
    monkeypatch.chdir(place)
    done = CliRunner().invoke(main, list(ARGUMENTS))
    assert done.exit_code == 130
    assert "Stopped. Type the same command again to go on" in done.output
    assert "Error" not in done.output  # Ctrl-C is none
