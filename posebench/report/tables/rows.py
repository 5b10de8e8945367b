"""Rows: several seeds of one recipe are one row. Its value is the mean over seeds, and two uncertainties stay apart: what other
images would change (the interval) and what another seed would change (the standard deviation over seeds).
"""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import Any

import numpy as np

from posebench.data.provenance import Provenance
from posebench.errors import natural
from posebench.results.record import Data, Record, Rule, newest
from posebench.results.telling_apart import labels, short_names
from posebench.scoring import bootstrap
from posebench.scoring.scores import Curve, Slice

SEED_IN_NAME = re.compile(r"[\s,;:_(\[-]*(?<![a-z])seed[\s_=:-]*\d+[)\]]?", re.IGNORECASE)
WORD = re.compile(r"[^\s,;:_-]+[\s,;:_-]*")
SHORTEST_NAME = 3
"""Fewest letters that the names of several seeds must share for a common name."""


@dataclass(frozen=True, eq=False)
class Row:
    """One row of a table.

    Attributes:
        records: one; or several seeds of one recipe on the same people, by seed.
    """

    records: tuple[Record, ...]

    @cached_property
    def newest(self) -> Record:
        """The newest record, which gives the texts of the row."""
        return newest(self.records)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Those of the records, which take a moment to compute."""
        return tuple(record.id for record in self.records)

    @property
    def id(self) -> str:
        """Different for every row."""
        return self.ids[0]

    @property
    def group(self) -> tuple[str, int, str, str, str, str, str]:
        """As `Record.group`."""
        return self.records[0].group

    @property
    def rule(self) -> Rule:
        """As `Record.rule`."""
        return self.newest.rule

    @property
    def data(self) -> Data:
        """As `Record.data`."""
        return self.newest.data

    @property
    def model(self) -> Provenance:
        """What the predictions file says of its origin; the seed is the newest record's."""
        return self.newest.model

    @property
    def per_joint_metric(self) -> str:
        """As `Record.per_joint_metric`."""
        return self.newest.per_joint_metric

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that are known, one per record."""
        return tuple(seed for record in self.records if (seed := seed_of(record)) is not None)

    @cached_property
    def name(self) -> str:
        """The record's name; for several seeds their common name."""
        names = [record.name for record in self.records]
        return names[0] if len(names) == 1 else common_name(names, str(self.model.arch))

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Those of all records, each once."""
        return tuple(dict.fromkeys(note for record in self.records for note in record.notes))

    @cached_property
    def metrics(self) -> dict[str, float | None]:
        """Means over seeds; None where one of them is unknown."""
        return _means([record.metrics for record in self.records])

    @cached_property
    def per_joint(self) -> dict[str, float | None]:
        """As `metrics`, by keypoint."""
        return _means([record.per_joint for record in self.records])

    @cached_property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Of the means over seeds, over images alone.

        Only the headline's resamples are kept. The other intervals are the means of the seeds' bounds: too wide, if anything,
        since a mean's standard error is at most the mean of the standard errors.
        """
        found = _mean_bounds([record.intervals for record in self.records])
        if len(self.records) > 1 and len(self.resampled):
            found[self.rule.headline] = bootstrap.score_interval(
                self.headline, self.resampled, self.records[0].sampling
            )
        return found

    @cached_property
    def per_joint_intervals(self) -> dict[str, tuple[float, float]]:
        """As `intervals`, by keypoint."""
        return _mean_bounds([record.per_joint_intervals for record in self.records])

    @cached_property
    def resampled(self) -> Any:
        """(R,) the headline's mean over seeds on each resample of the images; (0,) where some record has none."""
        drawn = [record.resampled for record in self.records]
        return np.mean(drawn, axis=0) if len({len(one) for one in drawn}) == 1 else np.zeros(0)

    @property
    def single(self) -> str | None:
        """`image` or `sequence` where all people are of a single one, so that nothing can be resampled; else None."""
        made = self.newest.sampling
        return made.unit if made.units == 1 else None

    @cached_property
    def resampled_on(self) -> tuple[int, str, int, int] | None:
        """Number and kind of units, people, resamples: rows with equal ones were resampled alike. None: unknown."""
        facts = {
            (record.sampling.units, record.sampling.unit, record.data.people, len(record.resampled))
            for record in self.records
        }
        fact = facts.pop()
        return None if facts or not fact[3] or not np.isfinite(self.resampled).all() else fact

    @cached_property
    def curves(self) -> list[Curve]:
        """Means over seeds; those that all seeds have over the same thresholds."""
        others = [{curve.label: curve for curve in record.curves} for record in self.records[1:]]
        found = []
        for curve in self.records[0].curves:
            same = [curve, *(other[curve.label] for other in others if curve.label in other)]
            if len(same) == len(self.records) and all(one.thresholds == curve.thresholds for one in same):
                values = np.mean([one.values for one in same], axis=0).tolist()
                found.append(replace(curve, values=tuple(values)) if others else curve)
        return found

    @cached_property
    def slices(self) -> list[Slice]:
        """Means over seeds; those that all seeds have. Bounds as in `intervals`."""
        found = []
        for part in self.records[0].slices:
            same = [
                one for record in self.records for one in record.slices if (one.by, one.name) == (part.by, part.name)
            ]
            if len(same) != len(self.records):
                continue
            bounds = _mean_bounds([{} if one.interval is None else {"": one.interval} for one in same]).get("")
            value = float(np.mean([one.value for one in same]))
            found.append(replace(part, value=value, interval=bounds) if len(same) > 1 else part)
        return found

    @property
    def headline(self) -> float:
        """The metric that ranks; NaN where it is unknown."""
        value = self.metrics.get(self.rule.headline)
        return float("nan") if value is None else value

    @cached_property
    def by_seed(self) -> tuple[float, ...]:
        """The headline of every seed, where there are several and all of them are known."""
        values = [record.metrics.get(self.rule.headline) for record in self.records]
        known = [value for value in values if value is not None]
        return tuple(known) if 1 < len(known) == len(values) else ()

    @property
    def spread(self) -> float | None:
        """Standard deviation of the headline over seeds (n − 1); None for one seed."""
        return float(np.std(self.by_seed, ddof=1)) if self.by_seed else None

    @property
    def seed_error(self) -> float:
        """Standard error of the headline over seeds; 0 for one seed, which says nothing of others."""
        return (self.spread or 0) / math.sqrt(len(self.records))


