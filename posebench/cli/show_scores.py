"""Scores, curves and conventions on a terminal."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from posebench.errors import counted
from posebench.plain_text import one_line
from posebench.report.tables.columns import UNKNOWN
from posebench.results.record import Record
from posebench.scoring.bootstrap import LEVEL, RESAMPLES
from posebench.scoring.scores import Curve, shown_decimals
from posebench.tasks.scoring.explain import Explained, Explanation


def print_scores(out: Console, record: Record, quiet: bool = False) -> None:
    """The numbers of one record, to four decimals, with their rule and what was scored.

    Args:
        quiet: the numbers alone.
    """
    if quiet:
        out.print(scores_table(record))
        return
    rule, data = record.rule, record.data
    out.print(
        f"[bold]{escape(record.name)}[/bold] on {escape(data.what)}: {data.people:,} people in "
        f"{counted(data.images, 'image', 'images')}, "
        f"boxes: {escape(data.box_source)}, ground truth: {escape(data.annotations)}",
        highlight=False,
    )
    out.print(
        f"{rule.protocol} {escape(rule.short_scope)}: {escape(rule.sentence)} Evaluator: {escape(rule.evaluator)}.",
        highlight=False,
    )
    out.print(scores_table(record))
    print_resamples(out, record)
    print_notes(out, record.notes)


def print_notes(out: Console, notes: Sequence[str]) -> None:
    """Each note on a line of its own."""
    for note in notes:
        out.print(f"[yellow]Note:[/yellow] {escape(note)}", highlight=False)


def print_resamples(out: Console, record: Record) -> None:
    """What the intervals are from and whom the annotators' column compares, where there are any."""
    if record.intervals:
        out.print(f"{LEVEL} %: the interval from {_resamples(record)}", style="dim")
    if record.ceiling:
        out.print(f"annotators: {escape(record.ceiling.what)}", style="dim", highlight=False)


def scores_table(record: Record) -> Table:
    """One row per number with its interval, then one per part of the data: as narrow as any terminal."""
    digits = 1 if record.rule.unit == "%" else 3
    agreed = record.ceiling.metrics if record.ceiling else {}
    table = Table(box=None, pad_edge=False)
    table.add_column(record.per_joint_metric.partition("@")[0], overflow="fold")
    for header in (record.rule.unit, *[f"{LEVEL} %"] * bool(record.intervals), *["annotators"] * bool(agreed)):
        table.add_column(header, justify="right", no_wrap=True)
    shown = len(table.columns)

    def add(label: str, value: float | None, bounds: str, agreement: str, style: str) -> None:
        cells = [escape(label), UNKNOWN if value is None else f"{value:z.4f}", bounds, agreement]
        table.add_row(*(cells if record.intervals else [*cells[:2], *cells[3:]])[:shown], style=style)

    for metric in dict.fromkeys([*record.metrics, *agreed]):
        agreement = f"{agreed[metric]:.4f}" if metric in agreed else ""
        style = "bold" if metric == record.rule.headline else ""
        add(metric, record.metrics.get(metric), interval(record.intervals.get(metric), digits), agreement, style)
    for part in record.slices:
        if record.metrics.get(f"{record.rule.headline} {part.name}") != part.value:  # else it is said already
            label = f"{record.per_joint_metric} pooled, {part.by}: {part.name} ({part.keypoints:,} keypoints)"
            add(label, part.value, interval(part.interval, digits), "", "dim")
    return table


def _resamples(record: Record, how: str = "") -> str:
    sampling = record.sampling
    return f"{RESAMPLES:,} {how}resamples, resampled by {sampling.unit} ({sampling.units:,})"


def interval(bounds: tuple[float, float] | None, digits: int) -> str:
    """Such as `88.5–89.7`; empty where there is none."""
    return "" if bounds is None else f"{bounds[0]:z.{digits}f}–{bounds[1]:z.{digits}f}"


def curves_table(curves: Sequence[Curve], unit: str) -> Table:
    """Scores over thresholds: one row per threshold, one column per curve.

    Args:
        unit: of the scores, by which they have decimals.
    """
    decimals = shown_decimals(unit)
    table = Table(box=None, pad_edge=False)
    table.add_column(escape(curves[0].axis), justify="right")
    for curve in curves:
        table.add_column(escape(curve.label), justify="right", no_wrap=True)
    for at, *values in zip(curves[0].thresholds, *(curve.values for curve in curves), strict=True):
        table.add_row(f"{at:g}", *(_number(value, decimals) for value in values))
    return table


def print_explained(out: Console, explained: Explanation) -> None:
    """One file under every convention: a table of the numbers, the reason for each difference, then each note once.

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
        values = (metrics.get(metric, math.nan) for _, _, metrics in shown)
        cells = (_number(value, 4) for value in values)
        table.add_row(escape(metric), *cells, style="bold" if metric == explained.headline else "")
    out.print(table)
    for number, entry in numbered:
        _print_reason(out, explained.headline, (number, entry), explained.conventions[0].convention.name)
    names = [entry.convention.name for entry in explained]
    for place, (sentence, about) in enumerate(explained.notes.items()):
        which = "" if len(about) == len(shown) else f" ({', '.join(str(1 + names.index(name)) for name in about)})"
        out.print(f"{chr(10) * (not place)}[yellow]Note{which}:[/yellow] {escape(sentence)}", highlight=False)


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
        apart = entry.from_ground_truth + entry.from_rule, entry.from_ground_truth, entry.from_rule
        total, truth, rule = (_number(value, 4, "+") for value in apart)
        lines.append(f"why it differs from {first}: {escape(entry.reason)}")
        if math.isfinite(apart[0]):
            lines.append(f"{headline} {total}: {truth} by the ground truth, {rule} by the rule")
    for line in lines:
        out.print(Padding(line, (0, 0, 0, 2), expand=False), highlight=False)


def _number(value: float, decimals: int, sign: str = "-") -> str:
    return f"{value:{sign}z.{decimals}f}" if math.isfinite(value) else UNKNOWN


def _label(text: str) -> str:
    return escape(one_line(text))
