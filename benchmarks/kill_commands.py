"""Kills `posebench evaluate` and `posebench report` at random moments, repeats the command, and compares what it leaves. Linux.

    python benchmarks/kill_commands.py [--kills 40] [--seed 0]

A killed command is followed by the same command. The results folder must then be as that of a command that nobody killed: the same
files with the same bytes, but for the time of day in records, and no temporary file beside those of killed processes. (These are
removed when they are a day old.) Commands are forked from this process, which has imported everything. Prints one row per command.
"""

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

import posebench.report.page
import posebench.tasks.evaluate  # noqa: F401 - imported before the fork
from posebench.cli.main import main as posebench_main
from posebench.files.writing import PARTIAL
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic


def start(arguments: Sequence[str]) -> int:
    """Run a command in a forked process without output; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        posebench_main([*arguments], standalone_mode=False)
        os._exit(0)
    finally:
        os._exit(1)


def kept(results: Path) -> dict[str, str]:
    """The text or hash of every result by its path; without temporary files, and without the time of day."""
    found = {}
    for path in sorted(results.rglob("*")):
        if path.is_file() and not path.name.endswith(PARTIAL):
            lines = path.read_bytes().splitlines()
            found[str(path.relative_to(results))] = repr([line for line in lines if b'"created"' not in line])
    return found


def leftovers(results: Path) -> int:
    """How many temporary files there are."""
    return sum(1 for _ in results.rglob(f".*{PARTIAL}"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    draw, failed = random.Random(asked.seed), 0  # noqa: S311 - moments, no secrets
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        people = synthetic.instances(protocol("mpii").skeleton, "val", 200)
        np.savez("p.npz", keypoints=people.keypoints + 1.5)
        commands = {"evaluate": ["evaluate", "p.npz", "--protocol", "mpii", "--quiet"], "report": ["report"]}
        print(f"{'command':<10}{'kills':>7}{'ended before':>14}{'leftovers':>11}{'equal':>7}")
        for name, command in commands.items():
            began = time.monotonic()
            _, status = os.waitpid(start(command), 0)
            assert status == 0, f"{name} failed"
            seconds, whole = time.monotonic() - began, kept(Path("results"))
            killed = early = left = equal = 0
            while killed < asked.kills // 2:
                child = start(command)
                time.sleep(draw.uniform(0, seconds * 1.1))
                os.kill(child, signal.SIGKILL)
                _, status = os.waitpid(child, 0)
                was_killed = os.WIFSIGNALED(status)
                killed, early = killed + was_killed, early + (not was_killed)
                left = max(left, leftovers(Path("results")))
                _, status = os.waitpid(start(command), 0)
                same = status == 0 and kept(Path("results")) == whole
                equal += same and was_killed
                failed += not same
            print(f"{name:<10}{killed:>7}{early:>14}{left:>11}{equal:>7}", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
