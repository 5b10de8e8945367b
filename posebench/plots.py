"""Plots of leaderboards: bars per keypoint, and curves over thresholds.

Drawn through figures of their own: no pyplot, no global state, and the same bytes from the same records.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.lines import Line2D

from posebench.boards import EMBEDDED, UNKNOWN, Board, headline, one_line
from posebench.predictions import write_atomically

Pair = tuple[float | None, float | None]

SHOWN = 8
"""Records in one plot: more colours than these cannot be told apart."""

# Okabe and Ito, "Color universal design" (2008), without the yellow that white paper swallows.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#333333", "#AAAAAA")
INK, QUIET, GRID, WARNING = "#222222", "#666666", "#e4e4e4", "#B03A00"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans", "font.size": 9, "text.usetex": False, "text.color": INK,
    "axes.edgecolor": "#bbbbbb", "axes.labelcolor": QUIET, "axes.grid": False, "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False, "axes.spines.left": False, "grid.color": GRID,
    "grid.linewidth": 0.8, "xtick.color": QUIET, "ytick.color": QUIET, "xtick.major.size": 0,
    "ytick.major.size": 0, "legend.frameon": False, "legend.fontsize": 8.5, "figure.facecolor": "white",
    "axes.facecolor": "white", "savefig.facecolor": "white", "path.simplify": True, "xtick.major.pad": 6,
}  # fmt: skip

# Keypoints are drawn in the order in which one looks at a person, whatever their order in the file.
HEAD_TO_FOOT = (
    "head", "nose", "eye", "ear", "neck", "shoulder", "elbow", "wrist", "thorax", "torso", "pelvis", "hip",
    "knee", "ankle",
)  # fmt: skip
WIDEST = 8.0
"""Inches that keypoints may take side by side; a skeleton with more continues below."""
GAP = 0.85
"""Inches between two rows of panels, for the labels of both."""


def write_plots(board: Board, results: Path) -> list[Path]:
    """Write `plots/<slug>-joints.png` and `plots/<slug>-curves.png`, where the records have the numbers.

    Returns:
        the files' paths.
    """
    paths = []
    for name, draw in (("joints", joints), ("curves", curves)):
        with style():
            figure = draw(board)
            if figure is not None:
                paths.append(results / "plots" / f"{board.slug}-{name}.png")
                save_png(figure, paths[-1])
    return paths


def joints(board: Board) -> Figure | None:
    """Bars per keypoint, one colour per record; left and right share one, a line from one to the other.

    Returns:
        the figure, or None where no record is scored by keypoint.
    """
    records = board.records[:SHOWN]
    names = _head_to_foot(name for record in records for name in paired(record.per_joint))
    if not names:
        return None
    each = max(0.8, 0.15 * len(records) + 0.2)
    down = math.ceil(len(names) * each / WIDEST)
    across = math.ceil(len(names) / down)
    what = f"{board.newest.per_joint_metric or 'Score'} by keypoint"
    figure, axes = _page(board, what, (max(7.5, 0.7 + across * each), 2.4), (down, 1))
    for row, axis in enumerate(axes):
        here = names[row * across : (row + 1) * across]
        for place, record in enumerate(records):
            _bars(axis, paired(record.per_joint), here, place, len(records), board)
        axis.set_xticks(range(len(here)), [plain(name, 24).replace("_", "\n") for name in here], color=INK)
        axis.set_xlim(-0.55, across - 0.45)
        _scale(axis, board)
    return figure


def curves(board: Board) -> Figure | None:
    """Scores over thresholds: one panel per curve, the headline's first, and one line per record.

    Returns:
        the figure, or None where no record has a curve.
    """
    records = board.records[:SHOWN]
    labels = list(dict.fromkeys(curve.label for record in records for curve in record.curves))
    if not labels:
        return None
    labels.sort(key=lambda label: label != board.rule.headline)
    across = min(3, len(labels))
    down = -(-len(labels) // across)
    width = 7.5 if across == 1 else 3.9 * across + 0.6
    score = board.newest.per_joint_metric.partition("@")[0] or board.rule.headline
    what = f"{score} over threshold"
    figure, axes = _page(board, what, (width, 3.4 if across == 1 else 2.7), (down, across))
    for axis, label in zip(axes, labels, strict=False):
        for place, record in enumerate(records):
            for curve in (curve for curve in record.curves if curve.label == label):
                axis.plot(curve.thresholds, curve.values, color=PALETTE[place], linewidth=1.8, zorder=9 - place)
        axis.set_title(plain(label, 40), loc="left", fontsize=9.5, color=INK)
        axis.set_xlabel(next(curve.axis for record in records for curve in record.curves if curve.label == label))
        axis.margins(x=0.01)
        axis.locator_params(axis="x", nbins=6)
        _scale(axis, board)
    for axis in axes[len(labels) :]:
        axis.remove()
    return figure


def paired(per_joint: Mapping[str, float | None]) -> dict[str, Pair]:
    """Left and right under one name: `wrist` → (left, right). Others: twice the same value."""
    pairs: dict[str, list[float | None]] = {}
    for name, value in per_joint.items():
        side, _, rest = name.partition("_")
        other = {"left": f"right_{rest}", "right": f"left_{rest}"}.get(side)
        if other in per_joint:
            pairs.setdefault(rest, [None, None])[side == "right"] = value
        else:
            pairs[name] = [value, value]
    return {name: (left, right) for name, (left, right) in pairs.items()}


@contextmanager
def style() -> Iterator[None]:
    """The look of every figure, whatever the reader's own matplotlibrc says."""
    with mpl.rc_context(STYLE):
        yield


