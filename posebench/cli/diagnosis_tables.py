"""Tables of a diagnosis: offset, parts of the data, calibration, sigmas. Each has a sentence with the finding above it."""

import math
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from posebench.cli.show_scores import _label, _number
from posebench.diagnosis.body_lengths import BodyLengths
from posebench.diagnosis.calibration import Calibration, Error
from posebench.diagnosis.estimate import Estimate
from posebench.diagnosis.recalibration import OTHERS, Reordered
from posebench.diagnosis.registration import LIMIT, WITHIN, Offset, Registration
from posebench.diagnosis.sigmas import Sensitivity
from posebench.diagnosis.slices import Part
from posebench.report.columns import size
from posebench.scoring.bootstrap import LEVEL
from posebench.scoring.pck import SMALLEST_SLICE

INTERVAL = f"{LEVEL} %"


def print_registration(out: Console, said: Console, found: Registration, headline: str, decimals: int) -> None:
    """The offset by keypoint, and what the scores are without it."""
    overall = found.overall
    if not overall.keypoints:
        print_finding(out, f"The offset is unknown: no keypoint is within {WITHIN:g} cells of its annotation.")
        return
    x, y = overall.x.value, overall.y.value
    off = f"Predictions are off by ({x:+.2f}, {y:+.2f}) heatmap cells (right, down)"
    if overall.large:
        print_finding(out, f"Warning: {off}, more than {LIMIT}: look for half a cell, or truncation.", "bold yellow")
    elif max(abs(x), abs(y)) > LIMIT:
        print_finding(out, f"{off}; whether that is more than {LIMIT} is not resolved.")
    else:
        print_finding(out, f"{off}, within {LIMIT}.")
    table = make_table(["offset in cells", "right", INTERVAL, "down", INTERVAL, "keypoints"])
    for name, offset in (("all", overall), *found.joints.items()):
        table.add_row(_label(name.replace("_", " ")), *_offset(offset), f"{offset.keypoints:,}")
    out.print(table)
    (main,) = [one for one in found.removed if one.metric == headline]
    print_finding(
        out,
        f"Without this offset alone, {headline} would be {main.after:.{decimals}f} instead of {main.before:.{decimals}f}. It is a "
        "diagnostic and no score.",
    )
    out.print(_removed(found, headline, decimals))
    said.print(
        f"Cells of {found.stride} pixels of {size(found.input_size)}; median over keypoints within {WITHIN:g} cells.",
        style="dim", highlight=False,
    )  # fmt: skip


def _offset(offset: Offset) -> list[str]:
    return [cell for axis in (offset.x, offset.y) for cell in (number(axis.value, 2, "+"), bounds(axis, 2, "+"))]


def _removed(found: Registration, headline: str, decimals: int) -> Table:
    """The headline and its relatives, such as Mean, Mean@0.1 and AUC."""
    table = make_table(["", "as it is", "without\nthe offset", "change", INTERVAL])
    for one in found.removed:
        if one.metric.startswith((headline, "AUC")):
            values = (number(value, decimals) for value in (one.before, one.after))
            change = number(one.change.value, decimals, "+"), bounds(one.change, decimals, "+")
            table.add_row(_label(one.metric), *values, *change, style="bold" if one.metric == headline else None)
    return table


def print_slices(out: Console, said: Console, parts: Sequence[Part], right_if: str) -> None:
    """The share of right keypoints on every part."""
    if len(parts) < 2:
        return
    large = [one for one in parts[1:] if one.people >= SMALLEST_SLICE and math.isfinite(one.right.value)]
    if large:
        least = min(large, key=lambda one: one.right.value)
        print_finding(
            out, f"Keypoints are right least often in the part {least.by}: {least.name}, {least.right.value:.1f} %, against "
            f"{parts[0].right.value:.1f} % of all.",
        )  # fmt: skip
    else:
        print_finding(out, f"Keypoints are right in {parts[0].right.value:.1f} %; every part has few people.")
    table = make_table(["", "right %", INTERVAL, "people", "keypoints"])
    by = ""
    for one in parts:
        if one.by != by:
            table.add_section()
        label = one.name if not one.by else f"{one.by}: {one.name}"
        by = one.by
        table.add_row(
            _label(label), number(one.right.value, 1), bounds(one.right, 1), f"{one.people:,}", f"{one.keypoints:,}"
        )
    out.print(table)
    said.print(f"right: {_label(right_if)}.", style="dim", highlight=False)


