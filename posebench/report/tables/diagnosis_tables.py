"""Tables of a diagnosis, for the terminal and for pages. Each has a sentence with the finding above it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from posebench.diagnosis.body_lengths import BodyLengths
from posebench.diagnosis.calibration import Error
from posebench.diagnosis.error_kinds import GOOD, KINDS, Repair
from posebench.diagnosis.estimate import Estimate
from posebench.diagnosis.recalibration import OTHERS, Reordered
from posebench.diagnosis.registration import LIMIT, WITHIN, Registration
from posebench.diagnosis.slices import Part, large_parts, worse_parts
from posebench.errors import counted
from posebench.report.tables.columns import UNKNOWN, size
from posebench.results.kept_diagnosis import KeptDiagnosis
from posebench.scoring.bootstrap import LEVEL

INTERVAL = f"{LEVEL} %"
PAIRED = f"{INTERVAL}: intervals over resamples, paired for what is added."


@dataclass(frozen=True)
class DiagnosisTable:
    """One question of a diagnosis.

    Attributes:
        finding: the answer, as a sentence.
        headers: of the columns, with line breaks; the first column is text, the others are numbers. Empty where there is no table.
        rows: cells as shown.
        begins: rows with a line above them.
        strong: the row of the headline.
        above: a sentence between finding and table. below: what the numbers are, as a sentence.
        warning: whether the finding is one.
    """

    finding: str
    headers: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    begins: frozenset[int] = frozenset()
    strong: int | None = None
    above: str = ""
    below: str = ""
    warning: bool = False


def tables(kept: KeptDiagnosis, headline: str, decimals: int) -> list[DiagnosisTable]:
    """Every question of a diagnosis.

    Args:
        headline: the metric that ranks. decimals: of its scores.
    """
    found = [repairs(kept, headline, decimals)]
    if kept.joints:
        found.append(joints(kept))
    if kept.worst:
        found.append(worst(kept))
    found += offsets(kept.registration, headline, decimals)
    if len(kept.slices) > 1:
        found.append(parts(kept.slices, kept.right_if))
    found.append(calibration(kept))
    if kept.calibration.reordered:
        found.append(recalibrated(kept.calibration.reordered, headline, decimals))
    if kept.sigmas:
        found.append(sigmas(kept, headline, decimals))
    if kept.body_lengths is not None:
        found.append(body_lengths(kept.body_lengths))
    return found


def repairs(kept: KeptDiagnosis, headline: str, decimals: int) -> DiagnosisTable:
    """Kinds of errors, with what repairs add."""
    rows = []
    for one in kept.repairs:
        share = (UNKNOWN, "") if one.share is None else (number(one.share.value, 1), bounds(one.share, 1))
        count = f"{one.count:,}" if one.of == "keypoints" else f"{one.count:,} {one.of}"
        rows.append((one.kind, count, *share, number(one.gain.value, decimals, "+"), bounds(one.gain, decimals, "+")))
    of = f"{kept.unfound:,} of {counted(kept.people, 'person is', 'people are')}"
    unfound = f"{of} not found; kinds are of the others' keypoints."
    return DiagnosisTable(
        _most_lost(kept.repairs, headline, decimals),
        ("kind", "errors", "%", INTERVAL, f"repair adds\nto {headline}", INTERVAL),
        tuple(rows), above=unfound if kept.unfound else "", below=f"{kept.limits}.",
    )  # fmt: skip


def _most_lost(found: Sequence[Repair], headline: str, decimals: int) -> str:
    if all(math.isnan(one.gain.value) for one in found):
        return f"{headline} is unknown, and so is what repairs would add to it."
    known = [one for one in found if one.kind != "all" and one.gain.value > 0]
    if not known:
        return f"No kind of error lowers {headline}."
    most = max(known, key=lambda one: one.gain.value)
    return f"Most is lost to {most.kind}: its repair alone would add {most.gain.value:.{decimals}f} to {headline}."


def joints(kept: KeptDiagnosis) -> DiagnosisTable:
    """The share of each kind, by keypoint."""
    wrong = {name: 100 * (1 - counts[GOOD] / sum(counts)) for name, counts in kept.joints.items()}
    name = max(wrong, key=lambda name: wrong[name])
    rows = (
        (_spaced(name), *(f"{100 * count / sum(counts):.1f}" for count in counts), f"{sum(counts):,}")
        for name, counts in kept.joints.items()
    )
    finding = f"{_spaced(name)} is wrong most often: {wrong[name]:.1f} % of its predictions."
    if not wrong[name]:
        finding = "No predicted keypoint is wrong."
    return DiagnosisTable(finding, ("%", *KINDS, "keypoints"), tuple(rows))


def worst(kept: KeptDiagnosis) -> DiagnosisTable:
    """The people with the most wrong keypoints."""
    first = kept.worst[0]
    rows = ((one.image, str(one.person), *map(str, one.kinds)) for one in kept.worst)
    finding = f"The worst person has {first.wrong} of {sum(first.kinds)} keypoints wrong."
    return DiagnosisTable(finding, ("image", "person", *KINDS), tuple(rows))


def offsets(found: Registration, headline: str, decimals: int) -> list[DiagnosisTable]:
    """The offset by keypoint, and what the scores are without it: the headline and its relatives, such as Mean@0.1 and AUC."""
    overall = found.overall
    if not overall.keypoints:
        return [DiagnosisTable(f"The offset is unknown: no keypoint is within {WITHIN:g} cells of its annotation.")]
    x, y = overall.x.value, overall.y.value
    off = f"Predictions are off by ({number(x, 2, '+')}, {number(y, 2, '+')}) heatmap cells (right, down)"
    if overall.large:
        finding = f"Warning: {off}, more than {LIMIT}: look for half a cell, or truncation."
    elif max(abs(x), abs(y)) > LIMIT:
        finding = f"{off}; whether that is more than {LIMIT} is not resolved."
    else:
        finding = f"{off}, within {LIMIT}."
    rows = (
        (_spaced(name), *(cell for axis in (one.x, one.y) for cell in (number(axis.value, 2, "+"), bounds(axis, 2, "+"))),
         f"{one.keypoints:,}")
        for name, one in (("all", overall), *found.joints.items())
    )  # fmt: skip
    headers = ("offset in cells", "right", INTERVAL, "down", INTERVAL, "keypoints")
    return [
        DiagnosisTable(finding, headers, tuple(rows), warning=overall.large),
        *_removed(found, headline, decimals),
    ]


def _removed(found: Registration, headline: str, decimals: int) -> list[DiagnosisTable]:
    shown = [one for one in found.removed if one.metric.startswith((headline, "AUC"))]
    place = next((place for place, one in enumerate(shown) if one.metric == headline), None)
    if place is None:
        return []
    main = shown[place]
    rows = (
        (one.metric, number(one.before, decimals), number(one.after, decimals), number(one.change.value, decimals, "+"),
         bounds(one.change, decimals, "+"))
        for one in shown
    )  # fmt: skip
    before, after = (f"{value:.{decimals}f}" for value in (main.before, main.after))
    finding = (
        f"Without this offset alone, {headline} would be {after} instead of {before}. It is a diagnostic and no score."
    )
    if before == after:
        finding = f"Without this offset alone, {headline} would be the same, {before}."
    return [DiagnosisTable(
        finding,
        ("", "as it is", "without\nthe offset", "change", INTERVAL), tuple(rows), strong=place,
        below=f"Cells of {found.stride} pixels of {size(found.input_size)}; median over keypoints within {WITHIN:g} cells.",
    )]  # fmt: skip


def parts(found: Sequence[Part], right_if: str) -> DiagnosisTable:
    """The share of right keypoints on every part.

    Args:
        found: all keypoints first.
    """
    large, worse = large_parts(found[1:]), worse_parts(found)
    everywhere = _percent(found[0])
    if found[0].right.value == 100:
        finding = "All keypoints are right, so no part is worse than another."
    elif worse:
        finding = f"Keypoints are right least often in the part {_part(worse[0])}, against {everywhere} of all."
    elif large:
        least = min(large, key=lambda one: one.right.value)
        finding = f"No part is told from all keypoints ({everywhere} right). The lowest is {_part(least)}."
    else:
        finding = f"Keypoints are right in {everywhere}; every part has few people."
    rows = (
        (f"{one.by}: {one.name}" if one.by else one.name, number(one.right.value, 1), bounds(one.right, 1), f"{one.people:,}",
         f"{one.keypoints:,}")
        for one in found
    )  # fmt: skip
    begins = frozenset(place for place in range(1, len(found)) if found[place].by != found[place - 1].by)
    headers = ("", "right %", INTERVAL, "people", "keypoints")
    return DiagnosisTable(finding, headers, tuple(rows), begins, below=f"right: {right_if}.")


def _part(part: Part) -> str:
    return f"{part.by}: {part.name}, {_percent(part)}"


def _percent(part: Part) -> str:
    return f"{number(part.right.value, 1)} % {bounds(part.right, 1)}".rstrip()


def calibration(kept: KeptDiagnosis) -> DiagnosisTable:
    """Confidence against the share of right keypoints."""
    found = kept.calibration
    if not found.bins:
        return DiagnosisTable(f"Calibration is unknown. {found.problem}")
    if found.error is None:
        finding = found.problem
    else:
        most = max(found.bins, key=lambda one: abs(100 * one.confidence - one.right.value))
        finding = (
            f"Expected calibration error: {_with_chance(found.error)}; a confidence of {most.confidence:.2f} is right in "
            f"{most.right.value:.1f} %."
        )
    rows = (
        (f"{one.low:.3f}–{one.high:.3f}", f"{one.confidence:.3f}", number(one.right.value, 1), bounds(one.right, 1),
         f"{one.keypoints:,}")
        for one in found.bins
    )  # fmt: skip
    headers = ("confidence", "mean", "right %", INTERVAL, "keypoints")
    later = "" if found.recalibrated is None else f" Recalibrated on {OTHERS}: {_with_chance(found.recalibrated)}."
    return DiagnosisTable(finding, headers, tuple(rows), below=f"right: {kept.right_if}.{later}")


def _with_chance(error: Error) -> str:
    chance = f", by chance {error.by_chance:.1f} %" if math.isfinite(error.by_chance) else ""
    return f"{error.error.value:.1f} % {bounds(error.error, 1)}".rstrip() + chance


def recalibrated(found: Sequence[Reordered], headline: str, decimals: int) -> DiagnosisTable:
    """The headline with detections in the order of recalibrated scores."""
    change = f"{number(found[0].change.value, decimals, '+')} {bounds(found[0].change, decimals, '+')}".rstrip()
    rows = (
        (one.fitted_on, number(one.headline.value, decimals), bounds(one.headline, decimals),
         number(one.change.value, decimals, "+"), bounds(one.change, decimals, "+"))
        for one in found
    )  # fmt: skip
    return DiagnosisTable(
        f"Recalibrated scores of detections would change {headline} by {change}.",
        ("recalibrated on", headline, INTERVAL, "change", INTERVAL), tuple(rows),
    )  # fmt: skip


def sigmas(kept: KeptDiagnosis, headline: str, decimals: int) -> DiagnosisTable:
    """The headline with other sigmas."""
    more = min((one for one in kept.sigmas if one.factor > 1), key=lambda one: one.factor, default=kept.sigmas[-1])
    rows = tuple(
        (f"× {one.factor:g}", number(one.headline.value, decimals), bounds(one.headline, decimals),
         *(["", ""] if one.factor == 1 else [number(one.change.value, decimals, "+"), bounds(one.change, decimals, "+")]))
        for one in kept.sigmas
    )  # fmt: skip
    change = number(more.change.value, decimals, "+")
    finding = (
        f"Sigmas {100 * (more.factor - 1):.0f} % larger would change {headline} by {change}, with the same predictions."
    )
    return DiagnosisTable(finding, ("sigmas", headline, INTERVAL, "change", INTERVAL), rows)


def body_lengths(found: BodyLengths) -> DiagnosisTable:
    """PCK and the median error in body lengths."""
    rows = ((f"{at:g} body lengths", number(share.value, 1), bounds(share, 1)) for at, share in found.pck)
    middle = f"{number(found.median.value, 3)} body lengths {bounds(found.median, 3)}".rstrip()
    return DiagnosisTable(
        f"Without sigmas: the median error of the people who are found is {middle}.", ("within", "keypoints %", INTERVAL),
        tuple(rows), below="A body length is the longer side of the person's box.",
    )  # fmt: skip


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def number(value: float, decimals: int, sign: str = "-") -> str:
    """A number as text, without a negative zero."""
    return f"{value:{sign}z.{decimals}f}" if math.isfinite(value) else UNKNOWN


def bounds(estimate: Estimate, decimals: int, sign: str = "-") -> str:
    """Such as `[+1.20, +1.84]`; empty where unknown."""
    if estimate.interval is None:
        return ""
    return f"[{', '.join(number(bound, decimals, sign) for bound in estimate.interval)}]"
