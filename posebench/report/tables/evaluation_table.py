"""One record as a small HTML table, for notebooks."""

from posebench.report.tables.columns import UNKNOWN, bounds
from posebench.report.tables.notebook_table import html_list, html_table
from posebench.results.record import Record
from posebench.scoring.scores import shown_decimals


def html(record: Record) -> str:
    """Metrics and keypoints with their intervals, the rule above and the notes below. Every text is escaped."""
    from markupsafe import escape

    decimals = shown_decimals(record.rule.unit)
    parts = ((record.metrics, record.intervals), (record.per_joint, record.per_joint_intervals))
    rows = [
        [name.replace("_", " "), UNKNOWN if value is None else f"{value:.{decimals}f}",
         bounds(intervals.get(name), decimals) or ""]
        for values, intervals in parts
        for name, value in values.items()
    ]  # fmt: skip
    data, rule = record.data, record.rule
    caption = f"{record.name} on {data.what}, {data.people:,} people; {rule.protocol} {rule.short_scope}"
    table = html_table(caption, ["", rule.unit or "score", "95 % interval"], rows)
    return table + f"<p>{escape(rule.sentence)}</p>" + html_list(record.notes)
