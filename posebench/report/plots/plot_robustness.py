"""Plots of robustness: a panel for each corruption, with the score over severity; and curves over shift and scale of the boxes."""

from collections.abc import Sequence
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posebench.report.plots.plot_style import INK, LONGEST_NAME, PALETTE, QUIET, heading, heading_room, plain
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.results.kept_robustness import Condition, KeptRobustness

ACROSS = 5
"""Panels in a row: the 15 corruptions are three rows of five."""
SHOWN = len(PALETTE)
"""Networks in one plot: more colours cannot be told apart."""


def plot_corruptions(several: Sequence[KeptRobustness]) -> Figure | None:
    """The score of networks of one group over the severity of every corruption; at 0 the photographs as they are."""
    first = several[0]
    if first.corrupted is None:
        return None
    names = first.corrupted.names
    figure, axes = _page(several, len(names), "over severity of corruption", (1.75, 1.5))
    for axis, name in zip(axes, names, strict=True):
        for place, kept in enumerate(several[:SHOWN]):
            _line(axis, kept, kept.of("corruption", name), 0, PALETTE[place])
        axis.set_title(name.replace("_", " "), loc="left", fontsize=9, color=INK)
        axis.set_xticks(range(6))
    return figure


def plot_boxes(several: Sequence[KeptRobustness]) -> Figure | None:
    """The score of networks of one group over shift and scale of the boxes."""
    if not several[0].of("shift"):
        return None
    figure, axes = _page(several, 3, "over shift and scale of the box", (2.9, 2.3))
    panels = (
        ("shift", "right", 0.0, "shift to the right (px of 256)"), ("shift", "down", 0.0, "shift down (px of 256)"),
        ("scale", "scale", 1.0, "factor of the box"),
    )  # fmt: skip
    for axis, (part, name, middle, label) in zip(axes, panels, strict=True):
        for place, kept in enumerate(several[:SHOWN]):
            own = [one for one in kept.of(part) if one.name == name]  # type: ignore[arg-type]
            _line(axis, kept, own, middle, PALETTE[place])
        axis.axvline(middle, color=QUIET, linewidth=0.7, zorder=1)
        axis.set_xlabel(label)
        axis.locator_params(axis="x", nbins=6)
    return figure


def _line(axis: Axes, kept: KeptRobustness, conditions: Sequence[Condition], middle: float, color: str) -> None:
    """A line through conditions and the clean score, which stands at `middle`, with intervals as a band."""
    points = sorted([*((one.level, one.score) for one in conditions), (middle, kept.clean)], key=lambda point: point[0])
    axis.plot(
        [x for x, _ in points],
        [score.value for _, score in points],
        color=color,
        linewidth=1.6,
        marker="o",
        markersize=3,
    )
    bounded = [(x, *score.interval) for x, score in points if score.interval is not None]
    if bounded:
        axis.fill_between(*zip(*bounded, strict=True), color=color, alpha=0.15, linewidth=0)  # type: ignore[arg-type]


def _page(
    several: Sequence[KeptRobustness], count: int, what: str, panel: tuple[float, float]
) -> tuple[Figure, Sequence[Axes]]:
    """A figure with its heading, the key of networks, and `count` panels of (width, height) inches on one scale."""
    first = several[0]
    across = min(ACROSS, count)
    down = -(-count // across)
    width, gap = max(0.75 + across * (panel[0] + 0.15), 7.5), 0.5
    data, rule = first.data, first.rule
    titles = [
        plain(line, int(width * 10.5)) for line in wrap(f"{rule.headline} {what}, {first.who}", int(width * 10.5))
    ]
    about = SYNTHETIC_NOTE if data.synthetic else f"{rule.protocol} {rule.short_scope}; bands: 95 % intervals"
    more = heading_room(titles, [about])
    top, bottom = 1.1 + more, 0.6
    height = top + bottom + down * panel[1] + (down - 1) * gap
    figure = Figure(figsize=(width, height))
    heading(figure, titles, [plain(about, int(width * 14))], data.synthetic)
    axes = figure.subplots(down, across, squeeze=False, sharey=True)
    figure.subplots_adjust(
        0.6 / width, bottom / height, 1 - 0.15 / width, 1 - top / height, 0.15 / panel[0], gap / panel[1]
    )  # fmt: skip
    for axis in axes.flat:
        axis.set_ylim(0, _highest(several))
        axis.grid(axis="y")
    for axis in axes[:, 0]:
        axis.set_ylabel(f"score ({rule.unit})" if rule.unit else "score")
    handles = [Line2D([], [], color=PALETTE[place], linewidth=4) for place in range(len(several[:SHOWN]))]
    names = [plain(kept.name, LONGEST_NAME) for kept in several[:SHOWN]]
    figure.legend(
        handles, names, loc="upper left", bbox_to_anchor=(0.15 / width, 1 - (0.66 + more) / height), ncols=len(names),
        handlelength=1.2, columnspacing=1.5, borderaxespad=0, borderpad=0,
    )  # fmt: skip
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, list(axes.flat[:count])


def _highest(several: Sequence[KeptRobustness]) -> float:
    """The upper end of the scale: a tenth of a perfect score above all that is drawn, or the perfect score."""
    full = 100.0 if several[0].rule.unit == "%" else 1.0
    scores = [score for kept in several for score in (kept.clean, *(one.score for one in kept.conditions))]
    highest = max(
        (max([score.value, *(score.interval or ())]) for score in scores if score.value == score.value), default=full
    )
    return min(full * 1.01, highest + full / 10)
