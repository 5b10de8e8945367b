"""What commands say on the terminal."""

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from posebench.columns import one_line
from posebench.comparison import CORRECTION, Difference, Pair
from posebench.results import Record
from posebench.uncertainty import LEVEL, RESAMPLES


def console(stderr: bool = False) -> Console:
    """Where a command writes; as wide as the terminal, or 150 characters in a file."""
    # Of several processes (torchrun sets RANK) the first one speaks.
    quiet = os.environ.get("RANK", "0") != "0"
    return Console(stderr=stderr, quiet=quiet, width=None if sys.stdout.isatty() else 150)


def say_people(out: Console, data: Path | None, protocol: str) -> None:
    """The first line of whatever works on embedded people."""
    if data is None:
        out.print(
            f"[yellow]No --data: embedded people, drawn and not photographs. Numbers say nothing about {protocol}."
        )


def print_scores(out: Console, record: Record) -> None:
    """The numbers of one record, to four decimals, with their rule and what was scored."""
    rule, data = record.rule, record.data
    out.print(
        f"[bold]{escape(record.name)}[/bold] on {data.dataset} {data.split}: {data.people:,} people in {data.images:,} images, "
        f"boxes: {data.box_source}, ground truth: {escape(data.annotations)}",
        highlight=False,
    )
    out.print(
        f"{rule.protocol} {rule.convention}: {escape(rule.rule)} Evaluator: {escape(rule.evaluator)}.", highlight=False
    )
    table = Table(box=None, pad_edge=False)
    for metric in record.metrics:
        table.add_column(escape(metric), justify="right")
    table.add_row(*("–" if value is None else f"{value:.4f}" for value in record.metrics.values()))
    if record.intervals:
        digits = 1 if rule.unit == "%" else 3
        bounds = (record.intervals.get(metric) for metric in record.metrics)
        table.add_row(*("–" if b is None else f"{b[0]:.{digits}f}–{b[1]:.{digits}f}" for b in bounds), style="dim")
        table.caption = f"second row: {LEVEL} % intervals, {RESAMPLES:,} resamples of the images"
        table.caption_justify = "left"
    out.print(table)
    for note in record.notes:
        out.print(f"[yellow]Note:[/yellow] {escape(note)}", highlight=False)


def print_comparison(out: Console, records: Sequence[Record], pairs: Sequence[Pair]) -> None:
    """Two runs: every metric and keypoint. More: the headline of every pair, and how many keypoints differ.

    Args:
        records: of all runs, by one rule on the same people.
        pairs: of those runs.
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
    if len(pairs) > 1:
        out.print(_pairs_table(pairs, decimals))
    else:
        for letter, record in zip("AB", records, strict=True):
            out.print(f"{letter}: [bold]{_label(record.name)}[/bold] ({_label(record.predictions)})", highlight=False)
        out.print(_pair_table(pairs[0], decimals))
        out.print(_sentence(pairs[0], decimals), highlight=False)
    out.print(f"{LEVEL} % intervals: {RESAMPLES:,} paired resamples of the images. {CORRECTION}.", style="dim")
    for record in records:
        for note in record.notes:
            out.print(f"[yellow]Note:[/yellow] {_label(record.name)}: {_label(note)}", highlight=False)


def _sentence(pair: Pair, decimals: int) -> str:
    name, one = _label(pair.headline.name), pair.headline
    if one.p is None:
        return f"{name}: the difference or its resamples are unknown."
    if one.resolved:
        better, worse = (pair.a, pair.b) if one.value > 0 else (pair.b, pair.a)
        return f"{name}: resolved. {_label(better)} is better than {_label(worse)} by {abs(one.value):.{decimals}f}."
    return f"{name}: not resolved. These images cannot tell {_label(pair.a)} and {_label(pair.b)} apart."


def _pair_table(pair: Pair, decimals: int) -> Table:
    table = _table(["", "A", "B"], "A − B")
    for part in (pair.metrics, pair.joints):
        for one in part:
            values = (_number(value, decimals) for value in (one.a, one.b))
            style = "bold" if one is pair.headline else None
            table.add_row(_label(one.name.replace("_", " ")), *values, *_cells(one, decimals), style=style)
        table.add_section()
    return table


def _pairs_table(pairs: Sequence[Pair], decimals: int) -> Table:
    table = _table(["A", "B", "A scores", "B scores"], f"A − B, {_label(pairs[0].headline.name)}")
    table.columns[1].justify = "left"
    joints = any(pair.joints for pair in pairs)
    if joints:
        table.add_column("keypoints resolved", justify="right")
    for pair in pairs:
        one = pair.headline
        values = (_number(value, decimals) for value in (one.a, one.b))
        many = f"{sum(j.resolved for j in pair.joints)} of {len(pair.joints)}" if joints else ()
        row = [_label(pair.a), _label(pair.b), *values, *_cells(one, decimals), *([many] if joints else [])]
        table.add_row(*map(str, row))
    return table


def _table(first: Sequence[str], difference: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place, header in enumerate([*first, difference, f"{LEVEL} %", "p", "verdict"]):
        table.add_column(header, justify="right" if place else "left", overflow="fold", no_wrap=place > 1)
    table.columns[-1].justify = "left"  # a number that is cut in two would be another one; names may fold
    return table


def _cells(one: Difference, decimals: int) -> list[str]:
    """Difference, interval, p-value and verdict."""
    if one.p is None or one.interval is None:
        return [_number(one.value, decimals, "+"), "–", "–", "–"]
    bounds = ", ".join(_number(bound, decimals, "+") for bound in one.interval)
    verdict = "resolved" if one.resolved else "[yellow]not resolved"
    return [_number(one.value, decimals, "+"), f"[{bounds}]", f"{one.p:.3f}", verdict]


def _number(value: float, decimals: int, sign: str = "-") -> str:
    return f"{value:{sign}.{decimals}f}" if math.isfinite(value) else "–"


def _label(text: str) -> str:
    return escape(one_line(text))
