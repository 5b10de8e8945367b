"""The figure of a study: each row's score with interval, seeds and the paper's figure; below it the differences."""

from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posebench.plain_text import one_line
from posebench.report.plots.plot_style import GRID, INK, PALETTE, fitting, heading, heading_room, inches, plain
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.studies.findings import Findings
from posebench.studies.study_file import Published, Study

WIDTH, ABOVE, LEGEND, BELOW = 8.2, 0.7, 0.3, 0.6
"""Inches: the figure's width, the heading, the legend above a part, and what stands below a part."""
ROW, DIFFERENCE = 0.3, 0.44
"""Inches that a row and a difference take."""
LONGEST = 3.2
"""Inches that a name may take."""


def scores_and_differences(study: Study, found: Findings, published: Published | None) -> Figure:
    """Scores above, differences below.

    Args:
        found: with at least one difference.
        published: the paper's figures; None where they are not comparable.
    """
    first = found.done[0]
    titles, about = headings(study, found)
    names = [fitting(one.name, LONGEST, 9) for one in found.rows if one.row is not None]
    pairs = [f"{fitting(pair.a, LONGEST, 9)}\n− {fitting(pair.b, LONGEST, 9)}" for pair in found.pairs]
    parts = ROW * len(names), DIFFERENCE * len(pairs)
    above = ABOVE + heading_room(titles, about) + LEGEND
    figure = Figure(figsize=(WIDTH, above + parts[0] + BELOW + LEGEND + parts[1] + BELOW))
    heading(figure, titles, about, first.data.synthetic)
    widest = max(inches(line, 9) for text in (*names, *pairs) for line in text.splitlines())
    left = 0.3 + widest
    _scores(_part(figure, left, BELOW + parts[1] + LEGEND + BELOW, parts[0]), found, names, published)
    _differences(_part(figure, left, BELOW, parts[1]), found, pairs)
    return figure


def headings(study: Study, found: Findings) -> tuple[list[str], list[str]]:
    """Lines of title and subtitle: the question; people and rule."""
    first = found.done[0]
    titles = [plain(line, 95) for line in wrap(one_line(study.question), 80)]
    about = f"{first.data.people:,} people of {first.data.what}; {first.rule.protocol} {first.rule.scope}"
    warning = [SYNTHETIC_NOTE] * first.data.synthetic
    return titles, [*warning, *(plain(line, 118) for line in wrap(one_line(about), 112))]


def _part(figure: Figure, left: float, bottom: float, tall: float) -> Axes:
    """Axes at a place in inches, as wide as the figure allows."""
    width, height = figure.get_size_inches()
    return figure.add_axes((left / width, bottom / height, 1 - (left + 0.25) / width, tall / height))


def _scores(axis: Axes, found: Findings, names: list[str], published: Published | None) -> None:
    """Value, interval and single seeds of every row, and the paper's figure."""
    handles = [_handle("score, 95 % interval over images", 0, "o")]
    rows = [one for one in found.rows if one.row is not None]
    for place, one in enumerate(rows):
        row = one.row
        if row is None:
            continue
        if row.rule.headline in row.intervals:
            axis.hlines(place, *row.intervals[row.rule.headline], color=PALETTE[0], linewidth=2.2, zorder=3)
        axis.scatter(row.by_seed, [place] * len(row.by_seed), s=20, facecolor="white", edgecolor=PALETTE[1], zorder=4)
        axis.scatter([row.headline], [place], s=26, color=PALETTE[0], zorder=5)
        if published is not None and one.name in published.values:
            axis.scatter([published.values[one.name]], [place], s=34, color=PALETTE[2], marker="D", zorder=4)
    if any(row.by_seed for row in found.done):
        handles.append(
            Line2D([], [], linestyle="", marker="o", color=PALETTE[1], markerfacecolor="white", label="single seeds")
        )
    if published is not None:
        handles.append(_handle("the paper", 2, "D"))
    rule = found.done[0].rule
    _finish(axis, names, handles, f"{rule.headline} ({rule.unit})" if rule.unit else rule.headline)


def _differences(axis: Axes, found: Findings, pairs: list[str]) -> None:
    """Value and interval of every difference; filled where it is more than chance."""
    for place, pair in enumerate(found.pairs):
        one = pair.headline
        if one.interval is not None:
            axis.hlines(place, *one.interval, color=PALETTE[0], linewidth=2.2, zorder=3)
        face = PALETTE[0] if one.resolved else "white"
        axis.scatter([one.value], [place], s=30, color=face, edgecolor=PALETTE[0], linewidth=1.4, zorder=4)
    axis.axvline(0, color=INK, linewidth=0.8)
    handles = [
        _handle("resolved: more than chance, corrected for all pairs", 0, "o"),
        _handle("not resolved", 0, "o", "white"),
    ]
    unit = found.done[0].rule.unit
    _finish(axis, pairs, handles, "difference (percentage points)" if unit == "%" else "difference")


def _handle(label: str, color: int, marker: str, face: str | None = None) -> Line2D:
    return Line2D(
        [], [], linestyle="", marker=marker, color=PALETTE[color], markerfacecolor=face or PALETTE[color], label=label
    )


def _finish(axis: Axes, names: list[str], handles: list[Line2D], label: str) -> None:
    axis.set_yticks(range(len(names)), names, color=INK)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlabel(label)
    axis.grid(axis="x", color=GRID)
    axis.locator_params(axis="x", nbins=6)
    axis.legend(handles=handles, loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderpad=0.2, handletextpad=0.3)
