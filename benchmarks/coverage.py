"""Measures what the intervals, comparisons and ranks promise, by simulation. Prints one Markdown table.

    python benchmarks/coverage.py [SHARED] [--trials N] [--seed S] [--quick]

A population is the images of real files below SHARED (MPII val with three published predictions; 538 images of COCO val2017), or
without them seeded synthetic images with people alike in difficulty. A dataset is n images drawn from it with replacement, so the
true value of every score is the population's. Each dataset is scored, compared and ranked by posebench's own functions.

Coverage: how often a 95 % interval holds the true value. Type-I error: two runs that are equal by construction (each image's two
predictions are exchanged by a coin) are said to differ. Power: two runs that do differ are said to.
"""

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from posebench.array_type import Array
from posebench.plugins.registry import protocol
from posebench.scoring import average_precision, oks_matching, oks_similarity
from posebench.scoring.bootstrap import Sampling, image_weights, split
from posebench.scoring.comparison import compare
from posebench.scoring.pck import hits, normalised_distances, percentage
from posebench.scoring.rank_ranges import rank_ranges
from posebench.scoring.scores import Scores

PAIRS = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
UNSCORED = ("pelvis", "thorax")
FILES = ("hg_s8_b1.mat", "hg_s2_b1.mat", "newell.h5")
PCKH_SIZES, AP_SIZES = (20, 50, 100, 200, 1000, 2729), (39, 200, 538, 2000)
QUICK_SIZES = {"PCKh": (20, 100), "AP": (39,)}


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


def truth(population: Population, version: int = 0) -> Scores:
    """The scores of all images under one version."""
    return population.score(np.tile(_place(population, np.arange(population.images), version), (2, 1)))


def _place(population: Population, drawn: Array, version: Any) -> Array:
    """(V x P,) how often each image counts under each version, where `drawn` (n,) images have that version each."""
    size = population.images * population.versions
    return np.bincount(drawn + population.images * np.broadcast_to(version, drawn.shape), minlength=size)


def scored(population: Population, drawn: Array, version: Any) -> Scores:
    """Scores of a dataset of n drawn images with its resamples, as posebench makes them."""
    place = drawn + population.images * np.broadcast_to(version, drawn.shape)
    kept, row = np.unique(place, return_inverse=True)
    weights = image_weights(len(drawn)).astype(np.float32)
    order = np.argsort(row, kind="stable")
    starts = np.searchsorted(row[order], np.arange(len(kept)))
    columns = np.zeros((len(weights), population.images * population.versions), np.int64)
    columns[:, kept] = np.add.reduceat(weights[:, order], starts, axis=1)
    sampling = Sampling(len(drawn), largest=population.largest)
    return replace(population.score(columns), images=len(drawn), sampling=sampling)


def trial(kind: str, shared: Path | None, n: int, seed: int) -> dict[str, float]:
    """What one dataset of n images says; NaN where it says nothing."""
    population = POPULATIONS[kind](shared)
    rng = np.random.default_rng([seed, n])
    drawn = rng.integers(0, population.images, n)
    coin = rng.integers(0, 2, n)
    true = _truth(kind, shared)
    one, other = scored(population, drawn, 0), scored(population, drawn, 1)
    null = compare(
        [("a", scored(population, drawn, coin)), ("b", scored(population, drawn, 1 - coin))], population.headline
    )[0]
    real = compare([("a", one), ("b", other)], population.headline)[0]
    others = [found for found in null.metrics if found.name != population.headline]
    runs = [one, other, *(scored(population, drawn, version) for version in range(2, population.versions))]
    held = {name: low <= true[0].metrics[name] <= high for name, (low, high) in one.intervals.items()}
    bias = {f"bias {name}": one.metrics[name] - true[0].metrics[name] for name in ("AP", "APL") if name in one.metrics}
    difference = true[0].metrics[population.headline] - true[1].metrics[population.headline]
    low, high = real.headline.interval or (np.nan, np.nan)
    return {
        "headline": float(held.get(population.headline, np.nan)),
        "all metrics": float(np.mean(list(held.values()) or [np.nan])),
        "least metric": 0.0, **{f"held {name}": float(hold) for name, hold in held.items()},
        "difference": float(low <= difference <= high),
        "type-I headline": float(null.headline.resolved),
        "type-I other rows": float(any(found.resolved for found in (*others, *null.joints))),
        "type-I any row": float(any(found.resolved for found in (null.headline, *others, *null.joints))),
        "power": float(real.headline.resolved),
        "ranks": _ranks_hold(runs, [score.metrics[population.headline] for score in true], population.headline, n),
        **bias,
    }  # fmt: skip


