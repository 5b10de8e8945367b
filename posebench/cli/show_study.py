"""A study on a terminal: its plan, its runs, and its answer."""

import time
from collections.abc import Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text  # not rich's markup: names are other people's

from posebench.cli.run import Shown
from posebench.cli.wrapping import wrapped
from posebench.errors import counted, duration, listed
from posebench.plain_text import one_line
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.report.tables.columns import UNKNOWN, size
from posebench.results.kept_robustness import CLEAN, MPC, RPC
from posebench.results.record import Record
from posebench.scoring.scores import shown_decimals
from posebench.studies.corrupting import CHANGE, passes
from posebench.studies.findings import Answer
from posebench.studies.plan import Plan, PlannedRun
from posebench.studies.state import RunState
from posebench.tasks.run import Viewer

SETTINGS = "protocol", "recipe", "input", "epochs", "seeds", "state"
"""Columns of a plan that are told once where all rows have the same."""
WHICH = "which seeds"
NUMBERS = "input", "epochs", "time of each"


def print_plan(
    out: Console, plan: Plan, now: Sequence[RunState], seconds: Mapping[str, float], devices: int = 1
) -> None:
    """The question, a line for each row, what is the same in all rows, and how long all takes.

    Args:
        seconds: key of a run → its seconds from its beginning; of the runs that are neither done nor under way.
        devices: on how many the runs are made at once.
    """
    out.print(Text(plan.study.question, style="bold"))
    lines = _plan_lines(plan, now, seconds)
    same = [header for header in SETTINGS if len(lines) > 1 and len({line[header] for line in lines}) == 1]
    shown = [header for header in lines[0] if header not in same]
    table = _table()
    for header in shown:
        table.add_column(header, justify="right" if header in NUMBERS else "left", overflow="fold")
    for line in lines:
        table.add_row(*(Text(line[header]) for header in shown))
    out.print(table)
    told = [f"In all rows: {', '.join(f'{header} {lines[0][header]}' for header in same)}."] if same else []
    for sentence in (*told, cost(now, seconds, devices)):
        out.print(wrapped(sentence, out.width if out.is_terminal else None), highlight=False, markup=False)


def _table() -> Table:
    return Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)


def _plan_lines(plan: Plan, now: Sequence[RunState], seconds: Mapping[str, float]) -> list[dict[str, str]]:
    """Header → cell, for each row of a study."""
    by_key = {state.run.key: state for state in now}
    lines = []
    for runs in plan.rows:
        first = runs[0]
        recipe = first.job.recipe
        spent = dict.fromkeys(duration(seconds[run.key]) for run in runs if run.key in seconds)
        lines.append({
            "network": one_line(first.place.arch), "protocol": one_line(first.place.protocol), "recipe": recipe.name,
            "input": str(size(recipe.input_size)), "epochs": str(recipe.epochs),
            "seeds": " ".join(str(run.job.seed) for run in runs), "state": counts([by_key[run.key] for run in runs]),
            "time of each": ", ".join(spent) or UNKNOWN,
        })  # fmt: skip
    return lines


def cost(now: Sequence[RunState], seconds: Mapping[str, float], devices: int = 1) -> str:
    """Such as `9 runs, 2 done. The others take about 3 h 20 min on this device, …`."""
    done = sum(state.word == "done" for state in now)
    told = counted(len(now), "run", "runs") + (f", {done} done" if done else "") + "."
    if ways := now[0].run.decodings:
        told += f" Each is made once, and decoded by {listed(way.decoder for way in ways)}."
    if asked := now[0].run.corruptions:
        names = counted(len({name for name, _ in asked.cells}), "corruption", "corruptions")
        levels = counted(len({severity for _, severity in asked.cells}), "severity", "severities")
        told += f" Each is made once; its network then predicts everybody {passes(asked)} times: "
        told += f"clean, and with {names} in {levels}."
    if not seconds:
        return told
    left = duration(max(sum(seconds.values()) / devices, *seconds.values(), 0))
    where = "on this device, one after the other" if devices == 1 else f"on {devices} GPUs"
    also = " with the corruption of photographs" if asked else ""
    return (
        f"{told} {'The others take' if done else 'They take'} about {left} {where}: measured on a few "
        f"steps of each network; training from its beginning, and prediction{also}."
    )


