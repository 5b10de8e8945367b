"""Scores: the numbers of a predictions file under a protocol, with their resamples."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from posebench.array_type import Array
from posebench.scoring import bootstrap
from posebench.scoring.bootstrap import IMAGES, Sampling


def shown_decimals(unit: str) -> int:
    """Decimals of a shown score: two of a percentage, three of a fraction."""
    return 2 if unit == "%" else 3


@dataclass(frozen=True)
class Curve:
    """A score over a threshold, such as PCKh from 0 to 0.5; `axis` is the unit of the threshold."""

    label: str
    axis: str
    thresholds: tuple[float, ...]
    values: tuple[float, ...]
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}  # a record refuses what it does not know

    def at(self, places: Sequence[int]) -> "Curve":
        """The curve at some of its thresholds, by their places."""
        thresholds, values = (tuple(its[place] for place in places) for its in (self.thresholds, self.values))
        return replace(self, thresholds=thresholds, values=values)


@dataclass(frozen=True)
class Slice:
    """The headline on a part of the keypoints or people, such as the occluded keypoints or the people who dance.

    Attributes:
        by: the criterion, such as `visibility`. name: the part, such as `occluded`.
        value: the headline's rule on this part alone.
        interval: its 95 % interval; None if a resample has no keypoint of this part.
        people, keypoints: how many it has.
    """

    by: str
    name: str
    value: float
    interval: tuple[float, float] | None
    people: int
    keypoints: int
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True)
class Ceiling:
    """The score of the dataset's annotators against each other. A higher score is not known to be better.

    Attributes:
        what: a sentence on what was compared with what.
        metrics: name → value, as in `Scores.metrics`; those that are known.
        curves: with the labels of `Scores.curves`.
    """

    what: str
    metrics: Mapping[str, float]
    curves: tuple[Curve, ...] = ()
    __pydantic_config__: ClassVar[Mapping[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True)
class Scores:
    """The scores of a predictions file under a protocol.

    Attributes:
        metrics: name → value, in the order of the field's tables; PCK in percent, OKS AP as a fraction. NaN: unknown.
        resampled: name → (RESAMPLES,) the same on resamples of the images (posebench.scoring.bootstrap); equal images are
            resampled alike, so that the difference of two runs can be taken resample by resample.
        per_joint: keypoint name → value, where the protocol scores keypoints one by one. NaN: not predicted.
        per_joint_resampled: as `resampled`.
        per_joint_metric: what those values are, such as `PCKh@0.5`.
        curves: scores over thresholds.
        slices: the headline on parts of the data.
        slices_resampled: slice → (RESAMPLES,) its value on each resample. It is not kept in the record.
        ceiling: the score of the dataset's annotators against each other; None if it is unknown.
        people, images: how many were scored.
        notes: everything that was left out or treated specially, as sentences.
        per_person_values: `per_person`, or a function that returns it: pictures alone need it, so it is computed when asked for.
        per_person_metric: what that number is.
        sampling: what was resampled; without its number of units, the images.
        headline: the metric that ranks, where the predictions have what makes it another than the protocol's, such as MOTA of
            tracks; empty for the protocol's.
    """

    metrics: Mapping[str, float]
    resampled: Mapping[str, Array] = field(default_factory=dict, compare=False)
    per_joint: Mapping[str, float] = field(default_factory=dict)
    per_joint_resampled: Mapping[str, Array] = field(default_factory=dict, compare=False)
    per_joint_metric: str = ""
    curves: tuple[Curve, ...] = ()
    slices: tuple[Slice, ...] = ()
    slices_resampled: Mapping[Slice, Array] = field(default_factory=dict, compare=False)
    ceiling: Ceiling | None = None
    people: int = 0
    images: int = 0
    notes: tuple[str, ...] = ()
    per_person_values: Array | Callable[[], Array] = field(default_factory=lambda: np.zeros(0), compare=False)
    per_person_metric: str = ""
    sampling: Sampling = IMAGES
    headline: str = ""

    def __post_init__(self) -> None:
        if not self.sampling.units:
            object.__setattr__(self, "sampling", replace(self.sampling, units=self.images))

    @cached_property
    def per_person(self) -> Array:
        """(N,) one number per instance, larger is better, NaN where it has none: for picking the best and worst cases.

        It is not kept in the record.
        """
        return self.per_person_values() if callable(self.per_person_values) else self.per_person_values

    @property
    def intervals(self) -> dict[str, tuple[float, float]]:
        """Metric → (low, high), its 95 % interval; those that are known."""
        return bootstrap.intervals(self.metrics, self.resampled, self.sampling)

    @property
    def per_joint_intervals(self) -> dict[str, tuple[float, float]]:
        """As `intervals`, by keypoint."""
        return bootstrap.intervals(self.per_joint, self.per_joint_resampled, self.sampling)
