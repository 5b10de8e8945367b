"""Scoring by PCK: what the evaluators of MPII, FLIC and their like share, and the places in which they differ.

An evaluator is a `PCK` value: which keypoints count, how a distance becomes a hit, and how hits become lines over thresholds
and lines a table. All of it is computed for the sample and its resamples at once (bootstrap): row 0 is the sample.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, UNLABELLED, VISIBLE, Instances
from posebench.data.matching import align, missing_notes
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.scoring.bootstrap import Sampling, resampled_sums, split
from posebench.scoring.joint_order import reordered
from posebench.scoring.scores import Curve, Scores, Slice

LARGEST_FRACTION = 2
"""What no coordinate of a person in pixels stays below."""
FEW = 0.2
"""Part of the people that a network, which sees their regions, may place elsewhere before it is worth a word."""
SMALLEST_SLICE = 30
"""People below which a slice says more about chance than about a network."""


@dataclass(frozen=True, kw_only=True)
class PCK:
    """How one evaluator turns distances into numbers.

    Attributes:
        measure: the column of `Instances.measures` by which distances are divided.
        thresholds: (T,) ascending, in those units. at: index of the one that per-joint numbers are about.
        metric: what those are, such as `PCKh@0.5`. axis: what a threshold is a part of.
        lines: hits (R, T, K) and totals (R, 1, K), R = 1 + resamples → name → (R, T) percent.
        columns: those lines over `thresholds` → name → (R,), the table's columns in its order.
        pooled: keypoint indices whose pooled PCK the slices show.
        strict: `<` instead of `<=`.
        single: distances are rounded to single precision before they are compared.
        counted: instances → (N, K) bool, the keypoints that count; None for every labelled one.
    """

    measure: str
    thresholds: Array
    at: int
    metric: str
    axis: str
    lines: Callable[[Array, Array], dict[str, Array]]
    columns: Callable[[Mapping[str, Array]], dict[str, Array]]
    pooled: tuple[int, ...]
    strict: bool = False
    single: bool = False
    counted: Callable[[Instances], Array] | None = None


def score(predictions: Predictions, instances: Instances, rule: PCK) -> Scores:
    """Score one guess per person.

    Raises:
        PosebenchError: the predictions are of others, or the annotation lacks the lengths that errors are divided by.
    """
    rows, missing = align(predictions, instances)
    keypoints = predictions.keypoints[rows]
    distances, counted, asked = measured(keypoints, missing, instances, rule)
    within = hits(distances, counted, rule.thresholds, rule.strict)
    number = resampled_sums(within, instances.units)
    total = resampled_sums(asked, instances.units)[:, None]
    lines = rule.lines(number, total)
    metrics, resampled = split(rule.columns(lines))
    per_joint = percentage(number[:, rule.at], total[:, 0])
    joints, joints_resampled = split(dict(zip(instances.skeleton.keypoints, per_joint.T, strict=True)))
    return Scores(
        metrics=metrics,
        resampled=resampled,
        per_joint=joints,
        per_joint_resampled=joints_resampled,
        per_joint_metric=rule.metric,
        curves=as_curves(lines, rule),
        slices=slices(within[:, rule.at], asked, instances, rule.pooled),
        people=len(instances),
        images=len(np.unique(instances.image)),
        notes=(*missing_notes(predictions), *wrong_places(keypoints, missing, instances)),
        sampling=sampling_of(instances.units, instances),
        per_person_values=personal_area_under_curve(distances, counted, float(rule.thresholds[-1])),
        per_person_metric=f"the person's AUC of {rule.metric.partition('@')[0]} to {rule.thresholds[-1]:g}",
    )


def sampling_of(units: Array, instances: Instances) -> Sampling:
    """What is resampled for percentages of people in the given units."""
    return Sampling(len(np.unique(units)), instances.group, 100)


def curves(predictions: Predictions, instances: Instances, rule: PCK, thresholds: Array) -> tuple[Curve, ...]:
    """The rule's lines over thresholds of one's own choice.

    Args:
        thresholds: (T,) ascending, in the rule's units.

    Raises:
        PosebenchError: as `score`.
    """
    rows, missing = align(predictions, instances)
    distances, counted, asked = measured(predictions.keypoints[rows], missing, instances, rule)
    number = hits(distances, counted, thresholds, rule.strict).sum(axis=0, dtype=float)[None]
    chosen = replace(rule, thresholds=thresholds)
    return as_curves(rule.lines(number, asked.sum(axis=0, dtype=float)[None, None]), chosen)


def measured(keypoints: Array, missing: Array, instances: Instances, rule: PCK) -> tuple[Array, Array, Array]:
    """(N, K) distances in units of each person's length; which keypoints count; those of them that anybody predicted.

    Args:
        keypoints: (N, K, 2) predicted, in the order of `instances`. missing: (N, K) bool.
    """
    if rule.measure not in instances.measures:
        raise PosebenchError(
            f"{instances.source.file or instances.what} does not say anybody's {rule.measure.replace('_', ' ')}, and errors are "
            "divided by it. It is good for training; score on an annotation that has it."
        )
    counted = instances.visibility > UNLABELLED if rule.counted is None else rule.counted(instances)
    lengths = instances.measures[rule.measure]
    distances = normalised_distances(keypoints, instances.keypoints, lengths, missing)
    if rule.single:
        distances = distances.astype(np.float32).astype(float)
    return distances, counted, counted & ~missing.all(axis=0)


def wrong_places(keypoints: Array, missing: Array, instances: Instances) -> tuple[str, ...]:
    """A sentence where people, or else their keypoints, are in another order than the annotation's."""
    return misplaced(keypoints, missing, instances) or reordered(keypoints, missing, instances)


