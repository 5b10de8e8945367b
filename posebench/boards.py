"""Boards: the records that may be compared, ranked, as the columns of one table each.

Two records share a table only where `Record.group` agrees: protocol, version, convention, dataset, split, box
source and ground truth file. Everything is a function of the records alone, so that a leaderboard regenerates to the byte.
"""

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Any

import pandas as pd

from posebench.errors import natural
from posebench.results import Data, Record, Rule

EMBEDDED = "embedded people: drawn, not photographs; not comparable with any published number"
UNKNOWN = "–"
INTERVAL = "95 %"
"""Header of the headline's interval."""


@dataclass(frozen=True)
class Column:
    """One column of a board.

    Attributes:
        header: its name.
        values: one per row, best row first, at full precision; None where unknown.
        decimals: how many are shown; None for text.
    """

    header: str
    values: tuple[Any, ...]
    decimals: int | None = None

    @property
    def known(self) -> bool:
        """Whether any row has a value."""
        return any(value is not None for value in self.values)

    @property
    def cells(self) -> list[str]:
        """What a reader sees, not yet escaped for any format."""
        if self.decimals is None:
            return [UNKNOWN if value is None else one_line(str(value)) for value in self.values]
        return [UNKNOWN if value is None else f"{value:,.{self.decimals}f}" for value in self.values]


@dataclass(frozen=True, eq=False)
class Board:
    """The records of one group, best first.

    Attributes:
        records: at least one; all of one `Record.group`.
    """

    records: tuple[Record, ...]

    @property
    def newest(self) -> Record:
        """The record that speaks for the group where wording may have changed since."""
        return max(self.records, key=lambda record: (record.created, record.id))

    @property
    def rule(self) -> Rule:
        """The protocol and convention of all rows."""
        return self.newest.rule

    @property
    def data(self) -> Data:
        """Dataset, split and box source of all rows; its counts are the newest record's."""
        return self.newest.data

    @property
    def slug(self) -> str:
        """File name without ending: readable, and another one for every group."""
        rule, data = self.rule, self.data
        text = f"{rule.protocol} {rule.convention} {data.dataset} {data.split} {data.box_source}"
        tail = hashlib.sha256(repr(self.records[0].group).encode()).hexdigest()[:8]
        return f"{re.sub('[^a-z0-9]+', '-', text.lower()).strip('-')[:80]}-{tail}"

    @property
    def title(self) -> str:
        """Such as `mpii val: mpii v1, official`."""
        rule, data = self.rule, self.data
        boxes = "" if data.box_source == "annotation" else f", boxes: {data.box_source}"
        people = f"{data.dataset} {data.split}" + ("" if data.embedded else f" ({data.annotations})")
        return one_line(f"{people}: {rule.protocol} v{rule.version}, {rule.convention}{boxes}")

    @property
    def people(self) -> str:
        """How many were scored, as a range where rows differ: `2,958 people`."""
        counts = sorted({record.data.people for record in self.records})
        return f"{'–'.join(f'{n:,}' for n in dict.fromkeys((counts[0], counts[-1])))} people"

    @property
    def embedded(self) -> bool:
        """Whether the people are drawn ones."""
        return any(record.data.embedded for record in self.records)

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What the heading states, as (term, sentence)."""
        rule, data = self.rule, self.data
        facts = [
            ("Protocol", f"{rule.protocol}, version {rule.version}"),
            ("Convention", f"{rule.convention}: {rule.rule}"),
            ("Evaluator", rule.evaluator),
            (
                "Data",
                f"{data.dataset} {data.split}, ground truth: {data.annotations}, boxes: {data.box_source}; {self.people}",
            ),
            ("Ranked by", f"{rule.headline} ({rule.unit})" if rule.unit else rule.headline),
        ]
        return [(term, one_line(sentence)) for term, sentence in facts]

    @cached_property
    def notes(self) -> list[str]:
        """What was left out or treated specially, each once; with names where it is not about all rows."""
        notes = []
        if len({record.data.people for record in self.records}) > 1:
            notes.append("Rows were not all scored on the same number of people.")
        for note in dict.fromkeys(note for record in self.records for note in record.notes):
            names = [record.name for record in self.records if note in record.notes]
            about = "" if len(names) == len(self.records) else f"{', '.join(dict.fromkeys(names))}: "
            notes.append(one_line(about + note))
        return notes

    @cached_property
    def metrics(self) -> list[Column]:
        """One column per metric, in the records' order."""
        decimals = 2 if self.rule.unit == "%" else 3
        names = dict.fromkeys(name for record in self.records for name in record.metrics)
        return [Column(name, tuple(r.metrics.get(name) for r in self.records), decimals) for name in names]

    @cached_property
    def columns(self) -> list[Column]:
        """The columns that readers see: those that say something, rank and name first."""
        facts = [column for column in self._model_columns() if column.known]
        return [
            *self._identity(),
            *facts,
            *(column for metric in self.metrics for column in self._with_interval(metric)),
            *self._people(),
        ]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """All columns at full precision, and each row's rule, data and files; NaN or None where unknown."""
        names = ("protocol", "version", "convention", "dataset", "split", "box source", "annotations_sha256")
        groups = zip(*(record.group for record in self.records), strict=True)
        columns = [
            *self._identity(), *self._model_columns(), *self.metrics, *self._bounds(), *self._people(),
            *(Column(name, values) for name, values in zip(names, groups, strict=True)),
            Column("annotations", tuple(record.data.annotations for record in self.records)),
            Column("embedded", tuple(record.data.embedded for record in self.records)),
            Column("predictions", tuple(record.predictions for record in self.records)),
            Column("predictions_sha256", tuple(record.predictions_sha256 for record in self.records)),
        ]  # fmt: skip
        # A metric may be named like another column, so names are set after the fact.
        frame = pd.DataFrame({place: column.values for place, column in enumerate(columns)})
        frame[0] = frame[0].astype("Int64")
        return frame.set_axis([column.header for column in columns], axis="columns")

    def _with_interval(self, metric: Column) -> list[Column]:
        """The headline is shown with its 95 % interval, where any row has one."""
        shown = [record.intervals.get(metric.header) for record in self.records]
        if metric.header != self.rule.headline or not any(shown):
            return [metric]
        texts = (bounds and "–".join(f"{bound:.{metric.decimals}f}" for bound in bounds) for bounds in shown)
        return [metric, Column(INTERVAL, tuple(texts))]

    def _bounds(self) -> list[Column]:
        """Both ends of every metric's interval."""
        columns = [
            Column(
                f"{metric.header} 95 % {end}",
                tuple((r.intervals.get(metric.header) or (None, None))[i] for r in self.records),
            )
            for metric in self.metrics
            for i, end in enumerate(("low", "high"))
        ]
        return [column for column in columns if column.known]

    def _identity(self) -> list[Column]:
        scores = pd.Series([headline(record) for record in self.records], dtype=float)
        ranks = scores.rank(method="min", ascending=False)
        return [
            Column("rank", tuple(None if math.isnan(rank) else int(rank) for rank in ranks), 0),
            Column("name", tuple(record.name for record in self.records)),
        ]

    def _model_columns(self) -> list[Column]:
        models = [record.model for record in self.records]
        return [
            Column("architecture", tuple(model.get("arch") for model in models)),
            Column("input (w×h)", tuple(_size(model.get("input_size")) for model in models)),
            Column("params (M)", tuple(_millions(model.get("parameters")) for model in models), 2),
            Column("training", tuple(_training(model) for model in models)),
        ]

    def _people(self) -> list[Column]:
        return [Column("people", tuple(record.data.people for record in self.records), 0)]


