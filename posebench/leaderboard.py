"""Leaderboards: Markdown for readers, CSV at full precision for machines, and tables for the terminal."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from posebench.boards import EMBEDDED, INTERVAL, Board, boards
from posebench.columns import Column, one_line
from posebench.errors import counted
from posebench.literature import HEADING, Published, beside, published
from posebench.predictions import write_text
from posebench.results import Record

if TYPE_CHECKING:
    from rich.table import Table

PREAMBLE = (
    "Rows share a table only where protocol, version, convention, dataset, split, box source and ground truth file agree. "
    "Numbers of different tables are not comparable."
)


def write_leaderboards(tables: Sequence[Board], results: Path) -> list[Path]:
    """Write `leaderboard.md` with all tables, and `leaderboards/<slug>.csv` for each, at full precision.

    Returns:
        the files' paths.
    """
    texts = {results / "leaderboard.md": markdown(tables, published(results))}
    texts |= {results / "leaderboards" / f"{board.slug}.csv": csv(board) for board in tables}
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)


def markdown(tables: Sequence[Board], literature: Sequence[Published] = ()) -> str:
    """All tables as one page of GitHub's Markdown, with the published rows that may stand beside each."""
    blocks = ["# Leaderboard", PREAMBLE, *(block for board in tables for block in _blocks(board, literature))]
    return "\n\n".join(blocks) + "\n"


def csv(board: Board) -> str:
    """One table as CSV. A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    frame = board.frame.astype(object).map(_inert)
    frame = frame.set_axis([_inert(header) for header in frame.columns], axis="columns")
    return frame.to_csv(index=False, lineterminator="\n")


def terminal_tables(records: Iterable[Record], width: int | None = None) -> "list[Table]":
    """The tables for rich's `Console.print`, with as many columns as fit.

    Args:
        records: in any order; one table per group.
        width: of the terminal, in characters; None asks it. Columns that do not fit are left out and counted: a number that
            is cut in two would be another number.
    """
    columns = width or get_terminal_size().columns
    return [_terminal_table(board, columns) for board in boards(records)]


def escape(text: str) -> str:
    """One line of text that Markdown shows as it is: no link, emphasis, table cell or HTML can come of it."""
    text = re.sub(r"([\\`*_{}\[\]|#!~$])", r"\\\1", one_line(text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # GitHub makes a link of whatever looks like an address; an empty comment is all that keeps it from that.
    return re.sub(r"(?<=\w):(?=//)|(?<=www)\.", r"<!-- -->\g<0>", text, flags=re.IGNORECASE)


def _blocks(board: Board, literature: Sequence[Published]) -> list[str]:
    """A table's Markdown: heading, warning, what it is about, rows, notes, the literature's rows."""
    columns = beside(board, literature)
    return [
        f"## {escape(board.title)}",
        *([f"> **{EMBEDDED}**"] if board.embedded else []),
        "\n".join(f"- **{term}:** {escape(sentence)}" for term, sentence in board.facts),
        _table(board.columns, foot=board.ceiling is not None),
        *(f"<sub>{escape(note)}</sub>" for note in board.notes),
        *([f"**{HEADING}:**", _table(columns)] if columns else []),
    ]


def _table(columns: Sequence[Column], foot: bool = False) -> str:
    cells = [[column.header, *column.cells, *[column.foot_cell] * foot] for column in columns]
    texts = [[escape(cell) for cell in column] for column in cells]
    rule = ["---:" if column.number else ":---" for column in columns]
    lines = ["| " + " | ".join(row) + " |" for row in zip(*texts, strict=True)]
    lines.insert(1, "| " + " | ".join(rule) + " |")
    return "\n".join(lines)


def _terminal_table(board: Board, width: int) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text  # not rich's markup: names are other people's

    shown = _fitting(board, width)
    left_out = len(board.columns) - len(shown)
    caption = [EMBEDDED] * board.embedded + [f"{term}: {sentence}" for term, sentence in board.facts[:3]]
    caption += [f"{counted(left_out, 'more column', 'more columns')} in leaderboard.md"] * bool(left_out)
    table = Table(title=Text(board.title), caption=Text("\n".join(caption)), box=SIMPLE_HEAD)
    table.title_justify = table.caption_justify = "left"
    for column in shown:
        number = column.number
        style = "bold" if column.header == board.rule.headline else None
        table.add_column(Text(one_line(column.header)), style=style, no_wrap=number, overflow="fold")
        table.columns[-1].justify = "right" if number else "left"
    for begins, *row in zip(board.begins, *(column.cells for column in shown), strict=True):
        if begins:
            table.add_section()
        table.add_row(*map(Text, row))
    if board.ceiling is not None:
        table.add_section()
        table.add_row(*(Text(column.foot_cell) for column in shown), style="dim")
    return table


def _fitting(board: Board, width: int) -> list[Column]:
    """The columns that fit, in their order: ranks, names and headline first, then metrics, then the rest."""
    needed = ("rank", "name", board.rule.headline, INTERVAL)
    metrics = {column.header for column in board.metrics}
    shown, room = [], width - 1  # rich takes three characters for every column, and one more
    for column in sorted(board.columns, key=lambda c: (c.header not in needed, c.header not in metrics)):
        widest = max(map(len, [one_line(column.header), *column.cells, column.foot_cell]))
        # Text may fold over lines; a number may not.
        room -= 3 + (min(widest, 24) if not column.number else widest)
        if room >= 0 or column.header in needed:
            shown.append(column)
    return [column for column in board.columns if column in shown]


def _inert(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text[:1] in tuple("=+-@") else text
