"""A choice of the rows and columns of leaderboards. What is left out is counted, and ranks are among the rows that stay."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from posebench.errors import MOST_LISTED, PosebenchError, listed, natural, unknown
from posebench.report.tables.board import INTERVAL, SPREAD, Board
from posebench.report.tables.rows import Row

NAME = "name"
"""Header of the column that every choice of columns has."""


def choose(boards: Sequence[Board], columns: str | Sequence[str] | None, only: Sequence[str] = ()) -> list[Board]:
    """The leaderboards with the chosen rows and columns; those that have none of them are left out.

    Args:
        columns: headers as printed, in the order to show them, as a list or with commas between them; None for all. Case, spaces
            and a unit in brackets do not matter. Rows keep their name, which is first unless the choice has it elsewhere, and an
            interval its score.
        only: patterns such as `hourglass*`, for the names or record ids of rows; a row stays if any pattern fits. () for all.

    Raises:
        PosebenchError: no leaderboard has such a column, or no row fits a pattern; the message lists what is there.
    """
    chosen = [board for board in (_with_rows(board, only) for board in boards) if board is not None]
    for pattern in only:
        if not any(_fits(row, pattern) for board in chosen for row in board.rows):
            raise _no_row(pattern, boards)
    if columns is None:
        return chosen
    names = _headers(columns, chosen)
    shown = names if NAME in names else (NAME, *names)
    return [
        replace(board, chosen=_with_headline(shown, board.rule.headline))
        for board in chosen
        if set(names) <= {NAME} or set(_known([board])) & set(names) - {NAME}
    ]


def _with_headline(shown: tuple[str, ...], headline: str) -> tuple[str, ...]:
    """The columns with the headline before its interval and spread: leaderboards of other protocols rank by other scores."""
    places = [place for place, header in enumerate(shown) if header in (INTERVAL, SPREAD)]
    if headline in shown or not places:
        return shown
    return (*shown[: places[0]], headline, *shown[places[0] :])


def _with_rows(board: Board, only: Sequence[str]) -> Board | None:
    rows = tuple(row for row in board.rows if not only or any(_fits(row, pattern) for pattern in only))
    return replace(board, rows=rows, left_out=len(board.rows) - len(rows)) if rows else None


def _fits(row: Row, pattern: str) -> bool:
    """Whether a row's name, or the id of one of its records, is the pattern or fits it; a row of several seeds stays whole."""
    names = [name.casefold() for name in (row.name, *(record.id for record in row.records))]
    folded = pattern.casefold()
    return folded in names or any(fnmatchcase(name, folded) for name in names)


def _no_row(pattern: str, boards: Iterable[Board]) -> PosebenchError:
    names = sorted({row.name for board in boards for row in board.rows}, key=natural)
    return PosebenchError(
        f"No row has a name or record id that fits {pattern!r}. Patterns are for the whole name: 'hourglass*' fits all names that "
        f"begin so. Rows: {listed(names, MOST_LISTED)}."
    )


def _known(boards: Iterable[Board]) -> dict[str, None]:
    return dict.fromkeys(column.header for board in boards for column in board.all_columns)


def _headers(columns: str | Sequence[str], boards: Sequence[Board]) -> tuple[str, ...]:
    """The headers that are meant. Some have commas (`AUC[0,0.2]`), so the longest run of parts that is a header is taken."""
    headers = _known(boards)
    meant = {_folded(header.split(" (")[0]): header for header in headers} | {
        _folded(header): header for header in headers
    }
    parts = (columns if isinstance(columns, str) else ",".join(columns)).split(",")
    found: dict[str, None] = {}
    while parts:
        taken = next((n for n in range(len(parts), 0, -1) if _folded(",".join(parts[:n])) in meant), None)
        if taken is None:
            raise unknown("column", parts[0].strip(), headers, label="Columns")
        found[meant[_folded(",".join(parts[:taken]))]] = None
        del parts[:taken]
    return tuple(found)


def _folded(header: str) -> str:
    return "".join(header.casefold().replace("×", "x").split())
