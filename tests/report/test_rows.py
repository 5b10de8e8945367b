"""Seeds: runs of one recipe are one row, and what images and what seeds would change stay apart."""

import math
from typing import Any

import numpy as np
import pytest
from records import MPII, record

from posebench.report.tables.board import Board
from posebench.report.tables.boards import boards
from posebench.report.tables.columns import training
from posebench.report.tables.full_table import full_table
from posebench.report.tables.rows import Row, common_name, row_labels, rows
from posebench.results.record import Record

MODEL = {
    "arch": "hourglass8", "input_size": [256, 256], "recipe": {"name": "paper", "epochs": 100, "flip_test": True},
    "trained_on": {"people": 22246, "unreadable": ["a.jpg", "b.jpg"], "seconds": 5.0},
}  # fmt: skip
WAVE = np.sin(np.arange(1000.0) * 7)


def trained(seed: int, mean: float = 89.0, name: str = "", model: dict[str, Any] = MODEL, **changes: Any) -> Record:
    said = model | {"seed": seed, "checkpoint_sha256": f"{seed}" * 64}
    return record(name or f"hourglass8, seed {seed}", model=said, metrics={"Head": 96.5, "Mean": mean}, **changes)


def names(found: list[Row]) -> list[tuple[str, int]]:
    return sorted((row.name, len(row.records)) for row in found)


def row(*records: Record) -> Row:
    (only,) = rows(records)
    return only


def board(*records: Record) -> Board:
    (only,) = boards(records)
    return only


def test_records_that_differ_in_nothing_but_the_seed_are_one_row() -> None:
    one = row(trained(2, 91.0), trained(0, 88.0), trained(1, 88.0))
    assert (one.name, one.seeds, one.by_seed) == ("hourglass8", (0, 1, 2), (88.0, 88.0, 91.0))
    assert one.metrics == {"Head": 96.5, "Mean": 89.0}
    assert one.spread == pytest.approx(math.sqrt(3))


def test_training_time_and_the_order_of_unreadable_photographs_are_not_part_of_a_recipe() -> None:
    other = MODEL | {"trained_on": {"people": 22246, "unreadable": ["b.jpg", "a.jpg"], "seconds": 7.0}}
    assert len(row(trained(0), trained(1, model=other)).records) == 2


def test_what_a_recipe_says_of_initial_weights_counts_where_there_were_some() -> None:
    def model(pretrained: bool, **began_with: str) -> dict[str, Any]:
        return MODEL | {"recipe": {"pretrained": pretrained}, "trained_on": {"began_with": began_with}}

    assert len(row(trained(0, model=model(True)), trained(1, model=model(False))).records) == 2
    assert len(rows([trained(0, model=model(True, weights="timm")), trained(1, model=model(False))])) == 2


def test_rows_of_one_name_have_the_settings_in_which_their_recipes_differ_in_the_column_training() -> None:
    def made(seed: int, rate: float, **more: Any) -> Record:
        recipe = MODEL["recipe"] | {"learning_rate": rate}
        return trained(seed, name="net", model=MODEL | {"recipe": recipe} | more, predictions_sha256=f"{rate}" * 64)

    found = board(made(0, 0.1), made(0, 0.2), made(1, 0.2), made(0, 0.2, flip_test=False))
    told = "paper, 100 epochs, 22246 people"
    assert sorted(full_table(found)["training"]) == [
        f"{told}, seed 0; learning_rate 0.1", f"{told}, seed 0; learning_rate 0.2",
        f"{told}, seeds 0, 1; learning_rate 0.2",
    ]  # fmt: skip
    assert sorted(row_labels(found.rows).values()) == [
        "net, seed 0, learning_rate 0.1", "net, seed 0, no flip test, learning_rate 0.2", "net, seeds 0, 1, learning_rate 0.2",
    ]  # fmt: skip
    alike = board(made(0, 0.2), made(0, 0.2, flip_test=False))
    assert sorted(full_table(alike)["training"]) == [f"{told}, seed 0", f"{told}, seed 0; no flip test"]
    assert full_table(board(made(0, 0.1)))["training"].tolist() == [f"{told}, seed 0"]


