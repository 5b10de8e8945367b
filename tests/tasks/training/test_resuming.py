"""What `--resume` goes on with, and what it says where it finds nothing; forks."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from stranger import Tiny

from posebench.data.provenance import TrainedOn
from posebench.errors import PosebenchError
from posebench.files.writing import sha256
from posebench.plugins import registry
from posebench.results.folder import ResultsFolder
from posebench.tasks.training.job import Job
from posebench.tasks.training.train import train
from posebench.training import checkpoints
from posebench.training.checkpoints import Checkpoint

MPII = registry.protocol("mpii")
RECIPE = Tiny.paper.changed(epochs=1, batch_size=4, schedule="cosine")


@pytest.fixture(autouse=True)
def _tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one architecture that is installed; no pictures of runs."""

    def tiny(name: str, skeleton: Any, size: Any = (24, 32)) -> Tiny:
        model = Tiny(skeleton, size)
        model.name = name
        return model

    monkeypatch.setattr(registry, "architecture", tiny)
    monkeypatch.setattr(checkpoints, "architecture", tiny)
    for name in ("draw_curves", "draw_sheet"):
        # Not what is tested here.
        monkeypatch.setattr(f"posebench.tasks.training.story.Story.{name}", lambda *arguments: None)


def run(folder: Path, said: list[str] | None = None, resume: bool = False, seed: int = 0, **changes: Any) -> Path:
    """The checkpoint of a run on 8 synthetic people, 2 steps an epoch."""
    fork = changes.pop("fork", None)
    recipe, results = RECIPE.changed(**changes), ResultsFolder(folder)
    job = Job("tiny", MPII, None, recipe, seed, results, limit=8, fork=fork, resume=resume)
    return train(job, say=(said if said is not None else []).append).checkpoint


def facts(path: Path) -> Checkpoint:
    return checkpoints.load(path)


def test_a_run_is_extended_by_more_epochs(tmp_path: Path) -> None:
    first, said = run(tmp_path), []
    second = run(tmp_path, said, resume=True, epochs=3)
    assert said == [
        f"Goes on from step 2 of {first.parent} (epochs 1, not 3). The schedule of the learning rate starts anew over the "
        "4 steps that are left."
    ]
    assert (facts(second).step, len(facts(second).history), facts(second).begin) == (6, 3, 2)
    assert facts(first).step == 2  # as it was
    assert [before["recipe"]["epochs"] for before in facts(second).trained_on["continued"]] == [1]


def test_an_extended_run_is_found_again_and_extended_again(tmp_path: Path) -> None:
    run(tmp_path)
    second, said = run(tmp_path, resume=True, epochs=2), []
    assert (run(tmp_path, said, resume=True, epochs=2), said) == (second, [])
    third = run(tmp_path, said, resume=True, epochs=4)
    assert said[0].startswith(f"Goes on from step 4 of {second.parent} (epochs 2, not 4).")
    assert [before["step"] for before in facts(third).trained_on["continued"]] == [2, 4]


def test_an_extended_run_without_its_settings_is_not_begun_again(tmp_path: Path) -> None:
    run(tmp_path)
    second, said = run(tmp_path, resume=True, epochs=2), []
    second.with_name("settings.json").unlink()
    written = second.stat().st_mtime_ns
    assert run(tmp_path, said, resume=True, epochs=2) == second
    assert (said, second.stat().st_mtime_ns) == ([], written)
    assert second.with_name("settings.json").exists()


def test_a_run_of_all_epochs_is_another_one_than_an_extended_one(tmp_path: Path) -> None:
    run(tmp_path)
    assert run(tmp_path, resume=True, epochs=2) != run(tmp_path, epochs=2)


def test_a_run_goes_on_with_a_lower_rate_where_steps_are_left(tmp_path: Path) -> None:
    """As the error about a loss that is not finite says."""
    with pytest.raises(PosebenchError, match=r"Add --resume --lr 0\.0001 to the same command"):
        stopped_by_nan(tmp_path)
    said: list[str] = []
    found = facts(run(tmp_path, said, resume=True, epochs=2, learning_rate=1e-4))
    assert "(learning_rate 0.001, not 0.0001)" in said[0]
    assert (found.begin, found.step, found.recipe.learning_rate) == (2, 4, 1e-4)


def stopped_by_nan(folder: Path) -> None:
    """A run of two epochs whose loss is not finite in the second."""
    before = Tiny.loss

    def loss(self: Tiny, outputs: Any, keypoints: Any, visible: Any) -> Any:
        self.calls = getattr(self, "calls", 0) + 1
        return {"place": before(self, outputs, keypoints, visible)["place"] * (float("nan") if self.calls == 3 else 1)}

    Tiny.loss = loss  # type: ignore[method-assign]
    try:
        run(folder, epochs=2)
    finally:
        Tiny.loss = before  # type: ignore[method-assign]


