"""A run that is stopped and resumed ends with the weights of an uninterrupted one, to the last bit."""

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from stranger import Tiny
from torch import Tensor, nn

from posebench.data.instances import Instances
from posebench.errors import Interrupted, PosebenchError
from posebench.plugins.recipe import Recipe
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic
from posebench.training import checkpoints, run
from posebench.training.checkpoints import Checkpoint
from posebench.training.loop import train
from posebench.training.losses import NotFinite
from posebench.training.run import Progress
from posebench.training.validation import Validation
from posebench.training.watching import Watch

MPII = protocol("mpii")
RECIPE = Tiny.paper.changed(epochs=3, batch_size=4)


class Shaky(Tiny):
    """With dropout and batch normalisation."""

    def __init__(self) -> None:
        super().__init__(MPII.skeleton, (24, 32))
        self.name = "shaky"
        self.body.insert(1, nn.BatchNorm2d(8))
        self.body.insert(3, nn.Dropout(0.2))


@pytest.fixture(scope="module")
def people() -> Instances:
    return synthetic.instances(MPII.skeleton, "train", 10)


def fresh(seed: int = 0) -> Shaky:
    torch.manual_seed(seed)
    return Shaky()


def stop_after(*steps: int) -> Any:
    def stop(progress: Progress) -> None:
        if progress.step in steps:
            os.kill(os.getpid(), signal.SIGINT)

    return stop


