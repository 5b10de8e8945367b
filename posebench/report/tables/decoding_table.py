"""Decodings of kept heatmaps as a table: its cells, as HTML for notebooks, and as Markdown."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from posebench.plain_text import one_line
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.report.tables.columns import UNKNOWN, Column, bounds
from posebench.report.tables.comparison_table import difference_cells
from posebench.report.tables.leaderboard import escape, markdown_table
from posebench.report.tables.notebook_table import html_list, html_table
from posebench.results.record import Record
from posebench.scoring.bootstrap import LEVEL, RESAMPLES
from posebench.scoring.comparison import SIGNIFICANT, Difference
from posebench.scoring.scores import shown_decimals

if TYPE_CHECKING:
    from posebench.inference.decodings import Decoding

MIRROR = (
    "mirror: off, the upright pass alone; on, its mean with the mirrored pass; on+1, the mirrored pass moved right by one column "
    "before (HRNet's SHIFT_HEATMAP)"
)
DECODER = 2
"""The column of names, which stands at the left; all others stand at the right."""
CORRECTION = (
    f"Differences from the network's own decoding are resolved where p ≤ {SIGNIFICANT:.2f}; p is corrected for all rows "
    "together (single-step max-|t|). Intervals are for each row alone"
)


@dataclass(frozen=True)
class DecodedRow:
    """One decoding.

    Attributes:
        value: its headline; NaN where unknown. interval: of 95 %, or None.
        difference: from the network's own decoding, which is the second run; None for that one itself.
    """

    decoding: "Decoding"
    value: float
    interval: tuple[float, float] | None
    difference: Difference | None


def headers(record: Record) -> list[str]:
    """The names of the columns; the first three are of the decoding."""
    return ["stack", "mirror", "decoder", one_line(record.rule.headline), f"{LEVEL} %", "− own", f"{LEVEL} %", "p"]


def cells(row: DecodedRow, record: Record) -> list[str]:
    """A row's cells, not escaped."""
    decimals = shown_decimals(record.rule.unit)
    one, value = row.decoding, f"{row.value:.{decimals}f}" if math.isfinite(row.value) else UNKNOWN
    shown = [str(one.stack), one.mirror, one.decoder, value, bounds(row.interval, decimals) or UNKNOWN]
    apart = row.difference
    if apart is None:
        return [*shown, "own", "", ""]
    if apart.interval is None or apart.p is None:
        return [*shown, UNKNOWN, UNKNOWN, UNKNOWN]
    return [*shown, *(["equal", "", ""] if apart.never_differs else difference_cells(apart, decimals))]


def sentence(record: Record, rows: Sequence[DecodedRow]) -> str:
    """Which row has the highest headline, and whether that is more than chance."""
    decimals, name = shown_decimals(record.rule.unit), one_line(record.rule.headline)
    own = next(row for row in rows if row.difference is None)
    best = max(rows, key=lambda row: (math.isfinite(row.value), row.value, row is own))
    said = f"{name}: the network's own decoding ({own.decoding.name}) scores {own.value:.{decimals}f}"
    apart = best.difference
    if apart is None:
        return f"{said}, as much as any." if len(rows) > 1 else f"{said}."
    if not math.isfinite(apart.value):
        return f"{said}; the differences are unknown."
    verdict = "without an interval" if apart.p is None else "resolved" if apart.resolved else "not resolved"
    return f"{said}, {best.decoding.name} {best.value:.{decimals}f}: {apart.value:+z.{decimals}f}, {verdict}."


def about(record: Record) -> list[str]:
    """What the numbers are of, as sentences."""
    data, rule, sampling = record.data, record.rule, record.sampling
    resampled = f"resampled by {sampling.unit} ({sampling.units:,})"
    return [
        f"{one_line(record.name)} on {one_line(data.what)}: {data.people:,} people, boxes: {one_line(data.box_source)}, "
        f"ground truth: {one_line(data.annotations)}",
        f"{one_line(rule.protocol)} {one_line(rule.short_scope)}: {one_line(rule.sentence)}",
        # of one image there are none, which a note of the record says
        *(
            [f"{LEVEL} % intervals: {RESAMPLES:,} paired resamples, {resampled}. {CORRECTION}."]
            if sampling.units > 1
            else []
        ),
        f"{MIRROR}.",
    ]


def markdown(record: Record, rows: Sequence[DecodedRow]) -> str:
    """The table in GitHub's Markdown, with what it is about."""
    names = headers(record)
    columns = [
        Column(name, values, to_right=place != DECODER)
        for place, (name, values) in enumerate(
            zip(names, zip(*(cells(row, record) for row in rows), strict=True), strict=True)
        )
    ]
    said = "\n".join(f"- {escape(line)}" for line in (*_warning(record), *about(record), *record.notes))
    return f"{escape(sentence(record, rows))}\n\n{markdown_table(columns)}\n\n{said}\n"


def html(record: Record, rows: Sequence[DecodedRow]) -> str:
    """The table for a notebook. Every text is escaped."""
    table = html_table(sentence(record, rows), headers(record), (cells(row, record) for row in rows))
    return table + html_list([*_warning(record), *about(record), *record.notes])


def _warning(record: Record) -> list[str]:
    """Where people are drawn, what a terminal says above the table."""
    return [SYNTHETIC_NOTE] if record.data.synthetic else []
