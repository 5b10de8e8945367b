"""Published beside measured: which published rows stand beside a leaderboard, which do not, and why."""

import re
from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import quote

from posebench.data.box_source import DetectedBoxes
from posebench.report.tables.board import Board
from posebench.report.tables.columns import Column
from posebench.report.tables.published_scores import PublishedScores

HEADING = "Published by the same convention, as printed; not scored here"
APART = "Published for this dataset, but not comparable with this leaderboard"
SHOWN = 12
"""Published rows beside one leaderboard; the file has all."""
NAMED = 4
"""Networks that a line of rows which are not comparable names."""

IN_REPOSITORY = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{6,40}):(?P<path>[\w./+-]+)")
"""A file of a repository on GitHub, such as `owner/name@6f69e46:README.md`."""
ON_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5}(?:v\d+)?)")
ADDRESS = re.compile(r"https?://[\w./?=&%#~+:@,-]+")


def beside(board: Board, rows: Sequence[PublishedScores]) -> list[Column]:
    """The published rows that may stand beside a leaderboard, best first, as columns; none where there is no such row.

    Protocol, split, convention and box source agree. Boxes below a detector's threshold change AP, but not by much: the source
    of boxes is compared, not the threshold.
    """
    found = _comparable(board, rows)[:SHOWN]
    if not found:
        return []
    shown = {column.header for column in board.columns}
    metrics = [
        Column(name, tuple(row.metrics.get(name) for row in found), 3 if board.rule.unit != "%" else 1)
        for name in dict.fromkeys(column.header for column in board.metrics if column.header in shown)
    ]
    return [
        Column("published as", tuple(row.name for row in found)),
        Column("input (h×w)", tuple(row.input_size.replace("x", "×") for row in found)),
        *(column for column in metrics if column.known),
        _sources([row.source for row in found]),
    ]


def heading(board: Board, rows: Sequence[PublishedScores]) -> str:
    """What stands above the columns of `beside`: by which rule they are, and how many rows there are if not all are shown."""
    count = len(_comparable(board, rows))
    return HEADING + (f"; the best {SHOWN} of {count} rows" if count > SHOWN else "")


def apart(board: Board, rows: Sequence[PublishedScores]) -> list[Column]:
    """The published rows of a leaderboard's dataset that do not stand beside it, by reason and source; none without such rows."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in _of_dataset(board, rows):
        if why := _difference(board, row):
            found[why, row.source].append(row.name)
    if not found:
        return []
    return [
        Column("published as", tuple(_named(names) for names in found.values())),
        Column("differs in", tuple(why for why, _ in found)),
        _sources([source for _, source in found]),
    ]


def link(source: str) -> str | None:
    """The address of a source: a file on GitHub, a paper on arXiv, or the address that it states itself; None for others.

    >>> link("bearpaw/pytorch-pose@edc7aec:README.md")
    'https://github.com/bearpaw/pytorch-pose/blob/edc7aec/README.md'
    """
    if found := IN_REPOSITORY.fullmatch(source.strip()):
        return f"https://github.com/{found['repository']}/blob/{found['commit']}/{quote(found['path'])}"
    if found := ON_ARXIV.search(source):
        return f"https://arxiv.org/abs/{found[1]}"
    found = ADDRESS.search(source)
    return found[0] if found else None


def _of_dataset(board: Board, rows: Sequence[PublishedScores]) -> list[PublishedScores]:
    if board.synthetic or board.data.corruption or board.data.part or board.data.dataset != board.rule.protocol:
        return []
    return [row for row in rows if row.protocol == board.rule.protocol]


def _comparable(board: Board, rows: Sequence[PublishedScores]) -> list[PublishedScores]:
    """The rows that may stand beside a leaderboard, best first."""
    found = [row for row in _of_dataset(board, rows) if _difference(board, row) is None]
    return sorted(found, key=lambda row: -row.metrics.get(board.rule.headline, 0))


def _difference(board: Board, row: PublishedScores) -> str | None:
    """In a few words why a row is not comparable; None where protocol, split, convention and box source agree."""
    detected = DetectedBoxes.parse(board.data.box_source)
    boxes = board.data.box_source if detected is None else detected.file
    if row.split != board.data.split:
        return f"split: {row.split}"
    if not row.convention:
        return f"convention: {row.words}"
    if row.convention != board.rule.scope:
        return f"convention: {row.convention}"
    return f"boxes: {row.box_source}" if row.box_source != boxes else None


def _named(names: Sequence[str]) -> str:
    """Such as `hrnet_w32; hrnet_w48`; the first of many, and `and 7 more`."""
    different = list(dict.fromkeys(names))
    more = len(different) - NAMED
    return "; ".join(different[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _sources(sources: Sequence[str]) -> Column:
    """The sources, without an address that a source states beside a text: that is its link."""
    texts = (ADDRESS.sub("", source).rstrip(" ,;(") or source for source in sources)
    return Column("source", tuple(texts), links=tuple(map(link, sources)))
