"""Every rule of COCO's evaluation on random cases: each case is what its rule's name says, and posebench has pycocotools' bits."""

from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coco_case import Case
from coco_evaluators import equal, evaluated
from coco_matching_rules import oks
from coco_rules import RULES, case

BOUNDARIES = (1024.0, 9216.0)
THRESHOLDS = np.linspace(0.5, 0.95, 10)
CASES = range(4)


def per_image(case: Case, key: str) -> list[list[Any]]:
    """That value of the detections of each image."""
    return [[found[key] for found in case.detections if found["image_id"] == image["id"]] for image in case.images]


def points(entry: dict[str, Any]) -> np.ndarray:
    return np.reshape(entry["keypoints"], (17, 3))


def extents(case: Case) -> list[float]:
    """Areas of the detections, of their keypoints."""
    return [float(np.ptp(points(found)[:, 0]) * np.ptp(points(found)[:, 1])) for found in case.detections]


def areas(case: Case) -> list[float]:
    return [person["area"] for person in case.people]


def similarities(case: Case) -> list[list[float]]:
    """OKS of each detection with the labelled people of its image."""
    labelled = [person for person in case.people if person["num_keypoints"]]
    return [
        [
            oks(points(found)[:, :2], points(person)[:, :2], points(person)[:, 2], person["area"])
            for person in labelled
            if person["image_id"] == found["image_id"]
        ]
        for found in case.detections
    ]


def near(value: float, targets: Any, bits: int) -> bool:
    """Whether it differs from one of the targets by no more than so many units in the last place."""
    return any(abs(value - target) <= bits * np.spacing(target) for target in targets)


def tied(values: list[Any]) -> bool:
    return len(set(values)) < len(values)


def almost_tied(case: Case) -> bool:
    """Two people whom a detection is equally similar to, or nearly so, at other distances from it."""
    pairs = [pair for values in similarities(case) for pair in combinations(values, 2)]
    return any(1e-3 < a < 0.9999 and abs(a - b) <= 64 * np.spacing(a) for a, b in pairs)


def unlabelled(person: dict[str, Any]) -> bool:
    return not points(person)[:, 2].any()


def beside(values: list[float]) -> bool:
    return any(0 < abs(value - area) < 1e-9 * area for value in values for area in BOUNDARIES)


def out_of_order(entries: list[dict[str, Any]]) -> bool:
    ids = [entry["id"] for entry in entries]
    return ids != sorted(ids)


def boxed(case: Case) -> list[bool]:
    return ["bbox" in found for found in case.detections]


