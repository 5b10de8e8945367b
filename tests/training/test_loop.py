"""Training: it learns, resumes as if never stopped, leaves a resumable state, and says why it cannot go on."""

import multiprocessing
import os
import re
import signal
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stranger import Tiny

from posebench.data.instances import Instances
from posebench.errors import Interrupted, PosebenchError
from posebench.inference.predict import averaged, passes, predict
from posebench.plugins.registry import architecture, protocol
from posebench.results.history import SECONDS, SPEED, WAIT
from posebench.samples.loader import Loading
from posebench.synthetic import people as synthetic
from posebench.training import checkpoints
from posebench.training.loop import train
from posebench.training.run import Progress

MPII = protocol("mpii")
RECIPE = Tiny.paper.model_copy(update={"epochs": 3, "batch_size": 4})


@pytest.fixture(scope="module")
def people() -> Instances:
    return synthetic.instances(MPII.skeleton, "train", 10)


def fresh(seed: int = 0) -> Tiny:
    torch.manual_seed(seed)
    model = Tiny(MPII.skeleton, RECIPE.input_size)
    model.name = "tiny"
    return model


def untimed(history: list[dict[str, float]]) -> list[dict[str, float]]:
    """A history without the columns that a clock fills."""
    return [{name: row[name] for name in row if name not in (SPEED, WAIT, SECONDS)} for row in history]


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(people: Instances, tmp_path: Path) -> None:
    whole = train(fresh(), people, RECIPE, 7, tmp_path / "whole.pt")
    assert (whole.step, whole.steps, [row["epoch"] for row in whole.history]) == (6, 6, [1, 2, 3])

    def stop(progress: Progress) -> None:
        if progress.step in (1, 4):  # in the middle of an epoch, and at the end of one
            os.kill(os.getpid(), signal.SIGINT)

    for seed in (0, 1):  # a resumed run takes its weights from the checkpoint, whatever it was given
        with pytest.raises(Interrupted, match="of 6. Add --resume to the same command to go on"):
            train(fresh(seed), people, RECIPE, 7, tmp_path / "cut.pt", stop)
    resumed = train(fresh(2), people, RECIPE, 7, tmp_path / "cut.pt")
    for name, value in whole.model.items():
        assert torch.equal(value, resumed.model[name]), name
    assert untimed(resumed.history) == untimed(whole.history)


def test_workers_killed_twice_leave_the_checkpoint_of_the_last_step(people: Instances, tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"epochs": 10})  # longer than what the workers make ahead
    whole = train(fresh(), people, recipe, 7, tmp_path / "whole.pt")
    said: list[str] = []

    def kill(progress: Progress) -> None:
        if progress.step in (1, 8):
            for process in multiprocessing.active_children():
                process.kill()

    sentence = (
        r"Use fewer --workers than 1\. Stopped after step (\d+) of 20\. Add --resume to the same command to go on\."
    )
    with pytest.raises(PosebenchError, match=sentence) as stopped:
        train(fresh(), people, recipe, 7, tmp_path / "cut.pt", kill, Loading(1, say=said.append))
    step = int(re.search(sentence, str(stopped.value))[1])  # type: ignore[index]
    assert (len(said), checkpoints.load(tmp_path / "cut.pt").step, step >= 8) == (1, step, True)
    resumed = train(fresh(2), people, recipe, 7, tmp_path / "cut.pt", loading=Loading(1))
    for name, value in whole.model.items():
        assert torch.equal(value, resumed.model[name]), name
    assert untimed(resumed.history) == untimed(whole.history)


def test_sigterm_that_comes_twice_is_one_request(people: Instances, tmp_path: Path) -> None:
    def stop(progress: Progress) -> None:
        for _ in range(2):  # a batch scheduler's, and torchrun's that passes it on
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(Interrupted, match="Stopped after step 1 of 6"):
        train(fresh(), people, RECIPE, 7, tmp_path / "x.pt", stop)
    assert checkpoints.load(tmp_path / "x.pt").step == 1


def test_a_finished_run_is_not_trained_again(people: Instances, tmp_path: Path) -> None:
    first = train(fresh(), people, RECIPE, 0, tmp_path / "x.pt")
    steps: list[int] = []
    again = train(fresh(5), people, RECIPE, 0, tmp_path / "x.pt", lambda progress: steps.append(progress.step))
    assert steps == []
    assert torch.equal(first.model["body.0.weight"], again.model["body.0.weight"])


