"""The figure of a study on corrupted photographs: each network's score under every condition, and beside it the differences."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posebench.report.plots.plot_style import (
    EDGE,
    GRID,
    INK,
    PALETTE,
    WIDTH,
    fitting,
    heading,
    heading_room,
    inches,
    key_columns,
)
from posebench.results.kept_robustness import MPC, RPC
from posebench.studies.corrupting import CHANGE, SUMMARY
from posebench.studies.figure import headings
from posebench.studies.findings import Findings
from posebench.studies.study_file import Published, Study

ABOVE, BELOW, BETWEEN = 0.66, 0.72, 0.3
"""Inches of the heading, of what stands below the panels, and between them."""
KEY_LINE, CONDITION, NETWORK = 0.19, 0.16, 0.12
"""Inches that a line of the key takes, a condition, and each network in it."""
LEFT_SHARE = 0.6
"""Of the width, for the scores."""
DODGE = 0.7
"""Of a condition's height, over which its networks are spread."""


def scores_by_condition(study: Study, found: Findings, published: Published | None) -> Figure:
    """Scores on the left, differences on the right, a line for each condition; the share of the clean score is in the table alone.

    Args:
        found: with at least one difference.
        published: the paper's figures; None where they are not comparable.
    """
    shown = [name for name in dict.fromkeys(one.place.condition for one in found.rows) if name != RPC]
    every = list(dict.fromkeys(one.network for one in found.rows if one.row is not None))
    networks = every[: len(PALETTE)]  # more colours cannot be told apart
    handles = _handles(found, networks, published)
    columns = key_columns([str(one.get_label()) for one in handles], WIDTH - 2 * EDGE)
    titles, about = headings(study, found)
    about[-1] += "; lines: 95 % intervals"
    about += [f"the first {len(networks)} of {len(every)} networks"] * (len(networks) < len(every))
    above = ABOVE + heading_room(titles, about) + KEY_LINE * -(-len(handles) // columns)
    tall = len(shown) * (CONDITION + NETWORK * len(networks))
    height = above + tall + BELOW
    figure = Figure(figsize=(WIDTH, height))
    heading(figure, titles, about, found.done[0].data.synthetic)
    figure.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(EDGE / WIDTH, 1 - (ABOVE - 0.06 + heading_room(titles, about)) / height),
        ncols=columns, borderaxespad=0, borderpad=0, handletextpad=0.3, columnspacing=1.2,
    )  # fmt: skip
    labels = [f"{CHANGE}: {MPC} − clean" if name == CHANGE else name.replace("_", " ") for name in shown]
    left = 0.25 + max(inches(label, 9) for label in labels)
    room = WIDTH - left - BETWEEN - 0.2
    panels = ((left, LEFT_SHARE * room), (left + LEFT_SHARE * room + BETWEEN, (1 - LEFT_SHARE) * room))
    axes = [figure.add_axes((x / WIDTH, BELOW / height, wide / WIDTH, tall / height)) for x, wide in panels]
    _scores(axes[0], found, shown, networks, published)
    _differences(axes[1], found, shown, networks)
    for axis in axes:
        _finish(axis, shown)
    axes[0].set_yticks(range(len(shown)), labels, color=INK)
    axes[1].set_yticks([])
    return figure


def _handles(found: Findings, networks: Sequence[str], published: Published | None) -> list[Line2D]:
    """The key: a colour for each network, and what the marks are."""
    handles = [
        _mark(PALETTE[place], PALETTE[place], fitting(network, 3.0, 8.5)) for place, network in enumerate(networks)
    ]
    if any(row.by_seed for row in found.done):
        handles.append(_mark(INK, "white", "single seeds", size=3))
    if published is not None:
        handles.append(_mark(INK, INK, "the paper", "D"))
    return [*handles, _mark(INK, "white", "difference that is not resolved")]


def _mark(color: str, face: str, label: str, marker: str = "o", size: float = 5) -> Line2D:
    return Line2D([], [], linestyle="", marker=marker, color=color, markerfacecolor=face, markersize=size, label=label)


def _scores(
    axis: Axes, found: Findings, shown: Sequence[str], networks: Sequence[str], published: Published | None
) -> None:
    """Value, interval and single seeds of every network under every condition, and the paper's figure."""
    for one in found.rows:
        row = one.row
        if (
            row is None
            or one.network not in networks
            or one.place.condition not in shown
            or one.place.condition == CHANGE
        ):
            continue
        y, color = _place(one.network, one.place.condition, shown, networks), PALETTE[networks.index(one.network)]
        if row.rule.headline in row.intervals:
            axis.hlines(y, *row.intervals[row.rule.headline], color=color, linewidth=1.6, zorder=3)
        axis.scatter(
            row.by_seed, [y] * len(row.by_seed), s=9, facecolor="white", edgecolor=color, linewidth=0.8, zorder=4
        )
        axis.scatter([row.headline], [y], s=20, color=color, zorder=5)
        if published is not None and one.name in published.values:
            axis.scatter([published.values[one.name]], [y], s=24, color=color, edgecolor=INK, marker="D", zorder=4)
    rule = found.done[0].rule
    axis.set_xlabel(f"{rule.headline} ({rule.unit})" if rule.unit else rule.headline)


def _differences(axis: Axes, found: Findings, shown: Sequence[str], networks: Sequence[str]) -> None:
    """Value and interval of every difference, in the colour of its first network; filled where it is more than chance."""
    rows = {one.name: one for one in found.rows}
    bases = {rows[pair.b].network for pair in found.pairs}
    for pair in found.pairs:
        one = rows[pair.a]
        if one.network not in networks or one.place.condition not in shown:
            continue
        y, color = _place(one.network, one.place.condition, shown, networks), PALETTE[networks.index(one.network)]
        if pair.headline.interval is not None:
            axis.hlines(y, *pair.headline.interval, color=color, linewidth=1.6, zorder=3)
        face = color if pair.headline.resolved else "white"
        axis.scatter([pair.headline.value], [y], s=22, color=face, edgecolor=color, linewidth=1.2, zorder=4)
    axis.axvline(0, color=INK, linewidth=0.8)
    base = fitting(bases.pop(), 1.8, 9) if len(bases) == 1 else "the row it is compared with"
    points = " in percentage points" if found.done[0].rule.unit == "%" else ""
    axis.set_xlabel(f"difference{points}\nfrom {base}")


def _place(network: str, condition: str, shown: Sequence[str], networks: Sequence[str]) -> float:
    """Where a network stands in its condition's line."""
    return shown.index(condition) + DODGE * ((networks.index(network) + 0.5) / len(networks) - 0.5)


def _finish(axis: Axes, shown: Sequence[str]) -> None:
    axis.set_ylim(len(shown) - 0.5, -0.5)
    axis.grid(axis="x", color=GRID)
    axis.locator_params(axis="x", nbins=6)
    together = sum(name in SUMMARY for name in shown)
    for y in range(1, len(shown)):
        axis.axhline(y - 0.5, color=INK if y == together else GRID, linewidth=0.8, zorder=1)
