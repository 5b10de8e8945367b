from pathlib import Path

import pytest

from posebench.errors import PosebenchError
from posebench.plugins.recipe import QUICK, Recipe, choose

STEPS = QUICK.model_copy(
    update={"schedule": "steps", "milestones": (0.5, 0.75), "divisor": 10.0, "warmup": 0.1, "learning_rate": 1.0}
)


def test_steps_divide_the_rate_at_their_milestones() -> None:
    assert [STEPS.rate(step, 100) for step in (10, 49, 50, 74, 75, 99)] == [1, 1, 0.1, 0.1, 0.01, 0.01]


def test_the_rate_rises_during_warmup() -> None:
    rates = [STEPS.rate(step, 100) for step in range(11)]
    assert rates == sorted(rates)
    assert 0 < rates[0] < 0.1
    assert rates[10] == 1


def test_a_cosine_ends_near_zero() -> None:
    cosine = STEPS.model_copy(update={"schedule": "cosine"})
    assert cosine.rate(55, 100) == pytest.approx(0.5)
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


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("epochs = -1", "name: field required"),
        ("name = 3 =", "is not a valid recipe: "),
        (QUICK.model_dump_json().replace('"adam"', '"lion"'), "lion"),
        (QUICK.model_dump_json().replace('"momentum":0.0', '"momentum":0.9'), r"adam has no momentum; leave it out"),
        (QUICK.model_dump_json().replace('"nesterov":false', '"nesterov":true'), "nesterov needs the optimizer sgd"),
        (
            QUICK.model_dump_json().replace('"accumulate":1', '"accumulate":5'),
            "accumulate is 5, but a batch has 4 samples",
        ),
        (QUICK.model_dump_json().replace('"name"', '"nmae"'), "field required|not permitted"),
    ],
)
def test_a_wrong_recipe_is_a_sentence_with_the_field(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / ("x.json" if text.startswith("{") else "x.toml")
    path.write_text(text)
    with pytest.raises(PosebenchError, match=sentence):
        choose(str(path))


@pytest.mark.parametrize("name", ["papr", "missing.toml"])
def test_an_unknown_recipe_is_a_sentence(name: str) -> None:
    with pytest.raises(PosebenchError, match=r"Known: paper, quick|missing\.toml does not exist"):
        choose(name)


def test_a_recipe_survives_json() -> None:
    assert Recipe.model_validate_json(QUICK.model_dump_json()) == QUICK