def assert_same(one: Checkpoint, other: Checkpoint) -> None:
    assert one.step == other.step
    for state, again in ((one.model, other.model), (one.average, other.average)):
        assert state.keys() == again.keys()
        assert all(torch.equal(value, again[name]) for name, value in state.items())
    losses = [
        [{name: value for name, value in row.items() if "loss" in name} for row in it.history] for it in (one, other)
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"accumulate": 3},
        {"ema": 0.9},
        {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.1, "clip_norm": 0.01},
        {"recompute": True, "freeze": ("body.1",)},
        {"precision": "auto"},
    ],
    ids=lambda changes: "-".join(changes) or "plain",
)
def test_a_resumed_run_ends_where_an_uninterrupted_one_does(
    changes: dict[str, Any], people: Instances, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gains = iter([1.5, 1.5, 0.5])  # measured again, it would be the other precision
    monkeypatch.setattr("posebench.training.step.has_bf16", lambda device: True)
    monkeypatch.setattr("posebench.training.step.measured_gain", lambda model, batch, device: next(gains))
    recipe = RECIPE.changed(**changes)
    whole = train(fresh(), people, recipe, 7, tmp_path / "whole.pt")
    for seed in (0, 1):  # in the middle of an epoch, and at the end of one
        with pytest.raises(Interrupted):
            train(fresh(seed), people, recipe, 7, tmp_path / "cut.pt", stop_after(1, 4))
    assert_same(train(fresh(2), people, recipe, 7, tmp_path / "cut.pt"), whole)
    assert whole.trained_on.get("precision") == ("bf16" if changes.get("precision") == "auto" else None)


def test_the_parts_of_a_loss_are_in_the_history_also_of_a_resumed_run(people: Instances, tmp_path: Path) -> None:
    class Twofold(Shaky):
        def loss(self, outputs: Any, keypoints: Any, visible: Any) -> dict[str, Tensor]:
            place = super().loss(outputs, keypoints, visible)["place"]
            return {"near": place, "far": 2 * place}

    with pytest.raises(Interrupted):
        train(Twofold(), people, RECIPE, 7, tmp_path / "x.pt", stop_after(3))
    for row in train(Twofold(), people, RECIPE, 7, tmp_path / "x.pt").history:
        assert row["loss: far"] == pytest.approx(2 * row["loss: near"])
        assert row["loss"] == pytest.approx(3 * row["loss: near"])


def test_a_run_goes_on_with_more_epochs_and_another_rate(people: Instances, tmp_path: Path) -> None:
    first = train(fresh(), people, RECIPE, 7, tmp_path / "first.pt")
    cosine = RECIPE.changed(epochs=5, learning_rate=0.01, schedule="cosine")
    checkpoints.save(tmp_path / "second.pt", first.continued(cosine))
    rates: list[float] = []
    second = train(fresh(1), people, cosine, 7, tmp_path / "second.pt", lambda progress: rates.append(progress.rate))
    # The cosine runs over the 4 steps that are left: (1 + cos(πt)) / 2 at t = 0, 1/4, 2/4, 3/4.
    assert rates == pytest.approx([0.01, 0.01 * 0.853553, 0.005, 0.01 * 0.146447], rel=1e-5)
    assert (second.step, second.steps, second.begin) == (10, 10, 6)
    assert second.history[:3] == first.history
    assert second.trained_on["continued"] == [{"step": 6, "steps": 6, "recipe": RECIPE.model_dump(mode="json")}]
    third = second.continued(cosine.changed(epochs=6))
    assert [(before["step"], before["recipe"]["epochs"]) for before in third.trained_on["continued"]] == [
        (6, 3),
        (10, 5),
    ]


def test_each_step_has_its_own_rate_also_in_a_resumed_run(
    people: Instances, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[float] = []
    monkeypatch.setattr("posebench.training.step.set_rate", lambda optimizer, rate: used.append(rate))
    steps = RECIPE.changed(
        milestones=(0.5, 0.8), divisor=10, warmup=0.4
    )  # 6 steps: 0 to 5; 0.4, 0.5, 0.8 are 2.4, 3, 4.8
    with pytest.raises(Interrupted):
        train(fresh(), people, steps, 7, tmp_path / "x.pt", stop_after(3))
    last = train(fresh(), people, steps, 7, tmp_path / "x.pt")
    rates = [1e-3 / 3.4, 1e-3 * 2 / 3.4, 1e-3 * 3 / 3.4, 1e-4, 1e-4, 1e-5]
    assert used == pytest.approx(rates)
    assert [row["learning_rate"] for row in last.history] == pytest.approx(rates[1::2])  # of each epoch's last step


def test_a_run_that_went_on_is_resumed_bitwise(people: Instances, tmp_path: Path) -> None:
    first = train(fresh(), people, RECIPE, 7, tmp_path / "first.pt")
    longer = RECIPE.changed(epochs=5, schedule="cosine")
    for name in ("whole", "cut"):
        checkpoints.save(tmp_path / f"{name}.pt", first.continued(longer))
    with pytest.raises(Interrupted):
        train(fresh(1), people, longer, 7, tmp_path / "cut.pt", stop_after(7))
    whole = train(fresh(2), people, longer, 7, tmp_path / "whole.pt")
    assert_same(train(fresh(3), people, longer, 7, tmp_path / "cut.pt"), whole)


def test_averaged_weights_are_what_a_checkpoint_is_scored_by(people: Instances, tmp_path: Path) -> None:
    found = train(fresh(), people, RECIPE.changed(ema=0.9), 7, tmp_path / "x.pt")
    assert not torch.equal(found.average["body.0.weight"], found.model["body.0.weight"])
    found = replace(found, arch="hourglass1", input_size=(64, 64))
    hourglass = found.untrained(MPII.skeleton, tmp_path).state_dict()
    scored = replace(found, average={name: value + 1 for name, value in hourglass.items()}, model=hourglass)
    network = scored.network(MPII.skeleton, tmp_path / "x.pt")
    assert torch.equal(network.state_dict()["stem.0.bias"], hourglass["stem.0.bias"] + 1)


def test_averaged_weights_are_what_is_validated_and_training_goes_on_with_the_others(
    people: Instances, tmp_path: Path
) -> None:
    recipe, seen = RECIPE.changed(ema=0.9), []

    def score(model: Any) -> float:
        seen.append(model.state_dict()["body.0.weight"].clone())
        return float(len(seen))

    watched = train(fresh(), people, recipe, 7, tmp_path / "x.pt", watch=Watch(Validation("val", 1, "Mean", score)))
    assert torch.equal(seen[-1], watched.average["body.0.weight"])
    assert_same(train(fresh(), people, recipe, 7, tmp_path / "plain.pt"), watched)
    assert torch.equal(checkpoints.load(tmp_path / "best.pt").average["body.0.weight"], seen[-1])


def test_a_checkpoint_is_written_after_ten_minutes_of_an_epoch(
    people: Instances, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(run.time, "monotonic", lambda: clock[0])
    there: list[tuple[int, bool]] = []

    def tick(progress: Progress) -> None:
        there.append((progress.step, (tmp_path / "x.pt").exists()))
        clock[0] += 400

    train(fresh(), people, RECIPE.changed(epochs=1, batch_size=2), 7, tmp_path / "x.pt", tick)
    assert there == [(1, False), (2, False), (3, True), (4, True), (5, True)]


class Diverging(Shaky):
    """A network whose weights become NaN in some step, while the loss of that step is finite."""

    def __init__(self, last: int) -> None:
        super().__init__()
        self.calls, self.last = 0, last

    def loss(self, outputs: Any, keypoints: Any, visible: Any) -> Tensor:
        self.calls += 1
        root = outputs.sum() * 0 if self.calls == self.last else outputs.sum() ** 2 + 1
        return root.sqrt()  # its gradient at 0 is infinite


@pytest.mark.parametrize(
    "step, sentence",
    [
        (2, r"^After step 2 some weights are not finite\. Add --lr 0\.0001 to the same command"),
        (
            3,
            r"^The loss of step 4 is not finite: loss nan\. The last checkpoint is kept\. Add --resume --lr 0\.0001 to",
        ),
    ],
)
def test_weights_that_are_not_finite_never_reach_a_checkpoint(
    step: int, sentence: str, people: Instances, tmp_path: Path
) -> None:
    with pytest.raises(NotFinite, match=sentence):
        train(Diverging(step), people, RECIPE, 7, tmp_path / "x.pt")
    assert (tmp_path / "x.pt").exists() == (step == 3)
    if step == 3:
        found = checkpoints.load(tmp_path / "x.pt")
        assert (found.step, run.all_finite(found.model)) == (2, True)


def test_a_checkpoint_of_an_earlier_version_is_read(people: Instances, tmp_path: Path) -> None:
    train(fresh(), people, RECIPE, 7, tmp_path / "x.pt")
    plain = torch.load(tmp_path / "x.pt", weights_only=True)
    for name in ("selection", "stopped", "begin", "parts", "average", "random"):
        del plain[name]
    known = {"name", "input_size", "epochs", "batch_size", "optimizer", "learning_rate", "augmentation"}
    plain["recipe"] = {name: value for name, value in plain["recipe"].items() if name in known}
    torch.save(plain, tmp_path / "x.pt")
    assert train(fresh(), people, RECIPE, 7, tmp_path / "x.pt").step == 6


def test_a_checkpoint_of_a_later_version_is_a_sentence(people: Instances, tmp_path: Path) -> None:
    train(fresh(), people, RECIPE, 7, tmp_path / "x.pt")
    plain = torch.load(tmp_path / "x.pt", weights_only=True)
    plain["recipe"]["teacher"] = "hourglass8"
    torch.save(plain, tmp_path / "x.pt")
    with pytest.raises(
        PosebenchError, match=r"x\.pt was written by another version .* has teacher, .* Update posebench"
    ):
        checkpoints.load(tmp_path / "x.pt")


def test_a_recipe_of_the_same_values_is_the_same_run() -> None:
    assert Recipe.model_validate(RECIPE.model_dump(mode="json", exclude_defaults=True)) == RECIPE
