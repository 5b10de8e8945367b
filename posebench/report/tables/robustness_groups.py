"""Groups of networks whose robustness was measured alike, which share tables and pictures."""

import hashlib
from collections.abc import Sequence

from posebench.errors import natural
from posebench.results.folder import slug
from posebench.results.kept_robustness import KeptRobustness

Group = tuple[KeptRobustness, ...]
"""Networks that were measured alike, best first."""


def groups(kept: Sequence[KeptRobustness]) -> list[Group]:
    """Networks that share tables, best first by mPC, or by the clean score where nothing was corrupted."""
    found: dict[tuple[object, ...], list[KeptRobustness]] = {}
    for one in kept:
        found.setdefault(one.group, []).append(one)
    ordered = sorted(found.values(), key=lambda own: natural(group_title(own[0])))
    return [tuple(sorted(own, key=_worse)) for own in ordered]


def group_slug(group: Group) -> str:
    """A group as part of a file name."""
    rule, data = group[0].rule, group[0].data
    people = "synthetic " * data.synthetic + data.split
    digest = hashlib.sha256(repr(group[0].group).encode()).hexdigest()[:8]
    return f"{slug(f'{rule.protocol} {people}')}-{digest}"


def _worse(kept: KeptRobustness) -> tuple[float, str]:
    """Sort key: the best first, equal ones by name."""
    value = kept.clean.value if kept.corrupted is None else kept.corrupted.mpc.value
    return -value if value == value else 1.0, kept.name


def group_title(kept: KeptRobustness) -> str:
    """The rule, the people and their boxes, of any network of a group."""
    return f"{kept.rule.protocol} · {kept.who} · {kept.rule.short_scope} · boxes: {kept.data.box_source}"
