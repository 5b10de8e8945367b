from pathlib import Path

import pytest
from matplotlib.colors import to_hex
from records import COCO, FLIC, record

from posebench.report.plots.board_plots import write_plots
from posebench.report.plots.plot_curves import curves
from posebench.report.plots.plot_joints import joints
from posebench.report.plots.plot_page import SHOWN
from posebench.report.plots.plot_style import PALETTE, fitting, inches, plain, style
from posebench.report.plots.plots import PlotKind
from posebench.report.tables.board import CEILING, SYNTHETIC_NOTE
from posebench.report.tables.boards import boards
from posebench.results.folder import ResultsFolder


def board(*records):
    (only,) = boards(records)
    return only


def texts(figure) -> list[str]:
    legends = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    return [text.get_text() for text in figure.texts] + legends


CEILED = {
    "what": "two annotators", "metrics": {"Wrist": 95.0, "Mean": 93.0},
    "curves": [{"label": "Elbow", "axis": "x", "thresholds": [0.0, 0.2], "values": [0.0, 99.0]}],
}  # fmt: skip


def test_annotators_own_agreement_is_a_dashed_line_where_names_fit():
    one = board(record(base=FLIC, ceiling=CEILED))
    (axis,) = joints(one).axes
    dashed = [part for part in axis.collections if part.get_linestyle()[0][1] is not None]
    assert [part.get_segments()[0].tolist() for part in dashed] == [[[0.55, 95], [1.45, 95]]]
    figure = curves(one)
    assert [len(axis.lines) for axis in figure.axes] == [2, 1]
    assert figure.axes[0].lines[1].get_ydata().tolist() == [0, 99]
    assert CEILING in texts(figure) and CEILING in texts(joints(one))
    assert CEILING not in texts(curves(board(record(base=FLIC, ceiling=CEILED | {"curves": []}))))


def test_a_curve_that_goes_through_its_metric_has_the_metrics_interval():
    figure = curves(board(record(base=FLIC, intervals={"Elbow": (96.0, 98.0), "Wrist@0.1": (1.0, 2.0)})))
    assert [len(axis.collections) for axis in figure.axes] == [1, 0]
    ((x, low), (_, high)) = figure.axes[0].collections[0].get_segments()[0].tolist()
    assert (low, high) == (96, 98)
    assert x > 0.2
    assert (
        not curves(board(record(base=COCO, intervals={"AP": (0.7, 0.8)}))).axes[0].collections
    )  # a mean over thresholds


def test_the_best_eight_are_drawn_and_the_omission_is_said():
    records = [record(f"net{i}", metrics={"Mean": 50.0 + i}) for i in range(10)]
    figure = joints(board(*records))
    shown = [text for text in texts(figure) if text.startswith("net")]
    assert shown == [f"net{9 - i}  {59 - i:.2f}" for i in range(SHOWN)]
    assert any("the best 8 of 10 rows, by Mean" in text for text in texts(figure))


def test_a_group_without_scores_by_keypoint_has_curves_only(tmp_path: Path):
    plots = write_plots(board(record(base=COCO)), (), ResultsFolder(tmp_path))
    assert [(plot.kind, plot.path.name.rsplit("-", 1)[1]) for plot in plots] == [(PlotKind.CURVES, "curves.png")]


def test_a_group_without_any_of_them_has_no_plots(tmp_path: Path):
    assert write_plots(board(record(per_joint={}, curves=[])), (), ResultsFolder(tmp_path)) == []


def test_curves_have_one_line_per_record_and_the_headline_comes_first():
    figure = curves(board(record("a", FLIC), record("b", FLIC)))
    assert [axis.get_title(loc="left") for axis in figure.axes] == ["Elbow", "Wrist"]
    assert [len(axis.lines) for axis in figure.axes] == [2, 2]
    assert figure.axes[0].lines[0].get_ydata().tolist() == [0.0, 80.0, 97.0]
    assert [to_hex(line.get_color()).upper() for line in figure.axes[0].lines] == list(PALETTE[:2])


def test_of_equal_curves_later_ones_are_dashed_above_the_first():
    figure = curves(board(record("a", FLIC), record("b", FLIC)))
    first, later = figure.axes[0].lines
    assert (first.get_linestyle(), later.get_linestyle()) == ("-", "--")
    assert later.get_zorder() > first.get_zorder()
    assert "equal curves" in " ".join(texts(figure))
    assert "equal curves" not in " ".join(texts(curves(board(record("a", FLIC)))))


def test_intervals_are_explained_only_where_they_are_drawn():
    assert "95 %" not in " ".join(texts(curves(board(record(base=COCO, intervals={"AP": (0.7, 0.8)})))))
    assert "95 %" in " ".join(texts(curves(board(record(base=FLIC, intervals={"Elbow": (96.0, 98.0)})))))


def test_a_long_title_is_on_two_lines_and_whole():
    long = board(record(base=COCO, data={"box_source": "detections as submitted by somebody"}))
    assert f"AP over threshold, {long.title}" in " ".join(texts(curves(long)))
    assert len(long.title) > 80


def test_fractions_are_drawn_from_nothing_to_one():
    assert curves(board(record(base=COCO))).axes[0].get_yticks().tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])


def test_plots_of_embedded_people_say_so():
    demo = board(record(data={"synthetic": True}))
    assert SYNTHETIC_NOTE in texts(joints(demo))
    assert SYNTHETIC_NOTE in texts(curves(demo))
    assert any(text.startswith("2,958 people, boxes: annotation; ") for text in texts(joints(demo)))


def test_names_that_matplotlib_would_interpret_are_drawn_as_they_are(tmp_path: Path):
    hostile = [record(name) for name in (r"$\frac$ {x} 5$", "_hidden", "姿勢 \U0001f9cd", "x\ny", "n" * 200)]
    figure = joints(board(*hostile))
    assert len(figure.legends[0].get_texts()) == 5
    assert len(write_plots(board(*hostile), (), ResultsFolder(tmp_path))) == 4


def test_text_is_shortened_to_one_line():
    assert plain("one\ntwo three", 8) == "one two…"


def test_text_is_shortened_to_its_width():
    assert fitting("W" * 40, 1.0, 9) == "W" * (len(fitting("W" * 40, 1.0, 9)) - 1) + "…"
    assert 0.8 < inches(fitting("W" * 40, 1.0, 9), 9) <= 1.0
    assert fitting("short", 1.0, 9) == "short"


def test_the_same_records_make_the_same_bytes(tmp_path: Path):
    once, again = (
        write_plots(board(record("a"), record("b")), (), ResultsFolder(tmp_path / name)) for name in ("once", "again")
    )
    assert [plot.path.read_bytes() for plot in once] == [plot.path.read_bytes() for plot in again]
    assert b"Software" not in once[0].path.read_bytes()


def test_style_leaves_the_readers_settings_alone():
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    with style():
        assert mpl.rcParams["font.family"] == ["DejaVu Sans"]
    assert dict(mpl.rcParams) == before