def print_states(out: Console, plan: Plan, now: Sequence[RunState]) -> None:
    """The question, a line for each run, and how many there are of each state."""
    out.print(Text(plan.study.question, style="bold"))
    table = _table()
    for header in ("run", "state", ""):
        table.add_column(header, overflow="fold")
    for state in now:
        table.add_row(Text(one_line(state.run.title)), Text(state.word), Text(_detail(state)))
    out.print(table)
    out.print(counts(now), highlight=False, markup=False)


def print_answer(out: Console, answer: Answer) -> None:
    """The scores of every row, and the verdict."""
    for found in answer.findings:
        if not found.done:
            continue
        rule, data = found.done[0].rule, found.done[0].data
        out.print(Text(f"{data.what}: {data.people:,} people; {rule.protocol} {rule.short_scope}", style="bold"))
        table = _table()
        for header in ("network", rule.headline, "95 %", "sd of seeds", WHICH):
            table.add_column(Text(header), justify="left" if header in ("network", WHICH) else "right", overflow="fold")
        leading = [one for one in found.rows if one.leads]
        for one in leading:
            seeds = UNKNOWN if one.row is None else " ".join(map(str, one.row.seeds))
            table.add_row(Text(one_line(one.name)), *map(Text, (*one.cells, seeds)))
        out.print(table)
        said = [SYNTHETIC_NOTE] * data.synthetic + [found.problem] * bool(found.problem)
        said += [found.verdict(pair) for pair in found.leading]
        said += [found.not_compared] * bool(found.not_compared)
        if answer.plan.study.corruptions:
            each = " The report has every corruption." if len(answer.plan.study.corruptions) > 1 else ""
            said.append(f"{CHANGE}: {MPC} − {CLEAN}; {RPC}: {MPC} in percent of {CLEAN}.{each}")
        for line in said:
            out.print(wrapped(line, out.width if out.is_terminal else None), highlight=False, markup=False)


class Watching:
    """Tells on a console which run of a study is under way, and how long the others will take."""

    def __init__(self, out: Console, seconds: Mapping[str, float]) -> None:
        self.out = out
        self.left = dict(seconds)
        self.began = 0.0
        self.spent = self.expected = 0.0

    def begins(self, planned: PlannedRun, number: int, total: int) -> Viewer:
        """A line with the run's number."""
        self.began = time.monotonic()
        self.out.print(Text(f"Run {number} of {total}: {one_line(planned.title)}", style="bold"))
        return Shown(self.out)

    def ended(self, planned: PlannedRun, record: Record) -> None:
        """The score, and the time that is left."""
        rule = record.rule
        value = record.metrics.get(rule.headline)
        score = UNKNOWN if value is None else f"{value:.{shown_decimals(rule.unit)}f}"
        self._line(f"{planned.title}: {rule.headline} {score}.{self._rest(planned)}")

    def failed(self, planned: PlannedRun, reason: str) -> None:
        """The reason, and the time that is left."""
        self._line(f"{planned.title} failed: {reason}{self._rest(planned)}")

    def _line(self, text: str) -> None:
        self.out.print(wrapped(text, self.out.width if self.out.is_terminal else None), highlight=False, markup=False)

    def _rest(self, planned: PlannedRun) -> str:
        """A sentence on the time that is left: what was measured before, corrected by what the runs so far have taken."""
        self.expected += self.left.pop(planned.key, 0.0)
        self.spent += time.monotonic() - self.began
        if not self.left:
            return ""
        rate = self.spent / self.expected if self.expected else 1.0
        left = duration(rate * sum(self.left.values()))
        return f" {counted(len(self.left), 'run', 'runs')} left, about {left}."


def counts(now: Sequence[RunState]) -> str:
    """How many runs are in each state, such as `2 done, 1 running`."""
    words = [state.word for state in now]
    return ", ".join(f"{words.count(word)} {word}" for word in dict.fromkeys(words))


def _detail(state: RunState) -> str:
    if state.answer is None:
        return one_line(state.detail)
    rule, value = state.answer.rule, state.answer.metrics.get(state.answer.rule.headline)
    score = f"{rule.headline} {UNKNOWN if value is None else f'{value:.{shown_decimals(rule.unit)}f}'}"
    if state.word == "done":
        return score
    ways = [way.decoder for way in state.run.decodings if way.decoder not in state.decoded]
    left = [f"to be decoded by {listed(ways)}"] * bool(ways) + ["to be measured on corrupted photographs"] * (
        state.run.corruptions is not None and state.corrupted is None
    )
    known = [] if state.word == "stopped" else [one_line(state.detail)]  # how far its training was
    return "; ".join(filter(None, [score, *left, *known]))
