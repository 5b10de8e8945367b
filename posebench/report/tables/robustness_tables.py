"""Tables of robustness: corruptions, shifts and scales of the boxes, and sources of boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from posebench.data.box_source import ANNOTATION
from posebench.diagnosis.estimate import Estimate
from posebench.report.tables.columns import UNKNOWN, bounds, size
from posebench.report.tables.published_robustness import PublishedRobustness, beside, differences
from posebench.results.kept_robustness import CLEAN, MPC, RPC, Condition, KeptRobustness
from posebench.scoring.bootstrap import LEVEL, interval
from posebench.scoring.scores import shown_decimals

INTERVAL = f"{LEVEL} %"
SHORT = {
    "gaussian_noise": "gauss", "shot_noise": "shot", "impulse_noise": "impulse", "defocus_blur": "defocus",
    "glass_blur": "glass", "motion_blur": "motion", "zoom_blur": "zoom", "elastic_transform": "elastic",
    "jpeg_compression": "jpeg",
}  # fmt: skip
"""Corruption → its name as the head of a narrow column, where that is shorter."""
JITTERED = {13: "13 px, 10 %", 26: "26 px, 25 %"}
"""Level of jitter → how far boxes are moved each way and by how much they are scaled."""
ABOUT_JITTER = (
    "Jittered: annotated boxes that are moved each way by up to so many pixels of a crop that is 256 high, and scaled by up to so "
    "much. Changes are paired."
)


@dataclass(frozen=True)
class RobustnessTable:
    """One table.

    Attributes:
        title: what it shows. headers, rows: cells as shown; the first column is text, the others are numbers.
        below: what a reader needs to read it; empty for nothing.
        apart: the row before which a line stands; None for none.
    """

    title: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    below: str = ""
    apart: int | None = None


def tables(kept: KeptRobustness) -> list[RobustnessTable]:
    """All tables of one network that it has anything for."""
    made = [summary([kept]), corruptions(kept), shifts(kept), scales(kept), sources(kept)]
    return [table for table in made if table is not None]


def summary(several: Sequence[KeptRobustness]) -> RobustnessTable:
    """Clean score, mPC and rPC of networks of one group, and of the published rows beside them.

    Of several networks, mPC is compared with that of the first one, pair by pair.
    """
    first, paired = several[0], len(several) > 1
    headers, title = ["", CLEAN, INTERVAL], first.rule.headline + f" ({first.rule.unit})" * bool(first.rule.unit)
    if first.corrupted is None:
        return RobustnessTable(title, tuple(headers), tuple((_row_name(kept), *_shown(kept, None)) for kept in several))
    headers += [MPC, INTERVAL, RPC, INTERVAL, *[f"{MPC} − first", INTERVAL] * paired]
    rows: list[tuple[str, ...]] = [(_row_name(kept), *_summed(kept, first if paired else None)) for kept in several]
    literature = beside(first)
    for row in literature:
        values = (_published(row, what, first) for what in (CLEAN, MPC, RPC))
        cells = [shown for value in values for shown in (value, "")]
        rows.append((f"{row.arch} {row.input_size.replace('x', '×')}, published", *cells, *["", ""] * paired))
    return RobustnessTable(
        f"{title}; {MPC}: mean over corrupted photographs; {RPC}: {MPC} in percent of {CLEAN}", tuple(headers), tuple(rows),
        _about_published(first, literature), len(several) if literature else None,
    )  # fmt: skip


def _row_name(kept: KeptRobustness) -> str:
    return f"{kept.name} {size(kept.input_size)}"


def _summed(kept: KeptRobustness, first: KeptRobustness | None) -> list[str]:
    """Cells of a network: clean score, mPC, rPC, and what mPC is above that of the first network, where there is one."""
    damage = kept.corrupted
    if damage is None:
        return []
    cells = [*_shown(kept, None), *cell(damage.mpc, _decimals(kept)), *cell(damage.rpc, 1)]
    if first is None or first.corrupted is None:
        return cells
    if first is kept:
        return [*cells, "", ""]
    own, other = np.array(damage.mpc_resampled), np.array(first.corrupted.mpc_resampled)
    bounds = interval(own - other, kept.resampling.units) if len(own) == len(other) > 0 else None
    difference = Estimate(damage.mpc.value - first.corrupted.mpc.value, bounds)
    return [*cells, *cell(difference, _decimals(kept), sign=True)]


def corruptions(kept: KeptRobustness) -> RobustnessTable | None:
    """Every corruption: the mean over severities with its interval, and every severity."""
    damage = kept.corrupted
    if damage is None:
        return None
    decimals = _decimals(kept)
    rows = []
    for name in damage.names:
        own = {int(one.level): one.score for one in kept.of("corruption", name)}
        severities = (cell(own[severity], decimals)[0] for severity in damage.severities)
        rows.append((name.replace("_", " "), *cell(damage.means[name], decimals), *severities))
    how = (
        "corrupted photographs are encoded as JPEG, as AdvMix does"
        if damage.rule == "advmix"
        else "photographs are not encoded"
    )
    return RobustnessTable(
        f"{kept.rule.headline} by corruption: mean over severities, and each severity",
        ("", "mean", INTERVAL, *map(str, damage.severities)), tuple(rows), f"Rule {damage.rule}: {how}; seed {damage.seed}.",
    )  # fmt: skip


def by_corruption(several: Sequence[KeptRobustness]) -> RobustnessTable | None:
    """The means over severities of networks of one group, and of published rows that have them: a row each."""
    first = several[0]
    if first.corrupted is None:
        return None
    decimals = _decimals(first)
    names = first.corrupted.names
    rows = [
        (kept.name, *(cell(kept.corrupted.means[name], decimals)[0] for name in names))
        for kept in several
        if kept.corrupted
    ]
    published = [row for row in beside(first) if set(names) <= row.values.keys()]
    rows += [(f"{row.arch}, published", *(_published(row, name, first) for name in names)) for row in published]
    title = (
        f"{first.rule.headline} by corruption, mean over severities {', '.join(map(str, first.corrupted.severities))}"
    )
    headers = ("", *(SHORT.get(name, name) for name in names))
    return RobustnessTable(title, headers, tuple(rows), "", len(several) if published else None)


def shifts(kept: KeptRobustness) -> RobustnessTable | None:
    """The score over shifts of the box to the right and down."""
    right, down = ({one.level: one for one in kept.of("shift", name)} for name in ("right", "down"))
    if not right:
        return None
    rows = []
    for level in sorted({*right, *down, 0.0}):
        pair = (_shown(kept, None if level == 0 else own[level]) for own in (right, down))
        rows.append((f"{level:+g}" if level else "0", *(x for cells in pair for x in cells)))
    return RobustnessTable(
        f"{kept.rule.headline} over shifts of the box", ("pixels", "right", INTERVAL, "down", INTERVAL), tuple(rows),
        "In pixels of a crop that is 256 high; negative ones are to the left and up.",
    )  # fmt: skip


def scales(kept: KeptRobustness) -> RobustnessTable | None:
    """The score over scales of the box."""
    found = kept.of("scale")
    if not found:
        return None
    levels = sorted([*((one.level, one) for one in found), (1.0, None)], key=lambda pair: pair[0])
    rows = tuple((f"×{level:g}", *_shown(kept, one)) for level, one in levels)
    below = "At ×1.25 the box is 1.25 times as large, and the person is seen at 1 / 1.25 of the size."
    return RobustnessTable(
        f"{kept.rule.headline} over scales of the box", ("box", kept.rule.headline, INTERVAL), rows, below
    )


def sources(kept: KeptRobustness) -> RobustnessTable | None:
    """The score by source of boxes, with the paired difference from the first one."""
    found = kept.of("boxes")
    if not found:
        return None
    decimals = _decimals(kept)
    source = kept.data.box_source
    base = "annotated" if source == ANNOTATION else f"detected ({source})"
    rows = [(base, *_shown(kept, None), "", "")]
    for one in found:
        name = f"{one.name}, {JITTERED.get(int(one.level), f'{one.level:g} px')}" if one.level else one.name
        rows.append((name, *_shown(kept, one), *cell(one.change, decimals, sign=True)))
    headers = ("boxes", kept.rule.headline, INTERVAL, "change", INTERVAL)
    return RobustnessTable(f"{kept.rule.headline} by source of boxes", headers, tuple(rows), ABOUT_JITTER)


def _decimals(kept: KeptRobustness) -> int:
    """One of a percentage, as AdvMix prints; three of a fraction."""
    return shown_decimals(kept.rule.unit) - (kept.rule.unit == "%")


def cell(value: Estimate, decimals: int, sign: bool = False) -> tuple[str, str]:
    """A value and its interval as shown; `sign` for differences, which are "equal" where no resample has any."""
    if sign and value.value == 0 and value.interval == (0, 0):
        return "equal", ""
    shown = UNKNOWN if value.value != value.value else f"{value.value:{'+' * sign}z.{decimals}f}"
    if sign and value.interval is not None:
        return shown, f"[{value.interval[0]:+z.{decimals}f}, {value.interval[1]:+z.{decimals}f}]"
    return shown, bounds(value.interval, decimals) or UNKNOWN


def _shown(kept: KeptRobustness, one: Condition | None) -> tuple[str, str]:
    """The score of a condition, or of the clean one, with its interval."""
    decimals = _decimals(kept)
    return cell(kept.clean if one is None else one.score, decimals)


def _published(row: PublishedRobustness, what: str, kept: KeptRobustness) -> str:
    """A published value in the protocol's unit; rPC is in percent everywhere."""
    value = row.values[what]
    return f"{value:.1f}" if what == RPC or kept.rule.unit == "%" else f"{value / 100:.3f}"


def _about_published(kept: KeptRobustness, literature: Sequence[PublishedRobustness]) -> str:
    if not literature:
        return ""
    source, other = literature[0].source, differences(kept)
    what = (
        f"Not comparable with the measured rows: these have {'; '.join(other)}."
        if other
        else "By the same rule and people."
    )
    return f"Published: {source}, as printed. {what}"
