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
from posebench.explain import Explained
from posebench.protocol import Protocol
from posebench.results import Record
from posebench.scores import Curve
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
    out.print(_scores(record))
    for note in record.notes:
        out.print(f"[yellow]Note:[/yellow] {escape(note)}", highlight=False)


def _scores(record: Record) -> Table:
    """One row per number with its interval, then one per part of the data: as narrow as any terminal."""
    digits = 1 if record.rule.unit == "%" else 3
    table = Table(box=None, pad_edge=False)
    table.add_column(record.per_joint_metric.partition("@")[0])
    table.add_column(record.rule.unit, justify="right")
    if record.intervals:
        table.add_column(f"{LEVEL} %", justify="right")
        table.caption = f"{LEVEL} %: where {RESAMPLES:,} resamples of the images are"
        table.caption_justify = "left"
    for metric, value in record.metrics.items():
        style = "bold" if metric == record.rule.headline else ""
        known = "–" if value is None else f"{value:.4f}"
        table.add_row(escape(metric), known, _interval(record.intervals.get(metric), digits), style=style)
    for part in record.slices:
        label = f"{record.rule.headline} of {part.by}: {part.name} ({part.keypoints:,} keypoints)"
        table.add_row(escape(label), f"{part.value:.4f}", _interval(part.interval, digits), style="dim")
    for metric, value in (record.ceiling.metrics if record.ceiling else {}).items():
        table.add_row(escape(f"{metric}, annotators among themselves"), f"{value:.4f}", "", style="dim")
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
    """One file under every convention: a table of the numbers, then the reason for each difference."""
    known = [(entry, entry.scores.metrics) for entry in explained if entry.scores is not None]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for entry, _ in known:
        table.add_column(escape(f"{entry.convention.name}\n{entry.ground_truth}"), justify="right")
    for metric in dict.fromkeys(name for _, metrics in known for name in metrics):
        values = (metrics.get(metric, math.nan) for _, metrics in known)
        cells = ("–" if math.isnan(value) else f"{value:.4f}" for value in values)
        table.add_row(escape(metric), *cells, style="bold" if metric == protocol.headline else "")
    out.print(table)
    for entry in explained:
        _print_reason(out, protocol.headline, entry, explained[0].convention.name)


def _print_reason(out: Console, headline: str, entry: Explained, first: str) -> None:
    convention = entry.convention
    lines = [f"\n[bold]{escape(convention.name)}[/bold]  {escape(convention.rule)}"]
    lines.append(f"  evaluator: {escape(convention.source)}")
    if convention.published_by:
        lines.append(f"  published by: {escape(convention.published_by)}")
    if entry.problem:
        lines.append(f"  [yellow]not computed:[/yellow] {escape(entry.problem)}")
    elif convention.name != first:
        total, truth, rule = (
            f"{round(value, 4) + 0.0:+.4f}"  # + 0.0: no difference is not a negative one
            for value in (entry.from_ground_truth + entry.from_rule, entry.from_ground_truth, entry.from_rule)
        )
        lines.append(f"  why it differs from {first}: {escape(convention.difference)}")
        lines.append(f"  {headline} {total}: {truth} by the ground truth, {rule} by the rule")
    for line in lines:
        out.print(line, highlight=False, soft_wrap=True)


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
