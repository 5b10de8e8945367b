"""Leaderboards: Markdown for readers, CSV at full precision for machines, LaTeX for papers."""

import re
from collections.abc import Sequence
from pathlib import Path

from posebench.files.writing import write_text
from posebench.plain_text import one_line
from posebench.report.tables.board import SYNTHETIC_NOTE, Board
from posebench.report.tables.columns import Column
from posebench.report.tables.full_table import full_table
from posebench.report.tables.latex import tex
from posebench.report.tables.published_beside import APART, apart, beside, heading
from posebench.report.tables.published_scores import PublishedScores
from posebench.results.folder import ResultsFolder

PREAMBLE = (
    "Rows share a table only where protocol, version, convention, dataset, split, box source and ground truth file agree. "
    "Numbers of different tables are not comparable."
)


def write_leaderboards(
    tables: Sequence[Board], folder: ResultsFolder, literature: Sequence[PublishedScores] = ()
) -> list[Path]:
    """Write `leaderboard.md` with all tables, and for each `leaderboards/<slug>.csv`, at full precision, and `<slug>.tex`.

    Returns:
        the files' paths.
    """
    texts = {folder.leaderboard: markdown(tables, literature)}
    texts |= {folder.leaderboard_csv(board.slug): csv(board) for board in tables}
    texts |= {folder.leaderboard_tex(board.slug): tex(board, literature) for board in tables}
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)


def markdown(tables: Sequence[Board], literature: Sequence[PublishedScores] = ()) -> str:
    """All tables as one page of GitHub's Markdown, with the published rows that may stand beside each."""
    blocks = ["# Leaderboard", PREAMBLE, *(block for board in tables for block in _blocks(board, literature))]
    return "\n\n".join(blocks) + "\n"


def csv(board: Board) -> str:
    """One table as CSV. A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    frame = full_table(board).astype(object).map(_inert)
    frame = frame.set_axis([_inert(header) for header in frame.columns], axis="columns")
    return frame.to_csv(index=False, lineterminator="\n")


def escape(text: str) -> str:
    """One line of text that Markdown shows as it is: no link, emphasis, table cell or HTML can come of it."""
    text = re.sub(r"([\\`*_{}\[\]|#!~$])", r"\\\1", one_line(text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # GitHub makes a link of whatever looks like an address; an empty comment is all that keeps it from that.
    return re.sub(r"(?<=\w):(?=//)|(?<=www)\.", r"<!-- -->\g<0>", text, flags=re.IGNORECASE)


def markdown_table(columns: Sequence[Column], foot: bool = False) -> str:
    """A table in GitHub's Markdown. Every text is escaped.

    Args:
        foot: with the row below the ranked ones.
    """
    cells = [[column.header, *column.cells, *[column.foot_cell] * foot] for column in columns]
    texts = [[escape(cell) for cell in column] for column in cells]
    for place, column in enumerate(columns):
        for row, link in enumerate(column.links, start=1):
            texts[place][row] = texts[place][row] if link is None else f"[{texts[place][row]}]({link})"
    rule = ["---:" if column.number else ":---" for column in columns]
    lines = ["| " + " | ".join(row) + " |" for row in zip(*texts, strict=True)]
    lines.insert(1, "| " + " | ".join(rule) + " |")
    return "\n".join(lines)


def _blocks(board: Board, literature: Sequence[PublishedScores]) -> list[str]:
    """A table's Markdown: heading, warning, what it is about, rows, notes, the literature's rows."""
    published, others = beside(board, literature), apart(board, literature)
    return [
        f"## {escape(board.title)}",
        *([f"> **{SYNTHETIC_NOTE}**"] if board.synthetic else []),
        "\n".join(f"- **{term}:** {escape(sentence)}" for term, sentence in board.facts),
        markdown_table(board.columns, foot=board.ceiling is not None),
        *(f"<sub>{escape(note)}</sub>" for note in board.notes),
        *([f"**{heading(board, literature)}:**", markdown_table(published)] if published else []),
        *([f"<details><summary>{APART}</summary>", markdown_table(others), "</details>"] if others else []),
    ]


def _inert(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = one_line(value)
    return f"'{text}" if text[:1] in tuple("=+-@") else text
