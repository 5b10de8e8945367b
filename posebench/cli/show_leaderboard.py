"""Leaderboards on a terminal."""

from collections import Counter
from collections.abc import Iterable, Sequence
from shutil import get_terminal_size
from typing import TYPE_CHECKING

from posebench.errors import counted, listed
from posebench.plain_text import one_line
from posebench.report.tables.board import INTERVAL, SYNTHETIC_NOTE, Board
from posebench.report.tables.columns import UNKNOWN, Column

if TYPE_CHECKING:
    from rich.console import Console, Group


TRAINING = "training"
"""Header of the column that tells apart runs of one network."""
FOLDED, FOLDED_BETWEEN_WORDS = 40, 25
"""Per cent of the width that a column of text may take before it folds; a name folds earlier, but between words only."""
MOST_ROWS = 20
"""Rows of a table that a terminal shows; the files have all."""


def print_leaderboards(out: "Console", boards: Iterable[Board], written: bool = True) -> None:
    """One table per leaderboard, as wide as the console, with a free line between two.

    Args:
        written: whether `leaderboard.md` has these tables, so that it is named where something does not fit.
    """
    for place, table in enumerate(terminal_tables(boards, out.width, written)):
        if place:
            out.print()
        out.print(table)


def terminal_tables(boards: Iterable[Board], width: int | None = None, written: bool = True) -> "list[Group]":
    """The tables for rich's `Console.print`: each a title, the table with as many columns as fit, and the lines below it.

    Args:
        width: of the terminal, in characters; None asks it. Columns that do not fit are left out and counted: a number that
            is cut in two would be another number.
        written: as of `print_leaderboards`.
    """
    columns = width or get_terminal_size().columns
    return [_terminal_table(board, columns, written) for board in boards]


def _terminal_table(board: Board, width: int, written: bool) -> "Group":
    from rich.box import SIMPLE_HEAD
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text  # not rich's markup: names are other people's

    shown = _fitting(board, width)
    names, recipes = _numbered_names(board, shown)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in shown:
        number = column.number
        style = "bold" if column.header == board.rule.headline else None
        table.add_column(Text(one_line(column.header)), style=style, no_wrap=number, overflow="fold")
        table.columns[-1].justify = "right" if number else "left"
    cells = [names if column.header == "name" else column.cells[:MOST_ROWS] for column in shown]
    for begins, *row in zip(board.begins[:MOST_ROWS], *cells, strict=True):
        if begins:
            table.add_section()
        table.add_row(*map(Text, row))
    if board.ceiling is not None:
        table.add_section()
        table.add_row(*(Text(column.foot_cell) for column in shown), style="dim")
    caption = [*recipes, *_caption(board, shown, written)]
    # Not the table's own title and caption: those are folded to the table's width.
    return Group(Text(board.title, style="bold"), table, Text("\n".join(caption), style="dim italic"))


def _caption(board: Board, shown: Sequence[Column], written: bool) -> list[str]:
    """Lines below a table: what it is about, and what is not shown."""
    lines = [SYNTHETIC_NOTE] * board.synthetic + [f"{term}: {sentence}" for term, sentence in board.facts[:3]]
    lines += board.choice_notes
    if left_out := [column.header for column in board.columns if column not in shown]:
        where = "leaderboard.md" if written else "a wider terminal"
        lines.append(f"{counted(len(left_out), 'more column', 'more columns')} in {where}: {listed(left_out)}")
    if len(board.rows) > MOST_ROWS:
        lines.append(f"The first {MOST_ROWS} of {len(board.rows)} rows" + "; leaderboard.md has all" * written)
    return lines


def _numbered_names(board: Board, shown: Sequence[Column]) -> tuple[list[str], list[str]]:
    """The names of the rows, and lines that say what their numbers mean.

    Runs of one name differ in their training. Where that column is not shown, they are numbered by it.
    """
    names = board.names.cells[:MOST_ROWS]
    training = next((one for one in board.all_columns if one.header == TRAINING), None)
    if training is None or training in shown:
        return names, []
    several = {name for name, count in Counter(names).items() if count > 1}
    rows = list(zip(names, training.cells, strict=False))
    told = dict.fromkeys(how for name, how in rows if name in several and how != UNKNOWN)
    numbers = {how: f"[{number}]" for number, how in enumerate(told, start=1)}
    cells = [f"{name} {numbers[how]}" if name in several and how in numbers else name for name, how in rows]
    return cells, [f"{number} {how}" for how, number in numbers.items()]


def _fitting(board: Board, width: int) -> list[Column]:
    """The columns that fit, in their order: ranks, names and headline first, then metrics, then the rest.

    Names fold between words where a metric needs the room, and for nothing else.
    """
    needed = ("rank", "name", board.rule.headline, INTERVAL)
    metrics = {column.header for column in board.metrics}
    unfolded = _least_width(board.names, width)
    folded = min(unfolded, max(_longest_word(board.names), width * FOLDED_BETWEEN_WORDS // 100))
    shown, room = [], width + unfolded - folded
    for column in sorted(board.columns, key=lambda c: (c.header not in needed, c.header not in metrics)):
        takes = _least_width(column, width) + 2  # spaces beside it
        if column.header in needed or takes <= room - (0 if column.header in metrics else unfolded - folded):
            shown.append(column)
            room -= takes
    return [column for column in board.columns if column in shown]


def _least_width(column: Column, width: int) -> int:
    """Characters that a column needs on a terminal. Text may fold over lines; a number may not."""
    widest = max(map(len, _texts(column)))
    return widest if column.number else min(widest, width * FOLDED // 100)


def _longest_word(column: Column) -> int:
    return max(len(word) for text in _texts(column) for word in text.split() or [""])


def _texts(column: Column) -> list[str]:
    return [one_line(column.header), *column.cells, column.foot_cell]
