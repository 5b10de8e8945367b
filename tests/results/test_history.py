"""The history as CSV: a row per epoch, columns in one order, an empty cell for what an epoch lacks."""

from pathlib import Path

from posebench.results.history import columns, write_history

ROWS = [
    {
        "epoch": 1,
        "step": 20,
        "loss": 0.5,
        "loss: heatmaps": 0.3,
        "loss: offsets": 0.2,
        "learning_rate": 1e-3,
        "seconds": 7.5,
    },
    {"epoch": 2, "step": 40, "loss": 0.25, "learning_rate": 1e-4, "seconds": 15.0, "score": 61.5},
]


def test_the_csv_has_a_row_for_every_epoch(tmp_path: Path) -> None:
    write_history(tmp_path / "new" / "history.csv", ROWS)
    assert (tmp_path / "new" / "history.csv").read_text() == (
        "epoch,step,loss,loss: heatmaps,loss: offsets,learning_rate,seconds,score\n"
        "1,20,0.5,0.3,0.2,0.001,7.5,\n"
        "2,40,0.25,,,0.0001,15.0,61.5\n"
    )


def test_columns_of_later_versions_come_last() -> None:
    assert columns([{"memory": 3, "score": 1, "epoch": 1}]) == ["epoch", "score", "memory"]
