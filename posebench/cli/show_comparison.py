"""Comparisons on a terminal."""

import math
import string
from collections.abc import Sequence
from itertools import combinations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from posebench.cli.show_scores import _label, _number, _resamples
from posebench.report.columns import UNKNOWN
from posebench.results.record import Record
from posebench.scoring.bootstrap import LEVEL, RESAMPLES
from posebench.scoring.comparison import CORRECTION, CORRECTION_OF_PAIRS, Difference, Pair

LEAST_P = 1 / (1 + RESAMPLES)
"""What a p-value is where no resample reaches the difference (posebench.scoring.comparison.p_values)."""


def print_comparison(out: Console, records: Sequence[Record], pairs: Sequence[Pair], with_notes: bool = True) -> None:
    """Two runs: every metric and keypoint. More: the headline of every pair, and how many keypoints differ.

    Args:
        records: of all runs, by one rule on the same people.
        pairs: of those runs, in the order of `comparison.compare`.
    """
    rule, data = records[0].rule, records[0].data
    out.print(
        f"{data.dataset} {data.split}: the same {data.people:,} people in {data.images:,} images, "
        f"ground truth: {escape(data.annotations)}\n{rule.protocol} {rule.convention}: {escape(rule.rule)}",
        highlight=False,
    )
    if len({record.data.box_source for record in records}) > 1:
        boxes = "; ".join(f"{_label(record.name)}: {_label(record.data.box_source)}" for record in records)
        out.print(f"[yellow]Note:[/yellow] the boxes differ, not only the networks. {boxes}", highlight=False)
    decimals = 2 if rule.unit == "%" else 3
    several = len(pairs) > 1
    for letter, record in zip(_letters(records), records, strict=True):
        value = record.metrics.get(rule.headline)
        score = (
            f", {_label(rule.headline)} {_number(math.nan if value is None else value, decimals)}" if several else ""
        )
        out.print(
            f"{letter}: [bold]{_label(record.name)}[/bold] ({_label(record.predictions)}){score}", highlight=False
        )
    if several:
        out.print(_pairs_table(records, pairs, decimals))
    else:
        out.print(_pair_table(pairs[0], decimals))
        out.print(_sentence(pairs[0], records, decimals), highlight=False)
    correction = CORRECTION_OF_PAIRS if several else CORRECTION
    out.print(f"{LEVEL} % intervals: {_resamples(records[0], 'paired ')}. {correction}.", style="dim")
    if with_notes:
        _print_notes(out, records)


def _print_notes(out: Console, records: Sequence[Record]) -> None:
    """Each note once; with names where it is not about all."""
    for note in dict.fromkeys(note for record in records for note in record.notes):
        names = [record.name for record in records if note in record.notes]
        about = "" if len(names) == len(records) else f"{_label(', '.join(names))}: "
        out.print(f"[yellow]Note:[/yellow] {about}{_label(note)}", highlight=False)


def _letters(records: Sequence[Record]) -> list[str]:
    """What stands for each run in a table: a letter, or of more runs than there are letters a number."""
    letters = string.ascii_uppercase
    return [letters[i] if len(records) <= len(letters) else str(i + 1) for i in range(len(records))]


def _same_file(a: Record, b: Record) -> bool:
    return a.predictions_sha256 == b.predictions_sha256


def _sentence(pair: Pair, records: Sequence[Record], decimals: int) -> str:
    name, one = _label(pair.headline.name), pair.headline
    if _same_file(*records):
        return "A and B are identical files (equal SHA-256), so there is nothing to tell apart."
    if one.p is None:
        return f"{name}: the difference or its resamples are unknown."
    if one.resolved:
        better, worse = (pair.a, pair.b) if one.value > 0 else (pair.b, pair.a)
        return f"{name}: resolved. {_label(better)} is better than {_label(worse)} by {abs(one.value):.{decimals}f}."
    return f"{name}: not resolved. These images cannot tell {_label(pair.a)} and {_label(pair.b)} apart."


def _pair_table(pair: Pair, decimals: int) -> Table:
    table = _table(["", "A", "B", "A − B"])
    for part in (pair.metrics, pair.joints):
        for one in part:
            values = (_number(value, decimals) for value in (one.a, one.b))
            style = "bold" if one is pair.headline else None
            table.add_row(_label(one.name.replace("_", " ")), *values, *_cells(one, decimals), style=style)
        table.add_section()
    return table


def _pairs_table(records: Sequence[Record], pairs: Sequence[Pair], decimals: int) -> Table:
    """One row per pair, by the runs' letters: names of any length stand above."""
    table = _table(["pair", f"{_label(pairs[0].headline.name)}\ndifference"])
    joints = any(pair.joints for pair in pairs)
    if joints:
        table.add_column("keypoints\nresolved", justify="right", no_wrap=True)
    both = combinations(zip(_letters(records), records, strict=True), 2)
    for pair, ((a, first), (b, second)) in zip(pairs, both, strict=True):
        cells = _cells(pair.headline, decimals)
        if _same_file(first, second):
            cells[-1] = "identical"
        many = f"{sum(j.resolved for j in pair.joints)} of {len(pair.joints)}"
        table.add_row(f"{a} − {b}", *cells, *[many] * joints)
    return table


def _table(first: Sequence[str]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for place, header in enumerate([*first, f"{LEVEL} %", "p", "verdict"]):
        # A number that is cut in two would be another one; names may fold.
        table.add_column(header, justify="right" if place else "left", overflow="fold", no_wrap=place > 0)
    table.columns[-1].justify = "left"
    return table


def _cells(one: Difference, decimals: int) -> list[str]:
    """Difference, interval, p-value and verdict."""
    if one.p is None or one.interval is None:
        return [_number(one.value, decimals, "+"), UNKNOWN, UNKNOWN, UNKNOWN]
    bounds = ", ".join(_number(bound, decimals, "+") for bound in one.interval)
    verdict = "resolved" if one.resolved else "[yellow]not resolved"
    # So many resamples cannot tell a smaller p-value from this one.
    p = f"≤{LEAST_P:.3f}" if one.p <= LEAST_P else f"{one.p:.3f}"
    return [_number(one.value, decimals, "+"), f"[{bounds}]", p, verdict]