def misplaced(keypoints: Array, missing: Array, instances: Instances) -> tuple[str, ...]:
    """A sentence where many people's keypoints are not even near the person: a file in another order, or in other units."""
    known = ~missing.all(axis=1)
    if known.sum() < SMALLEST_SLICE:
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


def as_curves(lines: Mapping[str, Array], rule: PCK) -> tuple[Curve, ...]:
    """The sample's lines over the rule's thresholds."""
    thresholds = tuple(rule.thresholds.tolist())
    return tuple(Curve(label, rule.axis, thresholds, tuple(line[0].tolist())) for label, line in lines.items())


def slices(within: Array, asked: Array, instances: Instances, joints: tuple[int, ...]) -> tuple[Slice, ...]:
    """Pooled PCK of the visible and the occluded keypoints, and of people by each of their labels, the most people first.

    Args:
        within: (N, K) bool, hits at the headline's threshold. asked: (N, K) bool, keypoints that count.
        joints: indices of those that are pooled.
    """
    within, asked = within[:, joints], asked[:, joints]
    visibility = instances.visibility[:, joints]
    parts = [("visibility", "visible", visibility == VISIBLE), ("visibility", "occluded", visibility == OCCLUDED)]
    for by, names in instances.labels.items():
        known, people = np.unique(names, return_counts=True)
        parts += [
            (by, str(known[i]), (names == known[i])[:, None] & asked)
            for i in np.argsort(-people, kind="stable")
            if known[i] and people[i] >= SMALLEST_SLICE
        ]
    parts = [(by, name, part & asked) for by, name, part in parts if 0 < (part & asked).sum() < asked.sum()]
    if not parts:
        return ()
    counts = [((within & part).sum(axis=1), part.sum(axis=1)) for _, _, part in parts]
    sums = resampled_sums(np.array(counts).transpose(2, 0, 1), instances.units)  # (R, slices, 2)
    values = percentage(sums[..., 0], sums[..., 1])
    return tuple(
        Slice(
            by,
            name,
            float(values[0, i]),
            values[1:, i],
            int(part.any(axis=1).sum()),
            int(part.sum()),
            sampling_of(instances.units[part.any(axis=1)], instances),
        )
        for i, (by, name, part) in enumerate(parts)
    )


def normalised_distances(keypoints: Array, truth: Array, lengths: Array, missing: Array | None = None) -> Array:
    """Distances in units of each person's length.

    Args:
        keypoints, truth: (N, K, 2) pixels.
        lengths: (N,) pixels, such as head lengths.
        missing: (N, K) True where nothing was predicted.

    Returns:
        (N, K), inf where missing.
    """
    difference = keypoints - truth
    distances = np.sqrt((difference**2).sum(axis=2)) / lengths[:, None]
    return distances if missing is None else np.where(missing, np.inf, distances)


def hits(distances: Array, counted: Array, thresholds: Array, strict: bool = False) -> Array:
    """Which counted keypoints lie within each threshold.

    Args:
        distances: (N, K), as `normalised_distances` returns.
        counted: (N, K) bool.
        thresholds: (T,).
        strict: `<` instead of `<=`.

    Returns:
        (N, T, K) bool.
    """
    compare = np.less if strict else np.less_equal
    within: Array = compare(distances[:, None], thresholds[:, None]) & counted[:, None]
    return within


def percentage(numbers: Array, total: Array) -> Array:
    """`100 * numbers / total`, NaN where the total is 0."""
    result: Array = 100 * np.divide(numbers, total, out=np.full(np.shape(numbers), np.nan), where=np.asarray(total) > 0)
    return result


def area_under_curve(values: Array) -> Array:
    """Mean height of the piecewise linear curve through equally spaced values (..., T): the official MPII toolkit's AUC."""
    area: Array = (values[..., :-1] + values[..., 1:]).mean(axis=-1) / 2
    return area


def personal_area_under_curve(distances: Array, counted: Array, limit: float) -> Array:
    """(N,) each person's own area under the curve over 0 ... `limit`, in percent; NaN for people without a keypoint."""
    within = np.clip(1 - distances / limit, 0, 1).sum(axis=1, where=counted)
    return percentage(within, counted.sum(axis=1))
