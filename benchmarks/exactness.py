"""How often each COCO keypoint evaluator differs from pycocotools, by the rule of the evaluation that a case tests.

    python benchmarks/exactness.py [--cases 50] [--only WORD]

Prints a table in Markdown: a row for each rule, a column for each evaluator that is installed. A cell has the number of cases, of
`--cases` for each rule, in which a statistic or, where the evaluator exposes them, a value of precision or recall is another double
than pycocotools', and in parentheses the largest difference. An error, a crash and a hang of an evaluator count as differences:
each evaluator runs in a process of its own. Ends with exit code 1 if posebench differs. Needs the repository: the cases are those
of its tests.
"""

import argparse
import multiprocessing
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

os.environ |= {f"{kind}_NUM_THREADS": "1" for kind in ("OMP", "RAYON", "OPENBLAS")}
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
from coco_data import written
from coco_evaluators import EVALUATORS, REFERENCE, Load, Numbers, installed, missing, with_boxes
from coco_rules import RULES, case

SECONDS = 60
"""Of one case, after which an evaluator is taken to hang."""
PROCESSES = multiprocessing.get_context("spawn")


def _serve(load: Load, connection: Connection) -> None:
    """Evaluate whatever files are asked for, in a process of its own."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    try:
        steps = load()
    except Exception as error:
        connection.send(f"{type(error).__name__}: {error}")
        return
    connection.send("")
    while True:
        gt, dt = connection.recv()
        try:
            connection.send(steps.compute(steps.read(gt, dt)))
        except BaseException as error:  # a panic of Rust is no Exception
            connection.send(f"{type(error).__name__}: {error}")


class Child:
    """An evaluator in a process, which is started again if it ends."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.start()

    def start(self) -> None:
        """Start the process. `problem` is why it cannot be imported, or empty."""
        self.connection, its_end = PROCESSES.Pipe()
        self.process = PROCESSES.Process(target=_serve, args=(self.load, its_end), daemon=True)
        self.process.start()
        its_end.close()  # so that the end of the process is the end of the pipe
        try:
            self.problem: str = self.connection.recv()
        except EOFError:
            self.problem = "crash while it was imported"

    def ask(self, gt: Path, dt: Path) -> None:
        """Let it evaluate two files."""
        self.connection.send((gt, dt))

    def answer(self) -> Numbers | str:
        """Its numbers, or what happened instead of them."""
        problem = "hang"
        if self.connection.poll(SECONDS):
            try:
                answer: Numbers | str = self.connection.recv()
                return answer
            except EOFError:
                self.process.join()
                problem = f"crash (exit code {self.process.exitcode})"
        self.process.kill()
        self.connection.close()
        self.start()
        return problem


@dataclass
class Tally:
    """The differing cases of a rule and an evaluator. errors: those without any numbers. largest: difference of a number."""

    differing: int = 0
    errors: int = 0
    largest: float = 0.0

    def __str__(self) -> str:
        if not self.differing:
            return "0"
        parts = [f"{self.largest:.2g}"] if self.differing > self.errors else []
        parts += [f"{self.errors} refused" if self.errors < self.differing else "refused"] * bool(self.errors)
        return f"{self.differing} ({', '.join(parts)})"

    def add(self, found: Numbers | str, expected: Numbers) -> None:
        """Count a case."""
        if isinstance(found, str):
            self.errors += 1
            self.differing += 1
            return
        pairs = [(mine, theirs) for mine, theirs in zip(found, expected, strict=True) if mine is not None]
        self.differing += not all(np.array_equal(mine, theirs) for mine, theirs in pairs)
        largest = [np.abs(mine - theirs).max() for mine, theirs in pairs if np.shape(mine) == np.shape(theirs)]
        self.largest = max(self.largest, *(float(value) for value in largest))

    def join(self, other: "Tally") -> None:
        """Add the cases of another rule."""
        self.differing += other.differing
        self.errors += other.errors
        self.largest = max(self.largest, other.largest)


class Comparison:
    """The evaluators that run, and why others do not."""

    def __init__(self, names: Sequence[str], folder: Path) -> None:
        children = {name: Child(EVALUATORS[name].load) for name in names}
        self.notes = [
            *missing(),
            *(f"{name} is left out. {one.problem}" for name, one in children.items() if one.problem),
        ]
        self.children = {name: one for name, one in children.items() if not one.problem}
        self.folder = folder
        self.first_problem: dict[str, str] = {}

    def rule(self, rule: str, cases: int) -> dict[str, Tally]:
        """Evaluator → its differing cases."""
        tallies = {name: Tally() for name in self.children if name != REFERENCE}
        for seed in range(cases):
            found = self.numbers(rule, seed)
            expected = found.pop(REFERENCE)
            if isinstance(expected, str):
                raise SystemExit(f"{REFERENCE} has no numbers of '{rule}', seed {seed}: {expected}")
            for name, numbers in found.items():
                tallies[name].add(numbers, expected)
                if isinstance(numbers, str):
                    self.first_problem.setdefault(name, f"'{rule}', seed {seed}: {numbers}")
        return tallies

    def numbers(self, rule: str, seed: int) -> dict[str, Numbers | str]:
        """What all evaluators make of a case, side by side."""
        made = case(rule, seed)
        gt = written(self.folder / "gt.json", made.truth)
        dt = written(self.folder / "dt.json", made.detections)
        boxed = written(self.folder / "boxed.json", with_boxes(made.detections))
        for name, child in self.children.items():
            child.ask(gt, boxed if EVALUATORS[name].boxed else dt)
        return {name: child.answer() for name, child in self.children.items()}


def row(first: str, cells: Sequence[object]) -> str:
    """A row of the table."""
    return f"| {first:<47} |" + "".join(f" {cell!s:<16} |" for cell in cells)


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=50, help="of each rule")
    parser.add_argument("--only", default="", metavar="WORD", help="rules with this word alone")
    options = parser.parse_args()
    if EVALUATORS[REFERENCE].version is None:
        parser.error(f"{REFERENCE} is the reference and is not installed: pip install {REFERENCE}")
    rules = [rule for rule in RULES if options.only in rule]
    with tempfile.TemporaryDirectory() as folder:
        comparison = Comparison(installed(), Path(folder))
        print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}; {REFERENCE} "
              f"{EVALUATORS[REFERENCE].version}; {len(rules)} rules, {options.cases} cases each")  # fmt: skip
        print(*comparison.notes, sep="\n", end="\n" * (1 + bool(comparison.notes)))
        totals = {name: Tally() for name in comparison.children if name != REFERENCE}
        print(row("rule", [f"{name} {EVALUATORS[name].version}" for name in totals]))
        print("|---" * (1 + len(totals)) + "|")
        for rule in rules:
            tallies = comparison.rule(rule, options.cases)
            for name, tally in tallies.items():
                totals[name].join(tally)
            print(row(rule, list(tallies.values())), flush=True)
        print(row(f"all {options.cases * len(rules):,}", list(totals.values())))
    for name, problem in comparison.first_problem.items():
        print(f"{name} has no numbers of {problem}")
    sys.exit(totals["posebench"].differing > 0)


if __name__ == "__main__":
    main()
