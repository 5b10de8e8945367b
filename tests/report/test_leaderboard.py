import csv
import io
from pathlib import Path

import numpy as np
import pytest
from records import COCO, FLIC, MPII, record
from rich.console import Console

from posebench.cli.show_leaderboard import terminal_tables
from posebench.report.tables.board import BY_VALUE, CEILING, SYNTHETIC_NOTE
from posebench.report.tables.boards import boards
from posebench.report.tables.leaderboard import csv as as_csv
from posebench.report.tables.leaderboard import escape, markdown, write_leaderboards
from posebench.results.folder import ResultsFolder
from posebench.results.record import Record

HOSTILE = "a|b `c` <script>alert(1)</script>\n| x | [y](http://z) *w*"


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def names(board) -> list[str]:
    return [row.name for row in board.rows]


def cells(board, header: str) -> list[str]:
    return next(column.cells for column in board.columns if column.header == header)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("rule", {"protocol": "other"}),
        ("rule", {"version": 2}),
        ("rule", {"convention": "other"}),
        ("data", {"dataset": "other"}),
        ("data", {"split": "test"}),
        ("data", {"box_source": "a detector"}),
    ],
)
def test_records_that_differ_in_what_makes_a_number_never_share_a_table(part, change):
    tables = boards([record("one"), record("two", **{part: change})])
    assert sorted(map(names, tables)) == [["one"], ["two"]]
    assert tables[0].slug != tables[1].slug
    assert tables[0].title != tables[1].title


def test_groups_whose_names_read_alike_have_different_files():
    tables = boards([record(data={"box_source": "Detector A"}), record(data={"box_source": "detector-a"})])
    assert len({board.slug for board in tables}) == 2


def test_the_best_headline_is_first_and_equal_ones_share_a_rank_in_order_of_name():
    scores = {"net10": 88.0, "net2": 88.0, "low": 60.0, "best": 91.0}
    (board,) = boards(record(name, metrics={"Mean": score}) for name, score in scores.items())
    assert names(board) == ["best", "net2", "net10", "low"]
    assert cells(board, "rank") == ["1", "2", "2", "4"]


def test_a_record_without_a_headline_is_last_and_has_no_rank():
    (board,) = boards(
        [record("a", metrics={"Mean": None}), record("b", metrics={"Mean": 1.0}), record("c", metrics={})]
    )
    assert names(board) == ["b", "a", "c"]
    assert cells(board, "rank") == ["1", "–", "–"]
    assert cells(board, "Mean") == ["1.00", "–", "–"]


def test_percentages_have_two_decimals_and_fractions_three():
    coco, mpii = boards([record(), record(base=COCO)])
    assert cells(mpii, "Mean") == ["89.09"]
    assert cells(coco, "AP") == ["0.744"]


def test_columns_are_identity_then_the_headline_then_metrics_in_the_records_order_then_the_network_then_people():
    (board,) = boards([record(intervals={"Mean": (88.5, 89.7)})])
    assert [column.header for column in board.columns] == [
        "rank", "name", "Mean", "95 %", "Head", "Wrist", "Mean@0.1", "architecture", "input (h×w)", "params (M)", "people",
    ]  # fmt: skip
    assert [column.cells[0] for column in board.columns[7:10]] == ["hourglass8", "256×256", "25.59"]


def test_model_columns_that_no_record_knows_are_left_out():
    (board,) = boards([record(model={"seed": 3})])
    assert [column.header for column in board.columns][-2:] == ["Mean@0.1", "people"]


def test_rows_on_different_ground_truth_are_in_different_tables_named_after_it():
    other = {"annotations": "detections.mat", "annotations_sha256": "d" * 64}
    found = boards([record("a"), record("b", data=other)])
    assert [board.title for board in found] == [
        "mpii val (valid.h5): mpii v1, official",
        "mpii val (detections.mat): mpii v1, official",
    ]


def test_a_trained_row_says_how_it_was_trained():
    model = {"arch": "x", "seed": 3, "recipe": {"name": "quick", "epochs": 4}, "trained_on": {"people": 40}}
    (board,) = boards([record("a", model=model), record("b")])
    assert sorted(cells(board, "training")) == ["quick, 4 epochs, 40 people, seed 3", "–"]


