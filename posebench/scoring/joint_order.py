"""Whether a file has its people or keypoints in another order than the annotation, or other units: then every number is wrong."""

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances

ENOUGH = 400
"""Number of people that is enough to tell one order from another."""
FEWEST = 30
"""Fewest people; medians of fewer are mostly chance."""
DECISIVE = 0.5
"""Another order is named where its distances sum to less than this part of the given order's."""
LARGEST_FRACTION = 2
"""Coordinates in pixels are larger; coordinates as fractions of the image are not."""
FEW = 0.2
"""Share of the people that may be predicted outside their region before a note says so."""


@np.errstate(over="ignore", invalid="ignore")  # coordinates of 1e300 are far, not wrong
def wrong_places(keypoints: Array, missing: Array, instances: Instances) -> tuple[str, ...]:
    """A note if people, or else their keypoints, are in another order than the annotation's."""
    return misplaced(keypoints, missing, instances) or reordered(keypoints, missing, instances)


def misplaced(keypoints: Array, missing: Array, instances: Instances) -> tuple[str, ...]:
    """A note if many people's keypoints are far from the person: the file has another order, or other units."""
    known = ~missing.all(axis=1)
    if known.sum() < FEWEST:
        return ()
    guess = np.where(missing[..., None], np.nan, keypoints)[known]
    if np.nanquantile(np.abs(guess), 0.99) <= LARGEST_FRACTION:
        return (f"Hardly any predicted coordinate is above {LARGEST_FRACTION}; they should be image pixels.",)
    away = np.abs(np.nanmean(guess, axis=1) - instances.center[known]) > instances.size[known] / 2
    if away.any(axis=1).mean() <= FEW:
        return ()
    return (
        f"Of {away.any(axis=1).mean():.0%} of the people the predicted keypoints lie elsewhere in the image. Are the people in the "
        "annotation's order, and coordinates (x, y) in pixels of the whole image?",
    )


def reordered(keypoints: Array, missing: Array, instances: Instances) -> tuple[str, ...]:
    """A note if the predicted keypoints fit much better in another order than in the given one.

    Args:
        keypoints: (N, K, 2) predicted, in the order of `instances`. missing: (N, K) bool.
    """
    people = np.flatnonzero(~missing.all(axis=1))
    people = people[:: max(len(people) // ENOUGH, 1)]
    if len(people) < FEWEST:
        return ()
    apart = median_distances(keypoints, missing, instances, people)
    known = np.flatnonzero(np.isfinite(np.diag(apart)))
    apart = apart[np.ix_(known, known)]
    if not np.isfinite(apart).all() or (apart.argmin(axis=1) == np.arange(len(known))).all():
        return ()  # each keypoint lies nearest to its own annotation, as in every good file
    from scipy.optimize import linear_sum_assignment  # 0.2 s, for the few files that come this far

    best = linear_sum_assignment(apart)[1]
    if apart[np.arange(len(known)), best].sum() >= DECISIVE * np.trace(apart):
        return ()
    names = [instances.skeleton.keypoints[i] for i in known]
    moved = [(name, names[j]) for name, j in zip(names, best.tolist(), strict=True) if name != names[j]]
    shown = ", ".join(f"{name} lies at {place}" for name, place in moved[:3]) + (", …" if len(moved) > 3 else "")
    return (
        f"The keypoints seem to be in another order ({len(moved)} of {len(names)}): predicted {shown}. "
        f"The order should be {', '.join(instances.skeleton.keypoints)}.",
    )


def median_distances(keypoints: Array, missing: Array, instances: Instances, people: Array) -> Array:
    """(K, K) median distance from predicted keypoint i to annotated keypoint j, in sizes of the person's region; NaN where no
    person of `people` has both.
    """
    k = keypoints.shape[1]
    guess = np.where(missing[people][..., None], np.nan, keypoints[people])
    labelled = instances.visibility[people] > UNLABELLED
    truth = np.where(labelled[..., None], instances.keypoints[people], np.nan)
    lengths = instances.size[people].max(axis=1)[:, None, None]
    distances = np.sqrt(((guess[:, :, None] - truth[:, None]) ** 2).sum(axis=3)) / lengths
    some = np.isfinite(distances).any(axis=0)
    medians = np.full((k, k), np.nan)
    medians[some] = np.nanmedian(distances[:, some], axis=0)
    return medians
