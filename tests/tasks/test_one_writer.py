"""A run and a predictions file are written by one process at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from posebench.errors import PosebenchError
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic
from posebench.tasks.predict import predict
from posebench.tasks.train import Settings, make_job, train

ENTRY = Path(sys.executable).with_name("posebench")
MPII = protocol("mpii")


def test_a_second_command_on_a_run_or_its_predictions_ends_at_once_and_names_the_first(tmp_path: Path) -> None:
    job = make_job("hourglass1", MPII, None, Settings(limit=4, epochs=1, workers=0), tmp_path)
    command = [ENTRY, "train", "--arch", "hourglass1", "--protocol", "mpii", "--limit", "4", "--epochs", "1"]
    answers = []

    def start_a_second(progress: object) -> None:
        arguments = [*command, "--results", tmp_path, "--workers", "0", "--restart", "--quiet"]
        answers.append(subprocess.run(arguments, capture_output=True, text=True, check=False))

    trained = train(job, show=start_a_second)
    assert [answer.returncode for answer in answers] == [1]
    assert answers[0].stderr.startswith(f"Error: Process {os.getpid()} on ")
    assert f" trains {trained.checkpoint.parent}. Wait until it has ended" in answers[0].stderr
    assert sorted(file.name for file in trained.checkpoint.parent.iterdir()) == ["checkpoint.pt", "recipe.json"]

    people, out = synthetic.instances(MPII.skeleton, "val", 3), tmp_path / "new" / "x.h5"

    def predict_too(done: int, total: int) -> None:
        with pytest.raises(PosebenchError, match=r"already writes .*x\.h5\. Wait until that has ended"):
            predict(trained.checkpoint, MPII, people, out)

    predict(trained.checkpoint, MPII, people, out, show=predict_too)
    assert [file.name for file in out.parent.iterdir()] == ["x.h5"]
