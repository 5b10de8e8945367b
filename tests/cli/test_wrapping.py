"""Wrapping: lines break between words, and words are never cut."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from terminal import type_posebench

from posebench.cli.main import main
from posebench.cli.wrapping import wrapped


def test_lines_break_at_spaces_and_not_at_hyphens() -> None:
    assert wrapped("one two-three four", 9) == "one\ntwo-three\nfour"


def test_a_path_that_is_longer_than_the_line_stays_whole() -> None:
    assert wrapped("no /folder/of/a/dataset here", 8) == "no\n/folder/of/a/dataset\nhere"


def test_lines_stay_lines_and_go_on_as_indented_as_they_began() -> None:
    assert wrapped("two reasons:\n  1. abc def", 9) == "two\nreasons:\n  1. abc\n  def"


def test_without_a_terminal_an_error_is_one_line() -> None:
    assert wrapped("one two three", None) == "one two three"


def test_an_error_on_a_terminal_breaks_between_words(tmp_path: Path) -> None:
    seen = type_posebench("evaluate", "missing.h5", "--protocol", "mpii", cwd=tmp_path, columns=40)
    words = " ".join(line.strip() for line in seen.lines if line).split()
    assert seen.returncode == 1
    assert "missing.h5" in words
    assert all(len(line) <= 40 for line in seen.lines)
    assert " ".join(words) == "Error: missing.h5 does not exist; a predictions file should be there."


@pytest.mark.parametrize("group", [(), ("data",), ("plugin",), ("recipe",), ("study",), ("weights",)])
def test_help_has_the_whole_summary_of_every_command_on_80_columns(group: tuple[str, ...]) -> None:
    done = CliRunner().invoke(
        main, [*group, "--help"], terminal_width=78
    )  # click leaves two columns of a terminal free
    summaries = done.output.split("Commands:\n")[1].splitlines()
    assert len(summaries) > 1 or group == ("plugin",)
    assert [line for line in summaries if not line.endswith(".")] == []
    assert [line for line in summaries if line.endswith("...")] == []
