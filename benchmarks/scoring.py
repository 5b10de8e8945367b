"""Speed and memory of COCO keypoint evaluators, side by side in one run: posebench, and the peers that are installed.

    python benchmarks/scoring.py [--images 5000] [--times 10] [--rounds 3] [--only NAME ...] [--slow]

Prints two tables in Markdown, of a dataset of val2017's size, drawn from a seed, and of one that is `--times` as large. They have
the processor time, with one thread, to COCO's ten numbers from what an evaluator holds in memory and from the two files of
annotation and results, the most memory that the latter takes, imports included, and ratios to posebench. Figures are medians of
processes of their own. An evaluator that takes more than ten times posebench's time is measured once, and is in the second table
only with `--slow`. Two more rows are posebench from its own predictions file, and the 1,000 resamples of its intervals. Then says
how numbers differ.
"""

import argparse
import importlib
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
from child_process import ChildError, largest, medians, processor, run_child
from coco_evaluators import EVALUATORS, installed, missing
from coco_files import VAL_IMAGES, write_val

OWN, RESAMPLES = "posebench", "posebench, 1,000 resamples"
FILES = {
    **{name: (name, "boxed.json" if one.boxed else "dt.json") for name, one in EVALUATORS.items()},
    "posebench, own file": (OWN, "dt.h5"),
}
"""Row of a table → evaluator and its file of results."""
TOO_SLOW = 10
"""Times posebench's time: an evaluator that is so slow is left out of the large table."""
COLUMNS = {"memory": 3, "JSON": 3, "MB": 0}
"""Figure → its decimals."""


def child(row: str, folder: Path) -> None:
    """Measure one row; imports are done before."""
    name, results = FILES[row]
    steps = EVALUATORS[name].load()
    if results.endswith(".h5"):
        importlib.import_module("h5py")  # posebench imports it when it is needed
    begin = time.process_time()
    objects = steps.read(folder / "gt.json", folder / results)
    middle = time.process_time()
    stats = steps.compute(objects).stats.tolist()
    end = time.process_time()
    megabytes = largest()
    parsed = steps.parse(objects)
    again = time.process_time()
    if parsed is not objects:
        steps.compute(parsed)
    in_memory = end - middle if parsed is objects else time.process_time() - again
    print(json.dumps({"memory": in_memory, "JSON": end - begin, "MB": megabytes, "result": stats}))


def resample(folder: Path) -> None:
    """Measure the resamples of the bootstrap, after matching."""
    from posebench.plugins.registry import protocol
    from posebench.scoring import average_precision, oks_matching
    from posebench.scoring.bootstrap import image_weights

    coco = protocol("coco")
    rules = sys.modules[type(coco).__module__]
    people = coco.instances(folder / "gt.json", "val")
    found = rules.detections_of(coco.read_predictions(folder / "dt.h5", people), people)
    matches = oks_matching.match(found, rules.people_of(people), rules.SIGMAS, len(people.images))
    weights = image_weights(len(people.images))[1:]
    begin = time.process_time()
    average_precision.resampled(matches, weights)
    print(json.dumps({"memory": time.process_time() - begin, "MB": largest()}))


def write(folder: Path, images: int, times: int) -> None:
    """Write the files of a dataset, posebench's own among them."""
    from posebench.data.predictions import save
    from posebench.plugins.registry import protocol

    write_val(folder, images, times)
    coco = protocol("coco")
    people = coco.instances(folder / "gt.json", "val")
    save(coco.read_predictions(folder / "dt.json", people), folder / "dt.h5")


def measured(folder: Path, rows: list[str], rounds: int) -> dict[str, dict[str, Any]]:
    """Row → its figures. The rows take turns, so that a busy moment of the machine meets all; slow ones have one turn."""
    found: dict[str, list[dict[str, Any]]] = {row: [] for row in rows}
    for turn in range(rounds):
        for row in rows:
            if turn and (not found[row] or is_slow(found[row][0], found[OWN][0])):
                continue
            try:
                found[row].append(run_child(__file__, row, folder))
            except ChildError as error:
                print(f"{row}: {error}", flush=True)
    return {row: medians(each) for row, each in found.items() if each}


def is_slow(figures: dict[str, Any], own: dict[str, Any]) -> bool:
    """Whether these are figures of an evaluator that is much slower than posebench."""
    return bool(figures.get("JSON", 0) > TOO_SLOW * own["JSON"])


def show(figures: dict[str, dict[str, Any]]) -> None:
    """Print a table, and how far the ten numbers of each evaluator are from posebench's."""
    print("\n| evaluator | in memory, s | × | from files, s | × | MB | × |\n|---|---|---|---|---|---|---|")
    own = figures[OWN]
    for row, found in figures.items():
        cells = [
            f"{found[key]:.{digits}f} | {found[key] / own[key]:.2f}" if key in found else "– | –"
            for key, digits in COLUMNS.items()
        ]
        version = f" {EVALUATORS[row].version}" if row in EVALUATORS else ""
        print(f"| {' | '.join([row + version, *cells])} |")
    apart = {
        row: np.abs(np.array(one["result"]) - own["result"]).max() for row, one in figures.items() if "result" in one
    }
    print(f"\nOf {len(apart)} rows, these differ from posebench in a number:",
          ", ".join(f"{row} by {value:.1e}" for row, value in apart.items() if value) or "none", flush=True)  # fmt: skip


def sized(rows: list[str], images: int, times: int, rounds: int) -> dict[str, dict[str, Any]]:
    """Measure and print the table of a dataset of `times` times so many images; row → its figures."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--write", folder, str(images), str(times)]
        subprocess.run([sys.executable, __file__, *arguments], check=True)
        size = Path(folder, "dt.json").stat().st_size / 1e6
        print(f"\n{images * times:,} images, {size:,.0f} MB of results; medians of {rounds}", flush=True)
        figures = measured(Path(folder), rows, rounds)
    show(figures)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=VAL_IMAGES)
    parser.add_argument("--times", type=int, default=10, help="size of the second dataset; 1 for none")
    parser.add_argument("--rounds", type=int, default=3, help="processes for each figure; the second dataset has one")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="posebench and these evaluators alone")
    parser.add_argument("--slow", action="store_true", help="slow evaluators on the second dataset, too")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        row, folder = options.child[0], Path(options.child[1])
        resample(folder) if row == RESAMPLES else child(row, folder)
        return
    if options.write:
        write(Path(options.write[0]), *map(int, options.write[1:]))
        return
    print(f"{processor()}, Python {platform.python_version()}, numpy {np.__version__}; processor time of one thread")
    for sentence in missing():
        print(sentence)
    chosen = {OWN, *(options.only or installed())} & set(installed())
    rows = [row for row, (name, _) in FILES.items() if name in chosen]
    rows.sort(key=lambda row: not row.startswith(OWN))
    figures = sized([*rows, RESAMPLES], options.images, 1, options.rounds)
    if options.times > 1:
        fast = [row for row in rows if row in figures and not is_slow(figures[row], figures[OWN])]
        sized(rows if options.slow else fast, options.images, options.times, 1)


if __name__ == "__main__":
    main()
