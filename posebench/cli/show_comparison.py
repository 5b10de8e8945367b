"""Comparisons on a terminal."""

import math
import string
from collections.abc import Sequence
from itertools import combinations

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from posebench.cli.show_scores import _label, _number, _resamples
from posebench.errors import counted, listed
from posebench.report.tables.columns import UNKNOWN
from posebench.report.tables.comparison_table import has_intervals, p_text, verdict
from posebench.report.tables.rows import Row
from posebench.results.record import Record
from posebench.scoring.bootstrap import LEVEL
from posebench.scoring.comparison import CORRECTION, CORRECTION_OF_PAIRS, Difference, Pair
from posebench.scoring.scores import shown_decimals
from posebench.tasks.scoring.compare_rows import RowComparison

IDENTICAL = "A and B are identical files (equal SHA-256), so there is nothing to compare."
ROWS_NOTE = (
    "Rows are compared from their records, by the headline alone. Intervals and p-values are about other images and, for rows of "
    "several seeds, other seeds; for a row of one seed the effect of another seed is unknown."
)


def print_comparison(out: Console, records: Sequence[Record], pairs: Sequence[Pair], quiet: bool = False) -> None:
    """The result in a sentence, then a table. Two runs: every metric and keypoint. More: the headline of every pair. Two identical
    files have no table.

    Args:
        records: of all runs, by one rule on the same people.
        pairs: of those runs, in the order of `comparison.compare`.
        quiet: only the result, the names and the table.
    """
    rule, data, headline = records[0].rule, records[0].data, pairs[0].headline.name
    decimals = shown_decimals(rule.unit)
    same = len(pairs) == 1 and _same_file(*records)
    out.print(IDENTICAL if same else _result(pairs, decimals), style="bold", highlight=False)
    said = Console(file=out.file, quiet=True) if quiet else out
    damaged = len({record.data.corruption for record in records}) > 1
    people = data.model_copy(update={"corruption": ""}) if damaged else data
    said.print(
        f"{_label(people.what)}: the same {data.people:,} people in {counted(data.images, 'image', 'images')}, "
        f"ground truth: {_label(data.annotations)}\n{_label(rule.protocol)} {_label(rule.short_scope)}: {_label(rule.sentence)}",
        highlight=False,
    )
    if len({record.data.box_source for record in records}) > 1:
        boxes = "; ".join(f"{_label(record.name)}: {_label(record.data.box_source)}" for record in records)
        said.print(f"[yellow]Note:[/yellow] the boxes differ, not only the networks. {boxes}", highlight=False)
    several = len(pairs) > 1
    scored = several or same
    if damaged:
        damage = "; ".join(f"{_label(record.name)}: {_label(record.data.corruption or 'none')}" for record in records)
        said.print(f"[yellow]Note:[/yellow] the corruptions of the photographs differ. {damage}", highlight=False)
    for letter, record in zip(_letters(records), records, strict=True):
        value = record.metrics.get(headline)
        score = f", {_label(headline)} {_number(math.nan if value is None else value, decimals)}" if scored else ""
        out.print(
            f"{letter}: [bold]{_label(record.name)}[/bold] ({_label(record.predictions)}){score}", highlight=False
        )
    if same:
        return
    if several:
        out.print(_pairs_table(records, pairs, decimals))
    else:
        out.print(_pair_table(pairs[0], decimals))
    correction = CORRECTION_OF_PAIRS if several else CORRECTION
    if has_intervals(pairs):
        said.print(f"{LEVEL} % intervals: {_resamples(records[0], 'paired ')}. {correction}.", style="dim")
    _print_notes(said, records)


