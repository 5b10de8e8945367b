"""Published robustness: AdvMix's rows, shown beside measured ones of the same protocol and split.

They are printed with one decimal and made by the released script. It counts the results of all cells before it averages them, and
expects 96 where it has 76, so it cannot finish as released: small differences to measured rows are to be expected.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from posebench.data.box_source import DetectedBoxes
from posebench.results.kept_robustness import KeptRobustness

FILE = Path(__file__).with_name("published_robustness.csv")
CELLS = 75
"""15 corruptions in 5 severities."""


@dataclass(frozen=True)
class PublishedRobustness:
    """One published row.

    Attributes:
        arch: name here. input_size: height × width, as published.
        protocol, split, convention, box_source: by which rule and on whom. source: where it is printed.
        values: `clean`, `mPC`, `rPC` and, where they are printed, the means of every corruption → value as printed, in percent.
    """

    arch: str
    input_size: str
    protocol: str
    split: str
    convention: str
    box_source: str
    source: str
    values: Mapping[str, float]


@cache
def published_robustness() -> tuple[PublishedRobustness, ...]:
    """All published rows, in the order of the file."""
    rows: dict[tuple[str, str, str, str, str, str, str], dict[str, float]] = defaultdict(dict)
    with FILE.open(encoding="utf-8", newline="") as file:
        for arch, input_size, protocol, split, convention, box_source, what, value, source in list(csv.reader(file))[
            1:
        ]:
            rows[arch, input_size, protocol, split, convention, box_source, source][what] = float(value)
    return tuple(PublishedRobustness(*key, values) for key, values in rows.items())


def beside(kept: KeptRobustness) -> list[PublishedRobustness]:
    """The published rows of the same protocol and split; none for synthetic people."""
    data = kept.data
    if data.synthetic:
        return []
    return [row for row in published_robustness() if (row.protocol, row.split) == (kept.rule.protocol, data.split)]


def differences(kept: KeptRobustness) -> list[str]:
    """In what a measurement differs from the published rows beside it: of nothing but the network, if there is none."""
    rows, damage = beside(kept), kept.corrupted
    if not rows or damage is None:
        return []
    first, found = rows[0], []
    if kept.rule.scope != first.convention:
        found.append(f"convention {kept.rule.scope}, not {first.convention}")
    detector = DetectedBoxes.parse(kept.data.box_source)
    if (kept.data.box_source if detector is None else detector.file) != first.box_source:
        found.append(f"boxes of {kept.data.box_source}, not {first.box_source}")
    if kept.chosen < (every := kept.people_of_dataset or kept.people_of_split):
        found.append(f"{kept.chosen:,} of {every:,} people")
    if len(damage.names) * len(damage.severities) != CELLS:
        found.append(f"{len(damage.names) * len(damage.severities)} of {CELLS} cells")
    if (damage.rule, damage.seed) != ("advmix", 1):
        found.append(f"rule {damage.rule}, seed {damage.seed}")
    return found
