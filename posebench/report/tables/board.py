"""Boards: comparable records, ranked, as columns of one table each.

Two records share a table only where `Record.group` agrees: protocol, version, convention, dataset, split, box
source and ground truth file. Everything is a function of the records alone, so that a leaderboard regenerates to the byte.
"""

import hashlib
import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import pandas as pd

from posebench.cost.record import Cost
from posebench.data.box_source import ANNOTATION
from posebench.data.instances import SYNTHETIC
from posebench.errors import listed
from posebench.plain_text import one_line
from posebench.report.tables.columns import Column, bounds, other_training_data
from posebench.report.tables.network_columns import COST, cost_columns, network_columns
from posebench.report.tables.rows import Row
from posebench.results.folder import slug
from posebench.results.record import Data, Record, Rule, newest
from posebench.scoring.rank_ranges import Range, rank_ranges, tied
from posebench.scoring.scores import Ceiling, shown_decimals

SYNTHETIC_NOTE = f"{SYNTHETIC}: drawn by posebench, not photographs; not comparable with published numbers"
INTERVAL = "95 %"
"""Header of the headline's interval."""
SPREAD = "sd of seeds"
"""Header of the headline's standard deviation over seeds."""
CEILING = "annotators' own agreement"
"""Name of the row that is not a network's."""
RANKS = (
    "the range of possible ranks, from 1 + the number of significantly better rows to the number of rows − the number of "
    "significantly worse rows; all pairs are compared on the same resamples of the images or films, at a joint level of 95 % "
    "(Mogstad et al. 2024)"
)
SEVERAL_SEEDS = (
    "A row of several seeds is the mean over seeds: '95 %' is the interval over images, 'sd of seeds' the standard deviation over "
    "seeds, and rank ranges include both. For a row of one seed, the effect of another seed is unknown and not included."
)
BY_VALUE = "by value only: the records have no resamples on these people, so differences may be chance."


