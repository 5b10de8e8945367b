"""Plots of robustness: a panel for each corruption, with the score over severity; and curves over shift and scale of the boxes."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posebench.diagnosis.estimate import Estimate
from posebench.report.plots.plot_style import (
    EDGE,
    INK,
    LONGEST_NAME,
    PALETTE,
    QUIET,
    WIDTH,
    broken,
    heading,
    heading_room,
    key_columns,
    plain,
)
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.results.kept_robustness import Condition, KeptRobustness

ACROSS = 5
"""Panels in a row: the 15 corruptions are three rows of five."""
WIDEST, LEFT, RIGHT, BELOW = 2.9, 0.6, 0.15, 0.6
"""Inches of a panel, at most, and beside and below all panels."""
BESIDE, BETWEEN, KEY_LINE = 0.15, 0.5, 0.19
"""Inches between two panels, and between two rows of them, and of a line of the key."""
SHOWN = len(PALETTE)
"""Networks in one plot: more colours cannot be told apart."""


def plot_corruptions(several: Sequence[KeptRobustness]) -> Figure | None:
    """The score of networks of one group over the severity of every corruption; at 0 the photographs as they are."""
    first = several[0]
    if first.corrupted is None:
        return None
    names = first.corrupted.names
    figure, axes = _page(several, len(names), "over severity of corruption", 1.5)
    for number, (axis, name) in enumerate(zip(axes, names, strict=True)):
        for place, kept in enumerate(several[:SHOWN]):
            _line(axis, kept, kept.of("corruption", name), 0, PALETTE[place])
        axis.set_title(name.replace("_", " "), loc="left", fontsize=9, color=INK)
        axis.set_xticks(range(6))
        if number >= len(names) - ACROSS:  # no panel is below it
            axis.set_xlabel("severity (0: clean)")
    return figure


def plot_boxes(several: Sequence[KeptRobustness]) -> Figure | None:
    """The score of networks of one group over shift and scale of the boxes."""
    if not several[0].of("shift"):
        return None
    figure, axes = _page(several, 3, "over shift and scale of the box", 2.3)
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


def _page(several: Sequence[KeptRobustness], count: int, what: str, high: float) -> tuple[Figure, Sequence[Axes]]:
    """A figure with its heading, the key of networks, and `count` panels on one scale, each `high` inches high."""
    first = several[0]
    across = min(ACROSS, count)
    down = -(-count // across)
    wide = min(WIDEST, (WIDTH - LEFT - RIGHT - BESIDE * (across - 1)) / across)
    names = [plain(kept.name, LONGEST_NAME) for kept in several[:SHOWN]]
    columns = key_columns(names, WIDTH - 2 * EDGE)
    titles = broken(f"{first.rule.headline} {what}, {first.who}", WIDTH - 2 * EDGE, 11, bold=True)
    bands = "bands: 95 % intervals" if any(one.interval for one in _scores(several)) else "without intervals"
    about = [SYNTHETIC_NOTE] * first.data.synthetic
    about.append(plain(f"{first.rule.protocol} {first.rule.short_scope}; {bands}", 110))
    more = heading_room(titles, about)
    top = 0.95 + more + KEY_LINE * -(-len(names) // columns)
    height = top + BELOW + down * high + (down - 1) * BETWEEN
    figure = Figure(figsize=(WIDTH, height))
    heading(figure, titles, about, first.data.synthetic)
    axes = figure.subplots(down, across, squeeze=False, sharey=True)
    right = (LEFT + across * wide + (across - 1) * BESIDE) / WIDTH
    figure.subplots_adjust(LEFT / WIDTH, BELOW / height, right, 1 - top / height, BESIDE / wide, BETWEEN / high)
    for axis in axes.flat:
        axis.set_ylim(0, _highest(several))
        axis.grid(axis="y")
    for axis in axes[:, 0]:
        axis.set_ylabel(f"score ({first.rule.unit})" if first.rule.unit else "score")
    handles = [Line2D([], [], color=color, linewidth=4) for color in PALETTE[: len(names)]]
    figure.legend(
        handles, names, loc="upper left", bbox_to_anchor=(EDGE / WIDTH, 1 - (0.66 + more) / height), ncols=columns,
        handlelength=1.2, columnspacing=1.5, borderaxespad=0, borderpad=0,
    )  # fmt: skip
    for axis in axes.flat[count:]:
        axis.remove()
    return figure, list(axes.flat[:count])


def _highest(several: Sequence[KeptRobustness]) -> float:
    """The upper end of the scale: a tenth of a perfect score above all that is drawn, or the perfect score."""
    full = 100.0 if several[0].rule.unit == "%" else 1.0
    scores = (score for score in _scores(several) if score.value == score.value)
    highest = max((max([score.value, *(score.interval or ())]) for score in scores), default=full)
    return min(full * 1.01, highest + full / 10)


def _scores(several: Sequence[KeptRobustness]) -> list[Estimate]:
    """The clean scores and those under all conditions."""
    return [score for kept in several for score in (kept.clean, *(one.score for one in kept.conditions))]
