"""Validation while training: it changes nothing of the training, keeps the best checkpoint, and ends a run early."""

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stranger import Tiny

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.inference.predict import predict
from posebench.plugins.registry import protocol
from posebench.results.history import SCORE
from posebench.samples.loader import HERE, Loading
from posebench.synthetic import people as synthetic
from posebench.training import checkpoints
from posebench.training.checkpoints import Checkpoint
from posebench.training.loop import train
from posebench.training.validation import Validation
from posebench.training.watching import Watch, seconds_of

MPII = protocol("mpii")
RECIPE = Tiny.paper.model_copy(update={"epochs": 4, "batch_size": 4})


@pytest.fixture(scope="module")
def people() -> Instances:
    return synthetic.instances(MPII.skeleton, "train", 9)


class Shaky(Tiny):
    """With dropout and batch normalisation, both of which a prediction in the middle could disturb."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.body.insert(1, torch.nn.BatchNorm2d(8))
        self.body.insert(3, torch.nn.Dropout(0.2))


def fresh() -> Tiny:
    torch.manual_seed(0)
    model = Shaky(MPII.skeleton, RECIPE.input_size)
    model.name = "shaky"
    return model


def run(people: Instances, path: Path, watch: Watch, **recipe: Any) -> Checkpoint:
    return train(fresh(), people, RECIPE.model_copy(update=recipe), 7, path, loading=HERE, watch=watch)


def scoring(*scores: float, **more: Any) -> Validation:
    """A validation with these scores, one after the other."""
    following = iter(scores)
    return Validation("val", 5, "Mean", lambda model: next(following), **more)


def test_training_with_validation_equals_training_without_it_bitwise(people: Instances, tmp_path: Path) -> None:
    def score(model: Any) -> float:
        made, _ = predict(model, people, loading=Loading(batch_size=4))
        torch.rand(3)
        return float(made.keypoints.mean())

    plain = run(people, tmp_path / "plain.pt", Watch())
    watched = run(people, tmp_path / "watched.pt", Watch(Validation("val", 9, "Mean", score)))
    assert [SCORE in row for row in watched.history] == [True] * 4
    for name, value in plain.model.items():
        assert torch.equal(value, watched.model[name]), name
    assert [row["loss"] for row in watched.history] == [row["loss"] for row in plain.history]


def test_the_best_checkpoint_is_kept_beside_the_last_one(people: Instances, tmp_path: Path) -> None:
    last = run(people, tmp_path / "x.pt", Watch(scoring(10, 30, 30, 20)))
    best = checkpoints.load(tmp_path / "best.pt")
    assert (last.step, best.step, best.optimizer) == (8, 4, {})
    assert not torch.equal(best.model["body.0.weight"], last.model["body.0.weight"])
    facts = {"split": "val", "people": 5, "metric": "Mean", "every": 1, "epoch": 2, "score": 30}
    assert last.selection == facts | {"since": 2}
    assert best.selection == facts | {"since": 2, "chosen": True}
    assert best.history == last.history


def test_every_second_epoch_and_the_last_one_are_validated(people: Instances, tmp_path: Path) -> None:
    last = run(people, tmp_path / "x.pt", Watch(scoring(10, 30, 20, every=2)), epochs=5)
    assert [row.get(SCORE) for row in last.history] == [None, 10, None, 30, 20]


def test_a_score_that_is_unknown_is_never_the_best(people: Instances, tmp_path: Path) -> None:
    last = run(people, tmp_path / "x.pt", Watch(scoring(math.nan, math.nan)), epochs=2)
    assert (last.selection["epoch"], last.selection["score"], last.selection["since"]) == (None, None, 2)
    assert not (tmp_path / "best.pt").exists()


def test_training_ends_after_as_many_validations_without_a_better_score(people: Instances, tmp_path: Path) -> None:
    last = run(people, tmp_path / "x.pt", Watch(scoring(10, 30, 20, 25, 40, patience=2)), epochs=9)
    assert (len(last.history), last.step, last.steps) == (4, 8, 18)
    assert (last.stopped, last.selection["epoch"]) == ("--early-stop 2", 2)


def test_a_run_that_is_extended_has_its_whole_patience_again(people: Instances, tmp_path: Path) -> None:
    cut = run(people, tmp_path / "x.pt", Watch(scoring(10, 30, 20, 25, patience=2)), epochs=4)
    extended = cut.continued(cut.recipe.changed(epochs=6))
    assert (cut.selection["since"], extended.selection["since"], extended.selection["score"]) == (2, 0, 30)
    checkpoints.save(tmp_path / "x.pt", extended)
    more = run(people, tmp_path / "x.pt", Watch(scoring(28, 29, patience=2)), epochs=6)
    assert [row[SCORE] for row in more.history] == [10, 30, 20, 25, 28, 29]


def test_best_score_and_patience_go_on_in_a_resumed_run(people: Instances, tmp_path: Path) -> None:
    cut = run(people, tmp_path / "x.pt", Watch(scoring(10, 30, 20, patience=1)), epochs=9)
    assert (cut.stopped, len(cut.history)) == ("--early-stop 1", 3)
    again = run(people, tmp_path / "x.pt", Watch(scoring(99, patience=1)), epochs=9)
    assert (len(again.history), again.stopped) == (3, "--early-stop 1")
    more = run(people, tmp_path / "x.pt", Watch(scoring(25, 29, 99, patience=3)), epochs=9)
    assert ([row[SCORE] for row in more.history], more.stopped) == ([10, 30, 20, 25, 29], "--early-stop 3")
    assert (more.selection["epoch"], checkpoints.load(tmp_path / "best.pt").step) == (2, 4)


def test_a_time_limit_ends_training_with_a_checkpoint_and_a_resumed_run_goes_on(
    people: Instances, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = itertools.count(0.0, 10.0)  # each look at the clock is ten seconds later
    with monkeypatch.context() as patch:
        patch.setattr("posebench.training.watching.time.monotonic", lambda: next(ticks))
        cut = run(people, tmp_path / "x.pt", Watch(max_time="1m"))
    assert (0 < cut.step < 8, cut.stopped) == (True, "--max-time 1m")
    whole = run(people, tmp_path / "whole.pt", Watch())
    resumed = run(people, tmp_path / "x.pt", Watch(max_time="1h"))
    assert (resumed.step, resumed.stopped, len(whole.history)) == (8, "", 4)
    assert [row["step"] for row in resumed.history] == [row["step"] for row in whole.history]


def test_an_epoch_that_was_killed_in_its_validation_is_validated_when_resumed(
    people: Instances, tmp_path: Path
) -> None:
    def killed(model: Any) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(people, tmp_path / "x.pt", Watch(Validation("val", 5, "Mean", killed)))
    assert (checkpoints.load(tmp_path / "x.pt").step, SCORE in checkpoints.load(tmp_path / "x.pt").history[0]) == (
        2,
        False,
    )
    last = run(people, tmp_path / "x.pt", Watch(scoring(1, 2, 3, 4)))
    assert [row[SCORE] for row in last.history] == [1, 2, 3, 4]


@pytest.mark.parametrize("text, seconds", [("30m", 1800), ("1h30m", 5400), ("90s", 90), ("2H", 7200)])
def test_a_time_is_hours_minutes_and_seconds(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["30", "", "0m", "m", "1.5h", "30 min"])
def test_what_is_no_time_is_a_sentence(text: str) -> None:
    with pytest.raises(PosebenchError, match="is no time: give hours, minutes and seconds, such as 30m"):
        seconds_of(text)


def test_history_has_a_row_for_every_epoch(people: Instances, tmp_path: Path) -> None:
    last = run(people, tmp_path / "x.pt", Watch(), epochs=2)
    assert [list(row) for row in last.history] == [
        ["epoch", "step", "loss", "learning_rate", "images_per_second", "data_wait", "seconds"]
    ] * 2
    assert [(row["epoch"], row["step"], row["learning_rate"]) for row in last.history] == [(1, 2, 1e-3), (2, 4, 1e-3)]
    assert all(np.isfinite(list(row.values())).all() and 0 <= row["data_wait"] <= 1 for row in last.history)
