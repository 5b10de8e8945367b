"""`posebench predict --keep-heatmaps` and `--scales`, through their real entry point."""

from pathlib import Path

import entry
import faulty
import pytest

from posebench.data.predictions import load
from posebench.inference.heatmap_file import open_heatmaps


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the checkpoint of a small network that was not trained."""
    path = tmp_path_factory.mktemp("keep")
    (path / "plugins").mkdir()
    faulty.install(path / "plugins")
    done = posebench(path, "train", "--arch", "Sound", "--protocol", "mpii", "--limit", 2, "--epochs", 0, "--quiet")
    assert done.returncode == 0, done.stderr
    next((path / "results/runs").glob("*/checkpoint.pt")).rename(path / "net.pt")
    return path


def posebench(folder: Path, *arguments: object) -> "entry.subprocess.CompletedProcess[str]":
    return entry.posebench(*arguments, cwd=folder, people=3, **faulty.variables(folder / "plugins"))


def test_the_space_is_printed_and_the_heatmaps_are_beside_the_predictions(folder: Path) -> None:
    done = posebench(folder, "predict", "net.pt", "--protocol", "mpii", "--keep-heatmaps", "maps.h5", "--out", "p.h5")
    assert (done.returncode, done.stdout) == (0, "p.h5\n"), done.stderr
    said = " ".join(done.stderr.split())
    assert "maps.h5: heatmaps of 3 people × upright and mirrored × stack 1 × 16 keypoints ×" in said
    with open_heatmaps(folder / "maps.h5") as found:
        assert (len(found), found.provenance.arch, found.dataset) == (3, "Sound", "synthetic people")


def test_predictions_over_scales_have_a_file_of_their_own_that_states_them(folder: Path) -> None:
    done = posebench(folder, "predict", "net.pt", "--protocol", "mpii", "--scales", "1.2,1,0.9")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("-scales-1.2-1-0.9.h5\n")
    assert load(folder / done.stdout.strip()).provenance.plain()["scales"] == [0.9, 1.0, 1.2]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--protocol", "mpii", "--last-stack"), 2, "--last-stack applies to --keep-heatmaps, which is not given."),
        (("a.jpg", "--keep-heatmaps", "x.h5"), 2, "--keep-heatmaps does not apply to a PICTURE."),
        (("--protocol", "mpii", "--keep-heatmaps", "x.h5", "--out", "./x.h5"), 1, "both name x.h5"),
        (("--protocol", "mpii", "--keep-heatmaps", "x.h5", "--scales", "1,1.2"), 1, "own region. Leave out --scales."),
        (("a.jpg", "--scales", "1,1.2"), 2, "--scales does not apply to a PICTURE."),
        (("--protocol", "mpii", "--scales", "1;2"), 2, "'1;2' should be numbers with commas between them"),
        (
            ("--protocol", "mpii", "--scales", "0.9,1.1"),
            1,
            "have 1 among them, the person's own region; these are 0.9, 1.1.",
        ),
    ],
)
def test_heatmaps_that_cannot_be_kept_are_refused(
    folder: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    done = posebench(folder, "predict", "net.pt", *arguments)
    assert done.returncode == code
    assert sentence in " ".join(done.stderr.split())
    assert not (folder / "x.h5").exists()
