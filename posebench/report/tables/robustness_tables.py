"""Tables of robustness: corruptions, shifts and scales of the boxes, and sources of boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

from posebench.data.box_source import ANNOTATION
from posebench.diagnosis.estimate import Estimate
from posebench.report.tables.columns import UNKNOWN, bounds, size
from posebench.report.tables.published_robustness import CLEAN, MPC, RPC, PublishedRobustness, beside, differences
from posebench.results.kept_robustness import Condition, KeptRobustness
from posebench.scoring.bootstrap import LEVEL
from posebench.scoring.scores import shown_decimals

INTERVAL = f"{LEVEL} %"
SHORT = {
    "gaussian_noise": "gauss", "shot_noise": "shot", "impulse_noise": "impulse", "defocus_blur": "defocus",
    "glass_blur": "glass", "motion_blur": "motion", "zoom_blur": "zoom", "elastic_transform": "elastic",
    "jpeg_compression": "jpeg",
}  # fmt: skip
"""Corruption → its name as the head of a narrow column, where that is shorter."""
JITTERED = {13: "13 pixels, 10 %", 26: "26 pixels, 25 %"}
"""Level of jitter → how far boxes are moved each way and by how much they are scaled."""


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
    """Clean score, mPC and rPC of networks of one group, and of the published rows beside them."""
    first = several[0]
    decimals = shown_decimals(first.rule.unit) - (first.rule.unit == "%")
    rows = []
    for kept in several:
        damage = kept.corrupted
        cells = [*cell(kept.clean, decimals)]
        if damage is not None:
            cells += [*cell(damage.mpc, decimals), *cell(damage.rpc, 1)]
        rows.append((f"{kept.name} {size(kept.input_size)}", *cells))
    headers = ("", first.rule.headline, INTERVAL, *((MPC, INTERVAL, RPC, INTERVAL) if first.corrupted else ()))
    literature = beside(first) if first.corrupted else []
    for row in literature:
        values = (_published(row, what, first) for what in (CLEAN, MPC, RPC))
        rows.append(
            (f"{row.arch} {row.input_size.replace('x', '×')}, published", *(x for v in values for x in (v, "")))
        )
    title = f"{first.rule.headline} {first.rule.unit} on photographs as they are" + (
        f", mean over corrupted ones ({MPC}), and that in percent ({RPC})" if first.corrupted else ""
    )
    return RobustnessTable(
        title.replace("  ", " "), headers, tuple(rows), _about_published(first, literature), len(several) if literature else None
    )  # fmt: skip


def corruptions(kept: KeptRobustness) -> RobustnessTable | None:
    """Every corruption: the mean over severities with its interval, and every severity."""
    damage = kept.corrupted
    if damage is None:
        return None
    decimals = shown_decimals(kept.rule.unit) - (kept.rule.unit == "%")
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
    decimals = shown_decimals(first.rule.unit) - (first.rule.unit == "%")
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
    return RobustnessTable(f"{kept.rule.headline} over scales of the box", ("box", "", INTERVAL), rows, below)


def sources(kept: KeptRobustness) -> RobustnessTable | None:
    """The score by source of boxes, with the paired difference from the first one."""
    found = kept.of("boxes")
    if not found:
        return None
    decimals = shown_decimals(kept.rule.unit) - (kept.rule.unit == "%")
    source = kept.data.box_source
    base = "annotated" if source == ANNOTATION else f"detected ({source})"
    rows = [(base, *_shown(kept, None), "", "")]
    for one in found:
        name = (
            one.name
            if not one.level
            else f"annotated, {one.name} by up to {JITTERED.get(int(one.level), f'{one.level:g}')}"
        )
        rows.append((name, *_shown(kept, one), *cell(one.change, decimals, sign=True)))
    headers = ("boxes", kept.rule.headline, INTERVAL, "change", INTERVAL)
    return RobustnessTable(f"{kept.rule.headline} by source of boxes", headers, tuple(rows))


def cell(value: Estimate, decimals: int, sign: bool = False) -> tuple[str, str]:
    """A value and its interval as shown."""
    shown = UNKNOWN if value.value != value.value else f"{value.value:{'+' * sign}.{decimals}f}"
    return shown, bounds(value.interval, decimals) or ""


def _shown(kept: KeptRobustness, one: Condition | None) -> tuple[str, str]:
    """The score of a condition, or of the clean one, with its interval."""
    decimals = shown_decimals(kept.rule.unit) - (kept.rule.unit == "%")
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
