"""Errors on a terminal: whole words, and no error where the user stops a command."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from terminal import type_posebench

from posebench.cli.main import main
from posebench.errors import Interrupted


def test_usage_errors_are_folded_between_words(tmp_path: Path) -> None:
    seen = type_posebench("train", "--protocol", "mpii", cwd=tmp_path, columns=60)
    said = seen.lines[
        next(place for place, line in enumerate(seen.lines) if line.startswith("Error: Missing option")) :
    ]
    names = " ".join(said).split("Installed: ")[1].strip().removesuffix(".").split(", ")
    assert {"hourglass1", "hourglass8", "simplebaseline_resnet152"} <= {*names}
    assert seen.returncode == 2
    assert "Try 'posebench train --help' for help." in seen.lines


def test_stopping_a_command_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def stop(path: Path) -> None:
        raise Interrupted("Stopped after step 3 of 6.")

    monkeypatch.setattr("posebench.report.tables.contents.find_records", stop)
    done = CliRunner().invoke(main, ["report", "--results", str(tmp_path)])
    assert (done.exit_code, done.stderr) == (130, "Stopped after step 3 of 6.\n")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["evaluate"], "a predictions file"),
        (["diagnose"], "a predictions file"),
        (["compare", "gone.h5"], "a predictions file"),
        (["label-errors", "gone.h5"], "a predictions file"),
        (["predict"], "a checkpoint"),
        (["heatmaps"], "a heatmap file"),
        (["decode"], "a heatmap file"),
    ],
)
def test_a_file_that_is_not_there_is_told_before_anything_else(arguments: list[str], what: str) -> None:
    done = CliRunner().invoke(main, [*arguments, "gone.h5", "--protocol", "mpii"])
    assert (done.exit_code, done.output) == (1, f"Error: gone.h5 does not exist; {what} should be there.\n")
