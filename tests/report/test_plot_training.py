"""The plot of training: a line per run, the best checkpoint marked, and nothing where records have no history."""

from pathlib import Path
from typing import Any

import cv2
import pytest
from matplotlib.colors import to_hex
from records import MPII, record
from test_rows import board

from posebench.data.provenance import Provenance
from posebench.report.plots.plot_style import PALETTE
from posebench.report.plots.plot_training import LOSSES, Line, of_board, write_run
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.results.record import Record


def run(name: str, seed: int, *losses: float, scores: tuple[float | None, ...] = ()) -> Record:
    history = [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate(losses, start=1)]
    model: dict[str, Any] = {
        "arch": name, "seed": seed, "recipe": {"name": "quick"}, "trained_on": {"people": 9}, "history": history,
    }  # fmt: skip
    if scores:
        for row, score in zip(history, scores, strict=True):
            row["score"] = score
        best = max((score or 0, row["epoch"]) for row, score in zip(history, scores, strict=True))
        model["selection"] = {
            "split": "10 % of train", "people": 2, "metric": "Mean", "every": 1, "epoch": best[1], "score": best[0],
            "chosen": True,
        }  # fmt: skip
    return record(
        name, model=model, metrics=MPII["metrics"] | {"Mean": 50.0 + len(name)}, predictions_sha256=f"{seed}" * 64
    )


def points(axis: Any) -> list[list[tuple[float, float]]]:
    return [[(float(x), float(y)) for x, y in line.get_xydata()] for line in axis.lines]


def test_loss_and_score_are_drawn_over_epochs_and_the_best_checkpoint_is_a_dot() -> None:
    figure = of_board(board(run("a", 0, 0.4, 0.2, 0.1, scores=(10, None, 30))))
    loss, score = figure.axes
    assert points(loss) == [[(1, 0.4), (2, 0.2), (3, 0.1)]]
    assert points(score) == [[(1, 10), (3, 30)], [(3, 30)]]
    assert loss.get_yscale() == "log"
    titles = [axis.get_title(loc="left") for axis in figure.axes]
    assert titles == ["loss, logarithmic scale", "Mean of 10 % of train"]


def test_rows_that_differ_in_decoding_alone_have_the_line_of_their_training_in_its_own_rows_colour() -> None:
    own, other = run("net", 0, 0.4, 0.2), run("z", 1, 0.6, 0.5)
    of_own = own.model.model_dump() | {"checkpoint_sha256": "1" * 64}
    decoded = {"decoder": "dark", "mirror": "on", "stack": 1, "heatmaps_sha256": "2" * 64}
    own = own.model_copy(update={"model": Provenance(**of_own)})
    dark = record("net, dark", model=of_own | {"decoded": decoded}, metrics={"Mean": 90.0}, predictions_sha256="9" * 64)
    (axis,) = (figure := of_board(board(own, dark, other))).axes
    assert [row.name for row in board(own, dark, other).rows] == ["net, dark", "net", "z"]
    assert points(axis) == [[(1, 0.4), (2, 0.2)], [(1, 0.6), (2, 0.5)]]
    assert [to_hex(line.get_color()) for line in axis.lines] == [PALETTE[1].lower(), PALETTE[2].lower()]
    assert any("rows of one training have one line" in text.get_text() for text in figure.texts)


def test_seeds_of_a_row_have_one_colour_and_dashes_that_the_key_explains() -> None:
    figure = of_board(board(run("a", 0, 0.4, 0.2), run("a", 1, 0.5, 0.3), run("bb", 0, 0.6, 0.5)))
    (axis,) = figure.axes
    assert [to_hex(line.get_color()) for line in axis.lines] == [
        name.lower() for name in (PALETTE[0], *PALETTE[1:2] * 2)
    ]
    assert [line.get_linestyle() for line in axis.lines] == ["-", "-", "--"]
    (key,) = figure.legends
    assert [text.get_text() for text in key.get_texts()] == ["bb", "a", "seed 0", "seed 1"]
    assert LOSSES in [text.get_text() for text in figure.texts]


def test_rows_of_one_name_have_colours_of_their_own() -> None:
    one = run("a", 0, 0.5, 0.3)
    model = one.model.model_copy(update={"recipe": {"name": "quick", "epochs": 4}})
    (axis,) = of_board(board(one, one.model_copy(update={"model": model, "predictions_sha256": "d" * 64}))).axes
    (key,) = axis.figure.legends
    assert sorted(text.get_text() for text in key.get_texts()) == ["a, epochs 4", "a, no epochs"]
    assert axis.lines[0].get_color() != axis.lines[1].get_color()


def test_losses_over_a_factor_of_ten_have_ticks_enough_to_read_them() -> None:
    (axis,) = of_board(board(run("a", 0, 11.0, 3.4, 1.3))).axes
    low, high = axis.get_ylim()
    assert [float(f"{tick:.3g}") for tick in axis.get_yticks() if low <= tick <= high] == [2, 3, 5, 10]


def test_losses_within_a_factor_of_ten_have_ticks_enough_to_read_them() -> None:
    (axis,) = of_board(board(run("a", 0, 0.04, 0.02, 0.012))).axes
    low, high = axis.get_ylim()
    assert [round(tick, 3) for tick in axis.get_yticks() if low <= tick <= high] == [
        0.015,
        0.02,
        0.025,
        0.03,
        0.035,
        0.04,
    ]


def test_one_epoch_is_a_mark() -> None:
    (axis,) = of_board(board(run("a", 0, 0.4))).axes
    assert axis.lines[0].get_marker() == "o"
    low, high = axis.get_xlim()
    assert [tick for tick in axis.get_xticks() if low <= tick <= high] == [1]


def test_a_loss_that_is_not_positive_is_drawn_on_a_straight_scale() -> None:
    (axis,) = of_board(board(run("a", 0, 0.4, -0.2))).axes
    assert axis.get_yscale() == "linear"


def test_records_without_a_history_have_no_plot() -> None:
    assert of_board(board(record("a"))) is None


@pytest.mark.parametrize("synthetic", [True, False])
def test_a_runs_picture_names_the_run_and_warns_of_synthetic_people(
    synthetic: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[str] = []
    monkeypatch.setattr(
        "posebench.report.plots.plot_training.save_png",
        lambda figure, path: texts.extend(text.get_text() for text in figure.texts),
    )
    write_run(Line("tiny-mpii-quick-seed0", [{"epoch": 1, "loss": 0.5}]), synthetic, tmp_path / "curves.png")
    assert texts == ["tiny-mpii-quick-seed0", *[SYNTHETIC_NOTE] * synthetic, "after 1 epoch"]


def test_a_runs_picture_is_a_png(tmp_path: Path) -> None:
    write_run(Line("tiny", [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.4}]), False, tmp_path / "curves.png")
    assert cv2.imread(str(tmp_path / "curves.png")).shape[2] == 3
