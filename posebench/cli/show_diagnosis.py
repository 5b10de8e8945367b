"""A diagnosis on a terminal: for each question a sentence with the finding, then a short table."""

import math

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from posebench.cli.show_scores import _label
from posebench.diagnosis.estimate import Estimate
from posebench.errors import counted
from posebench.report.tables.diagnosis_tables import PAIRED, DiagnosisTable, bounds, number, tables
from posebench.scoring.scores import shown_decimals
from posebench.tasks.diagnose import Diagnosis


def print_diagnosis(out: Console, diagnosis: Diagnosis, quiet: bool = False) -> None:
    """Every question of a diagnosis.

    Args:
        quiet: findings and tables alone, without the data, the limits and the notes.
    """
    record = diagnosis.evaluation.record
    said = Console(file=out.file, quiet=True) if quiet else out
    rule, data = record.rule, record.data
    decimals = shown_decimals(rule.unit)
    value = record.metrics[rule.headline]
    now = Estimate(math.nan if value is None else value, record.intervals.get(rule.headline))
    said.print(
        f"[bold]{_label(record.name)}[/bold] on {_label(data.what)}: {data.people:,} people in "
        f"{counted(data.images, 'image', 'images')}; {_label(rule.protocol)} {_label(rule.short_scope)}: "
        f"{_label(rule.headline)} {number(now.value, decimals)} {bounds(now, decimals)}".rstrip(),
        highlight=False,
    )
    for table in tables(diagnosis.kept(record.id), rule.headline, decimals):
        print_table(out, said, table)
    if record.sampling.units > 1:
        said.print(PAIRED, style="dim", highlight=False)
    for note in diagnosis.notes:
        said.print(f"[yellow]Note:[/yellow] {escape(note)}", highlight=False)


def print_table(out: Console, said: Console, table: DiagnosisTable) -> None:
    """One question.

    Args:
        said: where sentences beside the finding go.
    """
    out.print(f"\n{_label(table.finding)}", style="bold yellow" if table.warning else "bold", highlight=False)
    if table.above:
        said.print(_label(table.above), highlight=False)
    if table.headers:
        out.print(_made(table))
    if table.below:
        said.print(_label(table.below), style="dim", highlight=False)


def _made(table: DiagnosisTable) -> Table:
    """The first column may fold; the others are numbers."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for place, header in enumerate(table.headers):
        made.add_column(_header(header), justify="right" if place else "left", overflow="fold", no_wrap=place > 0)
    for place, cells in enumerate(table.rows):
        if place in table.begins:
            made.add_section()
        made.add_row(*map(_label, cells), style="bold" if place == table.strong else None)
    return made


def _header(text: str) -> str:
    return "\n".join(map(_label, text.split("\n")))
