"""The page that compares any two rows of a leaderboard. Its statistics are made here; its script looks them up."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from posebench.files.writing import write_text
from posebench.plain_text import one_line
from posebench.report.pages.frame import COMPARE, environment
from posebench.report.tables.board import SYNTHETIC_NOTE, Board
from posebench.report.tables.comparison_table import LEAST_P
from posebench.report.tables.contents import Contents
from posebench.report.tables.row_pairs import MOST, row_pairs
from posebench.report.tables.row_scores import UNSCORED, Score, keypoints, metrics, parts, spaced
from posebench.report.tables.rows import row_labels, row_names
from posebench.results.folder import ResultsFolder
from posebench.results.kept_comparison import KeptComparison
from posebench.scoring.comparison import SIGNIFICANT

SPARE = 2
"""Decimals beyond the shown ones, so that the last one of a difference is right."""


def write_compare_page(contents: Contents) -> list[Path]:
    """Write `compare.html`.

    Returns:
        the file's path; nothing where no leaderboard has two rows.
    """
    folder = contents.folder
    path = folder.compare_page
    boards = [board for board in contents.boards if len(board.rows) > 1]
    if not boards:
        path.unlink(missing_ok=True)
        return []
    data = {
        "boards": [as_json(board, contents.comparisons) for board in boards],
        "significant": SIGNIFICANT,
        "least": LEAST_P,
        "galleries": galleries(folder),
    }
    page = environment().get_template("compare.html.jinja")
    write_text(path, page.render(root="", compare=COMPARE, data=data, most=MOST, synthetic_note=SYNTHETIC_NOTE))
    return [path]


def galleries(folder: ResultsFolder) -> list[tuple[str, str, str]]:
    """(id, id, address) of the galleries that compare two records, each once."""
    found = {
        gallery.path: (one, gallery) for one, own in folder.galleries().items() for gallery in own if gallery.other
    }
    return [(one, gallery.other, folder.link(path)) for path, (one, gallery) in sorted(found.items())]


def as_json(board: Board, comparisons: Sequence[KeptComparison] = ()) -> dict[str, Any]:
    """What the script looks up of a leaderboard.

    `groups` are titles and names of scores; `scores` of a row has (value, low, high) for each name, null where unknown.
    `pairs[i][j - i - 1]` is the headline's difference of rows i < j: (low, high, p). `kept` has the paired differences that
    `posebench compare --save` kept: two rows, and an interval for each name of the first two groups.
    """
    metric = board.newest.per_joint_metric or board.rule.headline
    groups = {"metric": metrics, f"{metric} by keypoint": keypoints, f"{metric} on parts of the data": parts}
    scored = {title: [scores(row) for row in board.rows] for title, scores in groups.items()}
    names = {title: list(dict.fromkeys(name for one in found for name in one)) for title, found in scored.items()}
    told = row_labels(board.rows)
    digits = board.decimals + SPARE
    return {
        "slug": board.slug, "title": board.title, "headline": board.rule.headline, "decimals": board.decimals,
        "synthetic": board.synthetic,
        "groups": [[one_line(title), list(map(one_line, names[title]))] for title in groups],
        "rows": [
            {
                "ids": row.ids,
                "name": one_line(name),
                "label": one_line(told[row]),
                "scores": [_numbers(scored[title][place], names[title], digits) for title in groups],
            }
            for place, (row, name) in enumerate(zip(board.rows, row_names(board.rows), strict=True))
        ],
        "pairs": [
            [None if one is None else [round(one[0], digits), round(one[1], digits), round(one[2], 6)] for one in pairs]
            for pairs in row_pairs(board)
        ],
        "kept": _kept(board, comparisons, list(names.values()), digits),
    }  # fmt: skip


def _kept(
    board: Board, comparisons: Sequence[KeptComparison], names: Sequence[Sequence[str]], digits: int
) -> list[Any]:
    """[row, row, intervals of metrics, intervals of keypoints]; of rows of one record, because a comparison is of two records."""
    place = {row.id: place for place, row in enumerate(board.rows) if len(row.records) == 1}
    found = []
    for one in comparisons:
        if one.a in place and one.b in place:
            of_metrics, of_joints = one.intervals(one.a)
            known = of_metrics, {spaced(name): ends for name, ends in of_joints.items()}
            groups = [[own.get(name) for name in group] for own, group in zip(known, names, strict=False)]
            rounded = [
                [None if ends is None else [round(end, digits) for end in ends] for ends in group] for group in groups
            ]
            found.append([place[one.a], place[one.b], *rounded])
    return found


def _numbers(scores: Mapping[str, Score], names: Sequence[str], digits: int) -> list[list[float] | None]:
    found = []
    for value, interval in (scores.get(name, UNSCORED) for name in names):
        found.append(None if value is None else [round(number, digits) for number in (value, *(interval or ()))])
    return found
