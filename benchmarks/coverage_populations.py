"""Populations that coverage.py draws datasets from: images of real files, or seeded synthetic images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.plugins.registry import protocol
from posebench.scoring import average_precision, oks_matching, oks_similarity
from posebench.scoring.bootstrap import split
from posebench.scoring.pck import hits, normalised_distances, percentage
from posebench.scoring.scores import Scores

PAIRS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
UNSCORED = ("pelvis", "thorax")
FILES = ("hg_s8_b1.mat", "hg_s2_b1.mat", "newell.h5")


@dataclass(frozen=True)
class Population:
    """P images with V predictions of each.

    Attributes:
        headline: the metric that ranks.
        largest: what a perfect prediction scores.
        images, versions: P and V.
        score: (1 + R, V x P) how often each image counts under each version, the first row the dataset → Scores.
    """

    headline: str
    largest: float
    images: int
    versions: int
    score: Callable[[Array], Scores]


@cache
def pckh(shared: Path | None) -> Population:
    """MPII val by three networks; or 2,000 synthetic images by three, the second one worse."""
    if shared is None:
        number, total, names = _synthetic_hits(np.random.default_rng(7))
    else:
        number, total, names = _mpii_hits(shared / "data/mpii")
    versions, images = number.shape[:2]
    values = np.concatenate([number, np.broadcast_to(total[:, None], (versions, images, 1, len(names)))], axis=2)
    flat = values.reshape(versions * images, -1).astype(np.float32)

    def score(weights: Array) -> Scores:
        sums = (weights.astype(np.float32) @ flat).astype(float).reshape(len(weights), -1, len(names))
        return _pck_scores(sums[:, :-1], sums[:, -1], names)

    return Population("Mean", 100, images, versions, score)


def _pck_scores(number: Array, total: Array, names: Sequence[str]) -> Scores:
    """Scores from hits (R, 2, K) at 0.5 and 0.1 and totals (R, K)."""
    per_joint = percentage(number[:, 0], total)
    pairs = [[names.index(f"{side}_{part}") for side in ("left", "right")] for part in PAIRS]
    columns = {part.title(): per_joint[:, both].mean(axis=1) for part, both in zip(PAIRS, pairs, strict=True)}
    scored = [place for place, name in enumerate(names) if name not in UNSCORED]
    for at, name in enumerate(("Mean", "Mean@0.1")):
        columns[name] = percentage(number[:, at, scored].sum(axis=1), total[:, scored].sum(axis=1))
    metrics, resampled = split(columns)
    joints, joints_resampled = split({names[place]: per_joint[:, place] for place in scored})
    return Scores(metrics, resampled, joints, joints_resampled)


def _mpii_hits(data: Path) -> tuple[Array, Array, list[str]]:
    rules = protocol("mpii")
    people = rules.instances(data, "val")
    counted, lengths = people.visibility > 0, people.measures["head_length"]
    _, image = np.unique(people.image, return_inverse=True)
    within = []
    for file in FILES:
        keypoints = rules.read_predictions(data / "predictions" / file, people).keypoints
        distances = normalised_distances(keypoints, people.keypoints, lengths)
        within.append(_per_image(hits(distances, counted, np.array([0.5, 0.1])), image))
    return np.array(within), _per_image(counted, image), list(people.skeleton.keypoints)


def _per_image(values: Array, image: Array) -> Array:
    sums = np.zeros((image.max() + 1, *values.shape[1:]))
    np.add.at(sums, image, values)
    return sums


def _synthetic_hits(rng: np.random.Generator) -> tuple[Array, Array, list[str]]:
    names = [f"{side}_{part}" for part in PAIRS for side in ("left", "right")]
    image = np.repeat(np.arange(2000), rng.integers(1, 4, 2000))
    ease = rng.normal(2.5, 1.5, 2000)[image][:, None] + rng.normal(0, 1, (len(image), len(names)))
    noise = rng.logistic(0, 1, (3, len(image), len(names)))
    better = np.array([0.2, 0, 0.2])[:, None, None]
    within = [np.stack([margin > 0, margin > 3], axis=1) for margin in ease + better - noise]
    number = np.array([_per_image(found, image) for found in within])
    return number, _per_image(np.ones((len(image), len(names))), image), names


@cache
def ap(shared: Path | None) -> Population:
    """538 images of COCO val2017; or 400 synthetic images. The second version is the first with moved keypoints."""
    rng = np.random.default_rng(11)
    sigmas, people, found, images = (
        _synthetic_people(rng) if shared is None else _coco_people(shared / "data/coco/pairs")
    )
    moved = found.keypoints + rng.normal(0, 2, (2, *found.keypoints.shape)) * np.array([1, 1.5])[:, None, None, None]
    scores = found.score + rng.normal(0, 0.02, (2, len(found.score)))
    both = replace(
        found, image=np.concatenate([found.image, found.image + images]), keypoints=np.concatenate(moved),
        score=np.concatenate(scores), area=oks_matching.extent(np.concatenate(moved)),
    )  # fmt: skip
    twice = {
        name: np.concatenate([column, column]) for name, column in vars(people).items() if isinstance(column, np.ndarray)
    }  # fmt: skip
    twice["image"] = np.concatenate([people.image, people.image + images])
    matches = oks_matching.match(both, replace(people, **twice), sigmas, 2 * images)

    def score(weights: Array) -> Scores:
        metrics, resampled = split(average_precision.resampled(matches, weights))
        return Scores(metrics, resampled)

    return Population("AP", 1, images, 2, score)


def _coco_people(pairs: Path) -> tuple[Array, Any, Any, int]:
    import json

    rules: Any = protocol("coco")
    instances = rules.instances(pairs / "val538_gt.json", "val")
    measures = instances.measures
    crowd = measures["iscrowd"].astype(bool)
    people = oks_similarity.People(
        image=instances.image, id=measures["id"], keypoints=instances.keypoints, labelled=instances.visibility > 0,
        area=measures["area"], bbox=instances.bbox, crowd=crowd, ignored=crowd | (measures["num_keypoints"] == 0),
    )  # fmt: skip
    entries = json.loads((pairs / "val538_seed0_dt.json").read_text())
    row = {number: place for place, number in enumerate(instances.image_ids.tolist())}
    keypoints = np.array([entry["keypoints"] for entry in entries], float).reshape(len(entries), -1, 3)[..., :2]
    detections = oks_matching.Detections(
        image=np.array([row[entry["image_id"]] for entry in entries]), keypoints=keypoints,
        score=np.array([entry["score"] for entry in entries], float), area=oks_matching.extent(keypoints),
    )  # fmt: skip
    return rules.sigmas, people, detections, len(instances.images)


def _synthetic_people(rng: np.random.Generator) -> tuple[Array, Any, Any, int]:
    image = np.repeat(np.arange(400), rng.integers(1, 4, 400))
    n = len(image)
    height = np.exp(rng.uniform(np.log(50), np.log(300), n))
    keypoints = rng.uniform(0, 1, (n, 17, 2)) * height[:, None, None]
    error = rng.lognormal(-3, 0.6, 400)[image] * height
    people = oks_similarity.People(
        image=image, id=np.arange(1, n + 1), keypoints=keypoints, labelled=np.ones((n, 17), bool), area=height**2 / 2,
        bbox=np.zeros((n, 4)), crowd=np.zeros(n, bool), ignored=np.zeros(n, bool),
    )  # fmt: skip
    moved = keypoints + rng.normal(0, 1, keypoints.shape) * error[:, None, None]
    guessed = oks_matching.Detections(
        image=image, keypoints=moved, score=rng.uniform(0, 1, n) - error / height, area=oks_matching.extent(moved)
    )
    return np.full(17, 0.07), people, guessed, 400


POPULATIONS = {"PCKh": pckh, "AP": ap}
