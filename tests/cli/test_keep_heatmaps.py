"""`posebench predict` with `--keep-heatmaps`, `--scales`, `--corruption` and `--people`, through its real entry point."""

import json
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


def test_predictions_of_corrupted_photographs_say_so_wherever_they_are_scored(folder: Path) -> None:
    pytest.importorskip("imagecorruptions", reason="imagecorruptions-imaug is not installed (posebench-2d[robustness])")
    here = "--protocol", "mpii"
    clean = posebench(folder, "predict", "net.pt", *here).stdout.strip()
    done = posebench(folder, "predict", "net.pt", *here, "--corruption", "contrast:5", "--keep-heatmaps", "dark.h5")
    path = done.stdout.strip()
    assert path == clean.replace(".h5", "-contrast-5.h5")
    with open_heatmaps(folder / "dark.h5") as maps:
        for stated in (maps.provenance, load(folder / path).provenance):
            assert stated.corrupted.sentence == "contrast 5 (rule advmix, seed 1)"
            assert stated.corrupted.packages["imagecorruptions-imaug"]
    assert (load(folder / path).keypoints != load(folder / clean).keypoints).any()
    scored = posebench(folder, "evaluate", path, *here)
    said = " ".join(scored.stdout.split())
    assert "Sound on synthetic people val with contrast 5 (rule advmix, seed 1): 3 people" in said
    assert "The photographs were predicted with contrast 5 (rule advmix, seed 1); pictures show them without." in said
    compared = posebench(folder, "compare", clean, path, *here, "--name", "clean", "--name", "dark")
    assert (
        "Note: the corruptions of the photographs differ. clean: none; dark: contrast 5 (rule advmix, seed 1)"
        in " ".join(compared.stdout.split())
    )
    verified = posebench(folder, "verify", *(folder / "results/records").glob("*.json"))
    assert verified.returncode == 0, verified.stdout


def test_a_part_of_the_split_is_scored_as_a_part_wherever_it_is_scored(folder: Path) -> None:
    here = "--protocol", "mpii"
    every = posebench(folder, "predict", "net.pt", *here).stdout.strip()
    done = posebench(folder, "predict", "net.pt", *here, "--people", 2, "--keep-heatmaps", "part-maps.h5")
    path = done.stdout.strip()
    assert path == every.replace(".h5", "-2-people.h5")
    assert "To predict: 2 of 3 people of synthetic people val." in done.stderr
    whole, part = load(folder / every), load(folder / path)
    assert part.images == (whole.images[0], whole.images[1]) and (part.keypoints == whole.keypoints[:2]).all()
    scored = posebench(folder, "evaluate", path, *here, "--results", "part")
    assert "Sound on synthetic people val (2 of 3 people): 2 people in 2 images" in " ".join(scored.stdout.split())
    decoded = json.loads(posebench(folder, "decode", "part-maps.h5", *here, "--json").stdout)
    assert (decoded["data"]["people"], decoded["data"]["part"]) == (2, "2 of 3 people")
    explained = posebench(folder, "evaluate", path, *here, "--explain")
    assert explained.returncode == 0, explained.stderr
    refused = posebench(folder, "compare", every, path, *here)
    assert f"{every} has predictions of all people, but {path} of 2 of 3 people." in " ".join(refused.stderr.split())
    verified = posebench(folder, "verify", *(folder / "part/records").glob("*.json"), "--predictions", path)
    assert verified.returncode == 0, verified.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--protocol", "mpii", "--last-stack"), 2, "--last-stack applies to --keep-heatmaps, which is not given."),
        (("a.jpg", "--keep-heatmaps", "x.h5"), 2, "--keep-heatmaps does not apply to a PICTURE."),
        (("--protocol", "mpii", "--keep-heatmaps", "x.h5", "--out", "./x.h5"), 1, "both name x.h5"),
        (("--protocol", "mpii", "--keep-heatmaps", "x.h5", "--scales", "1,1.2"), 1, "own region. Leave out --scales."),
        (("a.jpg", "--corruption", "fog:3"), 2, "--corruption does not apply to a PICTURE."),
        (("--protocol", "mpii", "--corruption", "fog:0"), 1, "The severity 0 is not there."),
        (("a.jpg", "--people", "2"), 2, "--people does not apply to a PICTURE."),
        (
            ("--protocol", "mpii", "--people", "4"),
            1,
            "--people 4 should be from 1 to 3, the people of synthetic people",
        ),
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
