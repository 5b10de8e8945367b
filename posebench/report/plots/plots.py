"""Plots: pictures of one leaderboard, their kinds and their files."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path

from matplotlib.figure import Figure

from posebench.report.plots.drawn_plots import is_drawn, note_drawn, source_of
from posebench.report.plots.plot_files import DARK, FORMATS, Format, dark, files_of, write_figure
from posebench.report.plots.plot_style import number, style
from posebench.report.tables.board import Board
from posebench.report.tables.rows import row_labels
from posebench.results.folder import ResultsFolder


class PlotKind(Enum):
    """Kinds of plots: the end of their file names."""

    RANKS = "ranks"
    JOINTS = "joints"
    BODY = "body"
    PARTS = "parts"
    CURVES = "curves"
    COST = "cost"
    TRAINING = "training"

    @property
    def title(self) -> str:
        """What a plot of this kind shows."""
        return {
            PlotKind.RANKS: "Every row with its interval",
            PlotKind.JOINTS: "Scores by keypoint",
            PlotKind.BODY: "Scores on the body",
            PlotKind.PARTS: "Scores on parts of the data",
            PlotKind.CURVES: "Scores over thresholds",
            PlotKind.COST: "Scores against cost",
            PlotKind.TRAINING: "Loss and selection score over epochs",
        }[self]


FILE_NAME = re.compile(
    rf"[a-z0-9-]+-[0-9a-f]{{8}}-({'|'.join(kind.value for kind in PlotKind)})({DARK}\.png|\.({'|'.join(FORMATS)}))"
)
"""Names that `ResultsFolder.plot` gives with a board's slug, and those of the files beside them."""


@dataclass(frozen=True)
class Plot:
    """A plot that was written.

    Attributes:
        path: the PNG.
        title: what it shows and of which leaderboard.
        alt: what it shows in words, for readers who do not see it.
        files: all its files: the PNG, the one for dark pages, and other formats.
    """

    kind: PlotKind
    path: Path
    title: str
    alt: str
    files: tuple[Path, ...]

    @property
    def dark(self) -> Path:
        """The PNG for dark pages."""
        return dark(self.path)


@dataclass(frozen=True, eq=False)
class PlotWriter:
    """Writes the plots of one leaderboard.

    Attributes:
        formats: which are written beside PNG.
    """

    board: Board
    folder: ResultsFolder
    formats: Collection[Format] = ()

    @cached_property
    def source(self) -> str:
        """A digest of what all plots of the leaderboard depend on."""
        return source_of(row_labels(self.board.rows).values(), self.board.records)

    def write(self, kind: PlotKind, draw: Callable[[], Figure | None], more: str = "") -> list[Plot]:
        """Draw and write one plot, unless it was drawn from the same records before.

        A file of another format that shows the records as they are stays, whatever formats are asked for.

        Args:
            draw: makes the figure; None where the records lack what it shows.
            more: what the plot is made from besides the board's records.

        Returns:
            The plot, or nothing where there is no figure.
        """
        path, title = self.folder.plot(self.board.slug, kind.value), f"{kind.title}: {self.board.title}"
        source = self.source + more
        every = [path, *(path.with_suffix(f".{one}") for one in FORMATS if one != "png")]
        asked = [one for one in every if one == path or one.suffix[1:] in self.formats]
        needed = [one for one in asked if not is_drawn(self.folder, one, source)]
        if needed:
            with style():
                figure = draw()
                if figure is None:
                    return []
                for one in needed:
                    write_figure(figure, one, title)
            note_drawn(self.folder, needed, source)
        files = (file for one in every if is_drawn(self.folder, one, source) for file in files_of(one))
        return [Plot(kind, path, title, f"{title}. {self._finding()}", tuple(files))]

    def _finding(self) -> str:
        """Such as `The best of 3 rows is hourglass8 with Mean 89.09 %.`"""
        rows, rule = self.board.rows, self.board.rule
        best = f"{rows[0].name} with {rule.headline} {number(rows[0].headline, self.board)} {rule.unit}".rstrip()
        return f"The best of {len(rows)} rows is {best}." if len(rows) > 1 else f"One row: {best}."
