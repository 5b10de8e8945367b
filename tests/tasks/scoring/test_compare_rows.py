"""Rows of a leaderboard, compared from their records through the command line."""

import json
import re
import subprocess
from pathlib import Path

import entry
import numpy as np
import pytest
from records import record

from posebench.data.provenance import Decoded
from posebench.errors import PosebenchError
from posebench.report.tables.board import Board
from posebench.report.tables.rows import Row, rows
from posebench.results.record import Record, save_record
from posebench.tasks.scoring.compare_rows import choose_rows, compare_rows

WAVE = np.sin(np.arange(1000.0) * 7)
ASKED = "mpii", "official"


def scored(name: str, mean: float, shift: int = 0, seed: int | None = None, **changes) -> Record:
    model = {} if seed is None else {
        "arch": name, "seed": seed, "recipe": {"name": "quick"}, "trained_on": {"people": 5},
    }  # fmt: skip
    resampled = (mean + np.roll(WAVE, shift)).tolist()
    label = name if seed is None else f"{name} seed {seed}"
    identity = f"{name} {mean} {seed}".encode().hex()
    return record(
        label, metrics={"Mean": mean}, resampled=resampled, model=model, predictions_sha256=identity, **changes
    )


def seeds(name: str, *means: float) -> list[Record]:
    return [scored(name, mean, seed=seed) for seed, mean in enumerate(means)]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    for one in (*seeds("hourglass8", 88.0, 90.0), *seeds("hrnet_w32", 70.0, 70.5), scored("alone", 89.0, 100)):
        save_record(one, tmp_path)
    return tmp_path


def posebench(*arguments: object) -> subprocess.CompletedProcess[str]:
    return entry.posebench(*arguments, COLUMNS="100")


def test_two_rows_are_compared_by_their_means_and_the_result_stands_first(results: Path) -> None:
    done = posebench("compare", "hourglass8", "hrnet_w32", "--protocol", "mpii", "--results", results)
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    assert first == "Mean: resolved. hourglass8 is better than hrnet_w32 by 18.75."
    assert "A: hourglass8 (2 seeds: 0, 1), Mean 89.00, sd of seeds 1.41" in rest
    assert "by the headline alone" in " ".join(" ".join(rest).split())


def test_json_has_the_seeds_and_the_headline_alone(results: Path) -> None:
    done = posebench("compare", "hourglass8", "alone", "--protocol", "mpii", "--results", results, "--json")
    found = json.loads(done.stdout)
    assert [(row["name"], row["seeds"], row["headline"]) for row in found["rows"]] == [
        ("hourglass8", [0, 1], 89.0), ("alone", [], 89.0),
    ]  # fmt: skip
    (pair,) = found["pairs"]
    assert [one["name"] for one in pair["metrics"]] == ["Mean"]
    assert (pair["headline"]["difference"], pair["headline"]["resolved"], pair["joints"]) == (0.0, False, [])


def test_three_rows_begin_with_how_many_differences_are_resolved(results: Path) -> None:
    done = posebench("compare", "hourglass8", "hrnet_w32", "alone", "--protocol", "mpii", "--results", results)
    assert done.stdout.splitlines()[0] == "Mean: 2 of 3 differences are resolved."
    assert re.search(r"^ *B − C +-18\.75 ", done.stdout, re.MULTILINE)