def rows(records: Iterable[Record]) -> list[Row]:
    """One row per recipe: records of one group whose models differ in nothing but the seed and what follows from it.

    A seed counts once in a row; where a seed is there again (another name, another file), a further row begins. Records that do
    not say how they were trained are rows of their own.
    """
    recipes: dict[Any, dict[int, list[Record]]] = {}
    for record in sorted(records, key=lambda record: (natural(record.name), record.id)):
        seed = seed_of(record)
        recipe = (len(recipes), "") if seed is None else (record.group, recipe_of(record))
        recipes.setdefault(recipe, {}).setdefault(seed or 0, []).append(record)
    found = []
    for by_seed in recipes.values():
        for again in range(max(map(len, by_seed.values()))):
            chosen = (by_seed[seed] for seed in sorted(by_seed) if again < len(by_seed[seed]))
            found.append(Row(tuple(records[again] for records in chosen)))
    return found


def seed_of(record: Record) -> int | None:
    """The seed of a record that says how it was trained; None of others."""
    return record.model.seed if record.model.trained else None


def recipe_of(record: Record) -> str:
    """What a predictions file states about its model, without what differs between seeds."""
    return json.dumps(record.model.without_seed(), sort_keys=True)


def row_names(rows: Sequence[Row]) -> list[str]:
    """The name of each row of a leaderboard; of rows of one name, with what tells them apart, such as `net, seed 1`."""
    return labels([row.records for row in rows], [row.name for row in rows])


def row_labels(rows: Sequence[Row]) -> dict[Row, str]:
    """As `row_names`, but short: long names lose what all have, and their ends before what tells them apart."""
    names = short_names([row.name for row in rows])
    return dict(zip(rows, labels([row.records for row in rows], names, cut=True), strict=True))


def common_name(names: Sequence[str], otherwise: str) -> str:
    """The common name of several seeds: the names without seeds, or their common beginning."""
    bare = [SEED_IN_NAME.sub("", name).strip() for name in names]
    if len(set(bare)) == 1:
        return bare[0] or otherwise
    words = zip(*(WORD.findall(name) for name in bare), strict=False)
    common = "".join(word[0] for word in takewhile(lambda word: len(set(word)) == 1, words)).rstrip(" ,;:_-([")
    return common if len(common) >= SHORTEST_NAME else otherwise


def _means(columns: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    if len(columns) == 1:
        return dict(columns[0])
    found: dict[str, float | None] = {}
    for name in dict.fromkeys(name for column in columns for name in column):
        known = [value for column in columns if (value := column.get(name)) is not None]
        found[name] = float(np.mean(known)) if len(known) == len(columns) else None
    return found


def _mean_bounds(columns: Sequence[Mapping[str, tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    if len(columns) == 1:
        return dict(columns[0])
    names = [name for name in columns[0] if all(name in column for column in columns)]
    means = {name: np.mean([column[name] for column in columns], axis=0).tolist() for name in names}
    return {name: (low, high) for name, (low, high) in means.items()}
