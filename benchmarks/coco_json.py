"""Reading COCO's JSON: processor time and memory of posebench, of the libraries that it could use, and of other evaluators.

    python benchmarks/coco_json.py [--size 1] [--rounds 3] [--people 262465]

Prints three tables, each made in one run, with one thread, every figure in a process of its own:
1. keypoints of a result list → one array, by each library;
2. annotation and results as JSON → COCO's ten numbers, by each evaluator that is installed;
3. an annotation of train2017's size → Instances. The real file cannot be shipped; this one has its numbers of images and people,
   its spacing, and polygons and crowds that make it as large.

Seconds are medians of processor time after the imports. MB is the largest size of the process, imports included.
"""

import argparse
import contextlib
import importlib
import importlib.util
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from coco_files import TRAIN_PEOPLE, write_train, write_val

PIECE = 1 << 17


def _pieces(path: Path) -> Iterator[bytes]:
    """Whole rows of a list that json.dumps wrote."""
    text, place = path.read_bytes(), 1
    while place < len(text):
        end = text.find(b"}, {", place + PIECE)
        end = len(text) - 2 if end < 0 else end
        yield b"[" + text[place : end + 1] + b"]"
        place = end + 2


def _by_lists(pieces: Iterator[bytes], parse: Callable[[bytes], Any], keypoints: Callable[[Any], list[float]]) -> Any:
    flat = array("d")
    for piece in pieces:
        for row in parse(piece):
            flat.fromlist(keypoints(row))
    return flat


def _whole(path: Path) -> Iterator[bytes]:
    yield path.read_bytes()


def _orjson(pieces: Iterator[bytes]) -> Any:
    import orjson

    return _by_lists(pieces, orjson.loads, lambda row: row["keypoints"])


def _msgspec(pieces: Iterator[bytes]) -> Any:
    import msgspec

    row = msgspec.defstruct("row", [("image_id", int), ("keypoints", list[float]), ("score", float)])
    return _by_lists(pieces, msgspec.json.Decoder(list[row]).decode, lambda row: row.keypoints)  # type: ignore[valid-type]


def _simdjson(pieces: Iterator[bytes]) -> Any:
    import simdjson

    parser, flat = simdjson.Parser(), array("d")
    for piece in pieces:
        rows = parser.parse(piece)
        for row in rows:
            flat.frombytes(row["keypoints"].as_buffer(of_type="d"))
        del rows, row
    return flat


def _awkward(pieces: Iterator[bytes]) -> Any:
    import awkward

    rows = {
        "type": "object",
        "properties": {"keypoints": {"type": "array", "items": {"type": "number"}}},
        "required": ["keypoints"],
    }
    parts = [awkward.from_json(piece, schema={"type": "array", "items": rows}) for piece in pieces]
    return np.concatenate([np.asarray(awkward.flatten(part["keypoints"])) for part in parts])


EVALUATORS = {
    "hotcoco": ("hotcoco", "COCOeval"),
    "faster-coco-eval": ("faster_coco_eval", "COCOeval_faster"),
    "pycocotools": ("pycocotools.cocoeval", "COCOeval"),
}
LIBRARIES = {"orjson": _orjson, "msgspec": _msgspec, "simdjson": _simdjson, "awkward": _awkward}


def library(name: str, dt: str) -> Callable[[], Any]:
    """The keypoints of a result list by a library, such as `orjson, whole`."""
    way = LIBRARIES[name.split(",")[0]]
    return lambda: way((_whole if "whole" in name else _pieces)(Path(dt)))


def posebench_numbers(gt: str, dt: str, with_simdjson: bool) -> Callable[[], Any]:
    """COCO's ten numbers by posebench."""
    import scoring

    if not with_simdjson:
        for name, module in list(sys.modules.items()):
            if name.endswith("coco.numeric_rows"):
                module.simdjson = None  # type: ignore[attr-defined]
    return lambda: scoring.from_json(Path(gt), Path(dt))


def others_numbers(name: str, gt: str, dt: str) -> Callable[[], Any]:
    """COCO's ten numbers by an evaluator with COCOeval's interface."""
    place, evaluator_name = EVALUATORS[name]
    module = importlib.import_module(place)
    coco = importlib.import_module(place.replace("cocoeval", "coco")).COCO
    evaluator = getattr(module, evaluator_name)

    def numbers() -> list[float]:
        with contextlib.redirect_stdout(io.StringIO()):
            truth = coco(gt)
            found = (truth.load_res if hasattr(truth, "load_res") else truth.loadRes)(dt)
            run = evaluator(truth, found, "keypoints")
            run.evaluate()
            run.accumulate()
            run.summarize()
        return [float(value) for value in run.stats][:10]

    return numbers


