"""`posebench recipe`: what it prints and writes, and training by a copy."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from narrow import narrow

from posebench.cli.main import main
from posebench.plugins.recipe import choose, shipped


def command(*arguments: object) -> Any:
    return CliRunner().invoke(main, [str(a) for a in arguments], catch_exceptions=False)


def test_the_list_has_a_line_for_each_recipe_that_says_what_it_is() -> None:
    lines = command("recipe", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == [
        "common", "cpm-coco", "cpm-mpii", "cpn-coco", "cpn-mpii",
        "hourglass-coco", "hourglass-mpii", "hrnet-coco", "hrnet-mpii", "quick", "simplebaseline-coco",
        "simplebaseline-mpii",
    ]  # fmt: skip
    assert lines[0] == "common               One recipe for every architecture, to compare them."
    assert "HRNet on COCO (Sun et al., CVPR 2019)." in lines[7]
    assert max(map(len, lines)) <= 80


def test_a_recipe_is_shown_as_the_file_that_it_is() -> None:
    text = command("recipe", "show", "hrnet-coco").stdout
    assert tomllib.loads(text)["augmentation"]["rotation"] == 45
    assert text.startswith("# HRNet on COCO")


def test_a_copy_is_trained_by_under_the_name_of_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    narrow(monkeypatch)
    done = command("recipe", "copy", "quick", "mine.toml")
    assert done.stdout == "mine.toml: edit it, then train with --recipe mine.toml\n"
    assert choose("mine.toml") == shipped("quick").changed(name="mine")
    path = Path("mine.toml")
    path.write_text(path.read_text().replace("epochs = 4", "epochs = 1"))
    options = ("--protocol", "mpii", "--limit", 4, "--workers", 0, "--input-size", "128x64")
    done = command("train", "--arch", "hourglass1", "--recipe", "mine.toml", *options)
    assert done.exit_code == 0, done.output
    run = Path(done.stdout.strip()).parent
    assert run.name.startswith("hourglass1-mpii-mine-seed0-")
    assert choose(str(run / "recipe.json")) == shipped("quick").changed(name="mine", epochs=1, input_size=(64, 128))


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("copy", "quick", "there.toml"), "there.toml already exists; name another file, or remove it."),
        (("copy", "quick", "mine.txt"), "mine.txt should end in .toml, the form of a recipe."),
        (("copy", "quick", "my recipe.toml"), "A recipe cannot be named 'my recipe': its name should be at most 64"),
        (("copy", "quik", "mine.toml"), "No recipe is named 'quik'. Did you mean 'quick'?"),
        (("show", "comon"), "No recipe is named 'comon'. Did you mean 'common'?"),
        (("show", "paper"), "Which recipe is 'paper' depends on the architecture and the dataset. Name it: cpm-coco, "),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.toml").write_text("kept")
    done = command("recipe", *arguments)
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["there.toml"]
    assert Path("there.toml").read_text() == "kept"