def print_row_comparison(out: Console, comparison: RowComparison, quiet: bool = False) -> None:
    """The result in a sentence, then the rows with their seeds, then the headline of every pair.

    Args:
        quiet: without the data, the rule and the notes.
    """
    said = Console(file=out.file, quiet=True) if quiet else out
    rows, pairs = comparison.rows, comparison.pairs
    rule, data = rows[0].rule, rows[0].data
    decimals = shown_decimals(rule.unit)
    out.print(_result(pairs, decimals), style="bold", highlight=False)
    said.print(
        f"{_label(data.what)}: {data.people:,} people in "
        f"{counted(data.images, 'image', 'images')}, ground truth: {_label(data.annotations)}, "
        f"boxes: {_label(data.box_source)}\n{_label(rule.protocol)} {_label(rule.short_scope)}: {_label(rule.sentence)}",
        highlight=False,
    )
    for letter, row, label in zip(_letters(rows), rows, comparison.labels, strict=True):
        spread = "" if row.spread is None else f", sd of seeds {row.spread:.{decimals}f}"
        whole = "" if label.startswith(row.name) else f"{_label(row.name)}; "
        out.print(
            f"{letter}: [bold]{_label(label)}[/bold] ({whole}{_seeds(row)}), "
            f"{_label(rule.headline)} {_number(row.headline, decimals)}{spread}",
            highlight=False,
        )
    table = _table(["pair", f"{_label(rule.headline)}\ndifference"])
    for pair, (a, b) in zip(pairs, combinations(_letters(rows), 2), strict=True):
        table.add_row(f"{a} − {b}", *_cells(pair.headline, decimals))
    out.print(table)
    corrected = " The pairs are corrected together (single-step max-|t|)." if len(pairs) > 1 else ""
    said.print(f"{LEVEL} % intervals: {_resamples(rows[0].newest, 'paired ')}.{corrected}", style="dim")
    said.print(f"[yellow]Note:[/yellow] {ROWS_NOTE}", highlight=False)


def _seeds(row: Row) -> str:
    """Such as `3 seeds: 0, 1, 2`."""
    if len(row.records) == 1:
        return f"1 seed: {row.seeds[0]}" if row.seeds else "1 record, seed unknown"
    return f"{len(row.seeds)} seeds: {', '.join(map(str, row.seeds))}"


def _print_notes(out: Console, records: Sequence[Record]) -> None:
    """Each note once; with names where it is not about all."""
    for note in dict.fromkeys(note for record in records for note in record.notes):
        names = [record.name for record in records if note in record.notes]
        about = "" if len(names) == len(records) else f"{_label(listed(names))}: "
        out.print(f"[yellow]Note:[/yellow] {about}{_label(note)}", highlight=False)


def _letters(records: Sequence[object]) -> list[str]:
    """Labels of the runs in a table: letters, or numbers if there are more than 26 runs."""
    letters = string.ascii_uppercase
    return [letters[i] if len(records) <= len(letters) else str(i + 1) for i in range(len(records))]


def _same_file(a: Record, b: Record) -> bool:
    return a.predictions_sha256 == b.predictions_sha256


def _result(pairs: Sequence[Pair], decimals: int) -> str:
    """Whether the difference of the headline is resolved; of several pairs, how many are."""
    if len(pairs) == 1:
        return _sentence(pairs[0], decimals)
    resolved = sum(pair.headline.resolved for pair in pairs)
    return f"{_label(pairs[0].headline.name)}: {resolved} of {len(pairs)} differences are resolved."


def _sentence(pair: Pair, decimals: int) -> str:
    name, one = _label(pair.headline.name), pair.headline
    if one.p is None:
        known = f"{_label(pair.a)} − {_label(pair.b)} is {_number(one.value, decimals, '+')}, without an interval"
        return f"{name}: {known if math.isfinite(one.value) else 'the difference is unknown'}."
    if one.value == 0:
        found = "no difference" if one.never_differs else "not resolved"
        return f"{name}: {found}. {_label(pair.a)} and {_label(pair.b)} both score {one.a:.{decimals}f}."
    if one.resolved:
        better, worse = (pair.a, pair.b) if one.value > 0 else (pair.b, pair.a)
        return f"{name}: resolved. {_label(better)} is better than {_label(worse)} by {abs(one.value):.{decimals}f}."
    return f"{name}: not resolved. The difference between {_label(pair.a)} and {_label(pair.b)} may be chance."


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
    style = "" if one.resolved or one.never_differs else "[yellow]"
    return [_number(one.value, decimals, "+"), f"[{bounds}]", p_text(one.p), style + verdict(one)]
