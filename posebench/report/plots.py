"""Plot: a picture of one leaderboard, its kind and its file."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from matplotlib.figure import Figure

from posebench.report.board import Board
from posebench.report.drawn_plots import is_drawn, note_drawn, source_of
from posebench.report.plot_style import save_png, style
from posebench.results.folder import ResultsFolder


class PlotKind(Enum):
    """Kinds of plots: the end of their file names."""

    RANKS = "ranks"
    JOINTS = "joints"
    CURVES = "curves"
    COST = "cost"
    TRAINING = "training"

    @property
    def title(self) -> str:
        """What a plot of this kind shows."""
        return {
            PlotKind.RANKS: "Every row with its interval",
            PlotKind.JOINTS: "Scores by keypoint",
            PlotKind.CURVES: "Scores over thresholds",
            PlotKind.COST: "Scores against cost",
            PlotKind.TRAINING: "Loss and selection score over epochs",
        }[self]


FILE_NAME = re.compile(rf"[a-z0-9-]+-[0-9a-f]{{8}}-({'|'.join(kind.value for kind in PlotKind)})\.png")
"""Names that `ResultsFolder.plot` gives with a board's slug."""


@dataclass(frozen=True)
class Plot:
    """A plot that was written.

    Attributes:
        title: what it shows and of which leaderboard.
    """

    kind: PlotKind
    path: Path
    title: str


def write_plot(
    board: Board, kind: PlotKind, draw: Callable[[], Figure | None], folder: ResultsFolder, more: str = ""
) -> list[Plot]:
    """Draw and write one plot of a leaderboard, unless it was drawn from the same records before.

    Args:
        draw: makes the figure; None where the records lack what it shows.
        more: what the plot is made from besides the board's records.

    Returns:
        The plot, or nothing where there is no figure.
    """
    path, source = folder.plot(board.slug, kind.value), source_of(board, more)
    if not is_drawn(folder, path, source):
        with style():
            figure = draw()
            if figure is None:
                return []
            save_png(figure, path)
        note_drawn(folder, path, source)
    return [Plot(kind, path, f"{kind.title}: {board.title}")]
