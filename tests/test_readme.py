"""The README's own examples work as they stand there."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch

from posebench.inference.predict import predict
from posebench.plugins.recipe import QUICK, Recipe
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic
from posebench.training.loop import train

README = (Path(__file__).parents[1] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_architecture_of_the_readme_learns_and_is_mirrored_back(tmp_path: Path) -> None:
    (code,) = blocks("python")
    module: dict[str, Any] = {}
    exec(code, module)  # noqa: S102 - the README's own text
    people = synthetic.instances(protocol("mpii").skeleton, "train", 32)
    torch.manual_seed(0)
    model = module["mynet"](people.skeleton)
    recipe = QUICK.model_copy(update={"input_size": (128, 128), "epochs": 4})
    history = train(model, people, recipe, 0, tmp_path / "x.pt")["history"]
    assert history[-1]["loss"] < history[0]["loss"]
    assert predict(model, people)[0].keypoints.shape == (32, 16, 2)
    outputs = torch.rand(2, 16, 2)
    there, _ = model.decode(model.unflip(outputs))
    here, _ = model.decode(outputs)
    torch.testing.assert_close(there[:, 0, 0], 127 - here[:, 5, 0])  # right ankle for left ankle, from the other edge


def test_the_recipe_of_the_readme_is_one() -> None:
    recipe = next(block for block in blocks("toml") if "optimizer" in block)
    assert Recipe.model_validate(tomllib.loads(recipe)).name == "mine"


def test_the_dataset_of_the_readme_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "crowd.toml").write_text(next(block for block in blocks("toml") if "sigmas" in block))
    crowd = protocol(f"coco:{tmp_path / 'crowd.toml'}")
    assert (crowd.name, len(crowd.skeleton), crowd.splits) == ("coco:crowd", 5, ("train", "val"))
    assert f"`{crowd.described.label}`" in README  # the digest that it names


def test_every_convention_is_named_by_the_readme_and_the_page_of_protocols() -> None:
    rules = (Path(__file__).parents[1] / "docs" / "protocols.md").read_text()
    for name in ("mpii", "flic", "coco"):
        for convention in protocol(name).conventions:
            assert f"`{convention}`" in README, convention
            assert f"`{convention}`" in rules, convention


def test_the_package_of_the_readme_names_its_entry_point() -> None:
    package = tomllib.loads(next(block for block in blocks("toml") if "entry-points" in block))
    assert package["project"]["entry-points"]["posebench.architectures"] == {"mynet": "mynet:mynet"}


@pytest.mark.parametrize("command", re.findall(r"^posebench ([a-z]+)", README, re.MULTILINE))
def test_every_command_of_the_readme_exists(command: str) -> None:
    from posebench.cli.main import main

    assert command in main.commands


def test_every_file_that_the_readme_links_to_exists() -> None:
    for name in re.findall(r"\]\(([^)#]+)\)", README):
        assert (Path(__file__).parents[1] / name).is_file(), name
