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
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from coverage_populations import POPULATIONS, Population

from posebench.array_type import Array
from posebench.scoring.bootstrap import Sampling, image_weights
from posebench.scoring.comparison import compare
from posebench.scoring.rank_ranges import rank_ranges
from posebench.scoring.scores import Scores

PCKH_SIZES, AP_SIZES = (20, 50, 100, 200, 1000, 2729), (39, 200, 538, 2000)
QUICK_SIZES = {"PCKh": (20, 100), "AP": (39,)}


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
