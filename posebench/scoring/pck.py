"""Scoring by PCK: the computation that the evaluators of MPII, FLIC and LSP share, and the values in which they differ.

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
from posebench.scoring.bootstrap import Sampling, intervals, resampled_sums, split
from posebench.scoring.joint_order import wrong_places
from posebench.scoring.scores import Curve, Scores, Slice

SMALLEST_SLICE = 30
"""Fewest people of a slice; the score of fewer people is mostly chance."""


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
        errors: predicted keypoints (N, K, 2), missing (N, K), instances → (N, P) errors in units of `thresholds`, inf where
            nothing was predicted; None for distances of keypoints, divided by `measure`. Then `counted` is (N, P) too.
        parts: names of the P parts that `errors` are of; empty for the keypoints.
        chosen: keypoint indices that are scored, for a score on some keypoints alone; None for all of them.
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
    errors: Callable[[Array, Array, Instances], Array] | None = None
    parts: tuple[str, ...] = ()
    chosen: tuple[int, ...] | None = None

    def values(self, number: Array, total: Array) -> dict[str, Array]:
        """`lines` of hits (R, T, K) and totals (R, 1, K). To `lines`, totals of keypoints that are not chosen are NaN.

        So a line that needs one of them is unknown, unless it leaves them out (`asked_of`).
        """
        return self.lines(
            number, total if self.chosen is None else np.where(self.is_chosen(total.shape[-1]), total, np.nan)
        )

    def is_chosen(self, keypoints: int) -> Array:
        """(K,) bool, which of so many keypoints are scored."""
        return np.isin(np.arange(keypoints), np.arange(keypoints) if self.chosen is None else self.chosen)


def asked_of(joints: tuple[int, ...], total: Array) -> tuple[int, ...]:
    """Those of the keypoints that are scored, by totals (R, 1, K) as `PCK.lines` gets them."""
    return tuple(joint for joint in joints if not np.isnan(total[0, 0, joint]))


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
    lines = rule.values(number, total)
    metrics, resampled = split(_asked_about(rule, lines, number.shape[2]))
    per_joint = percentage(number[:, rule.at], total[:, 0])
    named = zip(
        rule.parts or instances.skeleton.keypoints, per_joint.T, rule.is_chosen(per_joint.shape[1]), strict=True
    )
    joints, joints_resampled = split({name: values for name, values, chosen in named if chosen})
    parts = slices(within[:, rule.at], asked, instances, rule)
    return Scores(
        metrics=metrics,
        resampled=resampled,
        per_joint=joints,
        per_joint_resampled=joints_resampled,
        per_joint_metric=rule.metric,
        curves=as_curves(lines, rule),
        slices=tuple(parts),
        slices_resampled=parts,
        people=len(instances),
        images=len(np.unique(instances.image)),
        notes=(
            *missing_notes(predictions if rule.chosen is None else predictions.of_keypoints(rule.chosen)),
            *wrong_places(keypoints, missing, instances),
        ),
        sampling=sampling_of(instances.units, instances),
        per_person_values=personal_area_under_curve(distances, counted, float(rule.thresholds[-1])),
        per_person_metric=f"the person's AUC of {rule.metric.partition('@')[0]} to {rule.thresholds[-1]:g}",
    )


def _asked_about(rule: PCK, lines: Mapping[str, Array], keypoints: int) -> dict[str, Array]:
    """The columns of the rule; those that need a keypoint that is not chosen are left out."""
    columns = rule.columns(lines)
    if rule.chosen is None:
        return columns
    perfect = rule.values(np.ones((1, len(rule.thresholds), keypoints)), np.ones((1, 1, keypoints)))
    known = rule.columns(perfect)
    return {name: values for name, values in columns.items() if not np.isnan(known[name]).any()}


def sampling_of(units: Array, instances: Instances) -> Sampling:
    """What is resampled for percentages of people in the given units."""
    return Sampling(len(np.unique(units)), instances.group, 100)


def curves(predictions: Predictions, instances: Instances, rule: PCK, thresholds: Array) -> tuple[Curve, ...]:
    """The rule's lines over the given thresholds.

    Args:
        thresholds: (T,) ascending, in the rule's units.

    Raises:
        PosebenchError: as `score`.
    """
    rows, missing = align(predictions, instances)
    distances, counted, asked = measured(predictions.keypoints[rows], missing, instances, rule)
    number = hits(distances, counted, thresholds, rule.strict).sum(axis=0, dtype=float)[None]
    chosen = replace(rule, thresholds=thresholds)
    return as_curves(rule.values(number, asked.sum(axis=0, dtype=float)[None, None]), chosen)


@np.errstate(over="ignore")  # coordinates of 1e300 are far, not wrong
def measured(keypoints: Array, missing: Array, instances: Instances, rule: PCK) -> tuple[Array, Array, Array]:
    """(N, K) distances in units of each person's length; which keypoints count; which of these are predicted for any person.

    (N, P) of parts, where the rule is of parts.

    Args:
        keypoints: (N, K, 2) predicted, in the order of `instances`. missing: (N, K) bool.
    """
    if rule.measure not in instances.measures:
        raise PosebenchError(
            f"{instances.source.file or instances.what} does not have the {rule.measure.replace('_', ' ')} of people, by which "
            "errors are divided. Use it for training, and score on an annotation that has this length."
        )
    counted = instances.visibility > UNLABELLED if rule.counted is None else rule.counted(instances)
    if rule.chosen is not None:
        if rule.parts:
            raise PosebenchError(
                f"{rule.metric} scores limbs, which some keypoints alone do not have. Use a rule of keypoints."
            )
        counted = counted & rule.is_chosen(counted.shape[1])
    if rule.errors is not None:
        errors = rule.errors(keypoints, missing, instances)
        return errors, counted, counted & np.isfinite(errors).any(axis=0)
    lengths = instances.measures[rule.measure]
    distances = normalised_distances(keypoints, instances.keypoints, lengths, missing)
    if rule.single:
        distances = distances.astype(np.float32).astype(float)
    return distances, counted, counted & ~missing.all(axis=0)


def as_curves(lines: Mapping[str, Array], rule: PCK) -> tuple[Curve, ...]:
    """The sample's lines over the rule's thresholds."""
    thresholds = tuple(rule.thresholds.tolist())
    return tuple(Curve(label, rule.axis, thresholds, tuple(line[0].tolist())) for label, line in lines.items())


def slices(within: Array, asked: Array, instances: Instances, rule: PCK) -> dict[Slice, Array]:
    """Pooled PCK of the visible and the occluded keypoints, and of people by each of their labels, the most people first.

    Args:
        within: (N, K) bool, hits at the headline's threshold. asked: (N, K) bool, keypoints that count.

    Returns:
        slice → (RESAMPLES,) its value on each resample.
    """
    within, asked = within[:, rule.pooled], asked[:, rule.pooled]
    parts: list[tuple[str, str, Array]] = []
    if not rule.parts:
        visibility = instances.visibility[:, rule.pooled]
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
        return {}
    counts = [((within & part).sum(axis=1), part.sum(axis=1)) for _, _, part in parts]
    sums = resampled_sums(np.array(counts).transpose(2, 0, 1), instances.units)  # (R, slices, 2)
    values = percentage(sums[..., 0], sums[..., 1])
    return {_slice(by, name, part, values[:, i], instances): values[1:, i] for i, (by, name, part) in enumerate(parts)}


def _slice(by: str, name: str, part: Array, values: Array, instances: Instances) -> Slice:
    """The slice of the keypoints `part` (N, K), with its values (1 + RESAMPLES,), the sample's first."""
    people = part.any(axis=1)
    sampling = sampling_of(instances.units[people], instances)
    value = float(values[0])
    interval = intervals({name: value}, {name: values[1:]}, sampling).get(name)
    return Slice(by, name, value, interval, int(people.sum()), int(part.sum()))


@np.errstate(over="ignore")
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
