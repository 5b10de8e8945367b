"""Findings: the rows of a study with their scores, and the paired differences that answer its question."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from posebench.errors import PosebenchError
from posebench.report.tables.columns import UNKNOWN
from posebench.report.tables.comparison_table import verdict
from posebench.report.tables.rows import Row
from posebench.results.record import Record
from posebench.scoring import comparison
from posebench.scoring.comparison import Difference, Pair
from posebench.scoring.scores import shown_decimals
from posebench.studies.plan import Plan, RowPlace, decoded_places, row_name
from posebench.studies.state import RunState, described
from posebench.tasks.scoring.compare import pairs_frame
from posebench.tasks.scoring.compare_rows import compare_rows

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class StudyRow:
    """One row: the seeds of a network that are done, in one way of decoding.

    Attributes:
        name: in tables. row: the records by seed; None where no seed is done. whole: the same, scored on all keypoints; None
            where the study is about all of them. missing: seeds that are not done.
    """

    place: RowPlace
    name: str
    row: Row | None
    whole: Row | None
    missing: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Findings:
    """What a study has found on one protocol.

    Attributes:
        rows: in the order of the study. pairs: of those that are done, one family: each row − the one with the study's first
            architecture, recipe, input size or decoder that is equal in all else.
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
    def verdicts(self) -> list[str]:
        """A sentence for each difference."""
        return [f"{pair.a} − {pair.b} = {self.finding(pair)}" for pair in self.pairs]

    def finding(self, pair: Pair) -> str:
        """Such as `+0.40 [−0.20, +1.00], not resolved`; says where a row has one seed, since its interval knows of no other."""
        one = pair.headline
        known = "uncertainty unknown" if one.p is None else verdict(one)
        seeds = [len(row.row.seeds) for row in self.rows if row.row is not None and row.name in (pair.a, pair.b)]
        alone = " (one seed each)" if max(seeds) == 1 else " (one seed of one of the two)" if min(seeds) == 1 else ""
        return f"{difference(one, shown_decimals(self.done[0].rule.unit))}, {known}{alone}"


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
        for place in decoded_places(runs[0].place, plan.study):
            scored = [its for state in done if (its := state.scored(place.decoder)) is not None]
            whole = _row_of([its.whole for its in scored]) if plan.study.joints else None
            row = _row_of([its.answer for its in scored])
            one = StudyRow(place, row_name(place, plan.study), row, whole, missing)
            by_protocol.setdefault(place.protocol, []).append(one)
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
    done = [one for one in rows if one.row is not None]
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
    """Whether `base` differs from `row` in one thing alone, and has the study's first choice of it."""
    first, differs = rows[0].place, [name for name, its in vars(base.place).items() if its != getattr(row.place, name)]
    return len(differs) == 1 and getattr(base.place, differs[0]) == getattr(first, differs[0])


def _row(one: StudyRow) -> dict[str, Any]:
    row = one.row
    facts: dict[str, Any] = {"name": one.name, "missing_seeds": list(one.missing)}
    if row is None:
        return facts | {"seeds": [], "headline": None, "interval": None, "sd_of_seeds": None, "records": []}
    return facts | {
        "seeds": list(row.seeds), "headline": row.headline if math.isfinite(row.headline) else None,
        "interval": row.intervals.get(row.rule.headline), "sd_of_seeds": row.spread, "records": list(row.ids),
    }  # fmt: skip
