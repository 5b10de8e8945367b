"""The forest plot: what is drawn for each row, and that nothing is said that is not known."""

from pathlib import Path

import pytest
from matplotlib.patches import Rectangle
from records import record
from test_rows import WAVE, board, trained

from posebench.report.plots import plot_ranks
from posebench.report.plots.board_plots import write_plots
from posebench.report.plots.plot_ranks import ranks
from posebench.report.plots.plots import PlotKind
from posebench.report.tables.board import CEILING, SYNTHETIC_NOTE
from posebench.results.folder import ResultsFolder
from posebench.results.record import Record

CEILED = {"what": "two annotators", "metrics": {"Mean": 95.0}, "curves": []}


def known(name: str, mean: float, **more: object) -> Record:
    return record(
        name,
        metrics={"Mean": mean},
        intervals={"Mean": (mean - 1, mean + 1)},
        resampled=(mean + len(name) * WAVE).tolist(),
        **more,
    )


def texts(figure) -> list[str]:
    return [text.get_text() for part in (figure, figure.axes[0]) for text in part.texts]


def test_rows_have_their_rank_name_value_and_interval() -> None:
    figure = ranks(board(known("a", 90), known("bb", 80)))
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["a", "bb"]
    assert [text.get_text() for text in axis.texts] == ["1", "90.00  [89.00, 91.00]", "2", "80.00  [79.00, 81.00]"]
    lines = [path.vertices.tolist() for c in axis.collections[:3:2] for path in c.get_paths()]
    assert lines == [[[89, 0], [91, 0]], [[79, 1], [81, 1]]]


def test_tied_rows_share_a_band_and_the_next_group_has_none() -> None:
    figure = ranks(board(known("a", 90), known("bb", 89.9), known("ccc", 80)))
    bands = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert [(band.get_y(), band.get_height()) for band in bands] == [(-0.5, 2)]
    assert [text for text in texts(figure) if text in ("1–2", "3")] == ["1–2", "1–2", "3"]


def test_without_resamples_nothing_is_said_of_ties() -> None:
    figure = ranks(board(record("a", metrics={"Mean": 90.0}), record("b", metrics={"Mean": 80.0})))
    assert not figure.axes[0].patches
    assert "ranks" not in texts(figure)[1]


def test_every_seed_is_a_ring_beside_the_mean() -> None:
    figure = ranks(board(trained(0, 91), trained(1, 87), record("one", metrics={"Mean": 85.0})))
    rings, one_seed, mean = figure.axes[0].collections
    assert rings.get_offsets().tolist() == [[91, 0], [87, 0]]
    assert len(rings.get_facecolor()) == 0  # they are above the mean, which is seen through them
    assert rings.get_zorder() > mean.get_zorder()
    assert (mean.get_offsets().tolist(), one_seed.get_offsets().tolist()) == ([[89, 0]], [[85, 1]])
    assert any("rings: single seeds" in text for text in texts(figure))


def test_the_annotators_agreement_is_a_dashed_line_inside_the_frame() -> None:
    figure = ranks(board(known("a", 90, ceiling=CEILED), known("bb", 80)))
    (line,) = figure.axes[0].lines
    assert line.get_xdata() == [95, 95]
    assert figure.axes[0].get_xlim()[1] > 95
    assert CEILING in " ".join(texts(figure))


@pytest.mark.parametrize("records", [[known("a", 90)], [known("a", 90), record("b", metrics={"Mean": None})]])
def test_one_row_alone_is_not_drawn(records: list[Record]) -> None:
    assert ranks(board(*records)) is None


def test_rows_beyond_the_most_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plot_ranks, "MOST", 2)
    figure = ranks(board(known("a", 90), known("bb", 80), known("c", 70)))
    assert len(figure.axes[0].get_yticks()) == 2
    assert "the best 2 of 3 rows" in " ".join(texts(figure))


def test_synthetic_people_are_marked() -> None:
    drawn = {"synthetic": True}
    assert SYNTHETIC_NOTE in texts(ranks(board(known("a", 90, data=drawn), known("bb", 80, data=drawn))))


def test_text_stays_inside_the_figure() -> None:
    figure = ranks(board(known("n" * 200, 100.0, ceiling=CEILED), known("m" * 90, 8.25)))
    figure.set_dpi(150)  # as it is written
    figure.canvas.draw()
    width, height = figure.get_size_inches() * figure.dpi
    boxes = [
        text.get_window_extent() for text in [*figure.texts, *figure.axes[0].texts, *figure.axes[0].get_yticklabels()]
    ]
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes)
    ranked, named = figure.axes[0].texts[0], figure.axes[0].get_yticklabels()[0]
    assert ranked.get_window_extent().x1 < named.get_window_extent().x0


def test_the_same_records_make_the_same_bytes(tmp_path: Path) -> None:
    records = [known("a", 90), known("bb", 80), trained(0, 88), trained(1, 87)]
    once, again = (
        write_plots(board(*given), (), ResultsFolder(tmp_path / name))
        for name, given in (("once", records), ("again", records[::-1]))
    )
    assert [plot.path.read_bytes() for plot in once] == [plot.path.read_bytes() for plot in again]
    assert [plot.kind for plot in (once[0], again[0])] == [PlotKind.RANKS, PlotKind.RANKS]
