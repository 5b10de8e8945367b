"""Plot of scores on parts of the data, such as occluded keypoints: a dot with its interval for each row."""

from matplotlib.figure import Figure

from posebench.errors import counted
from posebench.report.plots.plot_page import SHOWN
from posebench.report.plots.plot_strip import Mark, Place, strip
from posebench.report.plots.plot_style import plain
from posebench.report.tables.board import Board
from posebench.report.tables.rows import Row
from posebench.scoring.scores import Slice


def parts(board: Board) -> Figure | None:
    """Dots with intervals by part, one colour per row; parts by one criterion stand beside each other.

    Returns:
        the figure, or None where no record has parts.
    """
    rows = board.rows[:SHOWN]
    found = list(dict.fromkeys((part.by, part.name) for row in rows for part in row.slices))
    by_criterion = sorted(found, key=lambda part: [by for by, _ in found].index(part[0]))
    if not found:
        return None
    places = [
        Place(
            _label(by, name, max(part.people for row in rows for part in _of(row, by, name))),
            tuple(Mark(n, part.value, part.interval) for n, row in enumerate(rows) for part in _of(row, by, name)),
            begins=place > 0 and by != by_criterion[place - 1][0],
        )
        for place, (by, name) in enumerate(by_criterion)
    ]
    what = f"{board.newest.per_joint_metric or board.rule.headline} on parts of the data"
    return strip(board, (what, f"pooled over the keypoints of {board.rule.headline}"), rows, places)


def _of(row: Row, by: str, name: str) -> list[Slice]:
    return [part for part in row.slices if (part.by, part.name) == (by, name)]


def _label(by: str, name: str, people: int) -> str:
    return "\n".join(
        filter(None, (f"{plain(by, 18)}:" * bool(by), plain(name, 18), counted(people, "person", "people")))
    )
