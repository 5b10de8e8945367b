"""COCO scoring at val2017's size, side by side with pycocotools and faster-coco-eval (where installed), in one run.

    python benchmarks/scoring.py [--images 5000] [--rounds 5] [--cpu]

Prints medians and how many times longer the others take for the same: from objects in memory, and from the two JSON files
(annotation and results). The dataset is drawn from a seed, and the numbers of all evaluators on it must be equal.
"""

import argparse
import contextlib
import importlib
import io
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from posebench.data.predictions import Predictions, load, save
from posebench.plugins.registry import protocol
from posebench.scoring import average_precision, oks_matching
from posebench.scoring.bootstrap import image_weights

PEOPLE_PER_IMAGE, DETECTIONS_PER_IMAGE = 2.2, 20.8
OTHERS = {
    "pycocotools": ("pycocotools.coco.COCO", "pycocotools.cocoeval.COCOeval"),
    "faster-coco-eval": ("faster_coco_eval.COCO", "faster_coco_eval.COCOeval_faster"),
}
COCO = protocol("coco")
RULES = sys.modules[type(COCO).__module__]


def dataset(images: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """People and detections as crowded as COCO val2017 with a person detector's boxes."""
    random = np.random.default_rng(0)
    people, detections = [], []
    for image in range(1, images + 1):
        here = []
        for _ in range(random.poisson(PEOPLE_PER_IMAGE)):
            corner, size = random.uniform(0, 400, 2), random.uniform(30, 300)
            points = corner + random.uniform(0, size, (17, 2))
            seen = random.choice([0, 1, 2], 17, p=[0.3, 0.1, 0.6])
            here.append(points)
            people.append({
                "id": len(people) + 1, "image_id": image, "category_id": 1, "iscrowd": int(random.random() < 0.02),
                "num_keypoints": int((seen > 0).sum()), "area": size**2 / 2, "bbox": [*corner.tolist(), size, size],
                "keypoints": np.column_stack([points.round() * (seen > 0)[:, None], seen]).ravel().tolist(),
            })  # fmt: skip
        for _ in range(random.poisson(DETECTIONS_PER_IMAGE)):
            near = (
                here[random.integers(len(here))] if here and random.random() < 0.4 else random.uniform(0, 500, (17, 2))
            )
            points = near + random.normal(0, random.choice([3, 10, 40]), (17, 2))
            keypoints = np.column_stack([points.round(2), random.uniform(0, 1, 17).round(3)]).ravel().tolist()
            score = float(random.random().__round__(4))
            detections.append({"image_id": image, "category_id": 1, "keypoints": keypoints, "score": score})
    images_ = [{"id": i, "file_name": f"{i:012}.jpg"} for i in range(1, images + 1)]
    return {"images": images_, "annotations": people, "categories": [{"id": 1, "name": "person"}]}, detections


def timed(ways: dict[str, Callable[[], Any]], rounds: int, clock: Callable[[], float]) -> tuple[dict[str, float], Any]:
    """Median seconds of each way, and its last result. The ways take turns, so that a busy machine is so for all."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    results = {}
    for _ in range(rounds):
        for name, way in ways.items():
            start = clock()
            result = way()
            seconds[name].append(clock() - start)
            results[name] = result
    return {name: median(spent) for name, spent in seconds.items()}, results


def numbers(matches: average_precision.Matches) -> list[float]:
    """The ten numbers of COCO's table."""
    return list(average_precision.summary(*average_precision.precision_recall(matches)).values())


def matched(made: Predictions, people: Any) -> average_precision.Matches:
    """posebench's matches of predictions."""
    found, annotated = RULES.detections_of(made, people), RULES.people_of(people)
    return oks_matching.match(found, annotated, RULES.SIGMAS, len(people.images))


def ours(gt: Path, dt: Path, h5: Path) -> dict[str, Callable[[], Any]]:
    """The ways of posebench to the numbers, by what they start from; and its resamples."""
    people = COCO.instances(gt, "val")
    save(COCO.read_predictions(dt, people), h5)
    made = load(h5)
    found, annotated = RULES.detections_of(made, people), RULES.people_of(people)
    matches = matched(made, people)
    weights = image_weights(len(people.images))[1:]
    return {
        "posebench, arrays": lambda: numbers(oks_matching.match(found, annotated, RULES.SIGMAS, len(people.images))),
        "posebench, predictions file": lambda: numbers(matched(load(h5), people)),
        "posebench, JSON": lambda: from_json(gt, dt),
        "posebench, 1,000 resamples": lambda: average_precision.resampled(matches, weights),
    }


def from_json(gt: Path, dt: Path) -> list[float]:
    """posebench's numbers from two JSON files."""
    people = COCO.instances(gt, "val")
    return numbers(matched(COCO.read_predictions(dt, people), people))


def theirs(name: str, gt: Path, dt: Path) -> dict[str, Callable[[], Any]]:
    """The same of an evaluator with COCOeval's interface."""
    coco, evaluator = (
        getattr(importlib.import_module(path.rpartition(".")[0]), path.rpartition(".")[2]) for path in OTHERS[name]
    )

    def evaluate(annotated: Any, found: Any) -> list[float]:
        with contextlib.redirect_stdout(io.StringIO()):
            run = evaluator(annotated, found, "keypoints")
            run.evaluate()
            run.accumulate()
            run.summarize()
        return [float(value) for value in run.stats][:10]

    def read() -> tuple[Any, Any]:
        with contextlib.redirect_stdout(io.StringIO()):
            annotated = coco(str(gt))
            return annotated, annotated.loadRes(str(dt))

    objects = read()
    return {f"{name}, objects": lambda: evaluate(*objects), f"{name}, JSON": lambda: evaluate(*read())}


def peak_memory(gt: Path, dt: Path) -> float:
    """MB that a process of its own needs at most to score two JSON files with 1,000 resamples, imports included."""
    command = [sys.executable, __file__, "--memory", str(gt), str(dt)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def report_memory(gt: Path, dt: Path) -> None:
    """Score, and print the largest size of this process in MB."""
    people = COCO.instances(gt, "val")
    matches = matched(COCO.read_predictions(dt, people), people)
    average_precision.resampled(matches, image_weights(len(people.images))[1:])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", action="store_true", help="count processor time, for a machine that is busy")
    parser.add_argument("--memory", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memory:
        report_memory(*options.memory)
        return
    clock = time.process_time if options.cpu else time.perf_counter
    truth, detections = dataset(options.images)
    print(f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}; {len(truth['images']):,} images, "
          f"{len(truth['annotations']):,} people, {len(detections):,} detections; medians of {options.rounds}, "
          f"{'processor' if options.cpu else 'wall'} time")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        gt, dt, h5 = (Path(folder) / name for name in ("gt.json", "dt.json", "p.h5"))
        gt.write_text(json.dumps(truth))
        dt.write_text(json.dumps(detections))
        del truth, detections
        memory = peak_memory(gt, dt)
        ways = ours(gt, dt, h5)
        for name in OTHERS:
            try:
                ways |= theirs(name, gt, dt)
            except ImportError:
                print(f"{name} is not installed")
        seconds, results = timed(ways, options.rounds, clock)
    for name, spent in seconds.items():
        print(f"{name:<28} {spent:8.3f} s")
    print(f"posebench scores the JSON files and 1,000 resamples within {memory:,.0f} MB.")
    compare(seconds, {name: result for name, result in results.items() if isinstance(result, list)})


def compare(seconds: dict[str, float], tables: dict[str, list[float]]) -> None:
    """Print how many times longer the others take, and that the numbers are equal."""
    for name in OTHERS:
        for theirs_, ours_ in (("objects", "arrays"), ("objects", "predictions file"), ("JSON", "JSON")):
            if f"{name}, {theirs_}" in seconds:
                ratio = seconds[f"{name}, {theirs_}"] / seconds[f"posebench, {ours_}"]
                print(f"{name} from {theirs_} takes {ratio:5.1f} x posebench from {ours_}")
    first = tables["posebench, arrays"]
    difference = max(np.abs(np.array(table) - first).max() for table in tables.values())
    print("All numbers are equal to the bit." if not difference else f"The numbers differ by up to {difference:.1e}.")
    assert difference < 1e-9, tables


if __name__ == "__main__":
    main()
