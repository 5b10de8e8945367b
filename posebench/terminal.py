"""What commands say on the terminal."""

import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from posebench.explain import Explained
from posebench.protocol import Protocol
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
