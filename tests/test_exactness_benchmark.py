"""The benchmark of exactness: one command compares evaluators, and one that errs, crashes or hangs counts as different."""

import importlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_evaluators import Numbers, Steps, numbers, with_boxes
from coco_rules import case

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def exactness(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module; benchmarks are no package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("exactness")


def _of_name(files: tuple[Path, Path]) -> Numbers:
    """What an evaluator could do with an annotation of this name."""
    match files[0].name:
        case "error":
            raise ValueError("no bbox")
        case "crash":
            os._exit(3)
        case "hang":
            time.sleep(600)
    return Numbers(np.arange(10.0), None, None)


def _load() -> Steps:
    return Steps(lambda gt, dt: (gt, dt), _of_name)


def _broken() -> Steps:
    raise ImportError("built for another numpy")


def test_an_evaluator_that_errs_crashes_or_hangs_goes_on_with_the_next_case(
    exactness: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exactness, "SECONDS", 2)
    child = exactness.Child(_load)
    answers = []
    for name in ("error", "fine", "crash", "fine", "hang", "fine"):
        child.ask(Path(name), Path("results"))
        answer = child.answer()
        answers.append(answer if isinstance(answer, str) else answer.stats.tolist())
    child.process.kill()
    fine = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    assert answers == ["ValueError: no bbox", fine, "crash (exit code 3)", fine, "hang", fine]


def test_an_evaluator_that_cannot_be_imported_says_why(exactness: Any) -> None:
    child = exactness.Child(_broken)
    child.process.join()
    assert child.problem == "ImportError: built for another numpy"


def test_a_difference_in_the_last_bit_and_an_error_are_counted(exactness: Any) -> None:
    half = Numbers(np.full(10, 0.5), np.full((10, 101, 3), 0.5), np.full((10, 3), 0.5))
    beside = half.recall.copy()
    beside[4, 2] += 2**-53
    tally = exactness.Tally()
    assert str(tally) == "0"
    for found in (half, half._replace(recall=beside), half._replace(precision=None), "ValueError: no bbox"):
        tally.add(found, half)
    assert str(tally) == "2 (1.1e-16, 1 refused)"


def test_boxes_are_added_that_change_no_number(tmp_path: Path) -> None:
    from coco_data import written

    made = case("false detections of area 32² and 96²", 0)
    boxed = with_boxes(made.detections)
    assert all("bbox" in found for found in boxed)
    gt = written(tmp_path / "gt.json", made.truth)
    files = [written(tmp_path / f"{n}.json", found) for n, found in enumerate((made.detections, boxed))]
    one, other = (numbers("posebench", gt, dt) for dt in files)
    assert one.precision.tolist() == other.precision.tolist()
    assert with_boxes(boxed) is boxed


def test_one_command_prints_a_row_for_each_rule(tmp_path: Path) -> None:
    pytest.importorskip("pycocotools", reason="the reference evaluator is not installed")
    command = [sys.executable, str(BENCHMARKS / "exactness.py"), "--cases", "2", "--only", "scores tied"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    rows = [line.split("|")[1:3] for line in done.stdout.splitlines() if line.startswith("|")]
    assert [[cell.strip() for cell in row] for row in rows[2:]] == [
        ["scores tied within an image", "0"],
        ["scores tied between images", "0"],
        ["all scores tied", "0"],
        ["all 6", "0"],
    ]
