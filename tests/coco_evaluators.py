"""COCO keypoint evaluators by one interface: posebench, the reference, and the peers that are installed.

Shared by the tests, which compare posebench with the reference, and by `benchmarks/`, which compare exactness and speed of all.
Every evaluator starts from the same two files. Importing this module imports none of them.
"""

import contextlib
import importlib
import importlib.metadata
import io
import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from coco_data import written

REFERENCE = "pycocotools"
AREAS, THRESHOLDS, RECALLS = 3, 10, 101


class Numbers(NamedTuple):
    """What an evaluator computed; an array that it does not expose is None.

    Attributes:
        stats: (10,) COCO's table. precision: (THRESHOLDS, RECALLS, AREAS). recall: (THRESHOLDS, AREAS).
    """

    stats: np.ndarray
    precision: np.ndarray | None
    recall: np.ndarray | None


class Steps(NamedTuple):
    """What an evaluator does.

    Attributes:
        read: annotation and results. compute: numbers of what was read. parse: what was read, with no text left in it, for an
            evaluator that parses results when it computes.
    """

    read: Callable[[Path, Path], Any]
    compute: Callable[[Any], Numbers]
    parse: Callable[[Any], Any] = lambda objects: objects


Load = Callable[[], Steps]
"""Imports an evaluator."""


@dataclass(frozen=True)
class Evaluator:
    """An evaluator that may be installed.

    Attributes:
        package: its name on the package index.
        boxed: it refuses results without boxes, so it needs those of `with_boxes`.
        install: how to install it.
    """

    package: str
    load: Load
    boxed: bool = False
    install: str = "pip install {package}"

    @property
    def version(self) -> str | None:
        """The installed version, None if there is none."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return None


def numbers(name: str, gt: Path, dt: Path) -> Numbers:
    """The numbers of the evaluator called `name` from an annotation and a result list."""
    steps = loaded(name)
    return steps.compute(steps.read(gt, dt))


@cache
def loaded(name: str) -> Steps:
    """The steps of an evaluator; to find a plugin takes longer than to score a small case."""
    return EVALUATORS[name].load()


def evaluated(name: str, truth: dict[str, Any], detections: list[dict[str, Any]], folder: Path) -> Numbers:
    """The same of an annotation and a result list that are not yet files; they are written to `folder`."""
    return numbers(name, written(folder / "gt.json", truth), written(folder / "dt.json", detections))


def equal(one: Numbers, other: Numbers) -> bool:
    """Whether every number is the same double."""
    return all(np.array_equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def with_boxes(detections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same results with boxes that change no number: where the first has none, each has the extent of its keypoints."""
    if "bbox" in detections[0]:
        return detections
    boxes = []
    for found in detections:
        low, high = (end(np.reshape(found["keypoints"], (-1, 3))[:, :2], axis=0) for end in (np.min, np.max))
        boxes.append([*low.tolist(), *(high - low).tolist()])
    return [found | {"bbox": box} for found, box in zip(detections, boxes, strict=True)]


def missing() -> list[str]:
    """A sentence for each evaluator that is not installed."""
    absent = [(name, one) for name, one in EVALUATORS.items() if one.version is None]
    return [f"{name} is not installed: {one.install.format(package=one.package)}" for name, one in absent]


def reported(scores: Any) -> dict[str, float]:
    """The metrics of posebench's `Scores` as COCO's evaluators report numbers: -1 for an unknown one."""
    return {name: -1.0 if math.isnan(value) else value for name, value in scores.metrics.items()}


def installed() -> list[str]:
    """Names of the evaluators that are installed, posebench and the reference first."""
    return [name for name, one in EVALUATORS.items() if one.version is not None]


def _posebench() -> Steps:
    from posebench.plugins.registry import protocol
    from posebench.scoring import average_precision, oks_matching

    coco = protocol("coco")
    rules = sys.modules[type(coco).__module__]

    def read(gt: Path, dt: Path) -> Any:
        people = coco.instances(gt, "val")
        return people, coco.read_predictions(dt, people)

    def compute(objects: Any) -> Numbers:
        people, made = objects
        found, annotated = rules.detections_of(made, people), rules.people_of(people)
        matches = oks_matching.match(found, annotated, rules.SIGMAS, len(people.images))
        precision, recall = average_precision.precision_recall(matches)
        stats = np.array(list(average_precision.summary(precision, recall).values()))
        return Numbers(stats, precision.transpose(1, 2, 0), recall.T)

    return Steps(read, compute)


