"""A name of a row means the records of all its seeds."""

from pathlib import Path

import pytest
from records import record

from posebench.errors import PosebenchError
from posebench.results.record import Record, save_record
from posebench.tasks.row_records import record_paths


def seed(number: int, name: str, **changes: object) -> Record:
    model = {"arch": "net", "seed": number, "recipe": {"name": "quick"}, "trained_on": {"people": 5}}
    return record(name, model=model, predictions_sha256=f"{number}" * 64, **changes)


def test_the_name_of_a_row_is_all_its_seeds_and_that_of_one_record_is_this_one(tmp_path: Path) -> None:
    paths = [save_record(seed(number, f"net, seed {number}"), tmp_path) for number in (2, 1)]
    assert record_paths("net", tmp_path) == paths[::-1]
    assert record_paths("net, seed 2", tmp_path) == record_paths(paths[0].stem, tmp_path) == paths[:1]
    with pytest.raises(PosebenchError, match="No record of .* is named 'nest'"):
        record_paths("nest", tmp_path)


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