def test_resume_that_finds_nothing_names_the_runs_that_are_there(tmp_path: Path) -> None:
    first = run(tmp_path)
    other = run(tmp_path, seed=1, optimizer="sgd", weight_decay=0.1)
    said: list[str] = []
    run(tmp_path, said, resume=True, batch_size=8, optimizer="sgd")
    assert said == [
        "--resume found no run with these settings; training starts from the beginning. "
        f"{first.parent} differs in: batch_size 4, not 8; optimizer adam, not sgd. "
        f"{other.parent} differs in: seed 1, not 0; batch_size 4, not 8; weight_decay 0.1, not none."
    ]


def test_resume_in_an_empty_folder_says_that_it_begins(tmp_path: Path) -> None:
    said: list[str] = []
    run(tmp_path, said, resume=True)
    assert said == ["--resume found no run with these settings; training starts from the beginning."]


def test_a_finished_run_with_another_rate_is_named_and_not_continued(tmp_path: Path) -> None:
    first, said = run(tmp_path), []
    assert facts(run(tmp_path, said, resume=True, learning_rate=0.5)).begin == 0
    assert f"{first.parent} differs in: learning_rate 0.001, not 0.5." in said[0]


def test_a_run_that_differs_in_epochs_and_rate_is_named_and_not_continued(tmp_path: Path) -> None:
    first, said = run(tmp_path), []
    assert facts(run(tmp_path, said, resume=True, epochs=2, learning_rate=0.5)).begin == 0
    assert f"{first.parent} differs in: epochs 1, not 2; learning_rate 0.001, not 0.5." in said[0]


def test_damaged_settings_of_other_runs_are_passed_over(tmp_path: Path) -> None:
    first = run(tmp_path)
    settings = first.with_name("settings.json")
    settings.write_text(settings.read_text()[:50])
    deep = first.parent.with_name("deep") / "settings.json"
    deep.parent.mkdir()
    deep.write_text("[" * 100_000)
    run(tmp_path, resume=True, epochs=2)


def test_the_settings_of_a_run_stand_beside_its_checkpoint(tmp_path: Path) -> None:
    settings = json.loads(run(tmp_path).with_name("settings.json").read_text())
    assert {name: settings[name] for name in ("arch", "protocol", "seed", "limit")} == {
        "arch": "tiny", "protocol": "mpii", "seed": 0, "limit": 8,
    }  # fmt: skip
    assert settings["recipe"] == RECIPE.model_dump(mode="json")


def test_fields_that_a_recipe_gains_leave_the_names_of_runs(tmp_path: Path) -> None:
    job = Job("tiny", MPII, None, RECIPE, 0, ResultsFolder(tmp_path))
    settings = {"recipe": {}, "arch": "tiny"}
    assert job.key(settings) == job.key(settings | {"recipe": {"a field of a later version": 1}})


def test_a_fork_begins_with_the_weights_of_a_checkpoint(tmp_path: Path) -> None:
    first, said = run(tmp_path), []
    forked = facts(run(tmp_path, said, fork=first, epochs=0))
    assert said == [f"Begins with the weights of {first}, of step 2 of 2 there."]
    assert all(torch.equal(value, forked.model[name]) for name, value in facts(first).model.items())
    origin = {
        "checkpoint": f"{first.parent.name}/checkpoint.pt", "sha256": sha256(first), "step": "2 of 2",
        "trained_on": "synthetic people train",
    }  # fmt: skip
    assert TrainedOn.model_validate(forked.trained_on).began_with == origin


def test_a_fork_is_a_run_of_its_own_with_its_own_schedule(tmp_path: Path) -> None:
    first = run(tmp_path)
    forked = run(tmp_path, fork=first, learning_rate=0.01)
    assert forked != run(tmp_path, learning_rate=0.01)
    assert (facts(forked).begin, facts(forked).step, len(facts(forked).history)) == (0, 2, 1)


def test_a_fork_of_another_architecture_is_refused(tmp_path: Path) -> None:
    first = run(tmp_path)
    job = Job("hourglass1", MPII, None, RECIPE, 0, ResultsFolder(tmp_path), limit=8, fork=first)
    with pytest.raises(PosebenchError, match=r"is a checkpoint of tiny, not of hourglass1\. Use --arch tiny\."):
        train(job)
