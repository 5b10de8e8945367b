"""Kills `posebench` commands at random moments, repeats them, and compares what they leave. Linux.

    python benchmarks/kill_commands.py [--kills 200] [--seed 0] [--only NAME]

A killed command is followed by the same command. The folder must then be as that of a command that nobody killed: the same files
with the same content, and no temporary file beside those of killed processes. (These are removed when they are a day old.) Every
second kill happens in a folder without results, the others where the results of a whole command are already. Compared are all bytes
but for the time of day in records; of `run`, whose files tell how long training took, predictions and scores. Commands are
forked from this process, which has imported everything. Prints one row per command. `kills.py` does this for training alone, to
the last bit of a checkpoint.
"""

import argparse
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
import small_coco
import torch
from kills import RECIPE, install

import posebench.report.pages.page
import posebench.tasks.dataset.pack
import posebench.tasks.scoring.evaluate
import posebench.tasks.training.train  # noqa: F401 - all imported before the fork
from posebench.cli.main import main as posebench_main
from posebench.data import predictions
from posebench.files.writing import PARTIAL
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic

ON_COCO = "--protocol", "coco", "--data", "coco", "--workers", "0", "--quiet"
TIMED = ".csv", "settings.json", "recipe.json", ".pt", ".png", ".jpg", ".html", ".md", ".svg"
"""Endings of the files of a `run` that tell how long it took, or whose content is that of other files."""


@dataclass(frozen=True)
class Command:
    """A command and what it begins with.

    Attributes:
        arguments: of `posebench`.
        prepare: writes what the command needs into the current folder.
        timed: whether its files tell how long it took.
    """

    arguments: Sequence[str]
    prepare: Callable[[], object]
    timed: bool = False


def save_arrays() -> None:
    """Predictions of the drawn people by two makers."""
    people = synthetic.instances(protocol("mpii").skeleton, "val", 500)
    for name, error in (("p", 1.5), ("q", 2.5)):
        np.savez(f"{name}.npz", keypoints=people.keypoints + error)


def save_records() -> None:
    save_arrays()
    for name in ("p", "q"):
        assert wait(start(["evaluate", f"{name}.npz", "--protocol", "mpii", "--quiet"])) == 0
    for path in Path("results").iterdir():
        if path.name != "records":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def save_photographs() -> None:
    """Small photographs with people in COCO's form, and a recipe."""
    small_coco.PEOPLE.update(train=24, val=30)
    small_coco.write_coco(Path("coco"))
    Path("kills.toml").write_text(RECIPE)


def save_network() -> None:
    save_photographs()
    assert wait(start(["train", "--arch", "tiny", *ON_COCO, "--recipe", "kills.toml"])) == 0, Path("said").read_text()
    next(Path("results/runs").glob("*/checkpoint.pt")).rename("c.pt")
    shutil.rmtree("results")


COMMANDS = {
    "evaluate": Command(["evaluate", "p.npz", "--protocol", "mpii", "--quiet"], save_arrays),
    "report": Command(["report"], save_records),
    "predict": Command(["predict", "c.pt", *ON_COCO], save_network),
    "data pack": Command(["data", "pack", "coco", "--data", "coco", "--recipe", "kills.toml", "--quiet"], save_photographs),
    "run": Command(
        ["run", "--arch", "tiny", *ON_COCO, "--recipe", "kills.toml", "--resume"], save_photographs, timed=True
    ),
}  # fmt: skip


def start(arguments: Sequence[str]) -> int:
    """Run a command in a forked process without output; its process id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        with Path("said").open("w") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
        posebench_main([*arguments])
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # what this process would do at its end is the benchmark's


def wait(child: int) -> int:
    """The exit code of a process, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kept(timed: bool) -> dict[str, str]:
    """The content of every result below the current folder by its path, as far as it is compared; without temporary files."""
    files = (path for path in sorted(Path("results").rglob("*")) if path.is_file() and not path.name.endswith(PARTIAL))
    digest = re.compile(
        r"-[0-9a-f]{8}(?=\.)" if timed else "$^"
    )  # of predictions with their provenance, which has times
    return {digest.sub("", str(path)): content(path, timed) for path in files}


def content(path: Path, timed: bool) -> str:
    """What is compared of a file."""
    if timed and path.name.endswith(TIMED):
        return "is there"
    if timed and path.suffix == ".json":
        record = json.loads(path.read_text())
        return repr([record.get(name) for name in ("metrics", "intervals", "name")])
    if timed and path.suffix == ".h5":
        return repr([part.tobytes() for part in vars(predictions.load(path)).values() if isinstance(part, np.ndarray)])
    return repr([line for line in path.read_bytes().splitlines() if b'"created"' not in line])


def leftovers() -> int:
    """How many temporary files there are below the current folder."""
    return sum(1 for _ in Path("results").rglob(f".*{PARTIAL}"))


def trials(name: str, command: Command, count: int, folder: Path, draw: random.Random) -> bool:
    """Kill one command as often as asked and print its row; whether all was well."""
    before, whole = folder / "before", folder / "whole"
    before.mkdir(parents=True)
    os.chdir(before)
    command.prepare()
    shutil.copytree(before, whole)
    os.chdir(whole)
    began = time.monotonic()
    assert wait(start(command.arguments)) == 0, Path("said").read_text()
    seconds, expected = time.monotonic() - began, kept(command.timed)
    assert expected, name
    killed = early = left = equal = 0
    while killed < count:
        os.chdir(folder)
        shutil.rmtree("trial", ignore_errors=True)
        shutil.copytree(before if (killed + early) % 2 else whole, "trial")
        os.chdir("trial")
        child = start(command.arguments)
        time.sleep(draw.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        if wait(child) != -signal.SIGKILL:
            early += 1
            continue
        killed, left = killed + 1, max(left, leftovers())
        code, found = wait(start(command.arguments)), kept(command.timed)
        if code == 0 and found == expected:
            equal += 1
            continue
        differ = [path for path in {*found, *expected} if found.get(path) != expected.get(path)]
        print(f"{name}: exit code {code}, other: {differ}. {Path('said').read_text()}", flush=True)
    print(f"{name:<10}{killed:>7}{early:>14}{left:>11}{equal:>7}", flush=True)
    return equal == killed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="of all commands together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=COMMANDS, help="kill one command alone")
    asked = parser.parse_args()
    draw = random.Random(asked.seed)  # noqa: S311 - moments, no secrets
    torch.set_num_threads(1)  # the threads of this process would be missing in its forks
    chosen = {name: command for name, command in COMMANDS.items() if asked.only in (None, name)}
    with tempfile.TemporaryDirectory() as temporary:
        install(Path(temporary) / "plugin")
        print(f"{'command':<10}{'kills':>7}{'ended before':>14}{'leftovers':>11}{'equal':>7}", flush=True)
        well = [
            trials(name, command, asked.kills // len(chosen), Path(temporary) / name, draw) for name, command in chosen.items()
        ]  # fmt: skip
        os.chdir("/")
    return int(not all(well))


if __name__ == "__main__":
    sys.exit(main())