def test_seeds_of_which_the_best_checkpoints_are_of_different_epochs_are_one_row() -> None:
    def model(epoch: int, **more: Any) -> dict[str, Any]:
        selection = {"split": "val", "people": 9, "metric": "Mean", "every": 1, "epoch": epoch, "score": 50.0 + epoch}
        return MODEL | {
            "step": 100 * epoch,
            "history": [{"loss": epoch}],
            "selection": selection | {"chosen": True} | more,
        }

    assert len(row(trained(0, model=model(1)), trained(1, model=model(3))).records) == 2
    assert len(rows([trained(0, model=model(1)), trained(1, model=model(1, split="test"))])) == 2
    assert len(rows([trained(0, model=model(1)), trained(1, model=model(3, chosen=False))])) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"arch": "hourglass2"},
        {"input_size": [384, 384]},
        {"recipe": {"name": "paper", "epochs": 99}},
        {"trained_on": {"people": 22245}},
        {"flip_test": False},
    ],
)
def test_records_of_another_recipe_are_another_row(change: dict[str, Any]) -> None:
    assert len(rows([trained(0), trained(1, model=MODEL | change)])) == 2


def test_predictions_that_were_decoded_otherwise_are_another_row_and_the_table_says_how() -> None:
    decoded = MODEL | {"decoded": {"decoder": "dark", "stack": 4, "mirror": "on"}}
    found = [trained(1), trained(2, model=decoded), trained(3, model=decoded)]
    assert sorted(len(one.records) for one in rows(found)) == [1, 2]
    assert str(training(found[1].model, [2, 3])).endswith("seeds 2, 3; decoded as dark, stack 4, mirror on")


def test_predictions_over_scales_are_another_row_and_the_table_says_which() -> None:
    found = [trained(1), trained(2, model=MODEL | {"scales": [0.8, 1.0, 1.25]})]
    assert sorted(len(one.records) for one in rows(found)) == [1, 1]
    assert str(training(found[1].model, [2])).endswith("seed 2; mean over scales 0.8, 1, 1.25")


def test_records_on_other_data_are_another_row() -> None:
    assert len(rows([trained(0), trained(1, data={"split": "test"})])) == 2


@pytest.mark.parametrize("lacking", ["seed", "arch", "recipe", "trained_on"])
def test_records_that_do_not_say_how_they_were_trained_never_merge(lacking: str) -> None:
    said = {key: value for key, value in (MODEL | {"seed": 1}).items() if key != lacking}
    assert len(rows([record("a", model=said), record("b", model=said)])) == 2


def test_the_same_seed_again_begins_another_row() -> None:
    found = rows([trained(0, name="A 0"), trained(1, name="A 1"), trained(0, name="B 0"), trained(1, name="B 1")])
    assert names(found) == [("A", 2), ("B", 2)] or names(found) == [("hourglass8", 2)] * 2


@pytest.mark.parametrize(
    ("said", "called"),
    [
        (["net, seed 0", "net, seed 12"], "net"),
        (["net_seed0 (new)", "net_seed1 (new)"], "net (new)"),
        (["net (seed=3)", "net (seed=4)"], "net"),
        (["seed 1 net", "seed 2 net"], "net"),
        (["my net run-12", "my net run-13"], "my net run"),
        (["x", "y"], "arch"),
        (["seed 0", "seed 1"], "arch"),
        (["linseed 1", "linseed 2"], "linseed"),
    ],
)
def test_several_seeds_are_called_what_their_names_have_in_common(said: list[str], called: str) -> None:
    assert common_name(said, "arch") == called


def test_the_interval_is_of_the_mean_over_seeds_and_over_images_alone() -> None:
    up, down = (90 + WAVE).tolist(), (80 - WAVE).tolist()  # what images do to one, they undo to the other
    pair = [trained(0, 90, resampled=up, intervals={"Mean": (89, 91), "Head": (94, 96)}),
            trained(1, 80, resampled=down, intervals={"Mean": (79, 81), "Head": (96, 99)})]  # fmt: skip
    one = row(*pair)
    assert one.intervals["Mean"] == pytest.approx((85, 85))
    assert one.intervals["Head"] == (95, 97.5)
    assert one.spread == pytest.approx(10 / math.sqrt(2))


