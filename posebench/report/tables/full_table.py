"""Full tables: a leaderboard at full precision, with the rule, data and files of each row, as a DataFrame."""

from collections.abc import Collection

import pandas as pd

from posebench.report.tables.board import INTERVAL, SPREAD, Board
from posebench.report.tables.columns import Column

LEFT_OUT = "rows left out"
"""Header of the number of rows that a choice has left out; only where there are any."""


def full_table(board: Board) -> pd.DataFrame:
    """All columns, or what is behind the chosen ones, at full precision; NaN or None where unknown."""
    columns = _all_columns(board)
    if board.chosen is not None:
        columns = _chosen(board, columns, board.chosen)
    if board.left_out:
        columns.append(Column(LEFT_OUT, (board.left_out,) * len(board.rows), 0))
    # A metric may be named like another column, so names are set after the fact.
    frame = pd.DataFrame({place: column.values for place, column in enumerate(columns)})
    for place in (place for place, column in enumerate(columns) if column.decimals == 0):
        frame[place] = frame[place].astype("Int64")
    return frame.set_axis([column.header for column in columns], axis="columns")


def behind(board: Board, header: str) -> Collection[str]:
    """Headers of the full table that make up a column as printed: a rank is a range, an interval has two ends."""
    headline = board.rule.headline
    made_of = {
        "rank": ("rank", "rank low", "rank high"),
        INTERVAL: (f"{headline} 95 % low", f"{headline} 95 % high"),
        SPREAD: (f"{headline} sd of seeds", f"{headline} by seed"),
    }
    return made_of.get(header, (header,))


def _chosen(board: Board, columns: list[Column], chosen: Collection[str]) -> list[Column]:
    found = []
    for header in dict.fromkeys(name for one in chosen for name in behind(board, one)):
        found += [column for column in columns if column.header == header][:1]
    return found


def _all_columns(board: Board) -> list[Column]:
    names = ("protocol", "version", "convention", "dataset", "split", "box source", "annotations_sha256")
    groups = zip(*(row.group for row in board.rows), strict=True)
    rows = board.rows
    return [
        *board.places, board.names, *board.model_columns, *board.metrics, *_bounds(board), *_by_seed(board), board.people_scored,
        *(Column(name, values) for name, values in zip(names, groups, strict=True)),
        Column("annotations", tuple(row.data.annotations for row in rows)),
        Column("synthetic", tuple(row.data.synthetic for row in rows)),
        Column("predictions", tuple("; ".join(record.predictions for record in row.records) for row in rows)),
        Column("predictions_sha256", tuple("; ".join(record.predictions_sha256 for record in row.records) for row in rows)),
    ]  # fmt: skip


def _bounds(board: Board) -> list[Column]:
    """Both ends of every metric's interval."""
    columns = [
        Column(
            f"{metric.header} 95 % {end}",
            tuple((row.intervals.get(metric.header) or (None, None))[i] for row in board.rows),
        )
        for metric in board.metrics
        for i, end in enumerate(("low", "high"))
    ]
    return [column for column in columns if column.known]


def _by_seed(board: Board) -> list[Column]:
    """The headline's spread over seeds, and its value for each: `0: 88.1; 1: 88.4`."""
    texts = (
        "; ".join(f"{seed}: {value!r}" for seed, value in zip(row.seeds, row.by_seed, strict=False))
        for row in board.rows
    )
    headline = board.rule.headline
    columns = [
        Column(f"{headline} sd of seeds", tuple(row.spread for row in board.rows)),
        Column(f"{headline} by seed", tuple(text or None for text in texts)),
    ]
    return [column for column in columns if column.known]