def test_the_data_of_training_are_named_and_a_note_says_where_they_differ():
    made = {"arch": "x", "seed": 3, "recipe": {"name": "quick", "epochs": 4}}
    own = made | {"trained_on": {"people": 40, "dataset": "lsp", "split": "lspet-train"}}
    drawn = made | {"trained_on": {"people": 40, "dataset": "synthetic people", "split": "train"}}
    stated = {"trained_on": {"dataset": "LSP, LSPET, MPII"}}
    (board,) = boards([record("a", model=own), record("b", model=drawn), record("c", model=stated), record("d")])
    assert sorted(cells(board, "training")) == [
        "on LSP, LSPET, MPII", "quick, 4 epochs, 40 people of lsp lspet-train, seed 3",
        "quick, 4 epochs, 40 synthetic people, seed 3", "–",
    ]  # fmt: skip
    assert "Rows were trained on different data (see the column 'training')" in " ".join(board.notes)
    (alike,) = boards([record("a", model=own), record("d")])
    assert "Rows were trained on different data" not in " ".join(alike.notes)


def test_a_note_is_said_once_and_names_its_rows_unless_it_is_about_all():
    (board,) = boards([record("a", notes=["all", "one"]), record("b", notes=["all"])])
    assert board.notes == ["all", "a: one", f"Ranked {BY_VALUE} Score files of older versions again."]


def test_rows_on_fewer_people_are_said_aloud():
    (board,) = boards([record("a"), record("b", data={"people": 100})])
    assert board.people == "100–2,958 people"
    assert board.notes[0] == "Rows were not all scored on the same number of people."


WAVE = np.sin(np.arange(1000.0) * 7)


def known(name: str, mean: float, shift: int = 0, **changes):
    return record(name, metrics={"Mean": mean}, resampled=(mean + np.roll(WAVE, shift)).tolist(), **changes)


def test_ranks_are_ranges_where_resamples_are_known():
    (board,) = boards([known("a", 90), known("b", 89.9, 100), known("c", 80, 200)])
    assert cells(board, "rank") == ["1–2", "1–2", "3"]
    assert board.begins == [False, False, True]
    assert ("Ranks" in dict(board.facts), len(board.notes)) == (True, 0)
    found = rows(as_csv(board))
    assert [(row["rank"], row["rank low"], row["rank high"]) for row in found] == [
        ("1", "1", "2"),
        ("2", "1", "2"),
        ("3", "3", "3"),
    ]


@pytest.mark.parametrize(
    "old", [record("old", metrics={"Mean": 85.0}), known("old", 85, data={"images": 5}),
            record("old", metrics={"Mean": 85.0}, resampled=[85.0, 86.0])],
)  # fmt: skip
def test_a_row_that_was_not_resampled_like_the_others_keeps_its_plain_rank_with_a_mark(old):
    (board,) = boards([known("a", 90), old, known("c", 80, 200)])
    assert cells(board, "rank") == ["1–2", "2*", "2–3"]
    assert board.notes[-1] == f"* Ranked {BY_VALUE} Score files of older versions again."
    assert [row["rank low"] for row in rows(as_csv(board))] == ["1", "", "2"]


def test_no_line_parts_rows_that_are_all_told_apart():
    (board,) = boards([known("a", 90), known("b", 70, 100), known("c", 80, 200)])
    assert cells(board, "rank") == ["1", "2", "3"]
    assert board.begins == [False, False, False]


def test_a_row_without_a_headline_has_no_range():
    (board,) = boards(
        [known("a", 90), known("b", 80, 100), record("c", metrics={"Mean": None}, resampled=[1.0] * 1000)]
    )
    assert cells(board, "rank") == ["1", "2", "–"]


