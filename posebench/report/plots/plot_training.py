"""Plots of training: the loss, and the score of the selection people, over epochs. Of one run, or of a leaderboard's rows."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from posebench.data.provenance import Provenance
from posebench.errors import counted
from posebench.report.plots.plot_page import SHOWN
from posebench.report.plots.plot_style import (
    EDGE,
    GRID,
    INK,
    LONGEST_NAME,
    PALETTE,
    SUBTITLE,
    TITLE,
    WIDTH,
    fitting,
    key_columns,
    plain,
    save_png,
    style,
    subtitle,
    title,
)
from posebench.report.plots.plot_style import heading as draw_heading
from posebench.report.tables.board import SYNTHETIC_NOTE, Board
from posebench.report.tables.rows import Row as BoardRow
from posebench.report.tables.rows import row_labels
from posebench.results.history import EPOCH, LOSS, SCORE, Row

PANEL = 2.6
"""Inches of the height of a panel."""
LOSSES = "losses of different networks are not comparable"
DOT = "dot: the best checkpoint"
DASHES: tuple[Any, ...] = "-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1.5, 1.5, 1.5))
"""Of different seeds; more cannot be told apart."""


@dataclass(frozen=True)
class Line:
    """The history of one run.

    Attributes:
        label: of the key; lines of one label have one colour and one entry.
        seed: of the run; lines of one label and several seeds have dashes of their own.
        metric: of the selection score, such as `Mean`; empty where the run was not validated.
        best: the epoch of the best checkpoint; None where there is none.
        color: of the line.
    """

    label: str
    history: Sequence[Row]
    seed: int | None = None
    metric: str = ""
    best: float | None = None
    color: str = PALETTE[0]


@dataclass(frozen=True)
class Heading:
    """Lines above the panels."""

    titles: Sequence[str]
    about: Sequence[str]
    warning: bool = False


def of_board(board: Board) -> Figure | None:
    """A line for each training of the best rows, in the row's colour; None where no record has a history."""
    rows = board.rows[:SHOWN]
    told, trained = row_labels(board.rows), _trained_apart(rows)
    lines = [
        line_of(record.model, told[row], color)
        for row, color in zip(rows, PALETTE, strict=False)
        for record in row.records
        if row in trained and record.model.history
    ]
    if not lines:
        return None
    what = "Loss and selection score over epochs" if any(line.metric for line in lines) else "Loss over epochs"
    notes = [
        DOT if any(line.metric for line in lines) else "",
        LOSSES if len({line.label for line in lines}) > 1 else "",
        "rows of one training have one line" if len(trained) < len(rows) else "",
    ]
    about = subtitle(board, notes, WIDTH)
    return figure(lines, Heading(title(board, what, WIDTH), about, board.synthetic))


def _trained_apart(rows: Sequence[BoardRow]) -> list[BoardRow]:
    """Rows without those of the same trainings as another one, such as the rows of other decoders."""
    found: dict[object, BoardRow] = {}
    for row in sorted(rows, key=lambda row: row.model.decoded is not None):
        trainings = [record.model.checkpoint_sha256 or record.id for record in row.records]
        found.setdefault(tuple(trainings), row)
    return list(found.values())


def line_of(model: Provenance, label: str, color: str = PALETTE[0]) -> Line:
    """The line of what a predictions file states."""
    selection = model.selection
    metric = "" if selection is None else f"{selection.metric} of {selection.split}"
    return Line(label, model.history, model.seed, metric, None if selection is None else selection.epoch, color)


def write_run(line: Line, synthetic: bool, path: Path) -> None:
    """Write the picture of one run.

    Args:
        synthetic: whether it was trained on synthetic people.
        path: the PNG to write.
    """
    about = f"after {counted(len(line.history), 'epoch', 'epochs')}"
    with style():
        made = figure(
            [line],
            Heading(
                [fitting(line.label, WIDTH - 0.3, 11, bold=True)], [*[SYNTHETIC_NOTE] * synthetic, about], synthetic
            ),
        )
        save_png(made, path)