def save_png(figure: Figure, path: Path) -> None:
    """Write a figure: whole, or not at all, and the same bytes from the same figure."""

    def write(partial: Path) -> None:
        # The default metadata names matplotlib's version.
        figure.savefig(partial, format="png", dpi=150, metadata={"Software": None})

    FigureCanvasAgg(figure)
    write_atomically(path, write)


def plain(text: str, longest: int) -> str:
    """One line of up to `longest` letters that matplotlib draws as it is: no formula, no glyph it lacks."""
    text = "".join(letter if ord(letter) in _glyphs() else "?" for letter in one_line(text))
    text = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return text.replace("$", r"\$")


@cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def _page(board: Board, what: str, panel: tuple[float, float], grid: tuple[int, int]) -> tuple[Figure, list[Axes]]:
    """A figure with title, subtitle and legend above `grid` = (down, across) panels.

    Args:
        panel: (width of a whole row of panels, height of one), inches.
    """
    records = board.records[:SHOWN]
    names = [plain(record.name, 34) + f"  {_number(headline(record), board)}" for record in records]
    across = max(1, int((panel[0] - 0.3) / (0.078 * max(map(len, names)) + 0.4)))
    top, bottom = 1.1 + 0.2 * math.ceil(len(names) / across), 0.5
    figure = Figure(figsize=(panel[0], top + bottom + grid[0] * panel[1] + (grid[0] - 1) * GAP))
    width, height = figure.get_size_inches()
    _heading(figure, board, what)
    handles = [Line2D([], [], color=color, linewidth=4) for color in PALETTE[: len(names)]]
    corner = (0.15 / width, 1 - 0.66 / height)
    key = {"handlelength": 0.9, "columnspacing": 1.5, "borderaxespad": 0, "borderpad": 0}
    figure.legend(handles, names, loc="upper left", bbox_to_anchor=corner, ncols=across, **key)
    axes = figure.subplots(*grid, squeeze=False)
    figure.subplots_adjust(0.5 / width, bottom / height, 1 - 0.15 / width, 1 - top / height, 0.16, GAP / panel[1])
    return figure, list(axes.flat)


def _heading(figure: Figure, board: Board, what: str) -> None:
    width, height = figure.get_size_inches()
    left = 0.15 / width
    about = f"{board.people}, boxes: {board.data.box_source}"
    if board.newest.per_joint and " by keypoint" in what:
        about += "; thin lines span left and right"
    if len(board.records) > SHOWN:
        about += f"; the best {SHOWN} of {len(board.records)} records, by {board.rule.headline}"
    title, about = plain(f"{what}, {board.title}", int(width * 10.5)), plain(about, int(width * 14))
    figure.text(left, 1 - 0.15 / height, title, weight="bold", fontsize=11, va="top")
    about, color = (EMBEDDED, WARNING) if board.embedded else (about, QUIET)
    figure.text(left, 1 - 0.4 / height, about, fontsize=8.5, color=color, va="top")


def _bars(axis: Axes, pairs: Mapping[str, Pair], names: list[str], place: int, records: int, board: Board) -> None:
    step = 0.84 / records
    above: dict[str, Any] = {
        "textcoords": "offset points",
        "ha": "center",
        "va": "bottom",
        "fontsize": 6.5,
        "color": INK,
    }
    for spot, name in enumerate(names):
        x = spot + (place - (records - 1) / 2) * step
        sides = pairs.get(name, (None, None))
        known = [value for value in sides if value is not None]
        mean = sum(known) / len(known) if known else math.nan
        # A bar of one side alone says which.
        side = "" if len(known) != 1 else " left" if sides[1] is None else " right"
        if known:
            axis.bar(x, mean, width=step * 0.88, color=PALETTE[place])
            axis.vlines(x, min(known), max(known), color=INK, linewidth=0.9)
        turned = 0 if step > 0.4 else 90
        axis.annotate(_number(mean, board, 1) + side, (x, max(known, default=0)), (0, 2.5), rotation=turned, **above)


def _scale(axis: Axes, board: Board) -> None:
    """The whole scale from nothing to perfect, so that bars and lines of two plots can be compared."""
    full = 100.0 if board.rule.unit == "%" else 1.0
    axis.set_ylim(0, full * 1.01)
    axis.set_yticks(np.linspace(0, full, 6))
    axis.grid(axis="y")


def _number(value: float, board: Board, decimals: int = 2) -> str:
    fraction = board.rule.unit != "%"
    return UNKNOWN if np.isnan(value) else f"{value:.{3 if fraction else decimals}f}"


def _head_to_foot(names: Iterable[str]) -> list[str]:
    """Each name once, the head's first; those that no list could know come last, in their order."""
    known = list(dict.fromkeys(names))
    place = {part: index for index, part in enumerate(HEAD_TO_FOOT)}
    return sorted(known, key=lambda name: min((place[p] for p in HEAD_TO_FOOT if p in name), default=len(place)))
