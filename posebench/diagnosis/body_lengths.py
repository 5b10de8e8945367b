"""Errors in body lengths: what a score by sigmas says without them.

A body length is the longer side of the person's box: the annotated one, else the smallest one about the labelled keypoints. Where
a dataset has neither heads nor torsos, PCK is usually by it (mmpose's `PCKAccuracy` with `norm_item="bbox"`). It has no constants.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.diagnosis.estimate import Estimate, median, shares
from posebench.diagnosis.slices import boxes
from posebench.scoring.compared import Compared

THRESHOLDS = (0.05, 0.1, 0.2)


@dataclass(frozen=True)
class BodyLengths:
    """How far keypoints are from their annotations, in body lengths.

    Attributes:
        pck: (threshold, percent of keypoints within it); keypoints of people whom no detection finds are not within.
        median: of the errors of the people who are found. keypoints: of how many; one that is not predicted is infinitely far.
    """

    pck: tuple[tuple[float, Estimate], ...]
    median: Estimate
    keypoints: int

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        pck = [{"threshold": threshold, "right": share.as_json()} for threshold, share in self.pck]
        return {"pck": pck, "median": self.median.as_json(), "keypoints": self.keypoints}


def body_lengths(compared: Compared) -> BodyLengths | None:
    """PCK and the median error in body lengths; None where the score is by a length of the person already."""
    if compared.detected is None:
        return None
    people = compared.people
    length = boxes(people)[:, 2:].max(axis=1, initial=0)
    counted = compared.counted & (length > 0)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = compared.distances / length[:, None]
    within = np.stack([(counted & (errors <= threshold)).sum(axis=1) for threshold in THRESHOLDS], axis=1)
    whole: Array = np.repeat(counted.sum(axis=1)[:, None], len(THRESHOLDS), axis=1)
    pck = tuple(zip(THRESHOLDS, shares(within, whole, people), strict=True))
    found = counted & compared.found[:, None]
    return BodyLengths(pck, median(errors[found], np.repeat(people.units, found.sum(axis=1))), int(found.sum()))
