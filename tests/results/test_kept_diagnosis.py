"""Diagnoses beside records: what is kept is read back, and what is damaged is named."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import posebench as pb
from posebench.cli.main import main
from posebench.results.kept_diagnosis import find_diagnoses


@pytest.fixture(scope="module", autouse=True)
def _small() -> Iterator[None]:
    """80 people and 20 resamples: intervals are kept whatever they are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 80)
        patch.setattr("posebench.scoring.bootstrap.RESAMPLES", 20)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A predictions file that has 40 people 3 pixels off and misses the others, with records of two names."""
    place = tmp_path_factory.mktemp("kept")
    people = pb.load_people("mpii")
    keypoints = np.full_like(people.keypoints, np.nan)
    keypoints[:40] = people.keypoints[:40] + 3
    pb.save_predictions(place / "off.h5", keypoints, people)
    for name in ("one", "two"):
        pb.evaluate(place / "off.h5", protocol="mpii", people=people, name=name).save(place / "results")
    pb.diagnose(place / "off.h5", protocol="mpii", people=people).save(place / "results")
    return place


def test_a_diagnosis_is_kept_for_every_record_of_the_file(folder: Path) -> None:
    records = sorted(path.name for path in (folder / "results/records").iterdir())
    assert sorted(path.name for path in (folder / "results/diagnoses").iterdir()) == records
    assert len(records) == 2


def test_what_is_kept_is_what_was_found(folder: Path) -> None:
    found = pb.diagnose(folder / "off.h5", protocol="mpii")
    kept = find_diagnoses(folder / "results")
    assert not kept.notes
    for identity, one in kept.by_record.items():
        assert (folder / f"results/records/{identity}.json").is_file()
        assert one.counts == found.errors.counts
        assert one.repairs == found.errors.repairs
        assert one.joints == found.errors.joints
        assert one.registration == found.registration
        assert one.slices == found.slices
        assert one.calibration == found.calibration


def test_an_unknown_number_is_null_and_is_read_back_as_unknown(tmp_path: Path) -> None:
    people = pb.load_people("mpii")
    pb.save_predictions(tmp_path / "far.h5", people.keypoints + 900, people)
    pb.evaluate(tmp_path / "far.h5", protocol="mpii", people=people).save(tmp_path)
    (path,) = pb.diagnose(tmp_path / "far.h5", protocol="mpii", people=people).save(tmp_path)
    assert json.loads(path.read_text())["registration"]["overall"]["x"]["value"] is None
    (kept,) = find_diagnoses(tmp_path).by_record.values()
    assert np.isnan(kept.registration.overall.x.value)


def test_the_same_file_makes_the_same_bytes(folder: Path) -> None:
    before = {path: path.read_bytes() for path in (folder / "results/diagnoses").iterdir()}
    pb.diagnose(folder / "off.h5", protocol="mpii").save(folder / "results")
    assert {path: path.read_bytes() for path in (folder / "results/diagnoses").iterdir()} == before


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("schema_version", 2, "schema_version"),
        ("counts", [1, 2, 3], "counts"),
        ("cause", "jitter", "cause is not a known field"),
        ("repairs", [{"kind": "jitter"}], "repairs.0.count: "),
        ("joints", {"left_wrist": [0, 0, 0, 0, 0]}, "left_wrist has no predictions"),
        ("worst", [{"image": "a.jpg", "person": 0, "kinds": [1, 2]}], "kinds should be 5 numbers, of good, jitter,"),
    ],
)
def test_a_damaged_diagnosis_is_named_with_its_field(
    folder: Path, tmp_path: Path, field: str, value: object, complaint: str
) -> None:
    source = next((folder / "results/diagnoses").iterdir())
    (tmp_path / "diagnoses").mkdir()
    damaged = tmp_path / "diagnoses" / source.name
    damaged.write_text(json.dumps(json.loads(source.read_text()) | {field: value}))
    found = find_diagnoses(tmp_path)
    assert not found.by_record
    (note,) = found.notes
    assert str(damaged) in note and complaint in note and "Diagnose its predictions again with --save" in note


def test_a_file_without_a_record_is_diagnosed_and_the_error_says_how_to_make_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    done = CliRunner().invoke(
        main, ["diagnose", str(folder / "off.h5"), "--protocol", "mpii", "--save", "--results", str(tmp_path)]
    )
    assert done.exit_code == 1
    assert "repair alone would add" in " ".join(done.stdout.split())
    assert "There is no record of off.h5 under mpii official" in " ".join(done.stderr.split())
    assert "posebench evaluate off.h5 --protocol mpii" in " ".join(done.stderr.split())


def test_save_names_the_files_draws_for_each_record_and_leaves_stdout_to_json(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[str, Path] = {}
    monkeypatch.setattr(
        "posebench.report.plots.diagnosis_pictures.write_pictures",
        lambda record, kept, place, measured: drawn.setdefault(f"{record.name} {kept.record}", place),
    )
    arguments = ["diagnose", str(folder / "off.h5"), "--protocol", "mpii", "--results", str(folder / "results")]
    done = CliRunner().invoke(main, [*arguments, "--save", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["name"] == "off"
    names = [Path(line).name for line in done.stderr.splitlines() if line.endswith(".json")]
    assert names == sorted(path.name for path in (folder / "results/diagnoses").iterdir())
    ids = [name.removesuffix(".json") for name in names]
    assert drawn == {
        f"{name} {own}": folder / "results/diagnoses" / own for name, own in zip(("one", "two"), ids, strict=True)
    }
