"""A run that is watched: its folder tells its story, its best checkpoint is scored, and the record says how it was chosen."""

import csv
import importlib.util
from pathlib import Path
from typing import Any

import cv2
import pytest
from stranger import Tiny

from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.report.pages.page import write_pages
from posebench.report.tables.contents import read_contents
from posebench.results.folder import ResultsFolder
from posebench.results.record import Record
from posebench.synthetic import people as synthetic
from posebench.tasks.prediction.predict import predict, predictions_path
from posebench.tasks.scoring.evaluate import evaluate
from posebench.tasks.training.job import Job
from posebench.tasks.training.tracking import flat
from posebench.tasks.training.train import Trained, train
from posebench.tasks.training.watching import Watching

MPII = protocol("mpii")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed architecture `tiny`."""

    def architecture(name: str, skeleton: Any, size: Any = None) -> Tiny:
        model = Tiny(skeleton, size or Tiny.paper.input_size)
        model.name = name
        return model

    for module in ("plugins.registry", "training.checkpoints"):
        monkeypatch.setattr(f"posebench.{module}.architecture", architecture)


def job(results: Path, **watching: Any) -> Job:
    recipe = Tiny.paper.model_copy(update={"epochs": 3, "batch_size": 9})
    return Job("tiny", MPII, None, recipe, 0, ResultsFolder(results), limit=20, watching=Watching(**watching))


def record_of(trained: Trained, results: Path) -> Record:
    people = synthetic.instances(MPII.skeleton, "val", 4)
    path = predictions_path(trained.checkpoint, people, ResultsFolder(results))
    predict(trained.checkpoint, MPII, people, path)
    evaluation = evaluate(path, MPII, people)
    evaluation.save(results)
    return evaluation.record


@pytest.mark.usefixtures("tiny")
def test_a_validated_run_tells_its_story_and_its_best_checkpoint_is_scored(tmp_path: Path) -> None:
    said: list[str] = []
    trained = train(job(tmp_path, validate_every=2), say=said.append)
    folder = trained.checkpoint.parent
    assert said == ["2 people of 2 images of train choose the best checkpoint and are not trained on; 18 people are."]
    assert trained.checkpoint.name == "best.pt"
    assert sorted(file.name for file in folder.iterdir()) == [
        "best.pt", "checkpoint.pt", "curves.png", "history.csv", "recipe.json", "settings.json", "sheets",
    ]  # fmt: skip
    rows = list(csv.DictReader((folder / "history.csv").read_text().splitlines()))
    assert [(row["epoch"], row["step"], row["score"] != "") for row in rows] == [
        ("1", "2", False), ("2", "4", True), ("3", "6", True),
    ]  # fmt: skip
    sheets = sorted((folder / "sheets").iterdir())
    assert [sheet.name for sheet in sheets] == ["epoch-001.jpg", "epoch-002.jpg", "epoch-003.jpg"]
    # Two people of 24 × 32 pixels, 192 × 256 on the sheet, in two rows below a line of text.
    assert cv2.imread(str(sheets[0])).shape == (30 + 2 * 260, 2 * 196 - 4, 3)
    assert cv2.imread(str(folder / "curves.png")) is not None

    record = record_of(trained, tmp_path)
    selection = record.model.selection
    assert (record.model.checkpoint, record.model.trained_on.people) == ("the best one", 18)
    assert (selection.split, selection.people, selection.metric, selection.every) == ("10 % of train", 2, "Mean", 2)
    assert (selection.chosen, selection.epoch, record.model.step) in ((True, 2, 4), (True, 3, 6))
    assert [repr(row["epoch"]) for row in record.model.history] == ["1", "2", "3"]
    assert trained.notes[-1].startswith(f"Best checkpoint: epoch {selection.epoch:.0f} of 3, Mean ")

    pages = {path.name: path for path in write_pages(read_contents(tmp_path))}
    (plot,) = [name for name in pages if name.endswith("-training.png")]
    text = pages["index.html"].read_text()
    assert plot in text
    assert "3 epochs, drawn above" in pages[f"{record.id}.html"].read_text()
    assert "checkpoint by Mean of 10 % of train" in text


@pytest.mark.usefixtures("tiny")
def test_without_validation_the_last_checkpoint_is_scored_and_the_training_people_are_drawn(tmp_path: Path) -> None:
    trained = train(job(tmp_path))
    folder = trained.checkpoint.parent
    assert (trained.checkpoint.name, trained.notes) == ("checkpoint.pt", ())
    assert cv2.imread(str(folder / "sheets" / "epoch-003.jpg")).shape[1] == 6 * 196 - 4
    record = record_of(trained, tmp_path)
    assert (record.model.checkpoint, record.model.selection, record.model.stopped) == ("the last one", None, None)


@pytest.mark.usefixtures("tiny")
def test_the_record_says_which_option_ended_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.training.watching.seconds_of", lambda text: 0)
    trained = train(job(tmp_path, max_time="1m"))
    assert trained.notes == (
        "--max-time 1m ended training after step 0 of 6. The same command with --resume and a larger value goes on.",
    )
    assert record_of(trained, tmp_path).model.stopped == "--max-time 1m"


@pytest.mark.usefixtures("tiny")
def test_a_run_that_ends_before_its_first_validation_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.training.watching.seconds_of", lambda text: 0)
    trained = train(job(tmp_path, validate_every=1, max_time="1m"))
    assert trained.checkpoint.name == "checkpoint.pt"
    assert trained.notes[1:] == ("No validation gave a score before training ended, so the last checkpoint is scored.",)


@pytest.mark.usefixtures("tiny")
def test_the_last_and_the_best_checkpoint_of_a_run_have_predictions_of_their_own(tmp_path: Path) -> None:
    trained = train(job(tmp_path, validate_every=1))
    people = synthetic.instances(MPII.skeleton, "val", 2)
    last = predictions_path(trained.checkpoint.with_name("checkpoint.pt"), people, ResultsFolder(tmp_path))
    best = predictions_path(trained.checkpoint, people, ResultsFolder(tmp_path))
    run = trained.checkpoint.parent.name
    assert (last.name.startswith(f"{run}-val-"), best.name.startswith(f"{run}-best-val-")) == (True, True)


def test_runs_that_are_selected_by_other_people_have_other_folders(tmp_path: Path) -> None:
    people = synthetic.instances(MPII.skeleton, "train", 2)
    one = job(tmp_path)
    plain = one.key(one.settings(people))
    assert len({plain, *(one.key(one.settings(people, split)) for split in ("val", "test"))}) == 3
    assert job(tmp_path, max_time="3m").settings(people) == one.settings(people)


@pytest.mark.parametrize("option, value", [("select_by", "test"), ("early_stop", 3)])
def test_selection_and_early_stop_need_validation(option: str, value: Any) -> None:
    with pytest.raises(
        PosebenchError, match=f"--{option.replace('_', '-')} needs validation .* add --validate-every 1"
    ):
        Watching(**{option: value})


def test_an_unknown_tracker_names_the_known_ones() -> None:
    with pytest.raises(PosebenchError, match="No tracker is named 'tensorbord'. Did you mean 'tensorboard'"):
        Watching(track=("tensorbord",))


def test_a_tracker_that_is_not_installed_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accelerate.tracking.get_available_trackers", lambda: [])
    with pytest.raises(PosebenchError, match="--track comet_ml needs the package comet-ml: pip install comet-ml"):
        Watching(track=("comet_ml",))


def test_a_recipe_is_flat_for_trackers() -> None:
    found = flat(Tiny.paper.model_dump(mode="json"))
    assert (found["epochs"], found["input_size"], found["augmentation.flip"]) == (2, "[24, 32]", 0.5)


@pytest.mark.usefixtures("tiny")
def test_a_tracker_gets_the_recipe_and_every_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate.tracking import LOGGER_TYPE_TO_CLASS, GeneralTracker

    told: list[Any] = []

    class Told(GeneralTracker):
        name, requires_logging_directory, tracker = "told", True, None

        def __init__(self, run: str, logging_dir: str) -> None:
            super().__init__()
            told.append((run, logging_dir))

        def store_init_configuration(self, values: dict) -> None:
            told.append(values["batch_size"])

        def log(self, values: dict, step: int | None = None) -> None:
            told.append((step, sorted(values)))

        def finish(self) -> None:
            told.append("end")

    monkeypatch.setitem(LOGGER_TYPE_TO_CLASS, "told", Told)
    monkeypatch.setattr("accelerate.tracking.get_available_trackers", lambda: ["told"])
    folder = train(job(tmp_path, validate_every=3, track=("told",))).checkpoint.parent
    columns = ["data_wait", "epoch", "images_per_second", "learning_rate", "loss", "seconds"]
    assert told == [
        (folder.name, str(folder.parent)), 9, (2, columns), (4, columns), (6, sorted([*columns, "score"])), "end",
    ]  # fmt: skip


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.usefixtures("tiny")
def test_tensorboard_shows_the_run(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = train(job(tmp_path, track=("tensorboard",))).checkpoint.parent
    events = EventAccumulator(str(folder)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("epoch")] == [(2, 1.0), (4, 2.0), (6, 3.0)]
