"""In what records differ, for rows of one name; and long names without what they have in common."""

from typing import Any

import pytest
from records import MPII, record

from posebench.results.record import Record
from posebench.results.telling_apart import labels, short_names, told_apart

FOG = {"name": "fog", "severity": 3, "rule": "advmix", "seed": 1}
RECIPE = {"name": "quick", "learning_rate": 0.001, "augmentation": {"rotation": 30, "scale": [0.75, 1.25]}}
MODEL = MPII["model"] | {"recipe": RECIPE, "seed": 0, "trained_on": {"people": 9, "dataset": "mpii", "split": "train"}}


def of(model: dict[str, Any], **changes: Any) -> Record:
    return record(model=MODEL | model, **changes)


def told(*records: Record) -> list[str]:
    return told_apart([(one,) for one in records])


@pytest.mark.parametrize(
    "change, texts",
    [
        ({"corrupted": FOG}, ["clean", "fog 3"]),
        ({"scales": [0.9, 1.1]}, ["", "scales 0.9, 1.1"]),
        ({"decoded": {"decoder": "dark", "stack": 1, "mirror": "on"}},
         ["", "decoded as dark, stack 1, mirror on"]),
        ({"flip_test": False}, ["", "no flip test"]),
        ({"chosen": {"people": 60, "of": 500}}, ["", "60 of 500 people"]),
        ({"seed": 7, "corrupted": FOG}, ["seed 0, clean", "seed 7, fog 3"]),
        ({"recipe": RECIPE | {"name": "mine", "learning_rate": 0.003}},
         ["recipe quick, learning_rate 0.001", "recipe mine, learning_rate 0.003"]),
        ({"recipe": RECIPE | {"learning_rate": 0.003}}, ["learning_rate 0.001", "learning_rate 0.003"]),
        ({"recipe": RECIPE | {"augmentation": {"rotation": 30, "scale": [1, 1]}}},
         ["augmentation.scale 0.75 1.25", "augmentation.scale 1 1"]),
        ({"recipe": RECIPE | {"ema": 0.99}}, ["no ema", "ema 0.99"]),
        ({"recipe": RECIPE | {"ema": "9" * 99}}, ["no ema", f"ema {'9' * 39}…"]),
        ({"trained_on": {"people": 5, "dataset": "lsp", "split": "train"}},
         ["trained on 9 people of mpii train", "trained on 5 people of lsp train"]),
        ({"trained_on": MODEL["trained_on"] | {"began_with": {"weights": "timm resnet50"}}},
         ["began with random weights", "began with timm resnet50"]),
    ],
)  # fmt: skip
def test_two_records_are_told_apart_by_what_differs_in_how_they_were_made(change: dict, texts: list[str]) -> None:
    assert told(of({}), of(change)) == texts


def test_corruptions_of_one_name_are_told_apart_by_their_rule() -> None:
    exact = {"corrupted": FOG | {"rule": "exact", "seed": 2}}
    assert told(of({"corrupted": FOG}), of(exact)) == ["rule advmix", "rule exact"]


def test_records_of_the_same_run_are_told_apart_by_the_words_in_which_their_files_differ_and_then_by_their_hash() -> (
    None
):
    long = "a-name-of-a-predictions-file-of-many-words-{}-val-9c519902.h5"
    files = [
        {"predictions": long.format(word), "predictions_sha256": digest * 64}
        for word, digest in (("old", "a"), ("new", "b"))
    ]
    assert told(*(of({}, **its) for its in files)) == ["old", "new"]
    same = [of({}, **(its | {"predictions": "one.h5"})) for its in files]
    assert told(*same) == ["predictions' SHA-256 aaaaaaaaaaaa…", "predictions' SHA-256 bbbbbbbbbbbb…"]
    assert told(same[0], same[0]) == ["", ""]
    assert told_apart([(one,) for one in same], ["here/one.h5", "there/one.h5"]) == ["here/one.h5", "there/one.h5"]


def test_a_row_of_several_seeds_is_told_apart_by_all_its_seeds() -> None:
    both, one = (of({}), of({"seed": 1})), (of({"seed": 2}),)
    assert told_apart([both, one]) == ["seeds 0, 1", "seed 2"]


def test_only_names_that_several_rows_have_get_longer() -> None:
    rows = [(of({}),), (of({"corrupted": FOG}),), (of({"seed": 3}),)]
    assert labels(rows, ["net", "net", "other"]) == ["net, clean", "net, fog 3", "other"]
    assert labels(rows[:2], ["a", "b"]) == ["a", "b"]
    long = "a network with a name of many words, of which the last is {}"
    assert labels(rows, [long.format("one"), long.format("two"), "c"], cut=True)[0] == long.format("one")
    assert labels(rows, ["x" * 60, "x" * 60, "c"], cut=True) == [f"{'x' * 34}…, clean", f"{'x' * 34}…, fog 3", "c"]


@pytest.mark.parametrize(
    "names, short",
    [
        (["a-1", "a-2"], ["a-1", "a-2"]),
        (["hourglass1-mpii-common-seed1-0cc1457d-best-val", "hourglass1-mpii-common-seed2-588ab847-best-val"],
         ["seed1-0cc1457d", "seed2-588ab847"]),
        (["hourglass1-mpii-common-seed1-0cc1457d-best-val", "hourglass1-mpii-common-seed1-0cc1457d-best-val-fog-3"],
         ["val", "val-fog-3"]),
        (["hourglass1_mpii_common_seed1_0cc1457d_best_val", "hourglass1-mpii-common-seed1-0cc1457d-best-val"],
         ["hourglass1_mpii_common_seed1_0cc1457d_best_val", "hourglass1-mpii-common-seed1-0cc1457d-best-val"]),
        (["x" * 41] * 2, ["x" * 41] * 2),
        (["-" * 41, "a"], ["-" * 41, "a"]),
    ],
)  # fmt: skip
def test_long_names_lose_the_words_with_which_all_begin_and_end(names: list[str], short: list[str]) -> None:
    assert short_names(names) == short
