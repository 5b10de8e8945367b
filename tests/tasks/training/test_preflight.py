"""What would make scoring impossible is found before training."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_coco import name_of, write_coco

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins.recipe import QUICK
from posebench.plugins.registry import protocol
from posebench.results.folder import ResultsFolder
from posebench.synthetic import people as synthetic
from posebench.tasks.training import preflight
from posebench.tasks.training.job import Job
from posebench.tasks.training.preflight import check_before_run, check_before_training, scoring_problem

COCO, MPII = protocol("coco"), protocol("mpii")


@pytest.fixture
def people() -> Instances:
    return synthetic.instances(MPII.skeleton, "val", 5)


def job(tmp_path: Path, **more: object) -> Job:
    sound = Job("hourglass1", MPII, None, QUICK, 0, ResultsFolder(tmp_path / "results"))
    return replace(sound, **more)  # type: ignore[arg-type]


def test_a_sound_run_passes(people: Instances, tmp_path: Path) -> None:
    check_before_run([job(tmp_path)], people, people)


def test_every_reason_is_named_once_and_numbered(people: Instances, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    wrong = job(
        tmp_path, recipe=QUICK.model_copy(update={"input_size": (100, 128)}), results=ResultsFolder(tmp_path / "file")
    )
    gone = replace(people, synthetic=False, image_root=tmp_path / "images", measures={})
    with pytest.raises(PosebenchError) as error:
        check_before_run([wrong, wrong], gone, gone)
    lines = str(error.value).splitlines()
    assert lines[0] == "Nothing was trained, because this run could not be scored:"
    assert [line[:5] for line in lines[1:]] == ["  1. ", "  2. ", "  3. ", "  4. "]
    assert "multiples of 64; height 128, width 100 is not" in lines[1]
    assert "should be in" in lines[2] and "5 are needed" in lines[2]
    assert "head" in lines[3]
    assert f"Cannot write to {tmp_path}/file" in lines[4]


def test_an_unknown_convention_is_found(people: Instances) -> None:
    assert "No convention of mpii is named 'oficial'. Did you mean 'official'?" in scoring_problem(
        MPII, people, "oficial"
    )


def test_people_of_whom_nobody_can_be_predicted_are_found(people: Instances) -> None:
    assert "has no person to predict" in scoring_problem(MPII, replace(people, usable=np.zeros(5, bool)))


def test_too_little_space_is_a_sentence_with_both_sizes(
    people: Instances, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "free_bytes", lambda path: 3_000_000)
    with pytest.raises(PosebenchError, match=r"has 3 MB of free space, and checkpoints and predictions need \d+ MB"):
        check_before_run([job(tmp_path)], people, people)


def test_a_checkpoint_is_two_files_of_three_numbers_a_parameter_with_adam_and_two_with_rmsprop(tmp_path: Path) -> None:
    adam, rmsprop = (job(tmp_path, recipe=QUICK.model_copy(update={"optimizer": name})) for name in ("adam", "rmsprop"))
    parameters = preflight.parameters(adam)
    assert 3_000_000 < parameters < 4_000_000
    assert preflight.checkpoint_bytes(adam) == 24 * parameters
    assert preflight.checkpoint_bytes(rmsprop) == 16 * parameters


def test_training_alone_only_notes_that_scoring_is_not_possible(tmp_path: Path) -> None:
    root = write_coco(tmp_path / "d")
    (root / "val2017" / name_of("val", 2)).unlink()
    coco = job(tmp_path, protocol=COCO, data=root)
    assert check_before_training(coco) == (
        f"Scoring is not possible here: {root}/val2017 lacks 1 of the 3 photographs of coco val; the first is val_2.png. "
        "With --allow-missing, predict and run count its people as missed, as those of damaged photographs.",
    )
    (root / "annotations/person_keypoints_val2017.json").write_text(json.dumps([]))
    assert "is no COCO annotation" in check_before_training(coco)[0]
