"""Leaderboards as LaTeX tables, ready to be pasted into a paper. They need the package booktabs and nothing else."""

import re
from collections.abc import Iterator, Sequence

from posebench.plain_text import one_line
from posebench.report.tables.board import INTERVAL, Board
from posebench.report.tables.columns import UNKNOWN, Column
from posebench.report.tables.published_beside import beside, heading
from posebench.report.tables.published_scores import PublishedScores
from posebench.report.tables.rows import Row

DAGGER = r"$^{\dagger}$"
"""After the headline of a row that is not significantly worse than any other."""
COMMANDS = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "_": r"\_", "%": r"\%",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "`": r"\textasciigrave{}", '"': "''", "–": "--", "—": "---", "×": r"$\times$", "−": "$-$", "≤": r"$\leq$",
    "≥": r"$\geq$", "±": r"$\pm$", "σ": r"$\sigma$", "·": r"$\cdot$", "…": r"\dots{}", "\N{NO-BREAK SPACE}": "~",
    "\N{ZERO WIDTH SPACE}": "{}",
}  # fmt: skip
"""Characters that LaTeX would act on, join with the next one, or not know; `"` is a command of babel in German."""
IN_PAPER = ("input (h×w)", "params (M)", "MACs (G)", "seeds")
"""Columns about the network that a table in a paper has."""


def escape(text: str) -> str:
    """One line of text that LaTeX prints as it is: no command, comment or table cell can come of it."""
    line = one_line(text).replace("<=", "≤").replace(">=", "≥")
    apart = re.sub(r"-(?=-)", "-\N{ZERO WIDTH SPACE}", line)  # two hyphens would be a dash
    return "".join(COMMANDS.get(letter, letter) for letter in apart)


