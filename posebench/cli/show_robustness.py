"""Robustness on a terminal."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from posebench.errors import counted
from posebench.plain_text import one_line
from posebench.report.tables.robustness_tables import RobustnessTable, tables
from posebench.results.kept_robustness import KeptRobustness


def print_robustness(out: Console, kept: KeptRobustness, quiet: bool = False) -> None:
    """Every table of a network.

    Args:
        quiet: the tables alone, without the data and the notes.
    """
    rule, data = kept.rule, kept.data
    if not quiet:
        out.print(
            f"[bold]{_text(kept.name)}[/bold] on {_text(kept.who)}, {data.people:,} of whom are scored, in "
            f"{counted(data.images, 'image', 'images')}; {_text(rule.protocol)} {_text(rule.short_scope)}: {_text(rule.sentence)}",
            highlight=False,
        )
    for table in tables(kept):
        out.print(f"\n[bold]{_text(table.title)}[/bold]", highlight=False)
        out.print(_made(table))
        if table.below and not quiet:
            out.print(_text(table.below), style="dim", highlight=False)
    for note in () if quiet else kept.notes:
        out.print(f"[yellow]Note:[/yellow] {_text(note)}", highlight=False)


def _made(table: RobustnessTable) -> Table:
    made = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for place, header in enumerate(table.headers):
        made.add_column(_text(header), justify="right" if place else "left", overflow="fold", no_wrap=place > 0)
    for place, cells in enumerate(table.rows):
        if place == table.apart:
            made.add_section()
        made.add_row(*map(_text, cells))
    return made


def _text(text: str) -> str:
    return escape(one_line(text))