def test_ctrl_c_between_runs_is_the_usual_one(people: Instances, tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    train(fresh(), people, RECIPE.model_copy(update={"epochs": 0}), 0, tmp_path / "x.pt")
    assert signal.getsignal(signal.SIGINT) is before


def test_no_epochs_keep_the_initial_weights(people: Instances, tmp_path: Path) -> None:
    state = train(fresh(), people, RECIPE.model_copy(update={"epochs": 0}), 0, tmp_path / "x.pt")
    assert torch.equal(state.model["body.0.weight"], fresh().body[0].weight)


def test_the_checkpoint_says_what_was_trained(people: Instances, tmp_path: Path) -> None:
    state = train(fresh(), people, RECIPE, 7, tmp_path / "x.pt")
    assert (state.arch, state.seed, state.input_size) == ("tiny", 7, (24, 32))
    assert state.recipe == RECIPE
    assert state.trained_on["people"] == 10
    assert state.trained_on["dataset"] == "synthetic people"


def test_a_checkpoint_of_another_run_is_refused(people: Instances, tmp_path: Path) -> None:
    train(fresh(), people, RECIPE, 7, tmp_path / "x.pt")
    with pytest.raises(PosebenchError, match="of another run: its seed is 7, not 8"):
        train(fresh(), people, RECIPE, 8, tmp_path / "x.pt")


class Diverging(Tiny):
    """A network whose second loss is not finite."""

    def loss(self, outputs: Any, keypoints: Any, visible: Any) -> dict[str, Any]:
        parts = super().loss(outputs, keypoints, visible)
        self.calls = getattr(self, "calls", 0) + 1
        return parts | {"scale": parts["place"] * (float("nan") if self.calls == 2 else 1)}


def test_a_loss_that_is_not_finite_stops_with_its_parts(people: Instances, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=r"The loss of step 2 is not finite: place 0\.\d+, scale nan"):
        train(Diverging(MPII.skeleton, (24, 32)), people, RECIPE, 0, tmp_path / "x.pt")


def test_nobody_to_train_on_is_a_sentence(people: Instances, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="synthetic people train has no one to train on"):
        train(fresh(), people.take(np.zeros(0, int)), RECIPE, 0, tmp_path / "x.pt")


@pytest.mark.parametrize("damage", ["cut", "text", "pickle"])
def test_a_damaged_checkpoint_is_a_sentence(damage: str, people: Instances, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    train(fresh(), people, RECIPE, 0, path)
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:500])
    elif damage == "text":
        path.write_text("hello")
    else:
        torch.save({"format": Path("anything but a tensor")}, path)
    with pytest.raises(PosebenchError, match="x.pt is not readable as a checkpoint"):
        checkpoints.load(path)


def test_a_checkpoint_whose_weights_are_not_finite_is_neither_resumed_nor_predicted_with(
    people: Instances, tmp_path: Path
) -> None:
    path = tmp_path / "x.pt"
    train(fresh(), people, RECIPE, 7, path)
    plain = torch.load(path, weights_only=True)
    plain["model"]["body.4.bias"][3] = float("nan")
    torch.save(plain, path)
    with pytest.raises(
        PosebenchError, match=r"x\.pt has weights that are not finite, the first in body\.4\.bias\. Use an"
    ):
        train(fresh(), people, RECIPE, 7, path)
    with pytest.raises(PosebenchError, match="the first in body.4.bias"):
        checkpoints.load(path).network(MPII.skeleton, path)


