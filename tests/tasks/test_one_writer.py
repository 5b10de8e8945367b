"""A run and a predictions file are written by one process at a time."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from entry import posebench

from posebench.errors import Interrupted, PosebenchError
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic
from posebench.tasks.prediction.predict import predict
from posebench.tasks.training.job import Settings, make_job
from posebench.tasks.training.train import train

MPII = protocol("mpii")


@pytest.fixture(scope="module")
def answers() -> list[subprocess.CompletedProcess[str]]:
    """What the second command on a run answers."""
    return []


@pytest.fixture(scope="module")
def trained(answers: list[subprocess.CompletedProcess[str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a run on which a second command was started meanwhile."""
    tmp_path = tmp_path_factory.mktemp("results")
    job = make_job("hourglass1", MPII, None, Settings(limit=4, epochs=1, workers=0), tmp_path)
    command = ["train", "--arch", "hourglass1", "--protocol", "mpii", "--limit", "4", "--epochs", "1"]

    def start_a_second(progress: object) -> None:
        answers.append(posebench(*command, "--results", tmp_path, "--workers", "0", "--restart", "--quiet"))

    return train(job, show=start_a_second).checkpoint


def test_a_second_command_on_a_run_ends_at_once_and_names_the_first(
    trained: Path, answers: list[subprocess.CompletedProcess[str]]
) -> None:
    assert [answer.returncode for answer in answers] == [1]
    assert answers[0].stderr.startswith(f"Error: Process {os.getpid()} on ")
    assert f" trains {trained.parent}. Wait until it has ended" in answers[0].stderr
    assert sorted(file.name for file in trained.parent.iterdir()) == [
        "checkpoint.pt", "curves.png", "history.csv", "recipe.json", "settings.json", "sheets",
    ]  # fmt: skip


def test_a_second_prediction_of_the_same_file_ends_at_once(trained: Path, tmp_path: Path) -> None:
    people, out = synthetic.instances(MPII.skeleton, "val", 3), tmp_path / "new" / "x.h5"

    def predict_too(done: int, total: int) -> None:
        with pytest.raises(PosebenchError, match=r"already writes .*x\.h5\. Wait until that has ended"):
            predict(trained, MPII, people, out)

    predict(trained, MPII, people, out, show=predict_too)
    assert [file.name for file in out.parent.iterdir()] == ["x.h5"]


def test_a_stopped_prediction_is_a_sentence_and_leaves_no_file(trained: Path) -> None:
    def stop(done: int, total: int) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(
        Interrupted, match=r"Stopped after 32 of 33 people; .*x\.h5 is not written\. Type the same command"
    ):
        predict(trained, MPII, synthetic.instances(MPII.skeleton, "val", 33), trained.with_name("x.h5"), show=stop)
    assert sorted(file.name for file in trained.parent.iterdir()) == [
        "checkpoint.pt", "curves.png", "history.csv", "recipe.json", "settings.json", "sheets",
    ]  # fmt: skip
