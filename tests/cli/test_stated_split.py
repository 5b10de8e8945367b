"""Commands that take predictions files read them on the split that the files state."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from coco_data import annotation, dataset, written
from mpii_folder import write_folder

import posebench as pb
from posebench.cli.main import main
from posebench.data.chosen import choose
from posebench.data.predictions import for_instances, save
from posebench.data.provenance import Provenance
from posebench.plugins.registry import protocol
from posebench.tasks import people as people_of_tasks
from posebench.tasks.people import load_people

MPII = protocol("mpii")
WRIST = MPII.skeleton.keypoints.index("left_wrist")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions of the training people, `a.h5` and `b.h5`, of the scored ones, `val.h5`, and of people who are held out."""
    path = tmp_path_factory.mktemp("stated")
    data = write_folder(path / "data")
    for image in (data / "images").iterdir():
        image.unlink()  # without photographs there is no gallery to draw
    people = load_people(MPII, data, "train")
    guess = people.keypoints.copy()
    guess[1, WRIST, 0] += 60
    made = for_instances(people, guess)
    save(made, path / "a.h5")
    save(for_instances(people, guess + 1), path / "b.h5")
    save(replace(made, split="val"), path / "val.h5")
    save(replace(made, split="10 % of train"), path / "held-out.h5")
    np.savez(path / "table.npz", keypoints=guess)
    return path


def posebench(folder: Path, *arguments: str) -> Result:
    options = ("--protocol", "mpii", "--data", str(folder / "data"))
    return CliRunner().invoke(main, [*arguments, *options])


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "a.h5"),
        ("evaluate", "a.h5", "--explain"),
        ("compare", "a.h5", "b.h5"),
        ("compare", "a.h5", "table.npz"),  # a table states none
        ("diagnose", "a.h5"),
        ("label-errors", "a.h5", "b.h5"),
    ],
)
def test_the_files_split_is_read(arguments: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    read: list[str] = []
    instances = type(MPII).instances
    monkeypatch.setattr(
        type(MPII), "instances", lambda self, root, split: read.append(split) or instances(self, root, split)
    )
    done = posebench(folder, *arguments)
    assert done.exit_code == 0, done.output
    assert set(read) == {"train"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            "export mpii-mat a.h5 --out x.mat",
            "mpii-mat is for the test and the validation people of MPII, not for mpii train.",
        ),
        ("evaluate held-out.h5", "The predictions are of mpii 10 % of train, the annotations of mpii val."),
        ("compare a.h5 val.h5", "a.h5 has predictions of mpii train, but val.h5 of mpii val. Name files of one split."),
        ("compare a.h5 val.h5 --split val", "a.h5: The predictions are of mpii train, the annotations of mpii val."),
    ],
)
def test_files_of_another_split_are_refused(
    arguments: str, sentence: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    assert sentence in " ".join(posebench(folder, *arguments.split()).output.split())


def test_a_part_of_a_split_is_exported_and_it_is_said(tmp_path: Path) -> None:
    coco = protocol("coco")
    data = written(tmp_path / "gt.json", dataset(annotation(), annotation(id=8, image_id=5)))
    people = choose(load_people(coco, data, "val"), 1)
    save(for_instances(people, people.keypoints, provenance=Provenance(chosen=people.chosen)), tmp_path / "part.h5")
    command = [
        "export",
        "coco-json",
        str(tmp_path / "part.h5"),
        "--data",
        str(data),
        "--out",
        str(tmp_path / "out.json"),
    ]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "Only 1 of 2 people of coco val were predicted; the others would count as missed." in done.stderr
    assert [one["image_id"] for one in json.loads((tmp_path / "out.json").read_text())] == [3]


def test_python_reads_the_files_split_too(folder: Path) -> None:
    given: dict[str, Any] = {"protocol": "mpii", "data": folder / "data"}
    found = pb.evaluate(folder / "a.h5", **given)
    assert (found.record.data.split, found.metrics["Mean"]) == (
        "train",
        pytest.approx(100 - 100 / 56),
    )  # 4 × 14 keypoints
    assert pb.compare([folder / "a.h5", folder / "b.h5"], **given).runs[0].people.split == "train"
    assert pb.diagnose(folder / "a.h5", **given).evaluation.people.split == "train"
    assert pb.label_errors([folder / "a.h5", folder / "b.h5"], **given).people.split == "train"


@pytest.mark.parametrize("arguments", [("evaluate", "new.h5"), ("evaluate", "new.h5", "--explain")])
def test_what_a_file_states_is_read_once_for_a_command(
    arguments: tuple[str, ...], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time, the whole file is compared with its checksum. A file that is written again is read again."""
    asked: list[str] = []
    read = people_of_tasks.stated_people
    monkeypatch.setattr(people_of_tasks, "stated_people", lambda file: (asked.append(file.name), read(file))[1])
    monkeypatch.chdir(folder)
    for name, split in (("a.h5", "train"), ("val.h5", "val")):
        shutil.copy(name, "new.h5")
        found = posebench(folder, *arguments)
        assert found.exit_code == 0, found.output
        assert ("train" in found.output) == (split == "train")
    assert asked == ["new.h5", "new.h5"]
    Path("new.h5").unlink()
