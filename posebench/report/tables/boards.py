"""All leaderboards of records, in the order in which a report shows them."""

import math
from collections.abc import Iterable
from typing import Any

from posebench.cost.record import Cost
from posebench.errors import natural
from posebench.report.tables.board import Board
from posebench.report.tables.rows import Row, rows
from posebench.results.record import Record


def boards(records: Iterable[Record], costs: Iterable[Cost] = ()) -> list[Board]:
    """One leaderboard per group. Those of one protocol stand together, photographs before synthetic people.

    The protocol with the most people is first, since its scores are the most precise. Rows go from the largest headline to the
    smallest, those without one last; equal ones by name.

    Args:
        costs: measured costs of networks, for the rows that have these networks.
    """
    grouped: dict[Any, list[Record]] = {}
    for record in records:
        grouped.setdefault(record.group, []).append(record)
    measured = tuple(costs)
    found = [Board(tuple(sorted(rows(members), key=_standing)), costs=measured) for members in grouped.values()]
    largest: dict[tuple[bool, str], int] = {}
    for board in found:
        largest[_family(board)] = max(largest.get(_family(board), 0), board.most_people)
    return sorted(
        found, key=lambda board: (board.synthetic, -largest[_family(board)], board.rule.protocol, *_place(board))
    )


def _family(board: Board) -> tuple[bool, str]:
    return board.synthetic, board.rule.protocol


def _place(board: Board) -> tuple[Any, ...]:
    """The most people first; on equal people the official evaluator's first, then by name."""
    group = board.records[0].group
    return -board.most_people, board.rule.convention != "official", [natural(str(part)) for part in group], group


def _standing(row: Row) -> tuple[Any, ...]:
    return math.isnan(row.headline), 0.0 if math.isnan(row.headline) else -row.headline, natural(row.name), row.id
