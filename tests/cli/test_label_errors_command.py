"""`posebench label-errors`, through its real entry point, on drawn people of whom one wrist is annotated wrongly."""

import csv
import json
import shutil
from pathlib import Path

import entry
import numpy as np
import pytest
from mpii_folder import write_folder

from posebench.data.predictions import for_instances, save
from posebench.plugins.registry import protocol
from posebench.tasks.label_errors import SHOWN, find_label_errors
from posebench.tasks.people import load_people

MPII = protocol("mpii")
WRIST = MPII.skeleton.keypoints.index("left_wrist")
ARGUMENTS = ("--protocol", "mpii")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files that have the wrist of person 1 where it is not annotated; c.h5 has it elsewhere."""
    path = tmp_path_factory.mktemp("labels")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 3)
        people = load_people(MPII, None)
    for name, by in (("a", 60), ("b", 61), ("c", -60)):
        guess = people.keypoints.copy()
        guess[1, WRIST, 0] += by
        save(for_instances(people, guess), path / f"{name}.h5")
    return path


def posebench(folder: Path, *arguments: object) -> "entry.subprocess.CompletedProcess[str]":
    return entry.posebench("label-errors", *arguments, *ARGUMENTS, cwd=folder, people=3)


def test_the_table_and_the_gallery_have_the_wrist(folder: Path) -> None:
    done = posebench(folder, "a.h5", "b.h5")
    assert done.returncode == 0, done.stderr
    assert "both runs agree on 48: on 47 with the annotation too (PCKh@0.5), on 1 against it." in done.stdout
    (row,) = csv.DictReader((folder / "mpii-val-label-errors.csv").read_text().splitlines())
    assert (row["person"], row["keypoint"], row["runs"]) == ("0", "left_wrist", "2")
    assert float(row["agreed_x"]) - float(row["annotated_x"]) == pytest.approx(60.5, abs=0.01)
    assert (folder / "mpii-val-label-errors.jpg").read_bytes().startswith(b"\xff\xd8")


def test_runs_that_do_not_agree_find_nothing_and_draw_nothing(folder: Path) -> None:
    done = posebench(folder, "a.h5", "c.h5", "--out", "none.csv", "--json")
    told = json.loads(done.stdout)
    assert (told["found"], told["csv"], told["gallery"]) == ([], "none.csv", None)
    assert len((folder / "none.csv").read_text().splitlines()) == 1
    assert not (folder / "none.jpg").exists()


def test_a_record_stands_for_its_kept_predictions(folder: Path) -> None:
    (folder / "results/predictions").mkdir(parents=True)
    (folder / "results/predictions/kept.h5").write_bytes((folder / "b.h5").read_bytes())
    done = entry.posebench("evaluate", "b.h5", *ARGUMENTS, "--name", "second", cwd=folder, people=3)
    assert done.returncode == 0, done.stderr
    done = posebench(folder, "a.h5", "second", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["files"][1], len(found["found"])) == ("results/predictions/kept.h5", 1)


def test_without_runs_all_records_of_the_table_with_kept_predictions_are_the_runs(folder: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    (results / "predictions").mkdir(parents=True)
    for name in "abc":
        done = entry.posebench("evaluate", f"{name}.h5", *ARGUMENTS, "--results", results, "-q", cwd=folder, people=3)
        assert done.returncode == 0, done.stderr
    failed = posebench(folder, "--results", results)
    assert (failed.returncode, "3 records of" in failed.stderr, "0 with kept predictions" in failed.stderr) == (
        1,
        True,
        True,
    )
    for name in "ab":
        shutil.copy(folder / f"{name}.h5", results / "predictions")
    done = posebench(folder, "--results", results, "--json", "--out", tmp_path / "x.csv")
    assert "without kept predictions, so left out: c." in " ".join(done.stderr.split())
    found = json.loads(done.stdout)
    assert ([Path(file).name for file in found["files"]], len(found["found"])) == (["a.h5", "b.h5"], 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("a.h5",), "need 2 runs or more that agree with each other; there is 1."),
        (("a.h5", "a.h5"), "a.h5 is given twice; it would agree with itself."),
        (("a.h5", "gone.h5"), "gone.h5 does not exist; a predictions file should be there."),
        (("a.h5", "nobody"), "nobody"),
        (("a.h5", "b.h5", "--out", "x.txt"), "--out x.txt should end in .csv"),
    ],
)
def test_what_cannot_be_compared_is_refused(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = posebench(folder, *arguments)
    assert done.returncode == 1
    assert sentence in " ".join(done.stderr.split())


def test_without_photographs_there_is_a_table_and_no_gallery(tmp_path: Path) -> None:
    data = write_folder(tmp_path / "data")
    people = load_people(MPII, data)
    for name in ("a", "b"):
        save(for_instances(people, people.keypoints + 500), tmp_path / f"{name}.h5")
    for image in (data / "images").iterdir():
        image.unlink()
    suspects = find_label_errors([tmp_path / "a.h5", tmp_path / "b.h5"], MPII, people)
    assert len(suspects.errors.found) > SHOWN
    assert suspects.draw(tmp_path / "x.jpg") == 0
    assert not (tmp_path / "x.jpg").exists()


def test_the_same_files_make_the_same_bytes(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 3)
        people = load_people(MPII, None)
    for name in ("one", "two"):
        suspects = find_label_errors([folder / "a.h5", folder / "b.h5"], MPII, people)
        suspects.save(folder / f"{name}.csv")
        suspects.draw(folder / f"{name}.jpg")
    for ending in (".csv", ".jpg"):
        assert (folder / f"one{ending}").read_bytes() == (folder / f"two{ending}").read_bytes()


def test_on_mpii_four_hourglasses_agree_against_the_annotation_of_915_keypoints(shared: Path) -> None:
    data = shared / "data/mpii"
    files = [data / "predictions" / name for name in ("newell.h5", "hg_s2_b1.mat", "hg_s8_b1.mat", "valid-example.h5")]
    suspects = find_label_errors(files, MPII, load_people(MPII, data))
    errors = suspects.errors
    assert (errors.counted, errors.agreed, errors.right, len(errors.found)) == (44240, 36587, 33780, 915)
    assert (errors.found[0].image, errors.found[0].keypoint) == ("008975950.jpg", "thorax")
    assert np.diff([one.times for one in errors.found]).max() <= 0
