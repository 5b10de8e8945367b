"""Several processes: the numbers of one, each sample and person once, and no process that waits for another for ever."""

import json
import os
from pathlib import Path

import entry
import numpy as np
import one_of_several
import pytest
import torch

from posebench.inference.predict import predict
from posebench.samples.loader import Loading
from posebench.training import checkpoints, processes

SCRIPT = Path(one_of_several.__file__)


def start(scenario: str, folder: Path, number: int = 2) -> list[int]:
    """Run a scenario in several processes, as torchrun does; their exit codes."""
    done = entry.run([str(SCRIPT), scenario, str(folder), str(number)], folder, os.environ | {"OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr
    codes: list[int] = json.loads(done.stdout)
    return codes


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes left."""
    folder = tmp_path_factory.mktemp("several")
    assert start("work", folder) == [0, 0]
    return folder


@pytest.mark.parametrize("name", ["five", "one"])
def test_two_processes_train_like_one_also_where_a_batch_does_not_divide(name: str, done: Path, tmp_path: Path) -> None:
    recipe = {"five": one_of_several.BATCH_OF_5, "one": one_of_several.BATCH_OF_1}[name]
    alone = one_of_several.train(tmp_path / "x.pt", recipe)
    several = checkpoints.load(done / f"{name}.pt")
    for key, value in alone.model.items():
        assert (several.model[key] - value).abs().max() < 1e-7, key
    assert [row["loss"] for row in several.history] == pytest.approx([row["loss"] for row in alone.history], rel=1e-6)


def test_a_signal_to_one_process_stops_all_after_the_same_step_and_a_resumed_run_is_equal_to_the_bit(
    done: Path,
) -> None:
    sentence = "Stopped after step 3 of 6. Add --resume to the same command to go on."
    assert [(done / f"stopped-{rank}").read_text() for rank in range(2)] == [sentence, sentence]
    whole, cut = (checkpoints.load(done / f"{name}.pt") for name in ("whole", "cut"))
    for key, value in whole.model.items():
        assert torch.equal(value, cut.model[key]), key
    assert [row["loss"] for row in whole.history] == [row["loss"] for row in cut.history]


def test_the_first_process_validates_and_all_end_early_after_the_same_step(done: Path) -> None:
    assert [(done / f"watched-{rank}").read_text() for rank in range(2)] == [
        "--early-stop 1, 4 steps, 2 scores", "--early-stop 1, 4 steps, 0 scores",
    ]  # fmt: skip


def test_every_process_gets_the_predictions_of_a_single_one_to_the_bit(done: Path) -> None:
    torch.set_num_threads(1)
    made, _ = predict(one_of_several.fresh(), one_of_several.people(11), loading=Loading(batch_size=2))
    for rank in range(2):
        assert np.array_equal(np.load(done / f"predicted-{rank}.npy"), np.dstack([made.keypoints, made.scores]))


def test_what_one_process_finds_ends_all_and_none_waits_for_ever(tmp_path: Path) -> None:
    assert start("fail", tmp_path) == [0, -9]
    nan = [(tmp_path / f"nan-{rank}").read_text() for rank in range(2)]
    assert nan[0] == nan[1]
    assert nan[0].startswith("NotFinite: The loss of step 2 is not finite: place 0.")
    assert "extra nan" in nan[0]
    missing = [(tmp_path / f"nan-first-{rank}").read_text() for rank in range(2)]
    assert missing[0] == missing[1]
    assert missing[0].endswith("nothing.pt does not exist; a checkpoint should be there.")
    assert (tmp_path / "lost-0").read_text().startswith("ProcessLost: Another process of this run has ended")
    assert checkpoints.load(tmp_path / "lost.pt").step == 2  # the end of the first epoch


def test_a_run_that_was_killed_goes_on_from_the_last_epoch_to_the_same_bits(tmp_path: Path) -> None:
    assert start("die", tmp_path, 1) == [-9]
    assert checkpoints.load(tmp_path / "cut.pt").step == 2
    torch.set_num_threads(1)
    cut = one_of_several.train(tmp_path / "cut.pt", kind=one_of_several.Forgetful)
    whole = one_of_several.train(tmp_path / "whole.pt", kind=one_of_several.Forgetful)
    for key, value in whole.model.items():
        assert torch.equal(value, cut.model[key]), key
    assert [row["loss"] for row in whole.history] == [row["loss"] for row in cut.history]


def test_alone_everything_is_ones_own() -> None:
    keys, weights = processes.own_shares(iter([[(0, 1), (0, 2)], [(0, 3)]]), 1)
    assert (list(keys), list(weights)) == ([[(0, 3)]], [1.0])
    assert (processes.count(), processes.index(), processes.gathered("x"), processes.by_first(lambda: 5)) == (
        1,
        0,
        ["x"],
        5,
    )
    assert processes.any_process((True, False)) == [True, False]
