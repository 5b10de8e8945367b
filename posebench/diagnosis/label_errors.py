"""Label errors: keypoints on which all runs agree with each other and not with the annotation.

Nearness is the protocol's own: `clear` of posebench.scoring.compared, the distance within which a PCK or the similarity of a
keypoint calls a prediction right. Runs agree on a keypoint where all predict it and every two are within that distance. They
disagree with the annotation where none is right. It is a suspicion: runs that learned from the same annotations share mistakes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.predictions import for_instances
from posebench.diagnosis.error_kinds import KINDS, kinds_of
from posebench.errors import PosebenchError
from posebench.scoring.compared import Compared, distances

FEWEST = 2
"""Runs that can agree with each other."""


@dataclass(frozen=True)
class LabelError:
    """One keypoint that may be annotated wrongly.

    Attributes:
        row: of the people. image, person, keypoint: whose and which.
        annotated, agreed: x and y, image pixels; `agreed` is the mean of all runs.
        pixels: between the two. times: the same as a multiple of the distance within which a keypoint is right.
        spread: the largest distance of two runs, as such a multiple.
        confidence: the lowest score that a run gives it.
        kind: what the agreed place is, by `posebench.diagnosis.error_kinds`: `inversion` at the person's other side,
            `swap` at another person's keypoint, `jitter` near, `miss` elsewhere.
    """

    row: int
    image: str
    person: int
    keypoint: str
    annotated: tuple[float, float]
    agreed: tuple[float, float]
    pixels: float
    times: float
    spread: float
    confidence: float
    kind: str

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        return vars(self)


@dataclass(frozen=True, eq=False)
class LabelErrors:
    """What a number of runs say of the annotation.

    Attributes:
        found: keypoints on which all agree against the annotation, the farthest first.
        runs: how many.
        counted: keypoints that count. agreed: those on which all runs agree. right: those of them on which all are right.
        right_if: what right is, such as `PCKh@0.5`.
    """

    found: tuple[LabelError, ...]
    runs: int
    counted: int
    agreed: int
    right: int
    right_if: str


def label_errors(runs: Sequence[Compared]) -> LabelErrors:
    """The keypoints on which all runs agree with each other and not with the annotation.

    Args:
        runs: by one rule, of the same people.

    Raises:
        PosebenchError: there is one run, or none.
    """
    if len(runs) < FEWEST:
        raise PosebenchError(
            f"Label errors need {FEWEST} runs or more that agree with each other; there is {len(runs)}."
        )
    first = runs[0]
    people, clear = first.people, first.clear
    keypoints = np.stack([run.keypoints for run in runs])  # (runs, N, K, 2)
    spread = np.max([distances(one, other) for one, other in combinations(keypoints, 2)], axis=0)
    agreed = first.counted & (spread <= clear)
    right = agreed & np.all([run.right for run in runs], axis=0)
    wrong = agreed & ~np.any([run.right for run in runs], axis=0)
    middle = np.where(agreed[..., None], keypoints.mean(axis=0), np.nan)
    confidence = np.min([_scores(run) for run in runs], axis=0)
    kinds = _kinds(first, middle, agreed & ~wrong)
    apart = distances(middle, people.keypoints)
    with np.errstate(divide="ignore", invalid="ignore"):
        times, spreads = apart / clear, spread / clear
    found = [
        LabelError(
            n, people.images[people.image[n]], int(people.person[n]), people.skeleton.keypoints[k],
            _point(people.keypoints[n, k]), _point(middle[n, k]), float(apart[n, k]), float(times[n, k]),
            float(spreads[n, k]), float(confidence[n, k]), KINDS[kinds[n, k]],
        )
        for n, k in np.argwhere(wrong).tolist()
    ]  # fmt: skip
    found.sort(key=lambda error: (-error.times, error.row))
    return LabelErrors(
        tuple(found), len(runs), int(first.counted.sum()), int(agreed.sum()), int(right.sum()), first.right_if
    )


def _point(place: Array) -> tuple[float, float]:
    return float(place[0]), float(place[1])


def _scores(run: Compared) -> Array:
    """(N, K) the scores of the predictions that people are compared with; 0 where there is none."""
    if not len(run.predictions):
        return np.zeros(run.counted.shape)
    return np.where(run.found[:, None], run.predictions.scores[run.row], 0.0)


def _kinds(like: Compared, middle: Array, good: Array) -> Array:
    """(N, K) the kind of every place of `middle` (N, K, 2), as if it were a prediction."""
    missing = np.isnan(middle).any(axis=2)
    predictions = for_instances(like.people, middle, missing=missing)
    return kinds_of(replace(like, predictions=predictions, row=np.arange(len(like.people)), good=good, right=good))
