"""COCO keypoint evaluators by one interface: posebench, the reference, and the peers that are installed.

Shared by the tests, which compare posebench with the reference, and by `benchmarks/`, which compare exactness and speed of all.
Every evaluator starts from the same two files. Importing this module imports none of them.
"""

import contextlib
import importlib
import importlib.metadata
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Evaluator:
    """An evaluator that may be installed.

    Attributes:
        package: its name on the package index.
        load: imports it and returns its two steps: read the two files (annotation, results), and compute numbers of what was read.
    """

    package: str
    load: Callable[[], tuple[Callable[[Path, Path], Any], Callable[[Any], Numbers]]]

    @property
    def version(self) -> str | None:
        """The installed version, None if there is none."""
        try:
            return importlib.metadata.version(self.package)
        except importlib.metadata.PackageNotFoundError:
            return None


def numbers(name: str, gt: Path, dt: Path) -> Numbers:
    """The numbers of the evaluator called `name` from an annotation and a result list."""
    read, compute = EVALUATORS[name].load()
    return compute(read(gt, dt))


def evaluated(name: str, truth: dict[str, Any], detections: list[dict[str, Any]], folder: Path) -> Numbers:
    """The same of an annotation and a result list that are not yet files; they are written to `folder`."""
    return numbers(name, written(folder / "gt.json", truth), written(folder / "dt.json", detections))


def equal(one: Numbers, other: Numbers) -> bool:
    """Whether every number is the same double."""
    return all(np.array_equal(mine, theirs) for mine, theirs in zip(one, other, strict=True))


def missing() -> list[str]:
    """A sentence for each evaluator that is not installed."""
    absent = [(name, one.package) for name, one in EVALUATORS.items() if one.version is None]
    return [f"{name} is not installed: pip install {package}" for name, package in absent]


def installed() -> list[str]:
    """Names of the evaluators that are installed, posebench and the reference first."""
    return [name for name, one in EVALUATORS.items() if one.version is not None]


def _posebench() -> tuple[Callable[[Path, Path], Any], Callable[[Any], Numbers]]:
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

    return read, compute


def _cocoeval(coco_name: str, evaluator_name: str) -> Callable[[], Any]:
    """Of a package with pycocotools' two classes, each given as `module.Class`."""

    def load() -> tuple[Callable[[Path, Path], Any], Callable[[Any], Numbers]]:
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
                np.array(run.eval["precision"], float).reshape(THRESHOLDS, RECALLS, AREAS),
                np.array(run.eval["recall"], float).reshape(THRESHOLDS, AREAS),
            )

        return read, compute

    return load


def _vernier() -> tuple[Callable[[Path, Path], Any], Callable[[Any], Numbers]]:
    """Vernier's own interface, in the mode that promises pycocotools' bits."""
    instance = importlib.import_module("vernier.instance")
    evaluator = instance.Evaluator(iou=instance.Keypoints(), parity_mode="strict")

    def read(gt: Path, dt: Path) -> Any:
        return instance.CocoDataset.from_json(gt.read_bytes()), dt.read_bytes()

    def compute(objects: Any) -> Numbers:
        return Numbers(np.array(evaluator.evaluate(*objects, num_threads=1).stats, float), None, None)

    return read, compute


def _named(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()):
        yield


EVALUATORS = {
    "posebench": Evaluator("posebench-2d", _posebench),
    REFERENCE: Evaluator("pycocotools", _cocoeval("pycocotools.coco.COCO", "pycocotools.cocoeval.COCOeval")),
    "hotcoco": Evaluator("hotcoco", _cocoeval("hotcoco.COCO", "hotcoco.COCOeval")),
    "vernier": Evaluator("vernier", _vernier),
    "vernier drop-in": Evaluator("vernier", _cocoeval("pycocotools.coco.COCO", "vernier.COCOeval")),
    "ultrafast": Evaluator(
        "ultrafast-pycocotools", _cocoeval("ultrafast_pycocotools.COCO", "ultrafast_pycocotools.COCOeval")
    ),
    "faster-coco-eval": Evaluator(
        "faster-coco-eval", _cocoeval("faster_coco_eval.COCO", "faster_coco_eval.COCOeval_faster")
    ),
    "xtcocotools": Evaluator("xtcocotools", _cocoeval("xtcocotools.coco.COCO", "xtcocotools.cocoeval.COCOeval")),
}
