"""`posebench verify`: what it prints, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from terminal import type_posebench

import posebench as pb
from posebench.cli.main import main


def verify(*arguments: object) -> Any:
    return CliRunner().invoke(main, ["verify", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results folder with two records of one predictions file; a digit of the second record is changed."""
    folder = tmp_path_factory.mktemp("cli") / "results"
    people = pb.load_people("lsp")
    file = pb.save_predictions(folder / "predictions/near.h5", people.keypoints + 5, people)
    pb.evaluate(file, protocol="lsp", name="right").save(folder)
    path = pb.evaluate(file, protocol="lsp", name="wrong").save(folder)
    record = json.loads(path.read_text())
    record["metrics"]["Mean"] = 99.125
    path.write_text(json.dumps(record))
    return folder


@pytest.fixture(autouse=True)
def _there(results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(results.parent)


def test_a_changed_digit_ends_with_one_and_is_named_with_both_values() -> None:
    done = verify("right", "wrong")
    assert done.exit_code == 1
    assert done.stderr == "Error: Of 2 records, 1 record differs. The reasons are given above.\n"
    right, wrong = done.stdout.split("results/records/")[1:]
    assert "near.h5, SHA-256" in right and "as stated" in right
    assert "  verified: " in right and right.endswith("equal to the last digit.\n")
    assert "    metrics.Mean: 99.125 in the record, " in wrong
    assert "  differs: 1 of 1," in wrong  # numbers and texts


def test_json_has_every_difference_and_nothing_else_is_printed() -> None:
    done = verify("wrong", "--json")
    assert done.exit_code == 1
    (found,) = json.loads(done.stdout)["records"]
    (difference,) = found["differences"]
    assert (found["status"], difference["field"], difference["stated"]) == ("differs", "metrics.Mean", 99.125)
    assert found["predictions"]["found"] == found["predictions"]["sha256"]


def test_what_cannot_be_checked_is_no_success(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = next((results / "records").glob("*right*"))
    (tmp_path / "alone.json").write_bytes(record.read_bytes())
    monkeypatch.chdir(tmp_path)
    done = verify("alone.json", "--quiet")
    assert (done.exit_code, done.stdout) == (1, "alone.json: not checked\n")
    assert done.stderr == "Error: 1 record is not checked. The reasons are given above.\n"


def test_a_predictions_file_is_not_taken_for_a_record() -> None:
    done = verify("results/predictions/near.h5")
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: results/predictions/near.h5 is not a readable record")


def test_a_verified_record_fits_eighty_columns_of_a_terminal_and_ends_with_zero(results: Path) -> None:
    seen = type_posebench("verify", "right", cwd=results.parent, columns=80)
    assert seen.returncode == 0
    assert "  verified: " in seen.text
    assert max(map(len, seen.lines)) <= 80


def test_a_path_that_is_longer_than_a_line_stays_whole_and_can_be_copied(results: Path, tmp_path: Path) -> None:
    file = tmp_path / ("deep" * 20) / "near.h5"
    file.parent.mkdir()
    file.write_bytes((results / "predictions/near.h5").read_bytes())
    seen = type_posebench("verify", "right", "--predictions", file, cwd=results.parent, columns=80)
    assert seen.returncode == 0
    assert f"  {file},\r\n".encode() in seen.raw
