"""Picture of a comparison: what each run scores less or more than the best one, by keypoint, on the same people."""

import math
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from posebench.report.plots.plot_joints import head_to_foot
from posebench.report.plots.plot_page import SHOWN
from posebench.report.plots.plot_run import run_page
from posebench.report.plots.plot_style import GRID, INK, LONGEST_NAME, PALETTE, WIDTH, key_columns, plain
from posebench.results.record import Record
from posebench.scoring.comparison import Difference, Pair

LEFT = 1.5
"""Inches for names left of the axis."""


def differences(records: Sequence[Record], pairs: Sequence[Pair]) -> Figure:
    """Paired differences with intervals: keypoints from the head down, or metrics where keypoints have no scores.

    Args:
        records: of the runs. pairs: every two of them.
    """
    headline = pairs[0].headline.name
    best = max(records, key=lambda record: record.metrics.get(headline) or 0.0)
    others = {name: own for pair in pairs if (name := other_of(pair, best.name)) for own in [against(pair, best.name)]}
    others = dict(list(others.items())[:SHOWN])
    names = [headline, *head_to_foot({name: 0 for own in others.values() for name in own if name != headline})]
    each = max(0.26, 0.1 * len(others) + 0.1)
    labels = [plain(name, LONGEST_NAME) for name in others]
    across = key_columns(labels, WIDTH - LEFT)
    key = 0.2 * math.ceil(len(labels) / across)
    about = [
        f"less or more than {best.name}, on the same people", "lines: 95 % intervals, paired",
        "filled: more than chance, corrected for all that is compared",
    ]  # fmt: skip
    what = f"{best.per_joint_metric or headline} beside the best run"
    figure, above = run_page(best, what, about, (WIDTH, 0.7 + key + each * len(names)))
    height = figure.get_size_inches()[1]
    axis = figure.subplots()
    figure.subplots_adjust(LEFT / WIDTH, 0.55 / height, 1 - 0.25 / WIDTH, 1 - (above + key + 0.05) / height)
    for number, own in enumerate(others.values()):
        shift = (number - (len(others) - 1) / 2) * 0.7 / len(others)
        for place, name in enumerate(names):
            if (one := own.get(name)) is not None:
                if one.interval is not None:
                    axis.hlines(place + shift, *one.interval, color=PALETTE[number], linewidth=1.6, zorder=3)
                face = PALETTE[number] if one.resolved else "white"
                axis.scatter(
                    [one.value], [place + shift], s=24, color=face, edgecolor=PALETTE[number], linewidth=1.2, zorder=4
                )
    axis.axvline(0, color=INK, linewidth=0.8)
    axis.axhline(0.5, color=INK, linewidth=0.8)
    axis.set_yticks(range(len(names)), [plain(name, 24).replace("_", " ") for name in names], color=INK)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.grid(axis="x", color=GRID)
    axis.set_xlabel("difference (percentage points)" if best.rule.unit == "%" else "difference")
    handles = [Line2D([], [], color=color, linewidth=4) for color in PALETTE[: len(others)]]
    look: dict[str, Any] = {"ncols": across, "borderpad": 0.2, "handlelength": 0.9}
    axis.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1), **look)
    return figure


def other_of(pair: Pair, name: str) -> str:
    """The run that is compared with the one of that name; empty where the pair is of two others."""
    return {pair.a: pair.b, pair.b: pair.a}.get(name, "")


def against(pair: Pair, best: str) -> dict[str, Difference]:
    """Headline and keypoints, or all metrics where there are no keypoints: what the other run scores more than `best`."""
    rows = (pair.headline, *pair.joints) if pair.joints else pair.metrics
    return {row.name: row if pair.b == best else _turned(row) for row in rows}


def _turned(row: Difference) -> Difference:
    """b − a instead of a − b."""
    bounds = None if row.interval is None else (-row.interval[1], -row.interval[0])
    return Difference(row.name, row.b, row.a, bounds, row.p)
