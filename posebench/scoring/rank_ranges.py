"""Ranks as ranges: the ranks that are possible for a row, because scores differ on other images and with other seeds.

A row's range goes from 1 + the rows that are significantly better to all rows − those that are significantly worse. Every pair is
compared, on the same resamples of the images, and all comparisons hold together at the 95 % level (single-step max-|t|,
posebench.scoring.comparison). So all ranges of a table hold together: Mogstad, Romano, Shaikh, Wilhelm, "Inference for Ranks with
Applications to Mobility across Neighbourhoods and Academic Achievement across Countries" (Review of Economic Studies, 2024).
"""

from collections.abc import Sequence

import numpy as np

from posebench.array_type import Array
from posebench.scoring.bootstrap import SEED
from posebench.scoring.comparison import SIGNIFICANT, p_values, studentised

Range = tuple[int, int]


def rank_ranges(
    values: Sequence[float], resampled: Sequence[Array | None], seed_error: Sequence[float], units: int = 0
) -> list[Range | None]:
    """The best and the worst rank of every row, larger values being better.

    Args:
        values: of the m rows, all known.
        resampled: per row (R,), equal images being resampled alike; None where nothing is known of a row's uncertainty.
        seed_error: per row the standard error of its value over seeds: their standard deviation / sqrt(seeds); 0 where only
            one is known.
        units: how many images or films were resampled; 0 where unknown.

    Returns:
        per row (best, worst), from 1; None where `resampled` is. Such a row is never significantly better or worse.
    """
    m = len(values)
    better, worse = np.zeros(m, int), np.zeros(m, int)
    known = [row for row, drawn in enumerate(resampled) if drawn is not None]
    if known:
        above = _significant(
            np.array([values[row] for row in known]),
            np.array([resampled[row] for row in known], float),
            np.array([seed_error[row] for row in known]),
            units,
        )
        better[known], worse[known] = above.sum(axis=0), above.sum(axis=1)
    return [(1 + int(better[row]), m - int(worse[row])) if row in set(known) else None for row in range(m)]


def with_seed_error(resampled: Array, seed_error: Array) -> Array:
    """(m, R) resamples that vary over seeds too: what another seed would give is independent of images and other rows.

    Args:
        resampled: (m, R). seed_error: (m,) as of `rank_ranges`.
    """
    noise = np.random.default_rng(SEED).standard_normal(resampled.shape)
    drawn: Array = resampled + noise * seed_error[:, None]
    return drawn


def _significant(values: Array, resampled: Array, seed_error: Array, units: int) -> Array:
    """(m, m) whether row i is significantly better than row j; values (m,), resampled (m, R), seed_error (m,)."""
    drawn = with_seed_error(resampled, seed_error)
    m = len(values)
    t, largest = np.zeros((m, m)), np.zeros(drawn.shape[1])
    for row in range(
        m - 1
    ):  # one row against all later ones at a time: 100 rows would be 5,000 pairs x 1,000 resamples
        t[row, row + 1 :], here = studentised(values[row] - values[row + 1 :], drawn[row] - drawn[row + 1 :], units)
        largest = np.maximum(largest, here)
    t += t.T
    resolved = (p_values(t.ravel(), largest) <= SIGNIFICANT).reshape(m, m)
    significant: Array = resolved & (values[:, None] > values)
    return significant


def tied(ranges: Sequence[Range | None]) -> list[int]:
    """Rows, best first, in groups: a new one begins where every row above outranks every row below, whichever range holds.

    Args:
        ranges: as of `rank_ranges`; rows without one belong to the group in which they stand.

    Returns:
        per row the number of its group, from 0.
    """
    unknown = sum(found is None for found in ranges)  # never significantly better, so in every range
    groups, group = [], 0
    for row in range(len(ranges)):
        above = [worst - unknown for _, worst in filter(None, ranges[:row])]
        below = [best for best, _ in filter(None, ranges[row:])]
        apart = above and below and max(above) <= len(above) < min(below)
        group += bool(apart and ranges[row] is not None)
        groups.append(group)
    return groups