@cache
def _truth(kind: str, shared: Path | None) -> list[Scores]:
    population = POPULATIONS[kind](shared)
    return [truth(population, version) for version in range(population.versions)]


def _ranks_hold(runs: Sequence[Scores], true: Sequence[float], headline: str, n: int) -> float:
    values = [run.metrics[headline] for run in runs]
    ranges = rank_ranges(values, [run.resampled[headline] for run in runs], [0.0] * len(runs))
    ranks = [1 + sum(other > value for other in true) for value in true]
    return float(all(found is None or found[0] <= rank <= found[1] for found, rank in zip(ranges, ranks, strict=True)))


def row(kind: str, n: int, found: Sequence[Mapping[str, float]]) -> str:
    """One line of the table from all trials of n images."""
    mean = {
        name: float(np.nanmean([one.get(name, np.nan) for one in found]))
        for name in dict.fromkeys(k for one in found for k in one)
    }
    mean["least metric"] = min(value for name, value in mean.items() if name.startswith("held "))
    shares = (
        "headline", "all metrics", "least metric", "difference", "type-I headline", "type-I other rows", "type-I any row",
        "power", "ranks",
    )  # fmt: skip
    bias = " / ".join(f"{mean[f'bias {name}']:+.3f}" for name in ("AP", "APL") if f"bias {name}" in mean) or "–"
    return (
        f"| {kind} | {n:,} | {len(found):,} | "
        + " | ".join(f"{100 * mean[name]:.1f}" for name in shares)
        + f" | {bias} |"
    )


HEADER = """\
| | images | datasets | interval holds: headline | all metrics | the worst metric | difference | \
two equal runs "resolved": headline | other rows | any row | power | all true ranks in range | mean error of AP / APL |
|---|---|---|---|---|---|---|---|---|---|---|---|---|"""


def table(shared: Path | None, sizes: Mapping[str, Iterable[int]], trials: int, seed: int) -> Iterable[str]:
    """The lines of the table, as they are known."""
    yield HEADER
    with ProcessPoolExecutor(2) as processes:
        for kind, numbers in sizes.items():
            for n in numbers:
                seeds = range(seed * 1_000_000, seed * 1_000_000 + trials)
                yield row(kind, n, list(processes.map(partial(trial, kind, shared, n), seeds, chunksize=5)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "shared", nargs="?", type=Path, help="Folder with data/mpii and data/coco. Default: synthetic images."
    )
    parser.add_argument("--trials", type=int, help="Datasets per row. Default: 1,000; with --quick 40.")
    parser.add_argument("--seed", type=int, default=0, help="Random seed for drawing datasets.")
    parser.add_argument("--quick", action="store_true", help="Few sizes and datasets: less than a minute.")
    parser.add_argument("--only", choices=list(POPULATIONS), help="One of the two metrics.")
    options = parser.parse_args()
    sizes: Mapping[str, Iterable[int]] = QUICK_SIZES if options.quick else {"PCKh": PCKH_SIZES, "AP": AP_SIZES}
    sizes = {kind: numbers for kind, numbers in sizes.items() if options.only in (None, kind)}
    for line in table(options.shared, sizes, options.trials or (40 if options.quick else 1000), options.seed):
        print(line, flush=True)


if __name__ == "__main__":
    main()
