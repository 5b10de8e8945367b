"""Cost through the command line, its files, tables and plot."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import entry
import pytest
from records import MPII, record

import posebench as pb
from posebench.cost.published_figures import TABLE, published
from posebench.cost.record import Cost, load, save
from posebench.report.pages.page import write_pages
from posebench.report.plots.plot_cost import front, plot
from posebench.report.tables import cost_tables
from posebench.report.tables.boards import boards
from posebench.report.tables.contents import read_contents
from posebench.report.tables.network_columns import cost_of
from posebench.results.record import save_record


def posebench(*arguments: object) -> subprocess.CompletedProcess[str]:
    return entry.posebench(*arguments, COLUMNS="160")


def timing(how: str = "eager fp32", median: float = 40.0, **changes: Any) -> dict[str, Any]:
    return {
        "how": how, "batch": 1, "median": median, "low": median - 1, "high": median + 2, "rounds": 9,
        "images_per_second": 1000 / median, "memory": 50_000_000, "relative": 0.0,
    } | changes  # fmt: skip


def cost(arch: str = "hourglass8", **changes: Any) -> Cost:
    return Cost.model_validate(
        {
            "arch": arch, "input_size": (192, 256), "protocol": "mpii", "keypoints": 16, "parameters": 25_434_112,
            "unused": {}, "macs": 20_580_139_008, "macs_on_outputs": 20_580_139_008, "activations": 30_000_000,
            "kept": 600_000_000, "device": "Abacus, 2 threads", "created": "2026-01-02T03:04:05+00:00",
            "environment": {"torch": "2.15"}, "timings": [timing(), timing("folded fp32", 32.0)],
        } | changes
    )  # fmt: skip


def test_height_comes_first_on_the_command_line_and_width_in_files(tmp_path: Path) -> None:
    arguments = ("--arch", "hourglass1", "--input-size", "64x128", "--no-latency", "--json", "--results", tmp_path)
    done = posebench("cost", *arguments)
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(done.stdout)["costs"]
    assert (found["input_size"], found["keypoints"], found["timings"]) == ([128, 64], 16, [])
    assert (found["parameters"], found["macs"], found["unused"]) == (3_426_448, 643_792_896, {})
    assert load(tmp_path).kept[0].model_dump(mode="json").items() <= found.items()
    assert "hourglass1-64x128-16.json" in done.stderr


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("--input-size", "64"), "'64' should be HEIGHTxWIDTH in pixels"),
        (("--input-size", "64x99999"), "at most 8,192 each"),
        (("--protocol", "cocos"), "Did you mean 'coco'?"),
        (("--arch", "hourglas8"), "Did you mean 'hourglass8'?"),
        (("--device", "abacus"), "--device abacus is not on this machine. Available:"),
        (
            ("--input-size", "100x64", "--no-latency"),
            "multiples of 64; height 100, width 64 is not. Try 128x64 (height x width)",
        ),
    ],
)
def test_what_cannot_be_measured_is_a_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    done = posebench("cost", "--arch", "hourglass1", *arguments)
    assert done.returncode != 0
    assert sentence in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_a_table_has_the_published_figure_and_how_far_ours_is(tmp_path: Path) -> None:
    (row,) = cost_tables.counted([cost(), cost(device="other")])
    cells = dict(zip(cost_tables.COUNTS, row, strict=True))
    assert cells["input (h×w)"] == "256×192"
    assert cells["by the papers' rule"] == "19.17"
    assert cells["published"] == "14.3, 25.1 M (Sun et al., CVPR 2019)"
    assert cells["ours − published"] == "+34.0 %"


def test_times_stand_against_the_plain_way_and_another_result_is_marked() -> None:
    wrong = timing("compiled fp32", 8.0, relative=0.06)
    rows = cost_tables.timed(
        [cost(timings=[timing(), timing("folded fp32", 32.0), wrong, timing("folded bf16", 16.0, relative=0.01)])]
    )
    assert [dict(zip(cost_tables.TIMES, row, strict=True))["against eager"] for row in rows] == [
        "1.00×",
        "1.25×",
        "5.00×",
        "2.50×",
    ]
    assert [row[2] for row in rows[2:]] == ["compiled fp32 (differs by 6e-02: not the same result)", "folded bf16"]
    assert cost(timings=[timing(), wrong]).fastest(1).how == "eager fp32"


def test_costs_survive_a_round_trip_and_each_has_a_file(tmp_path: Path) -> None:
    costs = [cost(), cost(device="GPU"), cost(input_size=(256, 256)), cost(keypoints=17)]
    assert len({save(one, tmp_path) for one in costs}) == 4
    found = load(tmp_path)
    assert sorted(map(repr, found.kept)) == sorted(map(repr, costs))
    assert found.notes == ()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"arch": 3',
        "\udcff",
        cost().model_dump_json().replace("25434112", "-1"),
        cost().model_dump_json().replace("30000000", "9" * 400),
    ],
)
def test_a_damaged_file_is_named_and_the_others_are_read(tmp_path: Path, content: str) -> None:
    whole = cost(keypoints=17)
    save(whole, tmp_path)
    path = save(cost(), tmp_path)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    found = load(tmp_path)
    assert found.kept == (whole,)
    assert re.match(f"Warning: skipped. .*{path.name} is not a cost file: .* Measure again", *found.notes)


def test_a_record_meets_the_cost_of_its_network_size_and_protocol() -> None:
    wide = record(model={"arch": "hourglass8", "input_size": [192, 256]})
    other, mine = cost(protocol="coco", keypoints=17), cost()
    assert cost_of(wide, [other, mine]) == mine
    assert cost_of(wide, [other]) == other
    assert cost_of(record(model={"arch": "hourglass8", "input_size": [256, 192]}), [mine]) is None
    assert cost_of(record(), [mine]) is None


def scored(arch: str, mean: float) -> Any:
    model = {"arch": arch, "input_size": [192, 256]}
    return record(arch, model=model, metrics=MPII["metrics"] | {"Mean": mean}, intervals={"Mean": (mean - 1, mean + 1)})


def test_the_plot_has_a_panel_for_each_kind_of_cost_in_which_two_rows_differ() -> None:
    costs = [cost("a", macs=2_000_000_000), cost("b", macs=8_000_000_000, timings=[timing(median=90.0)])]
    (board,) = boards([scored("a", 80.0), scored("b", 90.0), scored("unmeasured", 95.0)])
    figure = plot(board, costs)
    operations, times = figure.axes  # both have 25,434,112 parameters
    assert operations.get_title(loc="left") == "multiply-accumulates"
    assert [line.get_xydata()[0].tolist() for line in operations.lines[1:]] == [[8.0, 90.0], [2.0, 80.0]]
    assert [line.get_xydata()[0].tolist() for line in times.lines[1:]] == [[90.0, 90.0], [32.0, 80.0]]
    assert times.get_title(loc="left") == "time on Abacus, 2 threads"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["b  90.00", "a  80.00"]
    low, high = operations.get_ylim()
    assert 77 < low < 79 and 91 < high < 93  # intervals reach from 79 to 91
    assert plot(board, costs[:1]) is None


def test_the_plot_says_which_rows_it_cannot_show() -> None:
    costs = [cost("a", macs=2_000_000_000), cost("b", macs=8_000_000_000)]
    rows = [
        scored("a", 80.0),
        scored("b", 90.0),
        scored("unmeasured", 95.0),
        record("x", model={}),
        record("y", model={}),
    ]
    figure = plot(boards(rows)[0], costs)
    words = " ".join(" ".join(text.get_text() for text in figure.texts).split())
    assert "2 rows have no known network; 1 row has no known cost" in words


def table(rows: list[Any], costs: list[Cost]) -> dict[str, list[str]]:
    (board,) = boards(rows, costs)
    return {column.header: column.cells for column in board.columns}


def test_a_leaderboard_has_the_cost_of_its_networks() -> None:
    costs = [cost("a", macs=2_000_000_000), cost("b", protocol="coco", keypoints=17), cost("c", uncounted=("Fft",))]
    rows = [
        scored("a", 80.0),
        scored("b", 70.0),
        scored("c", 60.0),
        record("unknown", model={}, metrics={"Mean": 50.0}),
    ]
    columns = table(rows, costs)
    assert columns["params (M)"] == ["25.43", "–", "25.43", "–"]  # b was counted with other keypoints
    assert columns["MACs (G)"] == ["2.00", "–", "–", "–"]  # c has an operation without a count
    assert columns["ms (Abacus, 2 threads)"] == ["32.0", "–", "32.0", "–"]
    (board,) = boards(rows, costs)
    assert "own network of that architecture" in dict(board.facts)["Cost"]


def test_a_leaderboard_without_a_measured_network_has_no_word_on_cost() -> None:
    (board,) = boards([scored("b", 80.0)], [cost("a")])
    assert "Cost" not in dict(board.facts)
    assert not {"params (M)", "MACs (G)", "ms (Abacus, 2 threads)"} & {column.header for column in board.columns}


def test_a_time_on_another_device_has_a_column_of_its_own() -> None:
    columns = table([scored("a", 80.0)], [cost("a"), cost("a", device="Sundial", timings=[timing(median=7.0)])])
    assert (columns["ms (Abacus, 2 threads)"], columns["ms (Sundial)"]) == (["32.0"], ["7.0"])


def test_the_python_leaderboard_has_the_cost_too(tmp_path: Path) -> None:
    save_record(scored("a", 80.0), tmp_path)
    save(cost("a"), tmp_path)
    assert pb.leaderboard(tmp_path)[["params (M)", "ms (Abacus, 2 threads)"]].values.tolist() == [[25.434112, 32.0]]


def test_parameters_that_records_state_need_no_measured_cost() -> None:
    rows = [record(name, model={"parameters": count}) for name, count in (("a", 2_000_000), ("bb", 4_000_000))]
    (axis,) = plot(boards(rows)[0], []).axes
    assert [line.get_xdata()[0] for line in axis.lines[1:]] == [2.0, 4.0]


def test_the_front_has_what_nothing_as_cheap_beats() -> None:
    assert front([(8, 90), (2, 80), (4, 80), (4, 70), (9, 90), (8, 85)]) == [(2, 80), (8, 90)]


def test_the_line_of_the_front_rises_where_a_better_network_becomes_affordable() -> None:
    costs = [cost("a", macs=2_000_000_000), cost("b", macs=8_000_000_000)]
    axis = plot(boards([scored("a", 80.0), scored("b", 90.0)])[0], costs).axes[0]
    line = axis.lines[0]
    assert line.get_drawstyle() == "steps-post"
    assert line.get_xydata()[:2].tolist() == [[2, 80], [8, 90]]


def test_a_report_shows_costs_and_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    for one in (scored("a", 80.0), scored("b", 90.0)):
        save_record(one, tmp_path)
    plain = write_pages(read_contents(tmp_path))[-1].read_text("utf-8")
    assert 'id="cost"' not in plain
    for arch, macs in (("a", 2_000_000_000), ("b", 8_000_000_000)):
        save(cost(arch, device="<b>Abacus</b>", macs=macs), tmp_path)
    pages = [write_pages(read_contents(tmp_path))[-1].read_text("utf-8") for _ in range(2)]
    assert pages[0] == pages[1]
    assert 'id="cost"' in pages[0]
    assert "On &lt;b&gt;Abacus&lt;/b&gt;" in pages[0]
    (picture,) = (tmp_path / "plots").glob("*-cost.png")
    assert f'src="plots/{picture.name}" alt="Scores against cost' in pages[0]
    for path in (tmp_path / "cost").rglob("*.json"):
        path.unlink()
    write_pages(read_contents(tmp_path))
    assert not picture.exists()


def test_published_figures_are_found_by_width_and_height() -> None:
    assert [row.gflops for row in published("hrnet_w32", (192, 256))] == [7.1]
    assert published("hrnet_w32", (256, 192)) == []
    assert all(row.height >= row.width for row in TABLE)


def test_a_published_figure_is_compared_in_its_own_unit() -> None:
    (row,) = cost_tables.counted([cost("cpm", macs=70_000_000_000, macs_on_outputs=70_000_000_000)])
    figures = dict(zip(cost_tables.COUNTS, row, strict=True))
    assert figures["by the papers' rule"] == "65.19"  # 70 / 1.024³
    assert figures["published"].startswith("63.81, 31.3 M (mmpose")
    assert figures["ours − published"] == "+9.7 %"  # 70 / 63.81
