"""Reading COCO's JSON: processor time and memory of posebench, of the libraries that it could use, and of pycocotools.

    python benchmarks/coco_json.py [--size 1] [--rounds 3] [--people 262465]

Prints two tables, each made in one run, with one thread, every figure in a process of its own:
1. keypoints of a result list → one array, by each library;
2. an annotation of train2017's size → Instances. The real file cannot be shipped; this one has its numbers of images and people,
   its spacing, and polygons and crowds that make it as large.

Seconds are medians of processor time after the imports. MB is the largest size of the process, imports included.
`scoring.py` measures the whole way from both files to the numbers.
"""

import argparse
import contextlib
import importlib.util
import io
import json
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from child_process import ChildError, largest, medians, run_child
from coco_files import TRAIN_PEOPLE, VAL_IMAGES, write_train, write_val

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


LIBRARIES = {"orjson": _orjson, "msgspec": _msgspec, "simdjson": _simdjson, "awkward": _awkward}


def library(name: str, dt: str) -> Callable[[], Any]:
    """The keypoints of a result list by a library, such as `orjson, whole`."""
    way = LIBRARIES[name.split(",")[0]]
    return lambda: way((_whole if "whole" in name else _pieces)(Path(dt)))


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


def child(table: str, name: str, path: str) -> None:
    """Measure one way once, after imports, and print seconds and MB as JSON."""
    read = library(name, path) if table == "library" else people_of(name, path)
    start = time.process_time()
    made = read()
    print(json.dumps({"seconds": time.process_time() - start, "MB": largest()}))
    del made  # not before its time is taken


def written(arguments: list[object]) -> None:
    """Write files in a process of its own, so that this one stays small."""
    subprocess.run([sys.executable, __file__, "--write", *map(str, arguments)], check=True)


def show(title: str, table: str, names: list[str], file: Path, rounds: int) -> None:
    """Measure and print a table. The ratio is of the first line that could be measured."""
    print(f"\n{title}\n{'':<36}{'seconds':>9}{'ratio':>7}{'MB':>8}")
    first = None
    for name in names:
        try:
            line = medians([run_child(__file__, table, name, file) for _ in range(rounds)])
        except ChildError as error:
            print(f"{name}: {error}")
            continue
        first = first or line["seconds"]
        print(f"{name:<36}{line['seconds']:>9.3f}{line['seconds'] / first:>7.2f}{line['MB']:>8.0f}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1, help="times val2017's size")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=TRAIN_PEOPLE)
    parser.add_argument("--slow", action="store_true", help="also pycocotools")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        path, size = Path(options.write[0]), int(options.write[1])
        write_val(path, VAL_IMAGES, size) if path.is_dir() else write_train(path, size)
        return
    if options.child:
        child(*options.child)
        return
    with tempfile.TemporaryDirectory() as folder:
        written([folder, options.size])
        dt, train = (Path(folder) / name for name in ("dt.json", "person_keypoints_train2017.json"))
        ways = [
            f"{name}, {how}" for name in LIBRARIES for how in ("in pieces", "whole") if importlib.util.find_spec(name)
        ]
        show(f"Keypoints of {dt.stat().st_size / 1e6:,.0f} MB of results", "library", ways, dt, options.rounds)
        written([train, options.people])
        names = ["posebench", *["pycocotools"] * options.slow]
        show(f"People of {train.stat().st_size / 1e6:,.0f} MB of annotations", "people", names, train, 1)


if __name__ == "__main__":
    main()
