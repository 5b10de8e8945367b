"""Pairs of a leaderboard's rows: the headline's paired difference, for the page that compares any two rows."""

import math
from collections.abc import Sequence

import numpy as np

from posebench.report.tables.board import Board
from posebench.report.tables.rows import Row
from posebench.scoring.bootstrap import SEED
from posebench.scoring.comparison import each_alone

MOST = 40
"""Rows that are compared with all others; of the rows below, pairs would grow with the square of their number."""
Tested = tuple[float, float, float]
"""Both ends of a difference's 95 % interval, and its p-value."""


def row_pairs(board: Board) -> list[list[Tested | None]]:
    """Row i has the differences of row i and each later row, better less worse, for the best `MOST` rows.

    Each pair is a family of its own, and equals `posebench compare` of the two rows. None where the rows were not resampled
    alike.
    """
    rows = board.rows
    return [against(rows[place], rows[place + 1 :]) for place in range(min(MOST, len(rows) - 1))]


def against(row: Row, others: Sequence[Row]) -> list[Tested | None]:
    """The differences of a row from each of others, as of `row_pairs`."""
    found: list[Tested | None] = [None] * len(others)
    able = [
        place
        for place, other in enumerate(others)
        if row.resampled_on is not None and other.resampled_on == row.resampled_on and not math.isnan(other.headline)
    ]
    if not able:
        return found
    # The draws of tasks.scoring.compare_rows for two rows, so that both say the same.
    first, second = np.random.default_rng(SEED).standard_normal((2, len(row.resampled)))
    drawn = np.stack([others[place].resampled + second * others[place].seed_error for place in able])
    differences = np.array([row.headline - others[place].headline for place in able])
    units = row.records[0].sampling.units
    intervals, p = each_alone(differences, row.resampled + first * row.seed_error - drawn, units)
    for place, (low, high), one in zip(able, intervals.tolist(), p.tolist(), strict=True):
        found[place] = low, high, one
    return found
