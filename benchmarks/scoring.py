"""COCO scoring at val2017's size, side by side with pycocotools (and faster-coco-eval, where it is installed), in one run.

    python benchmarks/scoring.py [--images 5000]

Prints medians and ratios. The dataset is drawn from a seed; the numbers of all evaluators on it must be equal.
"""

import argparse
import contextlib
import copy
import io
import json
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from posebench import oks
from posebench.plugins import protocol
from posebench.predictions import load, save

PEOPLE_PER_IMAGE, DETECTIONS_PER_IMAGE = 2.2, 20.8
ROUNDS = 3


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


def timed(what: Callable[[], Any], rounds: int = ROUNDS) -> tuple[float, Any]:
    """Median seconds, and the last result."""
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = what()
        seconds.append(time.perf_counter() - start)
    return median(seconds), result


def theirs(
    coco: Any, evaluator: Any, truth: dict[str, Any], detections: list[dict[str, Any]]
) -> Callable[[], list[float]]:
    """A run of a COCOeval from objects in memory, without reading files."""

    def score() -> list[float]:
        with contextlib.redirect_stdout(io.StringIO()):
            annotated = coco()
            annotated.dataset = copy.deepcopy(truth)
            annotated.createIndex()
            found = annotated.loadRes(copy.deepcopy(detections))
            start = time.perf_counter()
            run = evaluator(annotated, found, "keypoints")
            run.evaluate()
            run.accumulate()
            run.summarize()
            spent.append(time.perf_counter() - start)
        return [float(value) for value in run.stats][:10]

    spent: list[float] = []
    score.spent = spent  # type: ignore[attr-defined]
    return score


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5000)
    truth, detections = dataset(parser.parse_args().images)
    coco = protocol("coco")
    print(f"{platform.processor() or platform.machine()}, numpy {np.__version__}; {len(truth['images']):,} images, "
          f"{len(truth['annotations']):,} people, {len(detections):,} detections")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        gt, dt, h5 = (Path(folder) / name for name in ("gt.json", "dt.json", "p.h5"))
        gt.write_text(json.dumps(truth))
        dt.write_text(json.dumps(detections))
        seconds: dict[str, float] = {}
        seconds["read annotation JSON"], people = timed(lambda: coco.instances(gt, "val"))
        seconds["read result JSON"], made = timed(lambda: coco.read_predictions(dt, people))
        save(made, h5)
        seconds["read predictions file"], _ = timed(lambda: load(h5))
        rules = sys.modules[type(coco).__module__]
        found, annotated = rules.detections_of(made, people), rules.people_of(people)

        def score() -> tuple[Any, dict[str, float]]:
            matches = oks.match(found, annotated, rules.SIGMAS, len(people.images))
            return matches, oks.summary(*oks.precision_recall(matches))

        seconds["score from arrays"], (matches, numbers) = timed(score)
        ones = np.ones(len(people.images), np.int64)
        one_resample, _ = timed(lambda: oks.summary(*oks.precision_recall(matches, ones)))
        seconds["1,000 resamples (from one)"] = 1000 * one_resample
    for name, value in seconds.items():
        print(f"posebench  {name:<28}{value:9.3f} s")
    compare(truth, detections, numbers, seconds["score from arrays"])


def compare(
    truth: dict[str, Any], detections: list[dict[str, Any]], ours: dict[str, float], our_seconds: float
) -> None:
    """Run the other evaluators, and print how much longer they take and how far their numbers are from ours."""
    for name, package in (("pycocotools", "pycocotools"), ("faster-coco-eval", "faster_coco_eval")):
        try:
            if package == "pycocotools":
                from pycocotools.coco import COCO as Coco
                from pycocotools.cocoeval import COCOeval as Evaluator
            else:
                from faster_coco_eval import COCO as Coco
                from faster_coco_eval import COCOeval_faster as Evaluator
        except ImportError:
            print(f"{name} is not installed")
            continue
        run = theirs(Coco, Evaluator, truth, detections)
        _, numbers = timed(run, 1)
        spent = median(run.spent)  # type: ignore[attr-defined]
        equal = np.abs(np.array(numbers) - np.array(list(ours.values()))).max()
        print(f"{name:<17} score in memory {spent:9.3f} s   {spent / our_seconds:6.1f} x ours; "
              f"largest difference {equal:.1e}")  # fmt: skip


if __name__ == "__main__":
    main()
