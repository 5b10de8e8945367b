"""Tables of cost: counts beside published figures, and times by device."""

import math
from collections.abc import Sequence
from itertools import groupby

from posebench.cost.record import NOT_TIMED, PUBLISHED_RULE, RULE, Cost
from posebench.plain_text import one_line
from posebench.report.tables.columns import UNKNOWN

COUNTS = (
    "network", "input (h×w)", "keypoints", "params (M)", "unused params", "MACs (G)", "by the papers' rule", "published",
    "ours − published", "activations (MB)", "kept for training (MB)",
)  # fmt: skip
TIMES = (
    "network", "input (h×w)", "way", "batch", "ms per pass", "quartiles", "images/s", "against eager", "memory (MB)",
)  # fmt: skip
Rows = list[tuple[str, ...]]


def counted(costs: Sequence[Cost]) -> Rows:
    """Rows under `COUNTS`, which do not depend on a device: each network and size once."""
    rows = []
    for cost in {(c.arch, c.input_size, c.keypoints): c for c in costs}.values():
        printed = cost.published
        rows.append((
            cost.arch, cost.size, str(cost.keypoints), f"{cost.parameters / 1e6:.2f}", _unused(cost),
            f"{cost.macs / 1e9:.2f}" + ("" if not cost.uncounted else f" + {', '.join(cost.uncounted)}"),
            f"{cost.gflops_as_published:.2f}",
            "; ".join(f"{row.gflops:g}, {row.parameters:g} M ({row.source})" for row in printed) or UNKNOWN,
            "; ".join(f"{(cost.macs_on_outputs / row.unit / row.gflops - 1) * 100:+z.1f} %" for row in printed) or UNKNOWN,
            f"{cost.activations / 1e6:.1f}", f"{cost.kept / 1e6:.1f}",
        ))  # fmt: skip
    return [tuple(map(one_line, row)) for row in rows]


def timed(costs: Sequence[Cost]) -> Rows:
    """Rows under `TIMES`, of the costs of one device."""
    rows = []
    for cost in costs:
        for timing in cost.timings:
            eager = next((t.median for t in cost.timings if t.batch == timing.batch), math.nan)
            same = "" if timing.same else f" (differs by {timing.relative:.0e}: not the same result)"
            rows.append((
                cost.arch, cost.size, timing.how + same, str(timing.batch), f"{timing.median:.1f}",
                f"{timing.low:.1f}–{timing.high:.1f}", f"{timing.images_per_second:.1f}", f"{eager / timing.median:.2f}×",
                UNKNOWN if timing.memory is None else f"{timing.memory / 1e6:.1f}",
            ))  # fmt: skip
    return [tuple(map(one_line, row)) for row in rows]


def by_device(costs: Sequence[Cost]) -> list[tuple[str, list[Cost]]]:
    """Timed costs under the name of their device."""
    known = sorted((c for c in costs if c.timings and c.device != NOT_TIMED), key=lambda cost: cost.device)
    return [(device, list(same)) for device, same in groupby(known, key=lambda cost: cost.device)]


def tables(costs: Sequence[Cost]) -> list[tuple[str, tuple[str, ...], Rows]]:
    """The tables of the report's page: what each is about, its header and its rows; none where nothing was measured."""
    if not costs:
        return []
    counts = (RULE + " " + PUBLISHED_RULE, COUNTS, counted(costs))
    return [counts, *((device, TIMES, timed(same)) for device, same in by_device(costs))]


def _unused(cost: Cost) -> str:
    if not cost.unused:
        return "0"
    names = list(cost.unused)
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{sum(cost.unused.values()):,}: {', '.join(names[:3])}{more}"
