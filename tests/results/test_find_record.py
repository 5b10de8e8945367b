"""The results folder of a record's file."""

from pathlib import Path

import pytest

from posebench.results.find_record import home


def test_the_home_of_a_record_is_its_results_folder_or_the_folder_that_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert home(tmp_path / "results/records/a.json") == tmp_path / "results"
    assert home(tmp_path / "mail/a.json") == tmp_path / "mail"
    (tmp_path / "records").mkdir()
    monkeypatch.chdir(tmp_path / "records")
    assert home(Path("a.json")) == tmp_path
    monkeypatch.chdir(tmp_path)
    assert home(Path("a.json")) == Path()
