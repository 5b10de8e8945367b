"""The page of a picture of one run, and intervals as a list."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from posebench.diagnosis.estimate import Estimate
from posebench.report.plots.plot_style import GRID, INK, PALETTE, heading, heading_room, subtitle, title
from posebench.report.tables.board import Board
from posebench.report.tables.rows import Row
from posebench.results.record import Record


def run_page(record: Record, what: str, about: Sequence[str], size: tuple[float, float]) -> tuple[Figure, float]:
    """A figure with title and subtitle.

    Args:
        what: is drawn. about: what a reader needs to read it. size: (width, height) below the heading, inches.

    Returns:
        the figure, and the inches that its heading takes.
    """
    alone = Board((Row((record,)),))
    titles = title(alone, f"{what}: {record.name}", size[0])
    said = subtitle(alone, list(about), size[0])
    above = 0.85 + heading_room(titles, said)
    figure = Figure(figsize=(size[0], above + size[1]))
    heading(figure, titles, said, alone.synthetic)
    return figure, above


def list_intervals(axis: Axes, names: Sequence[str], values: Sequence[Estimate], zero: bool = False) -> None:
    """A line for each value, from the top down: its name, a dot and its interval.

    Args:
        zero: whether a line marks 0, as for differences.
    """
    places = range(len(names))
    bounded = [(place, *value.interval) for place, value in zip(places, values, strict=True) if value.interval]
    if bounded:
        axis.hlines(*zip(*bounded, strict=True), color=PALETTE[0], linewidth=2, zorder=3)
    axis.scatter([value.value for value in values], places, s=24, color=PALETTE[0], zorder=4)
    if zero:
        axis.axvline(0, color=INK, linewidth=0.8)
    axis.set_yticks(places, names, color=INK)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.grid(axis="x", color=GRID)
    axis.locator_params(axis="x", nbins=6)