def test_what_one_seed_lacks_the_row_lacks() -> None:
    one = row(trained(0, per_joint={"nose": 1.0, "neck": 3.0}, resampled=[1.0, 2.0], intervals={"Mean": (1, 2)}),
              trained(1, per_joint={"nose": None, "neck": 5.0}))  # fmt: skip
    assert one.per_joint == {"nose": None, "neck": 4.0}
    assert (one.intervals, len(one.resampled), one.resampled_on) == ({}, 0, None)


def test_curves_and_slices_are_means_where_all_seeds_have_them() -> None:
    curve = {"label": "Mean", "axis": "x", "thresholds": [0.0, 0.5], "values": [0.0, 80.0]}
    part = {
        "by": "visibility",
        "name": "occluded",
        "value": 70.0,
        "interval": (68.0, 72.0),
        "people": 9,
        "keypoints": 20,
    }
    alone = {"by": "visibility", "name": "visible", "value": 1.0, "interval": None, "people": 1, "keypoints": 1}
    other = part | {"value": 74.0, "interval": (72.0, 77.0)}
    one = row(trained(0, curves=[curve], slices=[part, alone]),
              trained(1, curves=[curve | {"values": [0.0, 84.0]}], slices=[other]))  # fmt: skip
    assert [(made.label, made.values) for made in one.curves] == [("Mean", (0.0, 82.0))]
    assert [(made.name, made.value, made.interval, made.people) for made in one.slices] == [
        ("occluded", 72, (70, 74.5), 9)
    ]


def test_a_record_alone_is_its_row_unchanged() -> None:
    alone = trained(3, intervals={"Mean": (88.0, 90.0)}, resampled=[1.0, 2.0])
    one = row(alone)
    assert (one.name, one.metrics, one.intervals, one.curves) == (
        alone.name,
        alone.metrics,
        alone.intervals,
        alone.curves,
    )
    assert (one.spread, one.by_seed, one.id) == (None, (), alone.id)


def test_a_table_shows_how_many_seeds_and_their_spread_beside_the_interval() -> None:
    found = board(trained(0, 90), trained(1, 88), record("other", MPII, metrics={"Mean": 85.0}))
    cells = {column.header: column.cells for column in found.columns}
    assert cells["name"] == ["hourglass8", "other"]
    assert cells["Mean"] == ["89.00", "85.00"]
    assert (cells["seeds"], cells["sd of seeds"]) == (["2", "–"], ["1.41", "–"])
    assert cells["training"] == ["paper, 100 epochs, 22246 people, seeds 0, 1", "–"]
    assert any("'sd of seeds' the standard deviation over seeds" in note for note in found.notes)
    frame = full_table(found)
    assert (frame["Mean by seed"][0], frame["seeds"][0]) == ("0: 90.0; 1: 88.0", 2)
    assert frame["predictions_sha256"][0] == f"{'c' * 64}; {'c' * 64}"


def test_the_spread_over_seeds_is_part_of_a_rows_range() -> None:
    resampled = {mean: (mean + 0.2 * np.roll(WAVE, shift)).tolist() for mean, shift in ((91, 0), (87, 9), (86, 300))}
    one = [record("one", metrics={"Mean": 86.0}, resampled=resampled[86])]
    apart = board(trained(0, 91, resampled=resampled[91]), *one)
    assert apart.ranges == ((1, 1), (2, 2))
    several = board(trained(0, 91, resampled=resampled[91]), trained(1, 87, resampled=resampled[87]), *one)
    assert several.ranges == ((1, 2), (1, 2))  # 89 with a standard error of 2


def test_more_seeds_make_a_mean_surer() -> None:
    other = record("one", metrics={"Mean": 86.0}, resampled=[86.0] * 1000)
    runs = [trained(seed, mean, resampled=[mean] * 1000) for seed, mean in enumerate([91.0, 87.0] * 3)]
    assert board(*runs[:2], other).ranges == ((1, 2), (1, 2))  # 3 above, with a standard error of 2
    assert board(*runs, other).ranges == ((1, 1), (2, 2))  # of 0.9
