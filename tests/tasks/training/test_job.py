"""The training run that settings describe, without training it."""

from pathlib import Path

import pytest

from posebench.errors import PosebenchError
from posebench.plugins import registry
from posebench.tasks.training.job import Job, Settings, make_job


def job(arch: str = "hourglass1", **settings) -> Job:
    data = settings.pop("data", None)
    return make_job(arch, registry.protocol("mpii"), data, Settings(**settings), Path("out"))


@pytest.mark.parametrize(
    "settings, recipe",
    [
        ({}, "quick"),
        ({"data": Path("mpii")}, "hourglass-mpii"),
        ({"weights": Path("weights.pth")}, "hourglass-mpii"),
        ({"recipe": "common"}, "common"),
        ({"weights": Path("weights.pth"), "recipe": "quick"}, "quick"),
        ({"data": Path("mpii"), "recipe": "quick"}, "quick"),
    ],
)
def test_the_recipe_is_the_published_one_with_data_or_weights_and_quick_without(settings: dict, recipe: str) -> None:
    assert job(**settings).recipe.name == recipe


def test_settings_replace_the_recipes_epochs_and_initial_weights() -> None:
    resnet = "simplebaseline:resnet18"
    plain = job(resnet, recipe="quick")
    changed = job(resnet, recipe="quick", epochs=3, pretrained=False, seed=5, limit=7, workers=2)
    assert (changed.recipe.epochs, changed.recipe.pretrained) == (3, False)
    assert changed.recipe == plain.recipe.model_copy(update={"epochs": 3, "pretrained": False})
    assert (changed.seed, changed.limit, changed.workers, changed.results.path) == (5, 7, 2, Path("out"))


def test_without_imagenet_weights_to_leave_out_a_run_is_the_same() -> None:
    for arch in ("hourglass1", "simplebaseline:resnetblur18"):  # timm has no weights of this backbone
        assert job(arch, recipe="quick", pretrained=False).recipe == job(arch, recipe="quick").recipe


def test_an_input_size_replaces_the_recipes_and_must_be_one() -> None:
    assert job(recipe="quick", input_size=(128, 192)).recipe.input_size == (128, 192)
    with pytest.raises(
        PosebenchError, match=r"'quick' cannot be changed so: input_size\.1: .* less than or equal to 8192"
    ):
        job(recipe="quick", input_size=(128, 8193))


def test_no_epochs_and_no_settings_are_different_runs() -> None:
    assert (job(epochs=0).recipe.epochs, job().recipe.epochs > 0) == (0, True)


def test_an_unknown_recipe_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(
        PosebenchError,
        match=r"No recipe is named 'fast'\. A recipe is a file .* or one of: common, ",
    ):
        job(recipe="fast")


def test_a_run_is_not_both_resumed_and_restarted() -> None:
    with pytest.raises(PosebenchError, match="--resume continues from a checkpoint and --restart deletes it; give one"):
        Settings(resume=True, restart=True)


def test_a_job_is_resumed_from_the_packs_that_its_settings_name() -> None:
    made = job(resume=True, packs=Path("packs"))
    assert (made.resume, made.restart, made.packs) == (True, False, Path("packs"))