def tex(board: Board, literature: Sequence[PublishedScores] = ()) -> str:
    """A leaderboard as a `table` environment: the best of each metric in bold, the headline with its 95 % interval.

    What the table is about is its caption; the board's notes stand above it as comments. Published rows by the same rule stand
    below the measured ones, their sources below the table. Names in scripts for which pdfLaTeX has no letters need LuaLaTeX.
    """
    shown = _shown(board)
    columns = [_cells(board, column) for column in shown]
    published = beside(board, literature)
    form = "".join("l" if header in ("Rank", "Name") else "r" for header, _ in columns)
    lines = [
        f"% {one_line(board.title)}",
        r"% Written by posebench report. The preamble needs \usepackage{booktabs}.",
        *(f"% {note}" for note in board.notes),
        *([r"\providecommand{\href}[2]{#2}% hyperref makes links of the sources"] if published else []),
        r"\begin{table}", r"  \centering", r"  \small", rf"  \caption{{{_caption(board)}}}", rf"  \label{{tab:{board.slug}}}",
        rf"  \begin{{tabular}}{{{form}}}", r"    \toprule",
        _row([header for header, _ in columns]), r"    \midrule",
        *_rows(board, [cells for _, cells in columns]),
        *_published_rows([column.header for column in shown], heading(board, literature), published),
        r"    \bottomrule", r"  \end{tabular}", *_sources(published), r"\end{table}",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _rows(board: Board, columns: Sequence[Sequence[str]]) -> Iterator[str]:
    """The ranked rows, with space between groups of disjoint rank ranges; then the annotators' agreement."""
    count = len(board.rows)
    for begins, row in zip(board.begins, zip(*(cells[:count] for cells in columns), strict=True), strict=True):
        if begins:
            yield r"    \addlinespace"
        yield _row(row)
    if board.ceiling is not None:
        yield r"    \midrule"
        yield _row([cells[count] for cells in columns])


def _published_rows(headers: Sequence[str], title: str, published: Sequence[Column]) -> Iterator[str]:
    """The published rows below their title, in the columns of the table, each with the number of its source."""
    if not published:
        return
    yield r"    \midrule"
    yield rf"    \multicolumn{{{len(headers)}}}{{l}}{{\emph{{{escape(title)}}}}} \\"
    names, *others, sources = published
    by_header = {column.header: [escape(cell) for cell in column.cells] for column in others}
    numbers = [list(dict.fromkeys(sources.cells)).index(source) + 1 for source in sources.cells]
    by_header["name"] = [f"{escape(name)} [{number}]" for name, number in zip(names.cells, numbers, strict=True)]
    for place in range(len(numbers)):
        yield _row([by_header[header][place] if header in by_header else "" for header in headers])


def _sources(published: Sequence[Column]) -> Iterator[str]:
    """The sources of published rows, by number, as links where the document loads hyperref."""
    if published:
        links = dict(zip(published[-1].cells, published[-1].links, strict=True))
        told = (
            f"[{number}] {escape(source)}"
            if link is None
            else rf"[{number}] \href{{{_address(link)}}}{{{escape(source)}}}"
            for number, (source, link) in enumerate(links.items(), start=1)
        )
        yield rf"  \par\smallskip{{\footnotesize\raggedright {'; '.join(told)}\par}}"


def _address(link: str) -> str:
    """An address within `\\href`: two of its characters would end the line or the argument."""
    return link.replace("%", r"\%").replace("#", r"\#")


def _row(cells: Sequence[str]) -> str:
    return "    " + " & ".join(cells) + r" \\"


def _shown(board: Board) -> list[Column]:
    """The chosen columns, else those of a table in a paper, metrics last. The interval stands at the headline, as a subscript."""
    if board.chosen is None:
        return [*(one for one in board.columns if one.header in ("rank", "name", *IN_PAPER)), *board.metrics]
    at_headline = board.rule.headline in board.chosen
    return [one for one in board.columns if one.header != INTERVAL or not at_headline]


def _cells(board: Board, column: Column) -> tuple[str, list[str]]:
    """A column's header and cells, and the cell of the row below the ranked ones."""
    if column in board.metrics:
        return _metric(board, column)
    if column.header == "name":
        return _names(board, column)
    return "Rank" if column.header == "rank" else escape(column.header), _with_foot(column)


def _names(board: Board, column: Column) -> tuple[str, list[str]]:
    """Names; those that several rows have are told apart by their training."""
    training = next((one.cells for one in board.all_columns if one.header == "training"), [UNKNOWN] * len(board.rows))
    names = [
        f"{name} ({how})" if column.cells.count(name) > 1 and how != UNKNOWN else name
        for name, how in zip(column.cells, training, strict=True)
    ]
    return "Name", [escape(name) for name in (*names, column.foot_cell)]


def _metric(board: Board, column: Column) -> tuple[str, list[str]]:
    """A metric: the best in bold; for the headline intervals as subscripts, and a dagger where a row may be the best."""
    known = [value for value in column.values if value is not None]
    best = column.cells[column.values.index(max(known))] if len(known) > 1 else None
    cells = _with_foot(column)
    headline = column.header == board.rule.headline
    unresolved = _not_resolved(board) if headline else []
    for place, row in enumerate(board.rows):
        if column.cells[place] == best:  # as shown: equal numbers of which one is bold would be odd
            cells[place] = rf"\textbf{{{cells[place]}}}"
        if headline:
            cells[place] += DAGGER * (place in unresolved) + _subscript(row, board)
    return escape(column.header), cells


def _not_resolved(board: Board) -> list[int]:
    """Places of the rows that may be the best although another row has a larger headline."""
    best = max((row.headline for row in board.rows), default=0.0)
    return [
        place
        for place, (row, found) in enumerate(zip(board.rows, board.ranges, strict=True))
        if found is not None and found[0] == 1 and row.headline < best
    ]


def _has_subscripts(board: Board) -> bool:
    """Whether the headline is shown with its interval, where a row has one."""
    headline = board.rule.headline
    shown = board.chosen is None or {headline, INTERVAL} <= {*board.chosen}
    return shown and any(headline in row.intervals for row in board.rows)


def _subscript(row: Row, board: Board) -> str:
    bounds = row.intervals.get(board.rule.headline)
    if bounds is None or not _has_subscripts(board):
        return ""
    low, high = (f"{bound:.{board.decimals}f}" for bound in bounds)
    return rf"\,\textsubscript{{{low}--{high}}}"


def _with_foot(column: Column) -> list[str]:
    """The cells of a column, and that of the row below the ranked ones."""
    return [escape(cell) for cell in (*column.cells, column.foot_cell)]


def _caption(board: Board) -> str:
    """What the table is about, and what its marks mean."""
    facts = dict(board.facts)
    sentences = [
        f"{board.title}; {'; '.join(filter(None, (board.people, board.rows_shown)))}.",
        f"{facts['Convention'].removesuffix('.')}.",
        f"Ranked by {facts['Ranked by']}.",
    ]
    if _has_subscripts(board):
        sentences.append("Subscripts: 95 % intervals.")
    told = " ".join(escape(text) for text in sentences)
    if _not_resolved(board) and any(column.header == board.rule.headline for column in board.columns):
        told += rf" {DAGGER} Not significantly worse than any row, at a joint level of 95 \%."
    return told