def test_annotators_own_agreement_is_a_last_row_without_a_rank_and_not_in_the_csv(tmp_path: Path):
    ceiling = {"what": "two annotators of 100 people", "metrics": {"Mean": 93.25, "Other": 1.0}}
    (board,) = boards([record("a", ceiling=ceiling), record("b")])
    *_, last = (line for line in markdown([board]).splitlines() if line.startswith("|"))
    assert last == f"|  | {CEILING} | 93.25 |  |  |  |  |  |  |  |"
    assert f"{CEILING}: two annotators of 100 people" in board.notes
    assert CEILING not in as_csv(board)
    (table,) = terminal_tables([board], 160)
    assert CEILING in printed(table, 160)


def test_leaderboards_of_one_protocol_stand_together_those_of_more_people_first():
    found = boards([
        record("drawn", data={"dataset": "synthetic people", "synthetic": True, "people": 9999}),
        record(base=FLIC), record(rule={"convention": "bearpaw"}), record(), record(base=COCO),
        record("limited", data={"people": 8, "annotations_sha256": "f" * 64}),
    ])  # fmt: skip
    places = [(board.rule.protocol, board.rule.convention, board.newest.data.people) for board in found]
    assert places == [
        ("coco", "official", 6352), ("mpii", "official", 2958), ("mpii", "bearpaw", 2958), ("mpii", "official", 8),
        ("flic", "official", 1016), ("mpii", "official", 9999),
    ]  # fmt: skip


def test_synthetic_people_are_marked_and_come_after_real_data():
    drawn = record("demo", data={"dataset": "synthetic people", "synthetic": True}, rule={"protocol": "a"})
    text = markdown(boards([drawn, record()]))
    assert text.count(SYNTHETIC_NOTE) == 1
    assert text.index("## mpii val") < text.index("## synthetic people val") < text.index(SYNTHETIC_NOTE)


def test_the_heading_states_rule_evaluator_data_and_headline():
    text = markdown(boards([record()]))
    for fact in (
        "mpii, version 1",
        "pooled over 14 joints",
        "evalMPII.m",
        "boxes: annotation; 2,958 people",
        "Mean (%)",
    ):
        assert fact in text


def test_a_hostile_name_stays_one_cell_of_plain_text():
    text = markdown(boards([record(HOSTILE)]))
    (line,) = (line for line in text.splitlines() if "alert" in line)
    assert line.replace(r"\|", "").count("|") == 11
    assert "<script" not in text
    assert r"\`c\` &lt;script&gt;" in line
    assert r"\[y\](http<!-- -->://z) \*w\*" in line


def test_escaping_leaves_ordinary_names_as_they_are():
    assert escape("hourglass8 (seed 1), 256x256, PCKh@0.5 - new") == "hourglass8 (seed 1), 256x256, PCKh@0.5 - new"


def test_csv_has_full_precision_and_the_rule_and_files_of_each_row():
    (row,) = rows(as_csv(boards([record(metrics={"Mean": 89.09150000000001, "Head": None})])[0]))
    assert row["Mean"] == "89.09150000000001"
    assert row["Head"] == ""
    assert (row["rank"], row["people"], row["params (M)"]) == ("1", "2958", "25.59")
    assert (row["protocol"], row["convention"], row["box source"]) == ("mpii", "official", "annotation")
    assert row["annotations_sha256"] == "a" * 64


@pytest.mark.parametrize("start", "=+-@")
def test_csv_text_that_a_spreadsheet_would_run_is_neutralised(start):
    (row,) = rows(as_csv(boards([record(f" \t{start}cmd('x')", metrics={"Mean": -1.0})])[0]))
    assert row["name"] == f"'{start}cmd('x')"
    assert row["Mean"] == "-1.0"


def test_a_metric_named_like_a_column_keeps_its_own_column():
    text = as_csv(boards([record(metrics={"Mean": 50.0, "name": 7.0})])[0])
    header, row = list(csv.reader(io.StringIO(text)))
    assert [cell for head, cell in zip(header, row, strict=True) if head == "name"] == ["hourglass8", "7.0"]


