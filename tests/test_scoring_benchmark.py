"""The benchmark of speed: one command measures all evaluators that are installed, and compares their numbers."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def child_process(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module; benchmarks are no package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("child_process")


def test_one_command_measures_evaluators_whose_numbers_are_equal() -> None:
    pytest.importorskip("pycocotools", reason="the reference evaluator is not installed")
    options = ["--images", "30", "--times", "1", "--rounds", "1", "--only", "pycocotools"]
    command = [sys.executable, str(BENCHMARKS / "scoring.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    rows = [line.strip("| ").split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    figures = {row[0].rsplit(" ", 1)[0]: row[1:] for row in rows[1:]}
    assert [figures["posebench"][ratio] for ratio in (1, 3, 5)] == ["1.00", "1.00", "1.00"]
    assert all(float(value) > 0 for value in figures["pycocotools"])
    assert figures["posebench, own"][4].isdigit()
    assert figures["posebench, 1,000"][2:4] == ["–", "–"]
    assert "differ from posebench in a number: pycocotools" not in done.stdout


def test_figures_of_children_are_medians(child_process: Any, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import json, pathlib, sys\n"
        "path = pathlib.Path(sys.argv[2])\n"
        "count = int(path.read_text()) + 1 if path.exists() else 1\n"
        "path.write_text(str(count))\n"
        "print('noise')\n"
        "print(json.dumps({'seconds': [7.0, 1.0, 2.0][count - 1], 'result': [count]}))\n"
    )
    found = [child_process.run_child(str(script), tmp_path / "count") for _ in range(3)]
    assert [one["seconds"] for one in found] == [7.0, 1.0, 2.0]
    assert child_process.medians(found) == {"seconds": 2.0, "result": [3]}


def test_a_child_that_fails_is_its_last_line(child_process: Any, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("raise SystemExit('no such evaluator')\n")
    with pytest.raises(child_process.ChildError, match="^no such evaluator$"):
        child_process.run_child(str(script))
