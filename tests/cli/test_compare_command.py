"""`posebench compare`: how files are named, and what is said of files of one image, which cannot be resampled."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import posebench as pb
from posebench.cli.main import main
from posebench.data import predictions
from posebench.data.provenance import Provenance, StatedCorruption
from posebench.tasks.scoring.arrays import predictions_of


def test_nothing_is_said_of_resamples_where_there_is_one_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 1)
    people = pb.load_people("mpii")
    pb.save_predictions("right.h5", people.keypoints, people)
    pb.save_predictions("far.h5", people.keypoints + 900, people)
    done = CliRunner().invoke(main, ["compare", "right.h5", "far.h5", "--protocol", "mpii"])
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[1] == "Mean: right − far is +100.00, without an interval."
    assert "Note: One image: no interval" in done.stdout
    assert "resample" not in done.stdout
    compared = pb.compare(["right.h5", "far.h5"], protocol="mpii")
    html = compared._repr_html_()
    assert "One image: no interval" in html and "single-step" not in html


def test_files_of_one_network_are_named_by_what_differs_and_their_own_names_are_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 3)
    people = pb.load_people("mpii")
    files = [f"hourglass1-mpii-quick-seed0-8a68b795-val-9c519902{end}.h5" for end in ("", "-fog-3")]
    fog = StatedCorruption(name="fog", severity=3, rule="advmix", seed=1)
    for name, pixels, its in zip(files, (0, 9), ({}, {"corrupted": fog}), strict=True):
        made = Provenance(arch="hourglass1", **its)
        predictions.save(predictions_of(people.keypoints + pixels, people, provenance=made), Path(name))
    done = CliRunner().invoke(main, ["compare", *files, "--protocol", "mpii"])
    assert done.exit_code == 0, done.output
    text = " ".join(done.stdout.split())
    assert "A: hourglass1, clean (hourglass1-mpii-quick-seed0-8a68b795-val-9c519902.h5)" in text
    assert "differ. hourglass1, clean: none; hourglass1, fog 3: fog 3 (rule advmix, seed 1)" in text
    assert "synthetic people val: the same 3 people" in text
    assert [text.count(name) for name in files] == [1, 1]
    found = json.loads(CliRunner().invoke(main, ["compare", *files, "--protocol", "mpii", "--json"]).stdout)
    assert [(run["name"], run["predictions"]) for run in found["runs"]] == [
        ("hourglass1, clean", files[0]), ("hourglass1, fog 3", files[1]),
    ]  # fmt: skip
    assert found["pairs"][0]["b"] == "hourglass1, fog 3"
