"""Pictures of a diagnosis that need its numbers alone: kinds of errors, parts of the data, calibration."""

import math

from matplotlib.figure import Figure

from posebench.diagnosis.error_kinds import JITTER, KINDS
from posebench.errors import counted
from posebench.report.plots.plot_joints import head_to_foot
from posebench.report.plots.plot_run import list_intervals, run_page
from posebench.report.plots.plot_style import GRID, INK, PALETTE, QUIET, WIDTH, plain
from posebench.results.kept_diagnosis import KeptDiagnosis
from posebench.results.record import Record

LINE = 0.24
"""Inches of a line of a list."""
COLORS = dict(zip(KINDS[JITTER:], ("#56B4E9", "#D55E00", "#CC79A7", "#777777"), strict=True))
"""Colour of each kind of error, also on the pages of runs."""


def shares(kept: KeptDiagnosis) -> dict[str, dict[str, float]]:
    """`all`, then keypoints from the head down → kind of error → percent of its predictions."""
    every = {"all": kept.counts} | {name: kept.joints[name] for name in head_to_foot(kept.joints)}
    return {
        name: {kind: 100 * counts[KINDS.index(kind)] / sum(counts) for kind in COLORS}
        for name, counts in every.items()
        if sum(counts)
    }


def errors(record: Record, kept: KeptDiagnosis) -> Figure | None:
    """Share of each kind of error by keypoint, and what repairing a kind alone would add; None where no keypoint counts."""
    every = shares(kept)
    if not every:
        return None
    high = LINE * max(len(every), 8)
    figure, above = run_page(record, "Kinds of errors", [kept.limits], (WIDTH, high + 1.05))
    height = figure.get_size_inches()[1]
    axis, gains = figure.subplots(1, 2, width_ratios=(1.5, 1))
    figure.subplots_adjust(1.35 / WIDTH, 0.65 / height, 1 - 0.2 / WIDTH, 1 - (above + 0.3) / height, 0.32)
    left = [0.0] * len(every)
    for kind, color in COLORS.items():
        part = [own[kind] for own in every.values()]
        axis.barh(range(len(every)), part, left=left, height=0.7, color=color, label=kind)
        left = [one + more for one, more in zip(left, part, strict=True)]
    axis.set_yticks(range(len(every)), [plain(name, 22).replace("_", " ") for name in every], color=INK)
    axis.set_ylim(len(every) - 0.5, -0.5)
    axis.set_xlabel("% of the predictions of a keypoint")
    axis.grid(axis="x", color=GRID)
    axis.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=len(COLORS), borderpad=0.2, handlelength=0.9, columnspacing=1.2
    )
    repairs = [one for one in kept.repairs if math.isfinite(one.gain.value)]
    list_intervals(gains, [one.kind for one in repairs], [one.gain for one in repairs], zero=True)
    points = "\n(percentage points)" if record.rule.unit == "%" else ""
    gains.set_xlabel(f"what its repair alone adds to {record.rule.headline}{points}")
    gains.set_title("lines: 95 % intervals", loc="left", fontsize=8.5, color=QUIET)
    return figure


def parts(record: Record, kept: KeptDiagnosis) -> Figure | None:
    """The share of right keypoints on each part of the data; None where the data has no parts."""
    if len(kept.slices) < 2:
        return None
    about = [f"right: {kept.right_if}", "lines: 95 % intervals", "dashed: all keypoints"]
    figure, above = run_page(
        record, "Right keypoints on parts of the data", about, (WIDTH, LINE * len(kept.slices) + 0.55),
    )  # fmt: skip
    height = figure.get_size_inches()[1]
    axis = figure.subplots()
    figure.subplots_adjust(3.1 / WIDTH, 0.5 / height, 1 - 1.1 / WIDTH, 1 - above / height)
    names = [plain(f"{part.by}: {part.name}" if part.by else part.name, 48) for part in kept.slices]
    list_intervals(axis, names, [part.right for part in kept.slices])
    axis.axvline(kept.slices[0].right.value, color=QUIET, linewidth=0.8, linestyle=(0, (4, 2.5)))
    for place, part in enumerate(kept.slices):
        beside = {"transform": axis.get_yaxis_transform(), "va": "center_baseline", "fontsize": 7.5, "color": QUIET}
        axis.text(1.02, place, counted(part.people, "person", "people"), **beside)  # type: ignore[arg-type]
        if place and part.by != kept.slices[place - 1].by:
            axis.axhline(place - 0.5, color=GRID, linewidth=0.8)
    axis.set_xlabel("right keypoints (%)")
    return figure


def calibration(record: Record, kept: KeptDiagnosis) -> Figure | None:
    """The share of right keypoints over confidence; None where the file has no confidences."""
    found = kept.calibration
    if not found.bins:
        return None
    about = ["a tenth of the keypoints in each dot; lines: 95 % intervals", f"right: {kept.right_if}"]
    if found.error is None:
        about.append("these confidences are no probabilities")
    else:
        about.append(f"expected calibration error {found.error.error.value:.1f} %")
    figure, above = run_page(record, "Calibration of confidences", about, (WIDTH, 4.6))
    height = figure.get_size_inches()[1]
    axis = figure.subplots()
    figure.subplots_adjust(0.7 / WIDTH, 0.55 / height, 1 - 0.3 / WIDTH, 1 - above / height)
    x = [one.confidence for one in found.bins]
    axis.plot(x, [one.right.value for one in found.bins], "o-", color=PALETTE[0], linewidth=1.2, markersize=5, zorder=4)
    for one in found.bins:
        if one.right.interval:
            axis.vlines(one.confidence, *one.right.interval, color=PALETTE[0], linewidth=1.6, zorder=3)
    if found.error is not None:
        axis.plot([0, 1], [0, 100], color=QUIET, linestyle=(0, (4, 2.5)), linewidth=1)
        axis.annotate(
            "perfect calibration", (0.1, 10), (8, -3), textcoords="offset points", va="top", fontsize=8, color=QUIET
        )
        axis.set_xlim(-0.01, 1.01)
    axis.set_ylim(0, 101)
    axis.grid(color=GRID)
    axis.set_xlabel("mean confidence")
    axis.set_ylabel("right keypoints (%)")
    return figure
