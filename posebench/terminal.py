"""What commands say on the terminal."""

import math
import os
import string
import sys
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from posebench.columns import UNKNOWN, one_line
from posebench.comparison import CORRECTION, Difference, Pair
from posebench.explain import Explained
from posebench.protocol import Protocol
from posebench.results import Record
from posebench.scores import Curve, known
from posebench.uncertainty import LEVEL, RESAMPLES

LEAST_P = 1 / (1 + RESAMPLES)
"""What a p-value is where no resample reaches the difference (posebench.comparison.p_values)."""


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
    out.print(_scores(record))
    if record.intervals:
        out.print(f"{LEVEL} %: the middle {LEVEL} % of {RESAMPLES:,} resamples of the images", style="dim")
    if record.ceiling:
        out.print(f"annotators: {escape(record.ceiling.what)}", style="dim", highlight=False)
    for note in record.notes:
        out.print(f"[yellow]Note:[/yellow] {escape(note)}", highlight=False)


def _scores(record: Record) -> Table:
    """One row per number with its interval, then one per part of the data: as narrow as any terminal."""
    digits = 1 if record.rule.unit == "%" else 3
    agreed = record.ceiling.metrics if record.ceiling else {}
    table = Table(box=None, pad_edge=False)
    table.add_column(record.per_joint_metric.partition("@")[0], overflow="fold")
    for header in (record.rule.unit, *[f"{LEVEL} %"] * bool(record.intervals), *["annotators"] * bool(agreed)):
        table.add_column(header, justify="right", no_wrap=True)
    shown = len(table.columns)

    def add(label: str, value: float | None, bounds: str, agreement: str, style: str) -> None:
        cells = [escape(label), UNKNOWN if value is None else f"{value:.4f}", bounds, agreement]
        table.add_row(*(cells if record.intervals else [*cells[:2], *cells[3:]])[:shown], style=style)

    for metric in dict.fromkeys([*record.metrics, *agreed]):
        agreement = f"{agreed[metric]:.4f}" if metric in agreed else ""
        style = "bold" if metric == record.rule.headline else ""
        add(metric, record.metrics.get(metric), _interval(record.intervals.get(metric), digits), agreement, style)
    for part in record.slices:
        if record.metrics.get(f"{record.rule.headline} {part.name}") != part.value:  # else it is said already
            label = f"{record.per_joint_metric} pooled, {part.by}: {part.name} ({part.keypoints:,} keypoints)"
            add(label, part.value, _interval(part.interval, digits), "", "dim")
    return table


def _interval(bounds: tuple[float, float] | None, digits: int) -> str:
    return "" if bounds is None else f"{bounds[0]:.{digits}f}–{bounds[1]:.{digits}f}"


def print_curves(out: Console, curves: Sequence[Curve]) -> None:
    """Scores over thresholds: one row per threshold, one column per curve."""
    table = Table(box=None, pad_edge=False)
    table.add_column(escape(curves[0].axis), justify="right")
    for curve in curves:
        table.add_column(escape(curve.label), justify="right", no_wrap=True)
    for at, *values in zip(curves[0].thresholds, *(curve.values for curve in curves), strict=True):
        table.add_row(f"{at:g}", *("–" if math.isnan(value) else f"{value:.2f}" for value in values))
    out.print(table)


def print_explained(out: Console, protocol: Protocol, explained: Sequence[Explained]) -> None:
    """One file under every convention: a table of the numbers, then the reason for each difference.

    Columns are headed by numbers, which fit any terminal; the names stand above, each with its ground truth.
    """
    numbered = list(enumerate(explained, start=1))
    shown = [(number, entry, entry.scores.metrics) for number, entry in numbered if entry.scores is not None]
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    table.add_column("", overflow="fold")
    for number, entry, _ in shown:
        out.print(f"{number} {escape(entry.convention.name)}, on {escape(entry.ground_truth)}", highlight=False)
        table.add_column(str(number), justify="right", no_wrap=True)
    out.print()
    for metric in dict.fromkeys(name for _, _, metrics in shown for name in metrics):
        values = (known(metrics.get(metric, math.nan)) for _, _, metrics in shown)
        cells = (_number(value, 4) for value in values)
        table.add_row(escape(metric), *cells, style="bold" if metric == protocol.headline else "")
    out.print(table)
    for number, entry in numbered:
        _print_reason(out, protocol.headline, (number, entry), explained[0].convention.name)


def _print_reason(out: Console, headline: str, numbered: tuple[int, Explained], first: str) -> None:
    number, entry = numbered
    convention = entry.convention
    out.print(f"\n{number} [bold]{escape(convention.name)}[/bold]  {escape(convention.rule)}", highlight=False)
    lines = [f"evaluator: {escape(convention.source)}"]
    if convention.published_by:
        lines.append(f"published by: {escape(convention.published_by)}")
    if entry.problem:
        lines.append(f"[yellow]not computed:[/yellow] {escape(entry.problem)}")
    elif convention.name != first:
        total, truth, rule = (
            f"{round(value, 4) + 0.0:+.4f}"  # + 0.0: no difference is not a negative one
            for value in (entry.from_ground_truth + entry.from_rule, entry.from_ground_truth, entry.from_rule)
        )
        lines.append(f"why it differs from {first}: {escape(convention.difference)}")
        lines.append(f"{headline} {total}: {truth} by the ground truth, {rule} by the rule")
    for line in lines:
        out.print(Padding(line, (0, 0, 0, 2), expand=False), highlight=False)


def print_comparison(out: Console, records: Sequence[Record], pairs: Sequence[Pair]) -> None:
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
    out.print(f"{LEVEL} % intervals: {RESAMPLES:,} paired resamples of the images. {CORRECTION}.", style="dim")
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


def _number(value: float, decimals: int, sign: str = "-") -> str:
    return f"{value:{sign}.{decimals}f}" if math.isfinite(value) else UNKNOWN


def _label(text: str) -> str:
    return escape(one_line(text))
