"""Grids: scores of a leaderboard's rows by keypoint, and on parts of the data."""

from collections import Counter
from dataclasses import dataclass

from posebench.report.tables.board import Board
from posebench.report.tables.columns import UNKNOWN, bounds

Cell = tuple[str, str]
"""A score and its 95 % interval as shown; the interval is empty where it is unknown."""


@dataclass(frozen=True)
class Grid:
    """A table whose rows are those of a leaderboard.

    Attributes:
        title: what the scores are.
        columns: the name of each column, and how much data is in it or "".
        cells: of each row.
        kinds: what several columns share, and their count; empty where nothing is shared.
    """

    title: str
    columns: tuple[tuple[str, str], ...]
    cells: tuple[tuple[Cell, ...], ...]
    kinds: tuple[tuple[str, int], ...] = ()


def grids(board: Board) -> list[Grid]:
    """Those of a leaderboard that have any column."""
    return [grid for grid in (by_keypoint(board), by_part(board)) if grid.columns]


def by_keypoint(board: Board) -> Grid:
    """Scores of every keypoint."""
    names = dict.fromkeys(name for row in board.rows for name in row.per_joint)
    return Grid(
        f"{board.newest.per_joint_metric or 'Scores'} of every keypoint",
        tuple((name.replace("_", " "), "") for name in names),
        tuple(
            tuple(_cell(row.per_joint.get(name), row.per_joint_intervals.get(name), board) for name in names)
            for row in board.rows
        ),
    )


def by_part(board: Board) -> Grid:
    """Scores on parts of the data; the parts of one kind stand side by side."""
    parts = {(part.by, part.name): part for row in board.rows for part in row.slices}
    kinds = Counter(by for by, _ in parts)
    order = sorted(parts, key=lambda part: list(kinds).index(part[0]))
    cells = []
    for row in board.rows:
        own = {(part.by, part.name): part for part in row.slices}
        known = [own.get(part) for part in order]
        cells.append(tuple((UNKNOWN, "") if one is None else _cell(one.value, one.interval, board) for one in known))
    metric, headline = board.newest.per_joint_metric or board.rule.headline, board.rule.headline
    return Grid(
        f"{metric} on parts of the data, pooled over the keypoints of {headline}",
        tuple(
            (name, f"{parts[by, name].people:,} people, {parts[by, name].keypoints:,} keypoints") for by, name in order
        ),
        tuple(cells),
        tuple(kinds.items()),
    )


def _cell(value: float | None, interval: tuple[float, float] | None, board: Board) -> Cell:
    if value is None:
        return UNKNOWN, ""
    return f"{value:.{board.decimals}f}", bounds(interval, board.decimals) or ""