def figure(lines: Sequence[Line], heading: Heading) -> Figure:
    """The panels side by side: the loss, and the score where a run was validated.

    Args:
        lines: at least one, each with a history.
    """
    names, handles = _key(lines)
    across = key_columns(names, WIDTH - 2 * EDGE)
    room = TITLE * len(heading.titles) + SUBTITLE * len(heading.about)
    top, bottom = 0.55 + room + 0.2 * math.ceil(len(names) / across), 0.5
    made = Figure(figsize=(WIDTH, top + PANEL + bottom))
    height = made.get_size_inches()[1]
    draw_heading(made, heading.titles, heading.about, heading.warning)
    corner = (0.15 / WIDTH, 1 - (0.25 + room) / height)
    if names:
        made.legend(
            handles, names, loc="upper left", bbox_to_anchor=corner, ncols=across, handlelength=1.6, columnspacing=1.5,
            borderaxespad=0, borderpad=0,
        )  # fmt: skip
    metrics = list(dict.fromkeys(line.metric for line in lines if line.metric))
    axes = made.subplots(1, 2 if metrics else 1, squeeze=False).flat
    made.subplots_adjust(0.65 / WIDTH, bottom / height, 1 - 0.2 / WIDTH, 1 - top / height, 0.22)
    _panel(axes[0], lines, LOSS)
    scale = ", logarithmic scale" * (axes[0].get_yscale() == "log")
    axes[0].set_title(f"loss{scale}", loc="left", fontsize=9.5, color=INK)
    if metrics:
        _panel(axes[1], lines, SCORE)
        said = metrics[0] if len(metrics) == 1 else "selection score"
        axes[1].set_title(plain(said, 48), loc="left", fontsize=9.5, color=INK)
    return made


def _key(lines: Sequence[Line]) -> tuple[list[str], list[Line2D]]:
    """A colour for each label where there are several, and dashes for each seed where a label has several."""
    colors = {line.label: line.color for line in lines}
    names = [plain(label, LONGEST_NAME) for label in colors] if len(colors) > 1 else []
    handles = [Line2D([], [], color=color, linewidth=4) for color in colors.values() if names]
    if len(dashes := _dashes(lines)) > 1:
        names += ["seed unknown" if seed is None else f"seed {seed}" for seed in dashes]
        handles += [Line2D([], [], color=INK, linestyle=dash, linewidth=1.6) for dash in dashes.values()]
    return names, handles


def _dashes(lines: Sequence[Line]) -> dict[int | None, Any]:
    """Seed → the look of its lines. All lines are solid where no label has several, or where there are too many seeds."""
    seeds = sorted({line.seed for line in lines}, key=lambda seed: (seed is None, seed))
    several = max(Counter(line.label for line in lines).values()) > 1
    return dict(zip(seeds, DASHES, strict=False)) if several and len(seeds) <= len(DASHES) else {}


def _panel(axis: Axes, lines: Sequence[Line], column: str) -> None:
    """One number of the histories over their epochs."""
    dashes, values = _dashes(lines), []
    for line in lines:
        points = [(float(row[EPOCH] or 0), value) for row in line.history if (value := row.get(column)) is not None]
        if not points:
            continue
        # A single epoch is no line, so it is a mark.
        look = {"linewidth": 1.6, "linestyle": dashes.get(line.seed, "-"), "marker": "o" if len(points) == 1 else ""}
        axis.plot(*zip(*points, strict=True), color=line.color, **look)
        values += [value for _, value in points]
        for epoch, value in points if column == SCORE else []:
            if epoch == line.best:
                axis.plot([epoch], [value], "o", color=line.color, markersize=7, markeredgecolor="white")
    if column == LOSS and values and min(values) > 0:
        _log_scale(axis, max(values) / min(values))
    last = max(row[EPOCH] or 0 for line in lines for row in line.history)
    axis.set_xlim(0.5, last + 0.5)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    axis.margins(y=0.08)
    axis.grid(color=GRID)
    axis.set_xlabel("epoch")


def _log_scale(axis: Axes, ratio: float) -> None:
    """A logarithmic scale with enough ticks to read it, also where the largest value is less than ten times the least one."""
    axis.set_yscale("log")
    steps = (1.0, 2.0, 5.0) if ratio > 100 else (1.0, 2.0, 3.0, 5.0)
    axis.yaxis.set_major_locator(LogLocator(subs=steps) if ratio > 8 else MaxNLocator(7, steps=[1, 2, 5, 10]))
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axis.yaxis.set_minor_locator(NullLocator())
