"""Choosing rows and columns of leaderboards."""

from pathlib import Path

import pytest
from records import FLIC, record

import posebench as pb
from posebench.errors import PosebenchError
from posebench.report.tables.board import Board
from posebench.report.tables.boards import boards
from posebench.report.tables.choice import choose
from posebench.report.tables.latex import tex
from posebench.report.tables.leaderboard import csv, markdown
from posebench.results.record import Record, save_record

THREE = [record("hourglass2", metrics={"Mean": 80.0, "Head": 90.0, "AUC[0,0.2]": 50.0}, model={"arch": "net"}),
         record("hourglass8", metrics={"Mean": 88.0, "Head": 95.0, "AUC[0,0.2]": 55.0}, model={"arch": "net"}),
         record("hrnet", metrics={"Mean": 90.0, "Head": 96.0, "AUC[0,0.2]": 60.0}, model={"arch": "net"})]  # fmt: skip


def known_ones() -> list[Record]:
    """Two records with intervals of their headlines."""
    return [
        record(name, metrics={"Mean": mean, "Head": mean + 5}, intervals={"Mean": (mean - 1, mean + 1)})
        for name, mean in (("a", 80.0), ("b", 90.0))
    ]


def headers(board: Board) -> list[str]:
    return [column.header for column in board.columns]


def test_patterns_choose_rows_by_name_or_id_and_ranks_are_among_the_rows_that_stay() -> None:
    (board,) = choose(boards(THREE), None, ["HOURGLASS*"])
    assert [row.name for row in board.rows] == ["hourglass8", "hourglass2"]
    assert board.columns[0].values == ("1", "2")
    assert board.notes[0] == "2 of 3 rows; ranks are among them."
    (one,) = choose(boards(THREE), None, [THREE[2].id])
    assert [row.name for row in one.rows] == ["hrnet"]


def test_ranks_are_explained_where_they_are_shown() -> None:
    waves = [{"metrics": {"Mean": mean}, "resampled": [mean - 0.5, mean, mean + 0.5] * 40} for mean in (80.0, 90.0)]
    plain = boards([record(f"net{place}", **wave) for place, wave in enumerate(waves)])
    chosen = choose(plain, ["name", "Mean"], [])
    assert [any(term == "Ranks" for term, _ in board.facts) for board in (*plain, *chosen)] == [True, False]
    (board,) = choose(boards(THREE), "name,Mean", ["hourglass*"])
    assert board.notes == ["2 of 3 rows."]


def test_every_form_of_a_table_says_that_rows_are_left_out() -> None:
    (board,) = choose(boards(THREE), None, ["hrnet"])
    assert "<sub>1 of 3 rows; ranks are among them.</sub>" in markdown([board])
    assert "; 2,958 people; 1 of 3 rows." in tex(board)
    header, row = csv(board).splitlines()
    assert (header.split(",")[-1], row.split(",")[-1]) == ("rows left out", "2")
    assert "rows left out" not in csv(boards(THREE)[0])


def test_columns_stand_in_the_order_of_the_choice_and_the_name_before_them() -> None:
    (board,) = choose(boards(THREE), "mean, rank")
    assert headers(board) == ["name", "Mean", "rank"]
    (board,) = choose(boards(THREE), ["rank", "name", "Head"])
    assert headers(board) == ["rank", "name", "Head"]
    assert csv(board).splitlines()[0] == "rank,rank low,rank high,name,Head"


def test_a_header_with_commas_or_a_unit_can_be_typed() -> None:
    sized = record("b", model={"arch": "net", "parameters": 5_000_000, "input_size": [256, 192]})
    (board,) = choose(boards([*THREE, sized]), "AUC[0,0.2],Head,input,Params(M)")
    assert headers(board) == ["name", "AUC[0,0.2]", "Head", "input (h×w)", "params (M)"]


def test_an_interval_stands_behind_its_score_and_each_leaderboard_says_what_it_does_not_have() -> None:
    mpii, flic = choose(
        boards([*known_ones(), record(base=FLIC, intervals={"Elbow": (96.0, 98.0)})]), "name, mean ,95%"
    )
    assert (headers(mpii), mpii.notes) == (["name", "Mean", "95 %"], [])
    assert headers(flic) == ["name", "Elbow", "95 %"]
    assert flic.notes == ["Not in this leaderboard: Mean."]
    assert "<sub>Not in this leaderboard: Mean.</sub>" in markdown([flic])
    assert csv(flic).splitlines()[0] == "name,Elbow,Elbow 95 % low,Elbow 95 % high"
    assert headers(choose(boards(known_ones()), "Head,95 %")[0]) == ["name", "Head", "Mean", "95 %"]


def test_leaderboards_that_have_none_of_the_columns_are_left_out() -> None:
    both = boards([*THREE, record(base=FLIC)])
    assert [board.rule.protocol for board in choose(both, "Wrist")] == ["flic"]
    assert [board.rule.protocol for board in choose(both, "name")] == ["mpii", "flic"]


def test_an_unknown_column_or_row_is_an_error_that_lists_the_ones_there_are() -> None:
    with pytest.raises(
        PosebenchError, match=r"No column is named 'Maen'. Did you mean 'Mean'\? Columns: .*'Head', .*'rank'"
    ):
        choose(boards(THREE), "rank,Maen")
    with pytest.raises(
        PosebenchError, match="No row has a name or record id that fits 'glass8'.* Rows: hourglass2, hou"
    ):
        choose(boards(THREE), None, ["hrnet", "glass8"])


def test_a_latex_table_has_the_chosen_columns_and_the_interval_only_where_it_is_chosen() -> None:
    plain, subscripts = (tex(choose(boards(known_ones()), columns)[0]) for columns in ("name,Mean", "name,Mean,95%"))
    assert r"b & \textbf{90.00} \\" in plain and "Subscripts" not in plain
    assert r"b & \textbf{90.00}\,\textsubscript{89.00--91.00} \\" in subscripts
    assert r"Name & Mean \\" in plain and r"Name & Mean \\" in subscripts


def test_a_data_frame_has_the_chosen_rows_and_columns(tmp_path: Path) -> None:
    for one in THREE:
        save_record(one, tmp_path)
    frame = pb.leaderboard(tmp_path, columns=["Head", "rank"], only="hourglass*")
    assert frame.columns.tolist() == ["name", "Head", "rank", "rank low", "rank high", "rows left out", "leaderboard"]
    assert frame[["name", "Head", "rows left out"]].values.tolist() == [
        ["hourglass8", 95.0, 1],
        ["hourglass2", 90.0, 1],
    ]