def people_of(name: str, path: str) -> Callable[[], Any]:
    """The people of an annotation, by posebench or by pycocotools."""
    if name == "pycocotools":
        from pycocotools.coco import COCO as coco

        def read() -> Any:
            with contextlib.redirect_stdout(io.StringIO()):
                return coco(path)

        return read
    from posebench.plugins.registry import protocol

    return lambda: protocol("coco").instances(Path(path), "train")


def way(table: str, name: str, files: list[str]) -> Callable[[], Any]:
    """What a child process measures; imports are done."""
    if table == "library":
        return library(name, *files)
    if table == "people":
        return people_of(name, *files)
    if name.startswith("posebench"):
        return posebench_numbers(*files, with_simdjson="orjson" not in name)
    return others_numbers(name, *files)


def child(table: str, name: str, files: list[str]) -> None:
    """Measure one way once, and print seconds and MB as JSON."""
    run = way(table, name, files)
    start = time.process_time()
    result = run()
    seconds = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "MB": memory, "numbers": result if table == "evaluator" else None}))


def written(files: list[Path], size: int) -> None:
    """Write the files in a process of its own: a process that starts another hands its largest size down to it."""
    subprocess.run([sys.executable, __file__, "--write", str(size), *map(str, files)], check=True)


def measured(table: str, name: str, files: list[Path], rounds: int) -> dict[str, Any] | None:
    """Medians of `rounds` child processes; None where the library is not installed."""
    command = [sys.executable, __file__, "--child", table, name, *map(str, files)]
    environment = os.environ | {f"{kind}_NUM_THREADS": "1" for kind in ("OMP", "RAYON", "OPENBLAS")}
    found = []
    for _ in range(rounds):
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1]}")
            return None
        found.append(json.loads(done.stdout.splitlines()[-1]))
    return {key: median(one[key] for one in found) for key in ("seconds", "MB")} | {"numbers": found[0]["numbers"]}


def show(title: str, table: str, names: list[str], files: list[Path], rounds: int) -> dict[str, dict[str, Any]]:
    """Measure and print a table. The ratio is of the first line that could be measured."""
    print(f"\n{title}\n{'':<36}{'seconds':>9}{'ratio':>7}{'MB':>8}")
    lines: dict[str, dict[str, Any]] = {}
    for name in names:
        if (line := measured(table, name, files, rounds)) is not None:
            lines[name] = line
            first = next(iter(lines.values()))["seconds"]
            print(f"{name:<36}{line['seconds']:>9.3f}{line['seconds'] / first:>7.2f}{line['MB']:>8.0f}", flush=True)
    return lines


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1, help="times val2017's size")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=TRAIN_PEOPLE)
    parser.add_argument("--slow", action="store_true", help="also pycocotools and faster-coco-eval")
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        size, *files = options.write
        write_val(*map(Path, files), int(size)) if len(files) == 2 else write_train(Path(files[0]), int(size))
        return
    if options.child:
        child(options.child[0], options.child[1], options.child[2:])
        return
    with tempfile.TemporaryDirectory() as folder:
        gt, dt, train = (Path(folder) / name for name in ("gt.json", "dt.json", "person_keypoints_train2017.json"))
        written([gt, dt], options.size)
        ways = [
            f"{name}, {how}" for name in LIBRARIES for how in ("in pieces", "whole") if importlib.util.find_spec(name)
        ]
        show(f"Keypoints of {dt.stat().st_size / 1e6:,.0f} MB of results", "library", ways, [dt], options.rounds)
        evaluators = ["posebench", "posebench, by orjson alone", "hotcoco"]
        evaluators += ["faster-coco-eval", "pycocotools"] * options.slow
        lines = show("Numbers from both JSON files", "evaluator", evaluators, [gt, dt], options.rounds)
        tables = [line["numbers"] for line in lines.values()]
        print(f"Largest difference of a number from posebench: {np.abs(np.array(tables) - tables[0]).max():.1e}")
        written([train], options.people)
        names = ["posebench", *["pycocotools"] * options.slow]
        show(f"People of {train.stat().st_size / 1e6:,.0f} MB of annotations", "people", names, [train], 1)


if __name__ == "__main__":
    main()