def print_calibration(
    out: Console, said: Console, found: Calibration, right_if: str, headline: str, decimals: int
) -> None:
    """Confidence against the share of right keypoints, and what recalibration changes."""
    if not found.bins:
        print_finding(out, f"Calibration is unknown. {found.problem}")
        return
    if found.error is None:
        print_finding(out, found.problem)
    else:
        worst = max(found.bins, key=lambda one: abs(100 * one.confidence - one.right.value))
        print_finding(
            out, f"Expected calibration error: {_error(found.error)}; a confidence of {worst.confidence:.2f} is right in "
            f"{worst.right.value:.1f} %.",
        )  # fmt: skip
    table = make_table(["confidence", "mean", "right %", INTERVAL, "keypoints"])
    for one in found.bins:
        table.add_row(
            f"{one.low:.3f}–{one.high:.3f}", f"{one.confidence:.3f}", number(one.right.value, 1), bounds(one.right, 1),
            f"{one.keypoints:,}",
        )  # fmt: skip
    out.print(table)
    said.print(f"right: {_label(right_if)}.", style="dim", highlight=False)
    if found.recalibrated is not None:
        out.print(f"Recalibrated on {OTHERS}: {_error(found.recalibrated)}.", highlight=False)
    if found.reordered:
        _print_reordered(out, found.reordered, headline, decimals)


def _error(error: Error) -> str:
    chance = f", by chance {error.by_chance:.1f} %" if math.isfinite(error.by_chance) else ""
    return f"{error.error.value:.1f} % {bounds(error.error, 1)}{chance}"


def _print_reordered(out: Console, found: Sequence[Reordered], headline: str, decimals: int) -> None:
    first = found[0].change
    print_finding(
        out, f"Recalibrated scores of detections would change {headline} by {number(first.value, decimals, '+')} "
        f"{bounds(first, decimals, '+')}.",
    )  # fmt: skip
    table = make_table(["recalibrated on", headline, INTERVAL, "change", INTERVAL])
    for one in found:
        values = number(one.headline.value, decimals), bounds(one.headline, decimals)
        table.add_row(
            one.fitted_on, *values, number(one.change.value, decimals, "+"), bounds(one.change, decimals, "+")
        )
    out.print(table)


def print_sigmas(out: Console, found: Sequence[Sensitivity], headline: str, decimals: int) -> None:
    """The headline with other sigmas; nothing where there are none."""
    if not found:
        return
    tenth = min((one for one in found if one.factor > 1), key=lambda one: one.factor)
    print_finding(
        out, f"Sigmas {100 * (tenth.factor - 1):.0f} % larger would change {headline} by "
        f"{number(tenth.change.value, decimals, '+')}, with the same predictions.",
    )  # fmt: skip
    table = make_table(["sigmas", headline, INTERVAL, "change", INTERVAL])
    for one in found:
        change = (
            ["", ""]
            if one.factor == 1
            else [number(one.change.value, decimals, "+"), bounds(one.change, decimals, "+")]
        )
        table.add_row(
            f"× {one.factor:g}", number(one.headline.value, decimals), bounds(one.headline, decimals), *change
        )
    out.print(table)


def print_body_lengths(out: Console, said: Console, found: BodyLengths | None) -> None:
    """PCK and the median error in body lengths; nothing where the score is by a length of the person already."""
    if found is None or not found.keypoints:
        return
    middle = f"{number(found.median.value, 3)} body lengths {bounds(found.median, 3)}"
    print_finding(out, f"Without sigmas: the median error of the people who are found is {middle}.")
    table = make_table(["within", "keypoints %", INTERVAL])
    for threshold, share in found.pck:
        table.add_row(f"{threshold:g} body lengths", number(share.value, 1), bounds(share, 1))
    out.print(table)
    said.print("A body length is the longer side of the person's box.", style="dim", highlight=False)


def print_finding(out: Console, sentence: str, style: str = "bold") -> None:
    """The sentence above a table, after an empty line."""
    out.print(f"\n{_label(sentence)}", style=style, highlight=False)


def make_table(headers: Sequence[str]) -> Table:
    """A table of which the first column may fold, and the others are numbers."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for place, header in enumerate(headers):
        table.add_column(_header(header), justify="right" if place else "left", overflow="fold", no_wrap=place > 0)
    return table


def _header(text: str) -> str:
    return "\n".join(_label(line) for line in text.split("\n"))


def number(value: float, decimals: int, sign: str = "-") -> str:
    """A number as text, without a negative zero."""
    return _number(round(value, decimals) + 0.0, decimals, sign)


def bounds(estimate: Estimate, decimals: int, sign: str = "-") -> str:
    """Such as `[+1.20, +1.84]`; empty where unknown."""
    if estimate.interval is None:
        return ""
    return f"[{', '.join(number(bound, decimals, sign) for bound in estimate.interval)}]"
