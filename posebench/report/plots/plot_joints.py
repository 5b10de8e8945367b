"""Plot of scores by keypoint: a dot with its interval for each row, left and right beside each other."""

from collections.abc import Mapping

from matplotlib.figure import Figure

from posebench.report.plots.plot_page import SHOWN
from posebench.report.plots.plot_strip import Mark, Place, strip
from posebench.report.plots.plot_style import plain
from posebench.report.tables.board import Board

# Keypoints are drawn in the order in which one looks at a person, whatever their order in the file.
HEAD_TO_FOOT = (
    "head", "nose", "eye", "ear", "neck", "shoulder", "elbow", "wrist", "thorax", "torso", "pelvis", "hip",
    "knee", "ankle",
)  # fmt: skip
SIDES = "◂ left and ▸ right side of the person"


def joints(board: Board) -> Figure | None:
    """Dots with intervals by keypoint, one colour per row; left and right of a pair stand beside each other.

    Returns:
        the figure, or None where no record is scored by keypoint.
    """
    rows = board.rows[:SHOWN]
    scored = {name for row in rows for name, value in row.per_joint.items() if value is not None}
    pairs = paired(*(row.per_joint for row in rows))
    names = head_to_foot({name: sides for name, sides in pairs.items() if scored & set(sides.values())})
    if not names:
        return None
    ceilings = {} if board.ceiling is None else {_plain(key): value for key, value in board.ceiling.metrics.items()}
    places = [
        Place(
            joint_label(name),
            tuple(
                Mark(number, row.per_joint[joint], row.per_joint_intervals.get(joint), side)
                for number, row in enumerate(rows)
                for side, joint in pairs[name].items()
                if joint in row.per_joint
            ),
            ceilings.get(_plain(name)),
        )
        for name in names
    ]
    sides = SIDES * any(len(pairs[name]) == 2 for name in names)
    return strip(board, (f"{board.newest.per_joint_metric or 'Score'} by keypoint", sides), rows, places)


def paired(*columns: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Left and right under one name: `wrist` → {left: left_wrist, right: right_wrist}. Others: `nose` → {"": nose}."""
    names = list(dict.fromkeys(name for column in columns for name in column))
    pairs: dict[str, dict[str, str]] = {}
    for name in names:
        side, _, rest = name.partition("_")
        other = {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side)
        if other in names:
            pairs.setdefault(rest, {})[side] = name
        else:
            pairs[name] = {"": name}
    return pairs


def head_to_foot(names: Mapping[str, object]) -> list[str]:
    """The head's first; those that no list could know come last, in their order."""
    place = {part: index for index, part in enumerate(HEAD_TO_FOOT)}
    return sorted(names, key=lambda name: min((place[p] for p in HEAD_TO_FOOT if p in name), default=len(place)))


def joint_label(name: str) -> str:
    """A keypoint's name below a picture, a word in each line."""
    return plain(name, 24).replace("_", "\n")


def _plain(name: str) -> str:
    return name.replace("_", " ").casefold()
