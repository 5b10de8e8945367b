"""Boards: records as leaderboards, in the order in which every report has them."""

import math
from collections.abc import Iterable
from typing import Any

from posebench.errors import natural
from posebench.report.board import Board
from posebench.report.rows import Row, rows
from posebench.results.record import Record


def boards(records: Iterable[Record]) -> list[Board]:
    """One leaderboard per group, in the order of `_place`.

    Rows go from the largest headline to the smallest, those without one last; equal ones by name.
    """
    grouped: dict[Any, list[Record]] = {}
    for record in records:
        grouped.setdefault(record.group, []).append(record)
    return sorted((Board(tuple(sorted(rows(members), key=_standing))) for members in grouped.values()), key=_place)


def _place(board: Board) -> tuple[Any, ...]:
    """Where a leaderboard stands among others: photographs before synthetic people, then the one of most people, whose scores are
    the most precise; on equal people the official evaluator's before other conventions, then by name.
    """
    people = max(record.data.people for record in board.records)
    group = board.records[0].group
    unofficial = board.rule.convention != "official"
    return board.synthetic, -people, unofficial, [natural(str(part)) for part in group], group


def _standing(row: Row) -> tuple[Any, ...]:
    return math.isnan(row.headline), 0.0 if math.isnan(row.headline) else -row.headline, natural(row.name), row.id
