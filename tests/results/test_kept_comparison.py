"""Comparisons beside records: what is kept is read back, and what is damaged is named."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

import posebench as pb
from posebench.cli.main import main
from posebench.results.kept_comparison import find_comparisons


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """80 people and 100 resamples: enough for a difference that every person shows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 80)
        patch.setattr("posebench.scoring.bootstrap.RESAMPLES", 100)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two predictions files with their records, and their comparison as the command keeps it."""
    place = tmp_path_factory.mktemp("kept")
    people = pb.load_people("mpii")
    for name, pixels in (("near", 3), ("far", 6)):
        pb.save_predictions(place / f"{name}.h5", people.keypoints + pixels, people)
        pb.evaluate(place / f"{name}.h5", protocol="mpii", people=people, name=name).save(place / "results")
    done = compare(place, "--save")
    assert done.exit_code == 0, done.output
    (place / "printed").write_text(done.stdout)
    return place


def compare(place: Path, *more: str):
    files = [str(place / f"{name}.h5") for name in ("near", "far")]
    return CliRunner().invoke(
        main, ["compare", *files, "--protocol", "mpii", "--results", str(place / "results"), *more]
    )


def test_what_is_kept_is_what_compare_finds(folder: Path) -> None:
    (kept,) = find_comparisons(folder / "results").kept
    (pair,) = pb.compare([folder / "near.h5", folder / "far.h5"], protocol="mpii").pairs
    assert (kept.metrics, kept.joints) == (pair.metrics, pair.joints)
    assert [(folder / f"results/records/{identity}.json").is_file() for identity in (kept.a, kept.b)] == [True, True]
    assert f"results/comparisons/{kept.a}--{kept.b}.json" in (folder / "printed").read_text()


def test_json_is_alone_on_stdout(folder: Path) -> None:
    done = compare(folder, "--save", "--json")
    assert json.loads(done.stdout)["pairs"][0]["a"] == "near"
    assert "comparisons/" in done.stderr


def test_a_damaged_comparison_is_named_with_its_field(folder: Path, tmp_path: Path) -> None:
    (source,) = (folder / "results/comparisons").iterdir()
    (tmp_path / "comparisons").mkdir()
    damaged = tmp_path / "comparisons" / source.name
    damaged.write_text(json.dumps(json.loads(source.read_text()) | {"joints": [{"name": "left_wrist"}]}))
    found = find_comparisons(tmp_path)
    assert not found.kept
    (note,) = found.notes
    assert str(damaged) in note and "joints.0.a" in note and "Compare the predictions files again with --save" in note


def test_files_without_records_are_compared_and_the_error_says_how_to_make_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    done = compare(folder, "--save", "--results", str(tmp_path))
    assert done.exit_code == 1
    assert "Mean: resolved." in done.stdout
    assert "There is no record of near.h5 under mpii official" in " ".join(done.stderr.split())


def test_rows_have_nothing_to_keep(folder: Path) -> None:
    done = CliRunner().invoke(
        main, ["compare", "near", "far", "--protocol", "mpii", "--save", "--results", str(folder / "results")]
    )
    assert done.exit_code == 1
    assert "--save is for predictions files" in " ".join(done.stderr.split())
