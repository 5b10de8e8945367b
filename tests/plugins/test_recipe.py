from pathlib import Path

import pytest

from posebench.errors import PosebenchError
from posebench.plugins.recipe import QUICK, Recipe, choose, shipped
from posebench.plugins.recipe_files import shipped_names, summary

STEPS = QUICK.model_copy(
    update={"schedule": "steps", "milestones": (0.5, 0.75), "divisor": 10.0, "warmup": 0.1, "learning_rate": 1.0}
)


def test_steps_divide_the_rate_at_their_milestones() -> None:
    assert [STEPS.rate(step, 100) for step in (10, 49, 50, 74, 75, 99)] == [1, 1, 0.1, 0.1, 0.01, 0.01]


def test_the_rate_rises_during_warmup() -> None:
    rates = [STEPS.rate(step, 100) for step in range(11)]
    assert rates == sorted(rates)
    assert rates[:2] == pytest.approx([1 / 11, 2 / 11])
    assert rates[10] == 1


def test_a_cosine_ends_near_zero() -> None:
    cosine = STEPS.model_copy(update={"schedule": "cosine"})
    assert cosine.rate(55, 100) == pytest.approx(0.5)
    assert cosine.rate(10, 100) == 1
    assert cosine.rate(40, 100) == pytest.approx(0.75)  # (1 + cos 60°) / 2, after a third of the 90 steps behind warmup
    assert cosine.rate(99, 100) < 0.001


def test_a_file_may_hold_a_recipe(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\ninput_size = [192, 256]\nepochs = 3\nbatch_size = 4\noptimizer = "adamw"\nlearning_rate = 1e-3\n'
        "[augmentation]\nrotation = 45\n"
    )
    recipe = choose(str(tmp_path / "mine.toml"))
    assert (recipe.input_size, recipe.optimizer, recipe.augmentation.rotation) == ((192, 256), "adamw", 45)
    (tmp_path / "mine.json").write_text(recipe.model_dump_json())
    assert choose(str(tmp_path / "mine.json")) == recipe


def test_quick_is_known_by_name() -> None:
    assert choose("quick") is QUICK
    assert QUICK.input_size == (64, 64)


TOML = 'name = "mine"\ninput_size = [192, 256]\nepochs = 3\nbatch_size = 4\noptimizer = "adam"\nlearning_rate = 1e-3\n'


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("epochs = -1", "name: field required"),
        ("name = 3 =", "is not a valid recipe: "),
        (TOML + "momentum = 0.9", r"adam\w* has no momentum; leave it out, or use sgd or rmsprop\.$"),
        (TOML + "nesterov = true", r"nesterov needs the optimizer sgd and a momentum above 0"),
        (TOML + "accumulate = 5", r"accumulate is 5, but a batch has 4 samples\.$"),
        (TOML.replace('"adam"', '"adm"'), "optimizer: .* \\(is 'adm'\\)"),
        (TOML.replace("learning_rate", "learing_rate"), r"learing_rate is not a known field\. Did you mean learning_rate\?$"),
        (TOML + "[augmentation]\nrotate = 3", r"augmentation\.rotate is not a known field\. Did you mean \w+\?$"),
        (TOML + "zzz = 3", r"zzz is not a known field\.$"),
        (TOML + "[augmentation]\nscale = [-0.5, 1]", r"augmentation\.scale\.0: .* greater than 0 \(is -0\.5\)"),
        (TOML + "[augmentation]\nscale = [1.5, 1]", r"augmentation\.scale: should be the smallest and then the largest factor"),
        (TOML + "[augmentation]\nrotation = nan", r"augmentation\.rotation: .*finite"),
        (TOML + "milestones = [0.5, 90]", r"milestones\.1: .* less than 1 \(is 90\)"),
        (TOML + "milestones = [0.0]", r"milestones\.0: .* greater than 0 \(is 0\.0\)"),
        (TOML + "divisor = inf", r"divisor: .*finite"),
        (TOML.replace("1e-3", "inf"), r"learning_rate: .*finite"),
        (TOML.replace("[192, 256]", "[0, 256]"), r"input_size\.0: .* greater than or equal to 1"),
        (TOML.replace("[192, 256]", "[192, 8193]"), r"input_size\.1: .* less than or equal to 8192"),
        (TOML.replace('"mine"', '"../mine"'), r"name: should be at most 64 letters, digits.* since files are named by it"),
        (TOML.replace('"mine"', '"my recipe"'), r"name: should be at most 64 letters"),
        (TOML.replace('"mine"', '""'), r"name: should be at most 64 letters"),
    ],
)  # fmt: skip
def test_a_wrong_recipe_is_a_sentence_with_the_field(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(PosebenchError, match=sentence):
        choose(str(tmp_path / "x.toml"))


@pytest.mark.parametrize(
    "name, sentence",
    [
        ("papr", r"No recipe is named 'papr'\. Did you mean 'paper'\? .* one of: common, .*, paper, quick, simple"),
        ("hrnet-mpi", "Did you mean 'hrnet-mpii'"),
        ("missing.toml", r"missing\.toml does not exist"),
    ],
)
def test_an_unknown_recipe_is_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        choose(name)


@pytest.mark.parametrize("name", shipped_names())
def test_a_shipped_recipe_is_valid_has_its_files_name_and_says_what_it_is(name: str) -> None:
    assert shipped(name).name == name
    assert summary(name).endswith(".")


def test_a_recipe_survives_json() -> None:
    assert Recipe.model_validate_json(QUICK.model_dump_json()) == QUICK
