"""History: what every epoch of a training run was like. A row per epoch, in the checkpoint, in the record and as CSV."""

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from posebench.files.writing import write_text

EPOCH, STEP, LOSS, RATE = "epoch", "step", "loss", "learning_rate"
PART = "loss: "
"""Before the name of a part of the loss, where it has several."""
SPEED, WAIT, SECONDS, SCORE = "images_per_second", "data_wait", "seconds", "score"
"""Speed is without validation; wait is the share of time in which the network waited for data; seconds are of training so far; the
score is of the selection people."""

Row = Mapping[str, float | None]
"""Column → number. An epoch that was not validated has no score."""


def columns(history: Iterable[Row]) -> list[str]:
    """The columns of a history in their order: parts of the loss stand beside it, and a column of any row is there."""
    found = dict.fromkeys(name for row in history for name in row)
    first = [EPOCH, STEP, LOSS, *(name for name in found if name.startswith(PART)), RATE, SPEED, WAIT, SECONDS, SCORE]
    return [name for name in dict.fromkeys([*first, *found]) if name in found]


def write_history(path: Path, history: list[dict[str, float]]) -> None:
    """Write a history as CSV, whole or not at all; a number that a row lacks is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns(history), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    write_text(path, text.getvalue())