HAS: dict[str, Callable[[Case], bool]] = {
    "scores tied within an image": lambda c: any(tied(scores) for scores in per_image(c, "score")),
    "scores tied between images": lambda c: tied([s for scores in per_image(c, "score") for s in set(scores)]),
    "all scores tied": lambda c: len({found["score"] for found in c.detections}) == 1,
    "scores one bit apart": lambda c: 0 < np.ptp([found["score"] for found in c.detections]) < 1e-12,
    "scores of 0 and −0": lambda c: {str(found["score"]) for found in c.detections} == {"0.0", "-0.0"},
    "scores negative, tiny and large": lambda c: min(found["score"] for found in c.detections) < 0,
    "more than 20 detections in an image": lambda c: max(map(len, per_image(c, "score"))) > 20,
    "the 20th and 21st score tied": lambda c: any(
        len(scores) > 20 and sorted(scores)[-20] == sorted(scores)[-21] for scores in per_image(c, "score")
    ),
    "OKS tied between two people": lambda c: any(
        tied([v for v in values if 1e-3 < v < 1]) for values in similarities(c)
    ),
    "a person annotated twice": lambda c: tied([str((p["image_id"], p["keypoints"])) for p in c.people]),
    "a detection twice, with other scores": lambda c: tied([str(found["keypoints"]) for found in c.detections]),
    "OKS equal to a threshold": lambda c: any(
        values and near(max(values), (*THRESHOLDS, 2 / 3), 1) for values in similarities(c)
    ),
    "one labelled keypoint": lambda c: any(person["num_keypoints"] == 1 for person in c.people),
    "OKS in the last bits beside a threshold": lambda c: any(near(v, THRESHOLDS, 8) for s in similarities(c) for v in s),
    "OKS of two people equal but for the last bits": almost_tied,
    "recall equal to a recall threshold": lambda c: len(c.people) in (20, 25, 50),
    "people of area 32² and 96²": lambda c: any(area in BOUNDARIES for area in areas(c)),
    "people one bit beside 32² and 96²": lambda c: beside(areas(c)),
    "people of area 0": lambda c: 0 in areas(c),
    "people of area 10¹⁰ and more": lambda c: max(areas(c)) >= 1e10,
    "people of one area range alone": lambda c: len(set(areas(c))) == 1,
    "false detections of area 32² and 96²": lambda c: any(area in BOUNDARIES for area in extents(c)),
    "false detections one bit beside 32² and 96²": lambda c: beside(extents(c)),
    "false detections of area 0": lambda c: 0 in extents(c),
    "results with boxes": lambda c: all(boxed(c)),
    "results with boxes of area 32² and 96²": lambda c: all(
        np.prod(found.get("bbox", [0])[2:]) in BOUNDARIES for found in c.detections
    ),
    "crowds": lambda c: any(person["iscrowd"] for person in c.people),
    "people without labelled keypoints": lambda c: any(unlabelled(person) for person in c.people),
    "num_keypoints at odds with the keypoints": lambda c: any(
        (person["num_keypoints"] == 0) != unlabelled(person) for person in c.people
    ),
    "crowds and unlabelled people only": lambda c: all(p["iscrowd"] or unlabelled(p) for p in c.people),
    "no people": lambda c: not c.people,
    "images without people": lambda c: len({person["image_id"] for person in c.people}) < len(c.images),
    "images without detections": lambda c: not all(per_image(c, "score")),
    "ids and lists in no order": lambda c: out_of_order(c.images) or out_of_order(c.people),
    "ids beyond 2⁴⁰": lambda c: min(entry["id"] for entry in (*c.images, *c.people)) > 2**40,
    "negative ids": lambda c: max(entry["id"] for entry in (*c.images, *c.people)) < 0,
    "annotation id 0": lambda c: 0 in [person["id"] for person in c.people],
    "keypoints outside the image": lambda c: any(np.abs(points(person)).max() > 1000 for person in c.people),
    "coordinates of 17 digits": lambda c: max(len(repr(v)) for found in c.detections for v in found["keypoints"]) > 16,
    "whole numbers without a point": lambda c: all(isinstance(v, int) for found in c.detections for v in found["keypoints"]),
    "fields of their own: id, area, ignore": lambda c: all("area" in found for found in c.detections),
    "boxes in some results, not in the first": lambda c: any(boxed(c)) and not boxed(c)[0],
    "detections with keypoints at 0, 0": lambda c: any(not points(found).all(axis=1).all() for found in c.detections),
    "a category of another id": lambda c: c.category != 1,
}  # fmt: skip
"""Rule → what its cases have and the plain ones do not."""


def test_every_rule_has_a_description_that_is_tested() -> None:
    assert HAS.keys() | {"nothing special", "everything at once"} == RULES.keys()


@pytest.mark.parametrize("rule", HAS)
def test_the_cases_of_a_rule_are_what_its_name_says(rule: str) -> None:
    assert [HAS[rule](case(rule, seed)) for seed in range(12)] == [True] * 12
    assert [HAS[rule](case("nothing special", seed)) for seed in range(12)] == [False] * 12


def test_one_seed_makes_one_case() -> None:
    one, again, other = (case("crowds", seed) for seed in (3, 3, 4))
    assert (one.truth, one.detections) == (again.truth, again.detections)
    assert one.detections != other.detections


@pytest.mark.parametrize("rule", RULES)
def test_posebench_has_pycocotools_bits_under_every_rule(rule: str, tmp_path: Path) -> None:
    pytest.importorskip("pycocotools", reason="the reference evaluator is not installed")
    for seed in CASES:
        made = case(rule, seed)
        ours, theirs = (evaluated(name, made.truth, made.detections, tmp_path) for name in ("posebench", "pycocotools"))
        assert equal(ours, theirs), seed