@dataclass(frozen=True, eq=False)
class Board:
    """The rows of one group, best first.

    Attributes:
        rows: at least one; all of one `Record.group`.
        chosen: headers of the columns to show, in this order; None for all.
        left_out: how many rows of the leaderboard are not among `rows`.
        costs: measured costs, of these and other networks.
    """

    rows: tuple[Row, ...]
    chosen: tuple[str, ...] | None = None
    left_out: int = 0
    costs: tuple[Cost, ...] = ()

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """Those of all rows, in the rows' order."""
        return tuple(record for row in self.rows for record in row.records)

    @cached_property
    def newest(self) -> Record:
        """The newest record, which gives the texts of the group."""
        return newest(self.records)

    @property
    def rule(self) -> Rule:
        """The protocol and convention of all rows."""
        return self.newest.rule

    @property
    def data(self) -> Data:
        """Dataset, split and box source of all rows; its counts are the newest record's."""
        return self.newest.data

    @cached_property
    def slug(self) -> str:
        """File name without ending; different for every group."""
        rule, data = self.rule, self.data
        text = f"{rule.protocol} {rule.convention} {data.what} {data.box_source}"
        tail = hashlib.sha256(repr(self.records[0].group).encode()).hexdigest()[:8]
        return f"{slug(text)}-{tail}"

    @cached_property
    def title(self) -> str:
        """Such as `mpii val: mpii v1, official`."""
        rule, data = self.rule, self.data
        boxes = "" if data.box_source == ANNOTATION else f", boxes: {data.box_source}"
        people = data.what + ("" if data.synthetic else f" ({data.annotations})")
        return one_line(f"{people}: {rule.protocol} v{rule.version}, {rule.short_scope}{rule.by}{boxes}")

    @cached_property
    def most_people(self) -> int:
        """The largest number of people on which a row was scored."""
        return max(record.data.people for record in self.records)

    @cached_property
    def people(self) -> str:
        """How many were scored, as a range where rows differ: `2,958 people`."""
        counts = sorted({record.data.people for record in self.records})
        return f"{'–'.join(f'{n:,}' for n in dict.fromkeys((counts[0], counts[-1])))} people"

    @property
    def rows_shown(self) -> str | None:
        """Such as `2 of 6 rows`; None where no row is left out."""
        return f"{len(self.rows)} of {len(self.rows) + self.left_out} rows" if self.left_out else None

    @property
    def ranks_shown(self) -> bool:
        """Whether the ranks are among the shown columns."""
        return self.chosen is None or "rank" in self.chosen

    @cached_property
    def choice_notes(self) -> list[str]:
        """What a choice leaves out: rows, and columns that this leaderboard does not have."""
        headers = {column.header for column in self.all_columns}
        lacking = [header for header in self.chosen or () if header not in headers]
        notes = [f"{self.rows_shown}{'; ranks are among them' * self.ranks_shown}."] * bool(self.left_out)
        return notes + [f"Not in this leaderboard: {listed(lacking)}."] * bool(lacking)

    @cached_property
    def synthetic(self) -> bool:
        """Whether the people are synthetic."""
        return any(record.data.synthetic for record in self.records)

    @cached_property
    def facts(self) -> list[tuple[str, str]]:
        """What the heading states, as (term, sentence)."""
        rule, data = self.rule, self.data
        facts = [
            ("Protocol", f"{rule.protocol}, version {rule.version}"),
            ("Convention", f"{rule.scope}: {rule.sentence}"),
            ("Evaluator", rule.evaluator),
            ("Data", f"{data.what}, ground truth: {data.annotations}, boxes: {data.box_source}; {self.people}"),
            ("Ranked by", f"{rule.headline} ({rule.unit})" if rule.unit else rule.headline),
        ]
        if len(self.rows) > 1 and any(self.ranges) and self.ranks_shown:
            facts.append(("Ranks", RANKS))
        if {column.header for column in cost_columns(self.rows, self.costs) if column.known} & {
            c.header for c in self.columns
        }:
            facts.append(("Cost", COST))
        return [(term, one_line(sentence)) for term, sentence in facts]

    @cached_property
    def ceiling(self) -> Ceiling | None:
        """Agreement between the dataset's annotators, from the newest record that has it."""
        known = [record for record in self.records if record.ceiling is not None]
        return newest(known).ceiling if known else None

    @cached_property
    def ranges(self) -> tuple[Range | None, ...]:
        """The best and the worst rank of each row; None where it has no value, or no resamples that fit the others'."""
        ranked = [row for row in self.rows if not math.isnan(row.headline)]
        alike = Counter(filter(None, (row.resampled_on for row in ranked)))
        usual = max(alike, key=lambda key: (alike[key], key), default=None)
        drawn = [row.resampled if usual and row.resampled_on == usual else None for row in ranked]
        errors = [row.seed_error for row in ranked]
        found = rank_ranges([row.headline for row in ranked], drawn, errors, usual[0] if usual else 0)
        return (*found, *[None] * (len(self.rows) - len(ranked)))  # rows without a value are the last

    @cached_property
    def groups(self) -> list[int]:
        """Per row the number of its group; rows of different groups have disjoint rank ranges."""
        return tied(self.ranges)

    @cached_property
    def begins(self) -> list[bool]:
        """Per row whether a line above it separates two groups; never if every row is a group, or all rows are one group."""
        groups = self.groups
        several = len(set(groups)) < len(groups)
        return [False, *(several and one != other for one, other in pairwise(groups))]

    @cached_property
    def notes(self) -> list[str]:
        """What was left out or treated specially, each once; with names where it is not about all rows."""
        notes = [*self.choice_notes]
        if len({record.data.people for record in self.records}) > 1:
            notes.append("Rows were not all scored on the same number of people.")
        for note in dict.fromkeys(note for row in self.rows for note in row.notes):
            names = [row.name for row in self.rows if note in row.notes]
            about = "" if len(names) == len(self.rows) else f"{listed(dict.fromkeys(names))}: "
            notes.append(one_line(about + note))
        if any(row.by_seed for row in self.rows):
            notes.append(SEVERAL_SEEDS)
        if len(self.rows) > 1 and self.ranks_shown and not all(self.ranges):
            notes.append(f"{'* Ranked' if any(self.ranges) else 'Ranked'} {BY_VALUE} {self._why_by_value}")
        notes += other_training_data([row.model for row in self.rows])
        if self.ceiling is not None:
            notes.append(one_line(f"{CEILING}: {self.ceiling.what}"))
        return notes

    @property
    def _why_by_value(self) -> str:
        single = self.rows[0].single
        return "Score files of older versions again." if single is None else f"All people are of one {single}."

    @cached_property
    def metrics(self) -> list[Column]:
        """One column per metric, in the records' order."""
        foot = {} if self.ceiling is None else self.ceiling.metrics
        names = dict.fromkeys(name for row in self.rows for name in row.metrics)
        return [
            Column(name, tuple(r.metrics.get(name) for r in self.rows), self.decimals, foot.get(name)) for name in names
        ]

    @property
    def decimals(self) -> int:
        """Decimals of a shown score."""
        return shown_decimals(self.rule.unit)

    @cached_property
    def columns(self) -> list[Column]:
        """The columns that tables show: the chosen ones, else all."""
        if self.chosen is None:
            return self.all_columns
        by_header = {column.header: column for column in reversed(self.all_columns)}
        return [by_header[header] for header in self.chosen if header in by_header]

    @cached_property
    def all_columns(self) -> list[Column]:
        """The columns with any value: rank, name, the headline with its uncertainty, other metrics, facts about the network."""
        metrics = sorted(self.metrics, key=lambda metric: metric.header != self.rule.headline)
        return [
            self.ranks,
            self.names,
            *(column for metric in metrics for column in self._with_uncertainty(metric)),
            *(column for column in self.model_columns if column.known),
            self.people_scored,
        ]

    def _with_uncertainty(self, metric: Column) -> list[Column]:
        """The headline is shown with its 95 % interval and its spread over seeds, where any row has one."""
        if metric.header != self.rule.headline:
            return [metric]
        texts = (bounds(row.intervals.get(metric.header), self.decimals) for row in self.rows)
        more = (
            Column(INTERVAL, tuple(texts), to_right=True),
            Column(SPREAD, tuple(row.spread for row in self.rows), self.decimals),
        )
        return [metric, *(column for column in more if column.known)]

    @property
    def places(self) -> list[Column]:
        """Plain rank, and both ends of its range."""
        ranks = pd.Series([row.headline for row in self.rows], dtype=float).rank(method="min", ascending=False)
        ends = ((None, None) if found is None else found for found in self.ranges)
        low, high = zip(*ends, strict=True)
        plain = tuple(None if math.isnan(rank) else int(rank) for rank in ranks)
        return [Column("rank", plain, 0), Column("rank low", low, 0), Column("rank high", high, 0)]

    @cached_property
    def ranks(self) -> Column:
        """Ranges where they are known; else plain ranks, marked where others have ranges."""
        texts: list[str | None] = []
        for rank, low, high in zip(*(column.values for column in self.places), strict=True):
            plain = None if rank is None else f"{rank}*" if any(self.ranges) else f"{rank}"
            texts.append(plain if low is None else f"{low}" if low == high else f"{low}–{high}")
        return Column("rank", tuple(texts), to_right=True)

    @property
    def names(self) -> Column:
        """What each row is called."""
        return Column("name", tuple(row.name for row in self.rows), foot=None if self.ceiling is None else CEILING)

    @cached_property
    def model_columns(self) -> list[Column]:
        """What is known of each row's network, training and cost; columns without a value, too."""
        return network_columns(self.rows, self.costs)

    @property
    def people_scored(self) -> Column:
        """How many people each row was scored on."""
        return Column("people", tuple(row.data.people for row in self.rows), 0)
