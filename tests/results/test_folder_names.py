"""Names that become paths: whatever an architecture, protocol, split, recipe or row is named, the file is in its folder."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from records import record

from posebench.cost.record import Cost
from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins.recipe import QUICK, Recipe
from posebench.plugins.registry import protocol
from posebench.report.tables.boards import boards
from posebench.results.folder import Gallery, ResultsFolder, plain, slug
from posebench.samples.pack_files import Contents
from posebench.tasks.prediction.predict import predictions_path
from posebench.tasks.training.job import Job

HOSTILE = [
    "../../../x", "/etc/x", "..", ".", "", ".hidden", "a/b\\c", "C:\\x", "nul\0", "line\nbreak", "\x1b[31mred", "\u202egpj",
    "\udce9", "x" * 5000, "人" * 300, "con:", "a b", "*?",
]  # fmt: skip
NAMES = pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[:20])


def cost(arch: str, device: str) -> Cost:
    return Cost(
        arch=arch, input_size=(192, 256), protocol="mpii", keypoints=16, parameters=3, unused={}, macs=5, macs_on_outputs=5,
        activations=7, kept=9, device=device, created="", environment={},
    )  # fmt: skip


def check_in(folder: Path, path: Path) -> None:
    """A file directly in its folder, with a name that a person can type and a file system can hold."""
    assert path.parent == folder
    assert path.resolve().parent == folder.resolve()
    assert path.name not in ("", ".", "..")
    assert not path.name.startswith(".")
    assert path.name.isprintable()
    assert not set(path.name) & set('/\\:*?"<>|\0 ')
    assert len(path.name.encode()) <= 255


@NAMES
def test_parts_of_file_names_are_harmless(name: str, tmp_path: Path) -> None:
    check_in(tmp_path, tmp_path / plain(name))
    check_in(tmp_path, tmp_path / f"{slug(name)}-0123abcd")


def test_names_that_are_harmless_stay_and_long_ones_stay_apart() -> None:
    assert plain("hourglass2:stem=bearpaw") == "hourglass2-stem=bearpaw"
    assert plain("people-seed0_val.2") == "people-seed0_val.2"
    assert plain("x" * 100) != plain("x" * 101)


@NAMES
def test_a_run_and_its_predictions_are_in_their_folders(
    name: str, two_people: Instances, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mpii, results = protocol("mpii"), ResultsFolder(tmp_path)
    monkeypatch.setattr(mpii, "name", name)
    recipe = QUICK.model_copy(update={"name": name})  # as no file can state it
    job = Job(name, mpii, None, recipe, 0, results)
    run = job.key(job.settings(replace(two_people, split=name)))
    check_in(results.runs, results.checkpoint(run).parent)
    check_in(results.predictions, predictions_path(results.checkpoint("run"), replace(two_people, split=name), results))


@NAMES
def test_packs_records_leaderboards_and_costs_are_in_their_folders(
    name: str, two_people: Instances, tmp_path: Path
) -> None:
    results = ResultsFolder(tmp_path)
    pack = Contents.of(replace(two_people, dataset=name, split=name), QUICK)
    check_in(results.packs, results.packs / pack.folder_name)
    if name.isascii() or name.isprintable():  # others cannot be in a record
        made = record(
            name[:200] or "-", rule={"protocol": name, "convention": name}, data={"split": name, "box_source": name}
        )
        check_in(results.records, results.record(made.id))
        check_in(results.leaderboards, results.leaderboard_csv(boards([made])[0].slug))
        path = results.cost / cost(name or "-", name).path
        check_in(results.cost / path.parent.name, path)


@NAMES
def test_a_recipe_file_cannot_state_such_a_name(name: str) -> None:
    fields: dict[str, Any] = QUICK.model_dump() | {"name": name}
    with pytest.raises((PosebenchError, ValueError), match="letters, digits, dots"):
        Recipe.model_validate(fields)


def test_galleries_are_listed_by_record_the_records_own_first(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path)
    assert folder.galleries() == {}
    folder.overlays.mkdir()
    own, both = folder.overlay("mpii-val-b-22222222"), folder.compared_overlay("mpii-val-b-22222222", "a-11111111")
    for path in (both, own, folder.overlays / ".b.png.0123abcd.partial"):
        path.touch()
    assert folder.galleries() == {
        "mpii-val-b-22222222": [Gallery(own), Gallery(both, "a-11111111")],
        "a-11111111": [Gallery(both, "mpii-val-b-22222222")],
    }


def test_a_gallery_of_two_records_with_long_names_is_told_apart_by_their_ids(tmp_path: Path) -> None:
    one, other = record("x" * 200), record("-- other --" * 18)
    path = ResultsFolder(tmp_path).compared_overlay(one.id, other.id)
    assert (path.parent, len(path.name) < 255) == (tmp_path / "overlays", True)
    assert path.stem.split("--") == [one.id, other.id]
