"""`posebench report` with chosen rows and columns."""

import re
from pathlib import Path
from typing import Any

import cv2
import entry
import numpy as np
import pytest
from records import FLIC, record

from posebench.results.record import save_record

MEANS = {"hourglass2": 80.0, "hourglass8": 88.0, "hrnet": 90.0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    """A folder with three records of MPII, one of FLIC, and their report."""
    folder = tmp_path_factory.mktemp("reported")
    for name, mean in MEANS.items():
        save_record(record(name, metrics={"Head": mean + 1, "Mean": mean}), folder / "results")
    save_record(record("net", base=FLIC), folder / "results")
    ids = {name: record(name).id for name in MEANS}
    overlays = folder / "results" / "overlays"
    overlays.mkdir()
    for shown in (["hourglass2"], ["hrnet"], ["hourglass2", "hourglass8"], ["hourglass2", "hrnet"]):
        cv2.imwrite(str(overlays / f"{'--'.join(ids[name] for name in shown)}.png"), np.zeros((4, 6, 3), np.uint8))
    assert entry.posebench("report", cwd=folder).returncode == 0
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_choice_is_printed_and_the_full_leaderboards_stay(folder: Path) -> None:
    before = files(folder)
    done = entry.posebench("report", "--columns", "rank,Mean", "--only", "hourglass*", cwd=folder, COLUMNS="200")
    table = [
        words for line in done.stdout.splitlines() if len(words := line.split()) == 3 and words[0] in ("name", *MEANS)
    ]
    assert table == [["name", "rank", "Mean"], ["hourglass8", "1", "88.00"], ["hourglass2", "2", "80.00"]]
    assert "2 of 3 rows; ranks are among them." in done.stdout
    assert "flic" not in done.stdout
    assert "Not written: the leaderboards in results keep all rows and columns. --out DIR writes" in done.stdout
    assert files(folder) == before


def test_out_has_the_choice_in_every_form(folder: Path, tmp_path: Path) -> None:
    before, out = files(folder), tmp_path / "chosen"
    done = entry.posebench("report", "--columns", "Mean", "--only", "hourglass*", "--out", out, cwd=folder)
    assert done.returncode == 0, done.stderr
    (csv,), (tex,) = out.glob("leaderboards/*.csv"), out.glob("leaderboards/*.tex")
    assert csv.read_text() == "name,Mean,rows left out\nhourglass8,88.0,1\nhourglass2,80.0,1\n"
    assert r"Name & Mean \\" in tex.read_text() and "hrnet" not in tex.read_text()
    assert "| name | Mean |" in (out / "leaderboard.md").read_text()
    page = (out / "index.html").read_text()
    assert "2 of 3 rows." in page and "hrnet" not in page
    assert len(list(out.glob("overlays/*.png"))) == 2  # of hourglass2, and of the two that are chosen
    assert files(folder) == before


def test_a_results_folder_is_no_place_for_a_choice(folder: Path) -> None:
    done = entry.posebench("report", "--only", "hrnet", "--out", "results", cwd=folder)
    assert done.returncode == 1
    assert "Error: results is a results folder: it has records" in done.stderr


def test_nothing_is_written_into_the_results_folder_but_the_report_itself(folder: Path) -> None:
    before = files(folder)
    done = entry.posebench("report", "--out", folder / "results" / "overlays" / "mine", cwd=folder, COLUMNS="200")
    assert done.returncode == 1
    assert "overlays/mine is inside the results folder results" in done.stderr
    assert files(folder) == before


def test_a_single_file_is_said_to_be_the_one_to_send(folder: Path, tmp_path: Path) -> None:
    done = entry.posebench("report", "--only", "net", "--single-file", "--out", tmp_path / "sent", cwd=folder)
    *_, more, last = done.stdout.splitlines()
    assert re.fullmatch(rf"and \d+ more files below {re.escape(str(tmp_path / 'sent'))}", more)
    assert last == "index.html has everything within itself: send this one file."
