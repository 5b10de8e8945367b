"""`posebench robustness`, through its real entry point and on a terminal."""

import json
from pathlib import Path

import entry
import faulty
import pytest
from click.testing import CliRunner

from posebench.cli.main import main

pytest.importorskip("imagecorruptions", reason="imagecorruptions-imaug is not installed (posebench-2d[robustness])")
CHOSEN = "--corruptions", "contrast", "--severities", "5,1", "--people", "2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with plugins, of which `Sound` is a small architecture."""
    path = tmp_path_factory.mktemp("robust")
    (path / "plugins").mkdir()
    faulty.install(path / "plugins")
    return path


def posebench(folder: Path, *arguments: object) -> "entry.subprocess.CompletedProcess[str]":
    return entry.posebench(
        "robustness", *arguments, "--protocol", "mpii", cwd=folder, people=3, **faulty.variables(folder / "plugins")
    )


def test_a_plugin_is_measured_and_its_tables_are_written(folder: Path) -> None:
    done = posebench(folder, "Sound", *CHOSEN, "--parts", "corruptions,boxes", "--write", "seen")
    assert done.returncode == 0, done.stderr
    assert "Mean by corruption: mean over severities, and each severity" in done.stdout
    paths = done.stdout.split()[-3:]
    assert [Path(path).name.split("-")[-1] for path in paths] == [
        "robustness.md", "robustness.csv", "corruptions.png",
    ]  # fmt: skip
    assert all((folder / path).is_file() for path in paths)
    said = " ".join(done.stderr.split())
    assert (
        "Sound on 2 of 3 people of synthetic people val under 5 conditions (1 clean, 2 corrupted, 2 with other boxes)."
        in said
    )
    assert "ms for a person" in said
    assert "Sound has the weights that its plugin makes; no checkpoint is read." in " ".join(done.stdout.split())
    assert len(list((folder / "seen/contrast/5").iterdir())) == 2


def test_another_measurement_names_its_own_pictures_alone(folder: Path) -> None:
    for people in ("2", "3"):
        done = posebench(
            folder, "Sound", "--corruptions", "contrast", "--severities", "1", "--people", people, "--parts", "corruptions",
            "--results", "two",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert len(list((folder / "two/robustness").glob("*corruptions.png"))) == 2
    assert len([path for path in done.stdout.split() if path.endswith(".png")]) == 1


def test_json_is_the_kept_file(folder: Path) -> None:
    done = posebench(folder, "Sound", *CHOSEN, "--parts", "corruptions", "--json", "--name", "again", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    (file,) = (folder / "results/robustness").glob("*again*.json")
    found = json.loads(done.stdout)
    assert found == json.loads(file.read_text())
    assert (found["corrupted"]["severities"], found["chosen"], found["people_of_split"]) == ([1, 5], 2, 3)


def test_a_dry_run_prints_the_plan_and_writes_nothing(folder: Path) -> None:
    done = posebench(folder, "Sound", *CHOSEN, "--dry-run", "--results", "dry")
    assert done.returncode == 0, done.stderr
    assert (
        "29 conditions (1 clean, 2 corrupted, 16 with shifted boxes, 8 with scaled boxes, 2 with other boxes)"
        in done.stdout
    )
    assert not (folder / "dry").exists()


def test_a_protocol_of_annotated_people_takes_no_boxes(folder: Path) -> None:
    done = posebench(folder, "Sound", "--boxes", "b.json")
    assert done.returncode == 1
    assert "mpii asks about annotated people, so it takes no --boxes." in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("no.pt", "--severities", "1,x"), "should be numbers from 1 to 5 with commas between them, such as 1,3,5."),
        (("no.pt", "--corruptions", "fogg"), "No corruption is named 'fogg'. Did you mean 'fog'?"),
        (("no.pt", "--device", "abacus"), "There is no device 'abacus' here. There are: cpu"),
        (("no.pt",), "no.pt is neither a file nor an installed architecture."),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments: tuple[str, ...], sentence: str) -> None:
    done = CliRunner().invoke(main, ["robustness", "--protocol", "mpii", *arguments])
    assert done.exit_code != 0
    assert sentence in " ".join(done.stderr.split())
