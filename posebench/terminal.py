"""What commands say on the terminal."""

import os
import sys
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

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