def test_a_checkpoint_of_another_form_of_the_network_is_not_resumed(people: Instances, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    train(fresh(), people, RECIPE, 7, path)
    changed = fresh()
    changed.body[4] = torch.nn.Linear(128, 32, bias=False)
    with pytest.raises(
        PosebenchError, match=r'does not fit tiny: Unexpected key.*"body\.4\.bias".* Add --restart to train'
    ):
        train(changed, people, RECIPE, 7, path)


def test_a_checkpoint_of_a_later_version_asks_for_an_update(people: Instances, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    train(fresh(), people, RECIPE, 7, path)
    torch.save(torch.load(path, weights_only=True) | {"format": "posebench checkpoint 9"}, path)
    with pytest.raises(
        PosebenchError, match=r"is a 'posebench checkpoint 9'; this posebench reads .*1'\. Update posebench\."
    ):
        checkpoints.load(path)


@pytest.mark.parametrize(
    "content",
    [
        {"state_dict": {"backbone.conv1.weight": torch.zeros(2, 3)}, "meta": {"epoch": 210}},
        {"backbone.conv1.weight": torch.zeros(2, 3)},
        {"state_dict": {}, "best_acc": np.float64(0.5)},  # numpy's number is an object that torch does not restore
    ],
    ids=["mmpose", "state dict", "numpy"],
)
def test_weights_of_another_tool_are_told_how_to_be_imported(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "hrnet.pth")
    with pytest.raises(PosebenchError, match=r"posebench weights import .*hrnet\.pth --arch NAME"):
        checkpoints.load(tmp_path / "hrnet.pth")


def test_the_file_is_a_plain_dict_that_earlier_versions_wrote_and_read(people: Instances, tmp_path: Path) -> None:
    trained = train(fresh(), people, RECIPE, 7, tmp_path / "x.pt")
    plain = torch.load(tmp_path / "x.pt", weights_only=True)
    assert {name: type(value) for name, value in plain.items()} == {
        "format": str, "arch": str, "keypoints": list, "input_size": list, "recipe": dict, "seed": int, "step": int,
        "steps": int, "begin": int, "model": OrderedDict, "optimizer": dict, "trained_on": dict, "history": list, "running": list,
        "pipeline": dict, "selection": dict, "stopped": str, "parts": dict, "average": dict, "random": dict,
    }  # fmt: skip
    assert (plain["format"], plain["input_size"], plain["running"]) == ("posebench checkpoint 1", [24, 32], [0.0, 0])
    assert (trained.input_size, trained.running) == ((24, 32), (0.0, 0))
    del plain["recipe"]["epochs"]
    torch.save(plain, tmp_path / "x.pt")
    with pytest.raises(PosebenchError, match=r"x.pt is damaged: ValidationError: recipe.epochs: field required"):
        checkpoints.load(tmp_path / "x.pt")


def test_a_checkpoint_for_other_keypoints_is_refused(people: Instances, tmp_path: Path) -> None:
    state = train(fresh(), people, RECIPE, 0, tmp_path / "x.pt")
    with pytest.raises(PosebenchError, match=r"trained for 16 keypoints, but other 17 are asked for: it lacks nose"):
        state.network(protocol("coco").skeleton, tmp_path / "x.pt")


def test_the_flip_test_of_a_symmetric_network_changes_nothing() -> None:
    model = fresh().eval()
    straight = torch.rand(2, 3, 32, 24)

    class Symmetric(Tiny):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return (model(images) + self.unflip(model(images.flip(-1)))) / 2

    symmetric = Symmetric(MPII.skeleton, (24, 32))
    with torch.inference_mode():
        torch.testing.assert_close(averaged(symmetric, *passes(symmetric, straight, True)), symmetric(straight))
        assert (averaged(model, *passes(model, straight, True)) - model(straight)).abs().max() > 1e-4


class Oracle(Tiny):
    """Knows where everybody is: its predictions must come back as the annotation."""

    truth: torch.Tensor

    def decode(self, outputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        crops, self.truth = self.truth[: len(outputs)], self.truth[len(outputs) :]
        return crops, torch.ones(crops.shape[:2])


def test_predictions_are_in_image_pixels_in_the_order_of_the_people(people: Instances) -> None:
    from posebench.samples.loader import Samples

    samples = Samples(people, (24, 32))
    model = Oracle(MPII.skeleton, (24, 32))
    model.truth = torch.from_numpy(np.stack([samples[(0, row)]["keypoints"] for row in range(10)]))
    made, unreadable = predict(model, people, loading=Loading(batch_size=4), flip_test=False)
    np.testing.assert_allclose(made.keypoints, people.keypoints, atol=1e-3)
    assert (unreadable, made.missing.any()) == ([], False)


def test_people_in_unreadable_photographs_are_declared_missing(tmp_path: Path) -> None:
    from dataclasses import replace

    import cv2

    people = synthetic.instances(MPII.skeleton, "val", 3)
    for name in people.images:
        cv2.imwrite(str(tmp_path / f"{name}.png"), synthetic.draw(name))
    (tmp_path / f"{people.images[1]}.png").write_bytes(b"broken")
    folder = replace(people, images=tuple(f"{n}.png" for n in people.images), synthetic=False, image_root=tmp_path)
    made, unreadable = predict(fresh(), folder, loading=Loading(batch_size=2))
    assert unreadable == [f"{people.images[1]}.png"]
    assert made.missing.all(axis=1).tolist() == [False, True, False]
    scores = MPII.score(made, folder, "official")
    assert scores.notes[-1] == f"1 person has no prediction and counted as missed; the first is in {unreadable[0]}."
    state = train(fresh(), folder, RECIPE, 0, tmp_path / "x.pt")
    assert state.trained_on["unreadable"] == unreadable


def test_an_hourglass_learns_embedded_people_it_never_saw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo in miniature: a quarter of the channels, so a sixteenth of the operations, and half of the layers."""
    monkeypatch.setattr("posebench.architectures.hourglass.CHANNELS", 64)
    monkeypatch.setattr("posebench.architectures.hourglass.ORDER", 2)
    monkeypatch.setattr("posebench.architectures.hourglass.STEMS", {"newell": (16, 32, 32, 64)})
    learn = synthetic.instances(MPII.skeleton, "train", 384)
    unseen = synthetic.instances(MPII.skeleton, "val", 60)
    from posebench.plugins.recipe import QUICK

    recipe = QUICK.changed(epochs=6, learning_rate=0.006, precision="no")
    torch.manual_seed(0)
    model = architecture("hourglass1", MPII.skeleton, recipe.input_size)
    means = [MPII.score(predict(model, unseen)[0], unseen, "official").metrics["Mean"]]
    state = train(model, learn, recipe, 0, tmp_path / "x.pt")
    means.append(MPII.score(predict(model, unseen)[0], unseen, "official").metrics["Mean"])
    assert means[1] > means[0] + 10, means
    assert state.history[-1]["loss"] < state.history[0]["loss"] / 2
