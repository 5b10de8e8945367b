"""One record as a small HTML table, for notebooks."""

from posebench.report.columns import UNKNOWN, bounds
from posebench.results.record import Record


def html(record: Record) -> str:
    """Metrics and keypoints with their intervals, the rule above and the notes below. Every text is escaped."""
    from markupsafe import escape

    decimals = 2 if record.rule.unit == "%" else 3
    parts = ((record.metrics, record.intervals), (record.per_joint, record.per_joint_intervals))
    rows = [
        f"<tr><th scope='row' style='text-align:left'>{escape(name.replace('_', ' '))}</th>"
        f"<td>{UNKNOWN if value is None else f'{value:.{decimals}f}'}</td>"
        f"<td>{bounds(intervals.get(name), decimals) or ''}</td></tr>"
        for values, intervals in parts
        for name, value in values.items()
    ]
    data, rule = record.data, record.rule
    caption = f"{record.name} on {data.what}, {data.people:,} people; {rule.protocol} {rule.convention}"
    notes = "".join(f"<li>{escape(note)}</li>" for note in record.notes)
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr><th></th><th>{escape(rule.unit or 'score')}</th>"
        f"<th>95 % interval</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
        f"<p>{escape(rule.rule)}</p>" + (f"<ul>{notes}</ul>" if notes else "")
    )
