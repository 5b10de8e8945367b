"""`posebench compare`: what is said of files of one image, which cannot be resampled."""

from pathlib import Path

import pytest
from click.testing import CliRunner

import posebench as pb
from posebench.cli.main import main


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
