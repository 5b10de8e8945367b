"""Leaderboards on a terminal."""

from collections.abc import Iterable, Sequence
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from posebench.errors import counted
from posebench.plain_text import one_line
from posebench.report.board import INTERVAL, SYNTHETIC_NOTE, Board
from posebench.report.columns import Column

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


TRAINING = "training"
"""Header of the column that tells apart runs of one network."""
MOST_ROWS = 20
"""Rows of a table that a terminal shows; the files have all."""


def print_leaderboards(out: "Console", boards: Iterable[Board]) -> None:
    """One table per leaderboard, as wide as the console."""
    for table in terminal_tables(boards, out.width):
        out.print(table)


def terminal_tables(boards: Iterable[Board], width: int | None = None) -> "list[Table]":
    """The tables for rich's `Console.print`, with as many columns as fit.

    Args:
        width: of the terminal, in characters; None asks it. Columns that do not fit are left out and counted: a number that
            is cut in two would be another number.
    """
    columns = width or get_terminal_size().columns
    return [_terminal_table(board, columns) for board in boards]


def _terminal_table(board: Board, width: int) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text  # not rich's markup: names are other people's

    shown = _fitting(board, width)
    left_out = len(board.columns) - len(shown)
    caption = [SYNTHETIC_NOTE] * board.synthetic + [f"{term}: {sentence}" for term, sentence in board.facts[:3]]
    caption += [f"{counted(left_out, 'more column', 'more columns')} in leaderboard.md"] * bool(left_out)
    caption += [f"The first {MOST_ROWS} of {len(board.rows)} rows; leaderboard.md has all"] * (
        len(board.rows) > MOST_ROWS
    )
    table = Table(title=Text(board.title), caption=Text("\n".join(caption)), box=SIMPLE_HEAD)
    table.title_justify = table.caption_justify = "left"
    for column in shown:
        number = column.number
        style = "bold" if column.header == board.rule.headline else None
        table.add_column(Text(one_line(column.header)), style=style, no_wrap=number, overflow="fold")
        table.columns[-1].justify = "right" if number else "left"
    rows = list(zip(board.begins, *(_cells(board, column, shown) for column in shown), strict=True))
    for begins, *row in rows[:MOST_ROWS]:
        if begins:
            table.add_section()
        table.add_row(*map(Text, row))
    if board.ceiling is not None:
        table.add_section()
        table.add_row(*(Text(column.foot_cell) for column in shown), style="dim")
    return table


def _cells(board: Board, column: Column, shown: Sequence[Column]) -> list[str]:
    """The cells of a column; equal names are told apart by their training, where that column does not fit."""
    training = next((one for one in board.columns if one.header == TRAINING), None)
    if column.header != "name" or training is None or training in shown:
        return column.cells
    return [
        f"{name}\n({how})" if column.cells.count(name) > 1 else name
        for name, how in zip(column.cells, training.cells, strict=True)
    ]


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
