"""Differences of runs as a small HTML table, for notebooks."""

import math
from collections.abc import Sequence

from posebench.report.tables.columns import UNKNOWN
from posebench.report.tables.notebook_table import html_list, html_table
from posebench.results.record import Record
from posebench.scoring.bootstrap import RESAMPLES
from posebench.scoring.comparison import CORRECTION, CORRECTION_OF_PAIRS, Difference, Pair
from posebench.scoring.scores import shown_decimals

LEAST_P = 1 / (1 + RESAMPLES)
"""What a p-value is where no resample reaches the difference (posebench.scoring.comparison.p_values)."""


def p_text(p: float) -> str:
    """A p-value to three decimals; so many resamples cannot tell a smaller one from the smallest."""
    return f"≤{LEAST_P:.3f}" if p <= LEAST_P else f"{p:.3f}"


def verdict(one: Difference) -> str:
    """What is known of a difference; equal is what differs on no resample, either."""
    if one.p is None:
        return UNKNOWN
    return "resolved" if one.resolved else "equal" if one.never_differs else "not resolved"


def has_intervals(pairs: Sequence[Pair]) -> bool:
    """Whether a difference that is shown has an interval: of one image, none has."""
    shown = (pairs[0].metrics, pairs[0].joints) if len(pairs) == 1 else ([pair.headline for pair in pairs],)
    return any(one.interval is not None for part in shown for one in part)


def html(pairs: Sequence[Pair], record: Record) -> str:
    """One pair: every metric and keypoint. Several pairs: the headline of each. Every text is escaped.

    Args:
        record: of one run; it gives the rule and the people.
    """
    decimals = shown_decimals(record.rule.unit)
    data, rule = record.data, record.rule
    where = f"{data.what}, {data.people:,} people; {rule.protocol} {rule.short_scope}"
    if len(pairs) == 1:
        pair = pairs[0]
        caption = f"{pair.a} − {pair.b} on {where}"
        rows = [[one.name.replace("_", " "), *_cells(one, decimals)] for one in (*pair.metrics, *pair.joints)]
    else:
        caption = f"{pairs[0].headline.name} on {where}"
        rows = [[f"{pair.a} − {pair.b}", *_cells(pair.headline, decimals)] for pair in pairs]
    headers = ["", "difference", "95 % interval", "p", "verdict"]
    correction = CORRECTION if len(pairs) == 1 else CORRECTION_OF_PAIRS
    return html_table(caption, headers, rows) + html_list([correction] if has_intervals(pairs) else record.notes)


def _cells(one: Difference, decimals: int) -> list[str]:
    """Difference, interval, p-value and verdict."""
    return [*difference_cells(one, decimals), verdict(one) if one.interval is not None else UNKNOWN]


def difference_cells(one: Difference, decimals: int) -> list[str]:
    """Difference, interval and p-value, with their signs."""
    value = f"{one.value:+z.{decimals}f}" if math.isfinite(one.value) else UNKNOWN
    if one.interval is None or one.p is None:
        return [value, UNKNOWN, UNKNOWN]
    low, high = one.interval
    return [value, f"[{low:+z.{decimals}f}, {high:+z.{decimals}f}]", p_text(one.p)]
