"""Damages files of every form that posebench reads, and reads each in a process of its own, with limits on time and memory.

    python benchmarks/fuzz.py [--seconds 60] [--seed 0] [--only WORD] [--keep DIR]

For each form, prints how many files were read, refused in a sentence, or ended in a traceback, a crash or a hang, and the most
memory that a process held. Ends with exit code 1 unless every file was read or refused. Needs the repository: the whole files are
those of its tests. The same seed makes the same files.
"""

import argparse
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import posebench.opencv  # noqa: F401, I001 - sets OpenCV's limits, before the tests' modules load it without
import numpy as np
from fuzz_targets import Target, names, targets
from fuzzing import CRASHED, HUNG, NAMES, READ, REFUSED, TRACEBACK, read_each

SECONDS, MEGABYTES = 20, 1024
"""Limits of one file: time, and memory beyond what the process has before it reads."""
FILES = 25
"""That one process reads one after the other, unless one of them ends it."""
BAD = (TRACEBACK, CRASHED, HUNG)


class Tally:
    """What became of the files of one form."""

    def __init__(self) -> None:
        self.outcomes: Counter[int] = Counter()
        self.megabytes = 0.0

    def row(self, name: str) -> str:
        counts = "".join(f"{self.outcomes[kind]:>11,}" for kind in (READ, REFUSED, *BAD))
        return f"{name:<42}{sum(self.outcomes.values()):>8,}{counts}{self.megabytes:>8,.0f}"


def written(target: Target, seed: int, number: int) -> bytes:
    """Damage one file, write it where it is read, and return its content."""
    content = target.mutate(target.content, np.random.default_rng((seed, number)))
    target.path.write_bytes(content)
    return content


def attack(target: Target, seed: int, numbers: range, tally: Tally, keep: Path | None) -> None:
    """Damage files and read them."""

    def read(number: int) -> object:
        written(target, seed, number)
        return target.read()

    ended = read_each([partial(read, number) for number in numbers], target.path, SECONDS, MEGABYTES)
    tally.outcomes.update(ended.outcomes)
    tally.megabytes = max(tally.megabytes, ended.megabytes)
    for number, outcome in zip(numbers, ended.outcomes, strict=True):
        if outcome in BAD:
            print(f"{NAMES[outcome]}: {target.name}, file {number} of seed {seed}", file=sys.stderr, flush=True)
            if keep is not None:
                keep.mkdir(parents=True, exist_ok=True)
                kept = keep / f"{target.name.replace(' ', '-')}-{seed}-{number}{target.path.suffix}"
                kept.write_bytes(written(target, seed, number))
    target.path.write_bytes(target.content)


def check_whole(chosen: Sequence[Target]) -> None:
    """Raise unless every form is read while it is whole: otherwise its damaged files would test nothing."""
    for target in chosen:
        if read_each([target.read], target.path).outcomes != [READ]:
            raise RuntimeError(f"{target.name} is not read while it is whole")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="how long in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="only forms with this word in their name")
    parser.add_argument("--keep", type=Path, help="folder for the files that end badly")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # numpy may say what it likes of damaged numbers
    with tempfile.TemporaryDirectory() as folder:
        every = targets(Path(folder))
        chosen = [target for target in every if asked.only in target.name]
        if not chosen:
            parser.error(f"no form has {asked.only!r} in its name: {names(every)}")
        check_whole(chosen)
        tallies = {target.name: Tally() for target in chosen}
        end, number = time.monotonic() + asked.seconds, 0
        while time.monotonic() < end:
            for target in chosen:
                if time.monotonic() < end:
                    attack(target, asked.seed, range(number, number + FILES), tallies[target.name], asked.keep)
            number += FILES
    heads = "".join(f"{NAMES[kind]:>11}" for kind in (READ, REFUSED, *BAD))
    print(f"{'form':<42}{'files':>8}{heads}{'MB':>8}")
    for name, tally in tallies.items():
        print(tally.row(name))
    whole = Tally()
    for tally in tallies.values():
        whole.outcomes += tally.outcomes
        whole.megabytes = max(whole.megabytes, tally.megabytes)
    print(whole.row("all"))
    return int(any(whole.outcomes[kind] for kind in BAD))


if __name__ == "__main__":
    raise SystemExit(main())
