"""A record is found by its file, its id, or its name, which may be that of several seeds."""

from pathlib import Path

import pytest
from records import MPII, record

from posebench.errors import PosebenchError
from posebench.results.find_record import read_record
from posebench.results.record import Record, save_record
from posebench.tasks.row_records import record_path, record_paths


def seed(number: int, name: str, **changes: object) -> Record:
    model = {"arch": "net", "seed": number, "recipe": {"name": "quick"}, "trained_on": {"people": 5}}
    return record(name, model=model, predictions_sha256=f"{number}" * 64, **changes)


def test_the_name_of_a_row_is_all_its_seeds_and_that_of_one_record_is_this_one(tmp_path: Path) -> None:
    paths = [save_record(seed(number, f"net, seed {number}"), tmp_path) for number in (2, 1)]
    assert record_paths("net", tmp_path) == paths[::-1]
    assert record_paths("net, seed 2", tmp_path) == record_paths(paths[0].stem, tmp_path) == paths[:1]
    with pytest.raises(PosebenchError, match="No record in .* is named 'nest'"):
        record_paths("nest", tmp_path)
    with pytest.raises(PosebenchError, match=r"'net' means 2 records of .*\n  .*: seed 1\n  .*: seed 2$"):
        record_path("net", tmp_path)


def test_a_name_of_rows_of_two_leaderboards_is_refused_with_the_ids_of_all_their_records(tmp_path: Path) -> None:
    official = [save_record(seed(number, "net"), tmp_path) for number in (1, 2)]
    other = save_record(seed(1, "net", rule={"convention": "bearpaw"}), tmp_path)
    with pytest.raises(PosebenchError) as error:
        record_paths("net", tmp_path)
    assert sorted(str(error.value).splitlines()[1:]) == sorted(
        [
            f"  {other.stem}: mpii bearpaw, seed 1",
            f"  {official[0].stem}: mpii official, seed 1",
            f"  {official[1].stem}: mpii official, seed 2",
        ]
    )


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
    other = record("net", rule={"convention": "bearpaw"}, model=MPII["model"] | {"seed": 7})
    seeded = record(
        "net", rule={"convention": "bearpaw"}, model=MPII["model"] | {"seed": 11}, predictions_sha256="d" * 64
    )
    for one in (*same, other, seeded):
        save_record(one, tmp_path)
    with pytest.raises(PosebenchError) as error:
        record_path("net", tmp_path)
    first, *lines = str(error.value).splitlines()
    assert first == f"'net' means 4 records of {tmp_path}. Type the id of one, or its last 8 letters:"
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


def test_an_unknown_name_is_told_the_nearest_one_and_that_ids_work(saved: Path) -> None:
    with pytest.raises(PosebenchError) as error:
        record_path("onee", saved)
    assert str(error.value) == (
        f"No record in {saved} is named 'onee'. Did you mean 'one'? Names: one, two. The id of a record works, too: all of it, its "
        "beginning, or its last eight letters."
    )


def test_the_beginning_of_an_id_or_of_its_last_letters_is_enough_where_no_other_has_it(saved: Path) -> None:
    one = record("one", predictions_sha256="1" * 64).id
    two = [record("two", predictions_sha256=digest * 64).id for digest in "23"]
    for text in ("mpii-val-on", one[-8:], one[-8:-3]):
        assert record_path(text, saved).stem == one
        assert [path.stem for path in record_paths(text, saved)] == [one]
    with pytest.raises(PosebenchError) as error:
        record_path("mpii-val-tw", saved)
    assert {line.split(":")[0].strip() for line in str(error.value).splitlines()[1:]} == {*two}
    with pytest.raises(PosebenchError, match=f"Did you mean '{one}'"):
        record_path(f"{one}0", saved)
    with pytest.raises(PosebenchError, match="No record in .* is named 'mpi'"):
        record_path("mpi", saved)


def test_a_folder_of_results_that_is_not_there_has_no_records(tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match="nowhere has no records, so 'one' is none of them"):
        record_path("one", tmp_path / "nowhere")
