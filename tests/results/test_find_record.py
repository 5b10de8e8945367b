"""A record is found by its file, its id or its name."""

from pathlib import Path

import pytest
from records import record

from posebench.errors import PosebenchError
from posebench.results.find_record import home, read_record, record_path
from posebench.results.record import save_record


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    for name, digest in (("one", "1"), ("two", "2"), ("two", "3")):
        save_record(record(name, predictions_sha256=digest * 64), tmp_path)
    return tmp_path


def test_a_record_is_found_by_its_path_its_id_or_its_name(saved: Path) -> None:
    one = record("one", predictions_sha256="1" * 64)
    path = saved / "records" / f"{one.id}.json"
    assert [record_path(text, saved) for text in (str(path), one.id, "one")] == [path] * 3
    assert read_record(path) == one


def test_a_name_of_several_records_is_refused_with_their_ids_and_that_in_which_they_differ(tmp_path: Path) -> None:
    same = [record("net", predictions_sha256=digest * 64) for digest in "23"]
    other = record("net", rule={"convention": "bearpaw"}, model={"seed": 7})
    seeded = record("net", rule={"convention": "bearpaw"}, model={"seed": 11}, predictions_sha256="d" * 64)
    for one in (*same, other, seeded):
        save_record(one, tmp_path)
    with pytest.raises(PosebenchError) as error:
        record_path("net", tmp_path)
    first, *lines = str(error.value).splitlines()
    assert first == f"4 records of {tmp_path} are named 'net'. Type the id of one:"
    assert sorted(lines) == sorted(
        [
            f"  {other.id}: mpii bearpaw, seed 7, predictions' SHA-256 cccccccccccc…",
            f"  {seeded.id}: mpii bearpaw, seed 11, predictions' SHA-256 dddddddddddd…",
            f"  {same[0].id}: mpii official, seed unknown, predictions' SHA-256 222222222222…",
            f"  {same[1].id}: mpii official, seed unknown, predictions' SHA-256 333333333333…",
        ]
    )


@pytest.mark.parametrize("text", ["nobody.json", "records/nobody.json", "other/nobody"])
def test_what_looks_like_a_path_is_one(text: str, saved: Path) -> None:
    with pytest.raises(PosebenchError, match="does not exist; a record should be there"):
        record_path(text, saved)


def test_an_unknown_name_is_told_the_nearest_one(saved: Path) -> None:
    with pytest.raises(
        PosebenchError, match=r"No record of .* is named 'onee'. Did you mean 'one'\? Names of records: one"
    ):
        record_path("onee", saved)


def test_the_beginning_of_an_id_is_told_the_ids_that_begin_so(saved: Path) -> None:
    one, *two = (
        record(name, predictions_sha256=digest * 64).id for name, digest in (("one", "1"), ("two", "2"), ("two", "3"))
    )
    assert one.startswith("mpii-val-one")
    with pytest.raises(PosebenchError, match=f"Did you mean '{one}'\\? Names of records: one, two"):
        record_path("mpii-val-on", saved)
    with pytest.raises(PosebenchError, match=f"Did you mean '{min(two)}' or '{max(two)}'\\?"):
        record_path("mpii-val-tw", saved)


def test_a_folder_of_results_that_is_not_there_has_no_records(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="Names of records: none"):
        record_path("one", tmp_path / "nowhere")


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
