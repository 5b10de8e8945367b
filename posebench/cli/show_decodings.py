"""Decodings of kept heatmaps on a terminal."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from posebench.report.tables.decoding_table import DECODER, about, cells, headers, sentence
from posebench.tasks.prediction.decode import Decodings

WIDE = 92
"""Columns of a terminal in which the widest numbers fit with two spaces between them; with one they fit into 80."""


def print_decodings(out: Console, decodings: Decodings, quiet: bool = False) -> None:
    """The result in a sentence, then a row for each decoding; resolved differences and the network's own row are bold.

    Args:
        quiet: only the sentence and the table.
    """
    record, rows = decodings.record, decodings.rows
    first, rule, *others = map(escape, about(record))
    said = Console(file=out.file, quiet=True) if quiet else out
    out.print(escape(sentence(record, rows)), style="bold", highlight=False)
    said.print(f"{first}\n{rule}", highlight=False)
    padding = (0, 1, 0, 0) if out.width >= WIDE else 0
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=padding)
    for place, header in enumerate(headers(record)):
        table.add_column(escape(header), justify="left" if place == DECODER else "right", no_wrap=True)
    last = rows[0].decoding
    for row in rows:
        if (row.decoding.stack, row.decoding.mirror) != (last.stack, last.mirror):
            table.add_section()
        last = row.decoding
        shown = cells(row, record)
        bold = row.difference is None or row.difference.resolved
        table.add_row(*map(escape, shown), style="bold" if bold else None)
    out.print(table)
    for line in others:
        said.print(line, style="dim", highlight=False)
