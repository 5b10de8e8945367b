"""`posebench compare A B --overlays`, through its real entry point, on drawn people."""

from dataclasses import replace
from pathlib import Path

import cv2
import entry
import pytest

from posebench.data.predictions import for_instances, save
from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.samples.images import ImageReader
from posebench.tasks.people import load_people
from posebench.tasks.scoring.compare import compare

MPII = ("--protocol", "mpii")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions of three drawn people; b.h5 is better of the last person alone."""
    path = tmp_path_factory.mktemp("compared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 3)
        people = load_people(protocol("mpii"), None)
    guess = people.keypoints + 3.0
    save(for_instances(people, guess), path / "a.h5")
    guess[2] = people.keypoints[2]
    save(replace(for_instances(people, guess), split="val"), path / "b.h5")
    return path


def test_the_gallery_has_the_ids_of_the_records_in_the_results_folder(folder: Path) -> None:
    done = entry.posebench("evaluate", "a.h5", *MPII, "--name", "first", "--quiet", cwd=folder, people=3)
    assert done.returncode == 0, done.stderr
    done = entry.posebench("compare", "a.h5", "b.h5", *MPII, "--overlays", "--quiet", cwd=folder, people=3)
    assert done.returncode == 0, done.stderr
    kept = next((folder / "results/records").glob("*.json")).stem
    (gallery,) = (folder / "results/overlays").glob("*.png")
    assert gallery.stem.startswith(f"{kept}--mpii-synthetic-val-b-")
    assert f"Overlays: results/overlays/{gallery.name}" in done.stdout.splitlines()


def test_people_without_a_photograph_are_passed_over(folder: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", 3)
        drawn = load_people(protocol("mpii"), None)
    people = replace(drawn, synthetic=False, images=("0.png", "1.png", "2.png"), image_root=tmp_path)
    save(for_instances(people, people.keypoints + 3.0), tmp_path / "a.h5")
    save(for_instances(people, people.keypoints + [[[2.0]], [[0.0]], [[1.0]]]), tmp_path / "b.h5")
    comparison = compare([tmp_path / "a.h5", tmp_path / "b.h5"], protocol("mpii"), people)
    with pytest.raises(PosebenchError, match=r"lacks 3 of the 3 photographs"):
        comparison.draw_overlays(tmp_path)
    for row in (0, 2):
        cv2.imwrite(str(tmp_path / f"{row}.png"), ImageReader(drawn)(row))
    assert people.with_photograph().tolist() == [True, False, True]
    path = comparison.draw_overlays(tmp_path)
    assert path is not None and path.is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("a.h5", "a.h5"), "score the same on every person of synthetic people val"),
        (("a.h5", "b.h5", "a.h5"), "--overlays compares two files, but there are 3."),
        (("first", "second"), "--overlays is for predictions files"),
    ],
)
def test_a_gallery_is_of_two_files_that_differ(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    done = entry.posebench("compare", *arguments, *MPII, "--overlays", cwd=folder, people=3)
    assert done.returncode == 1
    assert sentence in " ".join(done.stderr.split())