def test_files_are_the_same_bytes_whatever_the_order_of_the_records(tmp_path: Path):
    records = [record("a"), record("b", metrics={"Mean": 3.0}), record(base=FLIC), record(base=COCO)]
    once = [path.read_bytes() for path in write_leaderboards(boards(records), ResultsFolder(tmp_path / "once"))]
    again = [path.read_bytes() for path in write_leaderboards(boards(records[::-1]), ResultsFolder(tmp_path / "again"))]
    assert once == again
    assert len(once) == 1 + 2 * 3


def printed(table, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(table)
    return console.file.getvalue()


def test_a_terminal_table_shows_names_literally():
    (table,) = terminal_tables(boards([record("[bold]x[/bold] \x1b[31m\\")]), width=120)
    assert "[bold]x[/bold] [31m\\" in printed(table, 120)


def test_a_narrow_terminal_leaves_columns_out_instead_of_cutting_numbers():
    metrics = {f"metric{i}": 10.0 + i for i in range(12)} | {"Mean": 89.0}
    (table,) = terminal_tables(boards([record("a" * 60, metrics=metrics)]), width=60)
    text = printed(table, 60)
    assert "89.00" in text
    assert "10.00" in text
    assert "21.00" not in text
    assert "14 more columns in leaderboard.md: metric2, metric3, metric4" in " ".join(text.split())
    assert "…" not in text


@pytest.mark.parametrize("width", range(100, 116))
def test_headers_are_never_cut_in_two(width):
    (table,) = terminal_tables(boards([record(data={"dataset": "x"})]), width=width)
    (line,) = (line for line in printed(table, width).splitlines() if "Mean@0.1" in line)
    assert all(str(column.header) in line for column in table.renderables[1].columns)


def test_two_runs_of_one_network_are_told_apart_where_training_does_not_fit():
    def trained(epochs: int, mean: float) -> Record:
        model = MPII["model"] | {"seed": 0, "recipe": {"name": "quick", "epochs": epochs}, "trained_on": {"people": 5}}
        return record(metrics={"Mean": mean}, model=model, predictions_sha256=str(epochs) * 64)

    found = boards([trained(2, 70.0), trained(4, 80.0), record("alone")])
    (narrow,), (wide,) = terminal_tables(found, 80), terminal_tables(found, 200)
    lines = [line.strip() for line in printed(narrow, 80).splitlines()]
    assert [" ".join(line.split()[:3]) for line in lines if "hourglass8 [" in line] == [
        "2 hourglass8 [1]",
        "3 hourglass8 [2]",
    ]
    assert {"[1] quick, 4 epochs, 5 people, seed 0", "[2] quick, 2 epochs, 5 people, seed 0"} < {*lines}
    assert "[1]" not in printed(wide, 200)  # there the column stands beside the names


def test_a_word_of_a_name_is_not_folded_while_it_takes_less_than_two_fifths_of_the_terminal():
    (table,) = terminal_tables(boards([record("simplebaseline:tf_efficientnet_")]), 80)
    assert "simplebaseline:tf_efficientnet_ " in printed(table, 80)


def test_a_name_of_several_words_folds_between_them_where_more_scores_fit_then():
    metrics = {"Mean": 88.43, "Head": 96.83, "Shoulder": 95.19, "Elbow": 89.14, "Wrist": 84.17, "Hip": 86.97}
    one = record("Newell et al. 2016, hourglass8", metrics=metrics, intervals={"Mean": (87.81, 89.02)})
    (table,) = terminal_tables(boards([one]), 80)
    lines = [" ".join(line.split()) for line in printed(table, 80).splitlines()]
    assert "rank name Mean 95 % Head Shoulder Elbow Wrist" in lines
    place = lines.index("1 Newell et al. 2016, 88.43 87.81–89.02 96.83 95.19 89.14 84.17")
    assert lines[place + 1] == "hourglass8"
    assert "Newell et al. 2016, hourglass8" in printed(terminal_tables(boards([one]), 100)[0], 100)


def test_a_wide_terminal_shows_every_column():
    (table,) = terminal_tables(boards([record(data={"synthetic": True})]), width=160)
    assert len(table.renderables[1].columns) == 5 + len(MPII["metrics"]) + 1
    assert SYNTHETIC_NOTE in printed(table, 160)