def _cocoeval(coco_name: str, evaluator_name: str) -> Steps:
    """Of a package with pycocotools' two classes, each given as `module.Class`."""
    coco, evaluator = _named(coco_name), _named(evaluator_name)

    def read(gt: Path, dt: Path) -> Any:
        with _silent():
            truth = coco(str(gt))
            return truth, truth.loadRes(str(dt))

    def compute(objects: Any) -> Numbers:
        with _silent():
            run = evaluator(*objects, "keypoints")
            run.evaluate()
            run.accumulate()
            run.summarize()
        return Numbers(
            np.array(run.stats, float)[:10],
            _shaped(run.eval["precision"], (THRESHOLDS, RECALLS, AREAS)),
            _shaped(run.eval["recall"], (THRESHOLDS, AREAS)),
        )

    return Steps(read, compute)


def _vernier() -> Steps:
    """Vernier's own interface, in the mode that promises pycocotools' bits."""
    instance = importlib.import_module("vernier.instance")
    evaluator = instance.Evaluator(iou=instance.Keypoints(), parity_mode="strict")

    def read(gt: Path, dt: Path) -> Any:
        return instance.CocoDataset.from_json(gt.read_bytes()), dt.read_bytes()

    def compute(objects: Any) -> Numbers:
        return Numbers(np.array(evaluator.evaluate(*objects, num_threads=1).stats, float), None, None)

    def parse(objects: Any) -> Any:
        by_image: dict[int, list[dict[str, Any]]] = {}
        for found in json.loads(objects[1]):
            by_image.setdefault(found["image_id"], []).append(found)
        return objects[0], [_batch(image, here) for image, here in by_image.items()]

    return Steps(read, compute, parse)


def _batch(image: int, here: list[dict[str, Any]]) -> dict[str, Any]:
    """Detections of an image in vernier's form of arrays."""
    return {
        "image_id": image,
        "boxes": np.array([found["bbox"] for found in here], float),
        "scores": np.array([found["score"] for found in here], float),
        "labels": np.array([found["category_id"] for found in here], np.int64),
        "keypoints": np.array([found["keypoints"] for found in here], float).reshape(len(here), -1, 3),
    }


def _shaped(values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """An array without its axes of length 1; as it is, if it has another number of values."""
    made = np.array(values, float)
    return made.reshape(shape) if made.size == np.prod(shape) else made


def _named(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield


EVALUATORS = {
    "posebench": Evaluator("posebench-2d", _posebench),
    REFERENCE: Evaluator("pycocotools", partial(_cocoeval, "pycocotools.coco.COCO", "pycocotools.cocoeval.COCOeval")),
    "hotcoco": Evaluator("hotcoco", partial(_cocoeval, "hotcoco.COCO", "hotcoco.COCOeval")),
    "vernier": Evaluator("vernier", _vernier, boxed=True),
    "vernier drop-in": Evaluator("vernier", partial(_cocoeval, "pycocotools.coco.COCO", "vernier.COCOeval")),
    "ultrafast": Evaluator(
        "ultrafast-pycocotools", partial(_cocoeval, "ultrafast_pycocotools.COCO", "ultrafast_pycocotools.COCOeval")
    ),
    "faster-coco-eval": Evaluator(
        "faster-coco-eval", partial(_cocoeval, "faster_coco_eval.COCO", "faster_coco_eval.COCOeval_faster")
    ),
    "xtcocotools": Evaluator(
        "xtcocotools",
        partial(_cocoeval, "xtcocotools.coco.COCO", "xtcocotools.cocoeval.COCOeval"),
        install="pip install setuptools cython; pip install --no-build-isolation --no-binary {package} {package}",
    ),
}
"""Name → evaluator. vernier's drop-in class takes pycocotools' objects in place of files."""
