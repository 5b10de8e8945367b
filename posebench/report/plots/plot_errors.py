"""Pictures of a diagnosis that need its numbers alone: kinds of errors, parts of the data, calibration."""

import math

from matplotlib.figure import Figure

from posebench.diagnosis.error_kinds import JITTER, KINDS
from posebench.report.plots.plot_joints import head_to_foot
from posebench.report.plots.plot_run import list_intervals, run_page
from posebench.report.plots.plot_style import GRID, INK, PALETTE, QUIET, plain
from posebench.results.kept_diagnosis import KeptDiagnosis
from posebench.results.record import Record

WIDTH = 8.2
"""Inches of a picture."""
LINE = 0.24
"""Inches of a line of a list."""
COLORS = dict(zip(KINDS[JITTER:], ("#56B4E9", "#D55E00", "#CC79A7", "#666666"), strict=True))


def errors(record: Record, kept: KeptDiagnosis) -> Figure | None:
    """Share of each kind of error by keypoint, and what repairing a kind alone would add; None where no keypoint counts."""
    names = head_to_foot(kept.joints)
    if not names:
        return None
    high = LINE * max(len(names), 8)
    figure, above = run_page(record, "Kinds of errors", [kept.limits], (WIDTH, high + 0.95))
    height = figure.get_size_inches()[1]
    shares, gains = figure.subplots(1, 2, width_ratios=(1.5, 1))
    figure.subplots_adjust(1.35 / WIDTH, 0.55 / height, 1 - 0.2 / WIDTH, 1 - (above + 0.3) / height, 0.32)
    left = [0.0] * len(names)
    for kind, name in enumerate(KINDS[JITTER:], start=JITTER):
        part = [100 * kept.joints[joint][kind] / sum(kept.joints[joint]) for joint in names]
        shares.barh(range(len(names)), part, left=left, height=0.7, color=COLORS[name], label=name)
        left = [one + more for one, more in zip(left, part, strict=True)]
    shares.set_yticks(range(len(names)), [plain(name, 22).replace("_", " ") for name in names], color=INK)
    shares.set_ylim(len(names) - 0.5, -0.5)
    shares.set_xlabel("% of the predictions of a keypoint")
    shares.grid(axis="x", color=GRID)
    shares.legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=len(COLORS), borderpad=0.2, handlelength=0.9, columnspacing=1.2
    )
    repairs = [one for one in kept.repairs if math.isfinite(one.gain.value)]
    list_intervals(gains, [one.kind for one in repairs], [one.gain for one in repairs], zero=True)
    gains.set_xlabel(
        f"what its repair alone adds to {record.rule.headline}" + f" ({record.rule.unit})" * bool(record.rule.unit)
    )
    gains.set_title("lines: 95 % intervals", loc="left", fontsize=8.5, color=QUIET)
    return figure


def parts(record: Record, kept: KeptDiagnosis) -> Figure | None:
    """The share of right keypoints on each part of the data; None where the data has no parts."""
    if len(kept.slices) < 2:
        return None
    figure, above = run_page(
        record, "Right keypoints on parts of the data", [f"right: {kept.right_if}", "lines: 95 % intervals"],
        (WIDTH, LINE * len(kept.slices) + 0.55),
    )  # fmt: skip
    height = figure.get_size_inches()[1]
    axis = figure.subplots()
    figure.subplots_adjust(3.1 / WIDTH, 0.5 / height, 1 - 1.1 / WIDTH, 1 - above / height)
    names = [plain(f"{part.by}: {part.name}" if part.by else part.name, 48) for part in kept.slices]
    list_intervals(axis, names, [part.right for part in kept.slices])
    axis.axvline(kept.slices[0].right.value, color=QUIET, linewidth=0.8, linestyle=(0, (4, 2.5)))
    for place, part in enumerate(kept.slices):
        beside = {"transform": axis.get_yaxis_transform(), "va": "center_baseline", "fontsize": 7.5, "color": QUIET}
        axis.text(1.02, place, f"{part.people:,} people", **beside)  # type: ignore[arg-type]
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
    figure, above = run_page(record, "Calibration of confidences", about, (6.4, 4.6))
    width, height = figure.get_size_inches()
    axis = figure.subplots()
    figure.subplots_adjust(0.7 / width, 0.55 / height, 1 - 0.3 / width, 1 - above / height)
    x = [one.confidence for one in found.bins]
    axis.plot(x, [one.right.value for one in found.bins], "o-", color=PALETTE[0], linewidth=1.2, markersize=5, zorder=4)
    for one in found.bins:
        if one.right.interval:
            axis.vlines(one.confidence, *one.right.interval, color=PALETTE[0], linewidth=1.6, zorder=3)
    if found.error is not None:
        axis.plot([0, 1], [0, 100], color=QUIET, linestyle=(0, (4, 2.5)), linewidth=1)
        axis.annotate(
            "as right as it says",
            (0.98, 98),
            (-4, -14),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color=QUIET,
        )
        axis.set_xlim(-0.01, 1.01)
    axis.set_ylim(0, 101)
    axis.grid(color=GRID)
    axis.set_xlabel("mean confidence")
    axis.set_ylabel("right keypoints (%)")
    return figure