def test_a_damaged_record_is_skipped_and_named_and_the_rows_are_compared(results: Path) -> None:
    broken = results / "records" / "broken.json"
    broken.write_text("{")
    done = posebench("compare", "hourglass8", "alone", "--protocol", "mpii", "--results", results, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"Warning: skipped. {broken} is not a readable record: ")
    assert [row["name"] for row in json.loads(done.stdout)["rows"]] == ["hourglass8", "alone"]
    quiet = posebench("compare", "hourglass8", "alone", "--protocol", "mpii", "--results", results, "--quiet")
    assert (quiet.returncode, quiet.stderr) == (0, "")


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["hourglas8", "hrnet_w32"], "No row of mpii val, official is named 'hourglas8'. Did you mean 'hourglass8'?"),
        (
            ["hourglass8", "zebra"],
            "The id of a record works, too: all of it, its beginning, or its last eight letters.",
        ),
        (["hourglass8"], "compare takes two rows or more; 'hourglass8' is one."),
        (["hourglass8", "hourglass8"], "'hourglass8' is given twice"),
        (
            ["there.h5", "hourglass8"],
            "There is no file 'hourglass8'. All arguments should be predictions files, as there.h5 is, or all names",
        ),
        (["hourglass8", "alone", "--data", "."], "--data is for predictions files"),
        (["hourglass8", "alone", "--name", "a"], "--name is for predictions files"),
        (["no.h5", "other.h5"], "no.h5 does not exist; a predictions file should be there"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(arguments: list[str], sentence: str, results: Path) -> None:
    done = posebench("compare", *arguments, "--protocol", "mpii", "--results", results)
    assert done.returncode != 0
    assert sentence in done.stderr


def test_rows_of_different_leaderboards_are_refused_with_what_differs() -> None:
    found = rows([scored("a", 80), scored("b", 81, data={"box_source": "boxes.json >= 0.3"})])
    with pytest.raises(PosebenchError, match=r"differ in box source: annotation and boxes\.json >= 0\.3"):
        choose_rows(found, ["a", "b"], *ASKED)


def test_a_row_of_another_convention_is_refused_with_the_option_to_add() -> None:
    bearpaw = [scored(name, 81, rule={"convention": "bearpaw"}) for name in "ab"]
    with pytest.raises(PosebenchError, match=r"'b' is no row of mpii val, official\..* --convention bearpaw"):
        choose_rows(rows([scored("a", 80), *bearpaw]), ["a", "b"], *ASKED)


def test_rows_that_no_convention_has_together_are_not_comparable() -> None:
    found = rows([scored("a", 80), scored("b", 81, rule={"convention": "bearpaw"})])
    with pytest.raises(
        PosebenchError, match=r"'b' is no row of mpii val, official, and no leaderboard has rows of all"
    ):
        choose_rows(found, ["a", "b"], *ASKED)


@pytest.mark.parametrize("other", [{"dataset": "synthetic people", "synthetic": True}, {"corruption": "fog 3"}])
def test_names_that_two_leaderboards_have_are_those_of_real_data_as_it_is(other: dict[str, object]) -> None:
    found = rows([scored(name, 80, data=data) for name in "ab" for data in ({}, other)])
    assert [row.data.what for row in choose_rows(found, ["a", "b"], *ASKED)] == ["mpii val", "mpii val"]


def test_scores_on_corrupted_photographs_are_in_a_leaderboard_of_their_own() -> None:
    found = rows([scored("a", 80), scored("b", 81, data={"corruption": "fog 3"})])
    with pytest.raises(PosebenchError, match="differ in split: val and val with fog 3"):
        choose_rows(found, ["a", "b"], *ASKED)


@pytest.mark.parametrize("other", [{"part": "3 of 9 people"}, {"split": "test", "synthetic": True}])
def test_a_part_of_the_people_and_synthetic_ones_are_taken_where_the_rows_are_nowhere_else(other: dict) -> None:
    found = rows([scored("a", 80), *(scored(name, 81, data=other) for name in "ab")])
    chosen = choose_rows(found, ["a", "b"], *ASKED)
    assert [row.data.what for row in chosen] == ["mpii " + ("val (3 of 9 people)" if "part" in other else "test")] * 2


def test_rows_are_found_in_whatever_split_has_all_of_them() -> None:
    found = rows([scored("a", 80), *(scored(name, 81, data={"split": "test"}) for name in "ab")])
    assert [row.data.split for row in choose_rows(found, ["a", "b"], *ASKED)] == ["test", "test"]
    with pytest.raises(
        PosebenchError, match=r"'b' is no row of mpii val, official\. .*: add --protocol mpii --split test "
    ):
        choose_rows(found, ["a", "b"], *ASKED, "val")


def test_names_that_two_splits_have_are_refused_with_how_to_choose() -> None:
    found = rows([scored(name, 80, data=data) for name in "ab" for data in ({}, {"split": "test"})])
    with pytest.raises(PosebenchError) as error:
        choose_rows(found, ["a", "b"], *ASKED)
    first, *lines = str(error.value).splitlines()
    assert first == "2 leaderboards have rows of these names. Add --split, or type the ids of the rows:"
    assert sorted(line.split(":")[0] for line in lines) == ["  split test", "  split val"]
    ids = next(line for line in lines if "test" in line).partition(": ")[2].split(", ")
    assert [row.data.split for row in choose_rows(found, [one[-8:] for one in ids], *ASKED)] == ["test", "test"]
    assert [row.data.split for row in choose_rows(found, ["a", "b"], *ASKED, "val")] == ["val", "val"]


def test_names_that_two_leaderboards_of_one_split_have_are_refused_with_the_ids_to_type() -> None:
    found = rows([scored(name, 80, data=data) for name in "ab" for data in ({}, {"box_source": "detector"})])
    with pytest.raises(
        PosebenchError, match=r"of these names\. Type the ids of the rows:\n  box source \w+: mpii-val-a-"
    ):
        choose_rows(found, ["a", "b"], *ASKED)


def test_two_rows_of_one_name_are_refused_with_the_ids_to_use() -> None:
    one, other = scored("a", 80, predictions="one.h5"), scored("a", 81, predictions="other.h5")
    with pytest.raises(PosebenchError) as error:
        choose_rows(rows([one, other, scored("b", 82)]), ["a", "b"], *ASKED)
    first, *lines = str(error.value).splitlines()
    assert first == "2 rows of one leaderboard are named 'a'. Type the id of one:"
    assert sorted(lines) == sorted([f"  {one.id}: one.h5", f"  {other.id}: other.h5"])


def test_two_rows_of_one_name_are_compared_by_their_ids_and_named_by_what_tells_them_apart() -> None:
    recipe = {"name": "quick", "epochs": 3}
    one, other = scored("a", 80, seed=1), scored("a", 81, 9, seed=1)
    other = other.model_copy(update={"model": other.model.model_copy(update={"recipe": recipe | {"epochs": 4}})})
    one = one.model_copy(update={"model": one.model.model_copy(update={"recipe": recipe})})
    chosen = choose_rows(rows([one, other]), [one.id, other.id], *ASKED)
    assert [row.records for row in chosen] == [(one,), (other,)]
    compared = compare_rows(chosen)
    assert (compared.pairs[0].a, compared.pairs[0].b) == compared.labels == ("a seed 1, epochs 3", "a seed 1, epochs 4")


def test_the_id_of_a_seed_names_its_row() -> None:
    pair = seeds("net", 80.0, 82.0)
    found = rows([*pair, scored("b", 82)])
    assert [row.name for row in choose_rows(found, [pair[1].id, "b"], *ASKED)] == ["net", "b"]
    with pytest.raises(PosebenchError, match=r"are one row, 'net'; compare needs different rows"):
        choose_rows(found, ["net", pair[1].id], *ASKED)


def test_rows_without_resamples_are_refused() -> None:
    with pytest.raises(PosebenchError, match="'old' have no resamples"):
        compare_rows(rows([scored("a", 80), record("old", metrics={"Mean": 70.0})]))


def test_rows_of_one_sequence_are_refused_with_that_reason_which_their_leaderboard_has_too() -> None:
    alone = {"unit": "sequence", "units": 1, "largest": 100.0, "intervals": "none: one sequence"}
    found = rows([record("a", resampling=alone), record("b", resampling=alone)])
    with pytest.raises(PosebenchError, match="All people of 'a' are of one sequence, so"):
        compare_rows(found)
    assert Board(found).notes[-1].endswith("so differences may be chance. All people are of one sequence.")


def test_seeds_that_differ_widely_make_the_same_difference_unresolved() -> None:
    def resolved(*means: float) -> bool:
        found = choose_rows(rows([*seeds("net", *means), scored("other", 80.0, 300)]), ["net", "other"], *ASKED)
        return compare_rows(found).pairs[0].headline.resolved

    assert resolved(84.9, 85.1)
    assert not resolved(75.0, 95.0)


def test_rows_of_the_same_trainings_are_compared_training_by_training() -> None:
    def decoded(decoder: str, checkpoints: str, *means: float) -> Row:
        made = [
            scored("net", mean, shift, seed=seed) for seed, (mean, shift) in enumerate(zip(means, (1, 2), strict=True))
        ]
        stated = {"decoded": Decoded(decoder=decoder, stack=1, mirror="on")}
        return Row(tuple(
            one.model_copy(update={"model": one.model.model_copy(update=stated | {"checkpoint_sha256": f"{checkpoints}{seed}"})})
            for seed, one in enumerate(made)
        ))  # fmt: skip

    argmax, others = decoded("argmax", "a", 60.0, 80.0), decoded("argmax", "b", 60.0, 80.0)
    dark = decoded("dark", "a", 61.0, 81.5)
    assert (dark.seed_error, argmax.seed_error) == (10.25, 10.0)
    same, different = (compare_rows([dark, one]).pairs[0].headline for one in (argmax, others))
    assert (same.value, same.resolved, different.value, different.resolved) == (1.25, True, 1.25, False)
    low, high = same.interval
    assert (round(low, 1), round(high, 1)) == (0.8, 1.7)  # 1.25 − and + 1.96 × 0.25, the standard error of 1.0 and 1.5