def boards(records: Iterable[Record]) -> list[Board]:
    """One leaderboard per group: real data first, then embedded people; groups by name.

    Rows go from the largest headline to the smallest, those without one last; equal ones by name.
    """
    ordered = sorted(records, key=_place)
    grouped = groupby(ordered, key=lambda record: record.group)
    return [Board(tuple(sorted(rows, key=_standing))) for _, rows in grouped]


def one_line(text: str) -> str:
    """Text without line breaks, control characters and marks that reorder it; white space becomes a space."""
    return " ".join("".join(" " if unicodedata.category(c)[0] == "C" else c for c in text).split())


def headline(record: Record) -> float:
    """The metric that ranks a record; NaN where it has none."""
    value = record.metrics.get(record.rule.headline)
    return math.nan if value is None else value


def _place(record: Record) -> tuple[Any, ...]:
    return record.data.embedded, [natural(str(part)) for part in record.group], record.group


def _standing(record: Record) -> tuple[Any, ...]:
    score = headline(record)
    return math.isnan(score), 0.0 if math.isnan(score) else -score, natural(record.name), record.id


def _size(value: object) -> str | None:
    """`192×256`, width first, from the (width, height) that a predictions file names."""
    return "×".join(map(str, value)) if isinstance(value, list | tuple) and len(value) == 2 else None


def _training(model: Mapping[str, Any]) -> str | None:
    """Such as `quick, 4 epochs, 4,000 people, seed 0`: what tells two runs of one architecture apart."""
    recipe, trained_on = model.get("recipe"), model.get("trained_on")
    if not (isinstance(recipe, dict) and isinstance(trained_on, dict)):
        return None
    origin = trained_on.get("began_with")
    if isinstance(origin, dict) and not trained_on.get("people"):
        return f"published weights ({origin.get('weights')})"
    parts = [
        recipe.get("name"),
        f"{recipe.get('epochs')} epochs",
        f"{trained_on.get('people')} people",
        f"seed {model.get('seed')}",
    ]
    return ", ".join(map(str, parts))


def _millions(value: object) -> float | None:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) / 1e6 if plain and math.isfinite(value) else None  # type: ignore[arg-type]
