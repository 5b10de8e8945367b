"""Findings: the rows of a study with their scores, and the paired differences that answer its question."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from posebench.errors import PosebenchError
from posebench.report.tables.columns import UNKNOWN, bounds
from posebench.report.tables.comparison_table import verdict
from posebench.report.tables.rows import Row
from posebench.results.kept_robustness import RPC
from posebench.results.record import Record
from posebench.scoring import comparison
from posebench.scoring.comparison import Difference, Pair
from posebench.scoring.scores import shown_decimals
from posebench.studies.corrupting import CHANGE, SUMMARY, conditions
from posebench.studies.plan import Plan, RowPlace, places_of, row_name
from posebench.studies.state import RunState, described
from posebench.tasks.scoring.compare import pairs_frame
from posebench.tasks.scoring.compare_rows import compare_rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class StudyRow:
    """One row: the seeds of a network that are done, in one way of decoding, under one condition.

    Attributes:
        name: in tables. network: the same without the condition.
        row: the records by seed; None where no seed is done. whole: the same, scored on all keypoints; None where the study is
            about all of them. ids: of the kept records that it is made of. missing: seeds that are not done.
    """

    place: RowPlace
    name: str
    network: str
    row: Row | None
    whole: Row | None
    ids: tuple[str, ...]
    missing: tuple[int, ...]

    @property
    def leads(self) -> bool:
        """Whether it is of all that is asked, and not of one corruption among others."""
        return self.place.condition in ("", *SUMMARY)

    @property
    def rpc_unknown(self) -> bool:
        """Whether it is a share of the clean score, which is 0 on the people of some resample."""
        return self.place.condition == RPC and self.row is not None and self.row.resampled_on is None

    @property
    def cells(self) -> list[str]:
        """Score, interval and standard deviation over seeds, as shown."""
        row = self.row
        if row is None:
            return [UNKNOWN] * 3
        interval, decimals = row.intervals.get(row.rule.headline), shown_decimals(row.rule.unit)
        between = UNKNOWN if interval is None else f"{self.number(interval[0])} to {self.number(interval[1])}"
        if self.place.condition != CHANGE:
            between = bounds(interval, decimals) or UNKNOWN
        return [self.number(row.headline), between, UNKNOWN if row.spread is None else f"{row.spread:.{decimals}f}"]

    def number(self, value: float) -> str:
        """A score of this row as shown; a change with its sign."""
        if self.row is None or not math.isfinite(value):
            return UNKNOWN
        decimals = shown_decimals(self.row.rule.unit)
        return signed(value, decimals) if self.place.condition == CHANGE else f"{value:.{decimals}f}"


@dataclass(frozen=True, eq=False)
class Findings:
    """What a study has found on one protocol.

    Attributes:
        rows: in the order of the study. pairs: of those that are done, one family: each row − the one with the study's first
            architecture, recipe, input size or decoder that is equal in all else, the condition among it.
        problem: why rows could not be compared; empty where they could.
    """

    protocol: str
    rows: tuple[StudyRow, ...]
    pairs: tuple[Pair, ...]
    problem: str = ""

    @property
    def done(self) -> list[Row]:
        """The rows of which some seed is done."""
        return [one.row for one in self.rows if one.row is not None]

    @property
    def not_compared(self) -> str:
        """A sentence on rows that are in no pair although they have a score; empty where there is none."""
        if not (names := [one.name for one in self.rows if one.rpc_unknown]):
            return ""
        return f"Not compared, because on some resamples the clean score is 0: {'; '.join(names)}."

    @property
    def leading(self) -> list[Pair]:
        """The pairs of the rows that lead."""
        return [pair for pair in self.pairs if all(one.leads for one in self._rows_of(pair))]

    @property
    def verdicts(self) -> list[str]:
        """A sentence for each difference."""
        return [self.verdict(pair) for pair in self.pairs]

    def verdict(self, pair: Pair) -> str:
        """Such as `b − a = +0.40 [−0.20, +1.00], not resolved`."""
        return f"{self.label(pair)} = {self.finding(pair)}"

    def label(self, pair: Pair) -> str:
        """Such as `b − a`, or `fog: b − a` of rows under one condition."""
        a, b = self._rows_of(pair)
        condition = a.place.condition
        return f"{condition}: {a.network} − {b.network}" if condition else f"{a.name} − {b.name}"

    def decimals(self, pair: Pair) -> int:
        """How many of a difference are shown."""
        row = self._rows_of(pair)[0].row
        return shown_decimals("" if row is None else row.rule.unit)

    def finding(self, pair: Pair) -> str:
        """Such as `+0.40 [−0.20, +1.00], not resolved`; says where a row has one seed, since its interval knows of no other."""
        one = pair.headline
        known = "uncertainty unknown" if one.p is None else verdict(one)
        seeds = [len(row.row.seeds) for row in self._rows_of(pair) if row.row is not None]
        alone = " (one seed each)" if max(seeds) == 1 else " (one seed of one of the two)" if min(seeds) == 1 else ""
        return f"{difference(one, self.decimals(pair))}, {known}{alone}"

    def _rows_of(self, pair: Pair) -> tuple[StudyRow, StudyRow]:
        by_name = {row.name: row for row in self.rows}
        return by_name[pair.a], by_name[pair.b]


@dataclass(frozen=True, eq=False, repr=False)
class Answer:
    """What a study has found.

    Attributes:
        states: of every run. findings: one for each protocol.
    """

    plan: Plan
    states: tuple[RunState, ...]
    findings: tuple[Findings, ...]

    def __repr__(self) -> str:
        done = sum(state.word == "done" for state in self.states)
        verdicts = "; ".join(self.verdicts) or "no verdict yet"
        return f"<Study {self.plan.study.name}, {done} of {len(self.states)} runs done: {verdicts}>"

    @property
    def verdicts(self) -> list[str]:
        """A sentence for each difference, such as `b − a = +0.40 [−0.20, +1.00], not resolved`."""
        return [verdict for found in self.findings for verdict in found.verdicts]

    @property
    def small(self) -> bool:
        """Whether the study is at its small size."""
        return self.plan.asked.small

    @property
    def frame(self) -> "pd.DataFrame":
        """Differences as rows: columns `a`, `b`, `name`, `difference`, `low`, `high`, `p`, `resolved`."""
        return pairs_frame([pair for found in self.findings for pair in found.pairs])

    def as_json(self) -> dict[str, Any]:
        """Rows, differences and states as JSON values."""
        return {
            "study": self.plan.study.name, "question": self.plan.study.question,
            "runs": [described(state) for state in self.states],
            "findings": [
                {"protocol": found.protocol, "verdicts": found.verdicts, "rows": [_row(one) for one in found.rows]}
                | comparison.as_json(found.pairs)
                for found in self.findings
            ],
        }  # fmt: skip


def find(plan: Plan, states: Sequence[RunState]) -> Answer:
    """What the runs that are done say."""
    by_protocol: dict[str, list[StudyRow]] = {}
    for runs in plan.rows:
        own = [state for state in states if state.run.place == runs[0].place]
        done = [state for state in own if state.word == "done"]
        missing = tuple(state.run.job.seed for state in own if state.word != "done")
        for place in places_of(runs[0].place, plan.study):
            scored = [its for state in done if (its := state.scored(place.decoder, place.condition)) is not None]
            whole = _row_of([its.whole for its in scored]) if plan.study.joints else None
            row = _row_of([its.answer for its in scored])
            kept = row if not place.condition else _row_of([state.record for state in done if state.record])
            name, network = (row_name(one, plan.study) for one in (place, replace(place, condition="")))
            one = StudyRow(place, name, network, row, whole, () if kept is None else kept.ids, missing)
            by_protocol.setdefault(place.protocol, []).append(one)
    order = conditions(plan.study)
    for rows in by_protocol.values():  # networks under one condition stand together
        rows.sort(key=lambda one: order.index(one.place.condition))
    found = tuple(_compared(protocol, rows) for protocol, rows in by_protocol.items())
    return Answer(plan, tuple(states), found)


def difference(one: Difference, decimals: int) -> str:
    """Such as `+0.40 [−0.20, +1.00]`."""
    if not math.isfinite(one.value):
        return UNKNOWN
    bounds = "" if one.interval is None else f" [{', '.join(signed(bound, decimals) for bound in one.interval)}]"
    return signed(one.value, decimals) + bounds


def signed(value: float, decimals: int) -> str:
    """Such as `−0.20`, with the sign of print."""
    return f"{value:+z.{decimals}f}".replace("-", "−")


def _row_of(records: Sequence[Record]) -> Row | None:
    """The records as a row, in the order of their seeds."""
    return Row(tuple(sorted(records, key=lambda record: record.model.seed or 0))) if records else None


def _compared(protocol: str, rows: Sequence[StudyRow]) -> Findings:
    done = [one for one in rows if one.row is not None and not one.rpc_unknown]
    chosen = [(a, b) for a, one in enumerate(done) for b, other in enumerate(done) if _is_base(other, one, rows)]
    if not chosen:
        return Findings(protocol, tuple(rows), ())
    try:
        pairs = compare_rows([one.row for one in done if one.row is not None], chosen).pairs
    except PosebenchError as error:
        return Findings(protocol, tuple(rows), (), str(error))
    named = (replace(pair, a=done[a].name, b=done[b].name) for pair, (a, b) in zip(pairs, chosen, strict=True))
    return Findings(protocol, tuple(rows), tuple(named))


def _is_base(base: StudyRow, row: StudyRow, rows: Sequence[StudyRow]) -> bool:
    """Whether `base` differs from `row` in one thing alone other than the condition, and has the study's first choice of it."""
    first, differs = rows[0].place, [name for name, its in vars(base.place).items() if its != getattr(row.place, name)]
    return (
        len(differs) == 1 and differs != ["condition"] and getattr(base.place, differs[0]) == getattr(first, differs[0])
    )


def _row(one: StudyRow) -> dict[str, Any]:
    row = one.row
    facts: dict[str, Any] = {"name": one.name, "missing_seeds": list(one.missing)}
    if row is None:
        return facts | {"seeds": [], "headline": None, "interval": None, "sd_of_seeds": None, "records": []}
    return facts | {
        "seeds": list(row.seeds), "headline": row.headline if math.isfinite(row.headline) else None,
        "interval": row.intervals.get(row.rule.headline), "sd_of_seeds": row.spread, "records": list(one.ids),
    }  # fmt: skip
