"""Columns about the network of each row: what it is, how it was trained, and what it costs."""

from collections.abc import Sequence

from posebench.cost.record import Cost
from posebench.report.tables.columns import Column, millions, size, trainings
from posebench.report.tables.cost_tables import by_device
from posebench.report.tables.rows import Row

DEVICES = 2
"""Devices of which times are shown beside scores."""
PARAMETERS, MACS = "params (M)", "MACs (G)"
"""Headers of counts."""
COST = (
    "params and MACs of posebench's own network of that architecture and input size; ms for one image, in the fastest float32 way "
    "(posebench cost)"
)


def network_columns(rows: Sequence[Row], costs: Sequence[Cost]) -> list[Column]:
    """Columns of all that may be known; those without a value, too.

    Args:
        costs: a cost counts for rows of its architecture, input size and protocol: another one's network has other keypoints.
    """
    models = [row.model for row in rows]
    several = any(len(row.records) > 1 for row in rows)
    known = [_same_protocol(row, costs) for row in rows]
    return [
        Column("architecture", tuple(model.arch for model in models)),
        Column("input (h×w)", tuple(size(model.input_size) for model in models)),
        Column(PARAMETERS, tuple(millions(parameters(row, cost)) for row, cost in zip(rows, known, strict=True)), 2),
        *cost_columns(rows, costs),
        Column("training", trainings(rows)),
        Column("seeds", tuple((len(row.seeds) or None) if several else None for row in rows), 0),
    ]


def cost_columns(rows: Sequence[Row], costs: Sequence[Cost]) -> list[Column]:
    """Multiply-accumulates, and the time on each of up to two devices."""
    known = [_same_protocol(row, costs) for row in rows]
    counts = (None if cost is None or cost.uncounted else cost.macs / 1e9 for cost in known)
    times = [
        Column(f"ms ({device})", tuple(milliseconds(_same_protocol(row, same)) for row in rows), 1)
        for device, same in by_device(costs)
    ]
    return [Column(MACS, tuple(counts), 2), *[column for column in times if column.known][:DEVICES]]


def cost_of(row: Row, costs: Sequence[Cost]) -> Cost | None:
    """The cost of a row's network at its input size; one measured for the same protocol comes first."""
    able = [c for c in costs if c.arch == row.model.arch and c.input_size == row.model.input_size]
    return min(able, key=lambda cost: (cost.protocol != row.rule.protocol, not cost.timings), default=None)


def parameters(row: Row, cost: Cost | None) -> int | None:
    """Number of the network's parameters; None where it is unknown."""
    return row.model.parameters or (None if cost is None else cost.parameters)


def milliseconds(cost: Cost | None) -> float | None:
    """For one image, in the fastest float32 way; None where no time is known."""
    best = None if cost is None else cost.fastest(1)
    return None if best is None else best.median


def _same_protocol(row: Row, costs: Sequence[Cost]) -> Cost | None:
    return cost_of(row, [cost for cost in costs if cost.protocol == row.rule.protocol])
