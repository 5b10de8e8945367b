"""Registration: are predictions off by a constant part of a heatmap cell?

A network's heatmap has cells of several pixels. Code that takes a cell's corner for its middle, or truncates coordinates, moves all
keypoints by the same part of a cell. The audit measures that offset, predicted less annotated, in cells of each person's region.

Only keypoints within `WITHIN` cells of their annotation are measured: farther ones are other errors. The offset is their median. An
offset that is not small beside `WITHIN` is underestimated, since the farther keypoints are cut off.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.geometry import widened
from posebench.data.predictions import Predictions
from posebench.diagnosis.estimate import Estimate, difference, median
from posebench.files.validation import Known
from posebench.scoring.compared import Compared
from posebench.scoring.scores import Scores

LIMIT = 0.25
"""Cells; a larger offset is warned of. Decoding to quarter cells (Newell et al., ECCV 2016) may leave one below."""
WITHIN = 2.0
"""Cells within which a keypoint is measured."""
INPUT_SIZE, STRIDE = (256, 256), 4
"""The usual input (width, height) and pixels of a cell, where nothing states others: 64 cells for 256 pixels."""


@dataclass(frozen=True)
class Offset:
    """Median of predicted less annotated, in cells, to the right (x) and down (y); keypoints: of how many."""

    x: Estimate
    y: Estimate
    keypoints: int

    @property
    def large(self) -> bool:
        """Whether it is above `LIMIT` in x or in y, with its whole interval: few keypoints near by chance have some median too."""
        return any(
            min(axis.interval or (axis.value,)) > LIMIT or max(axis.interval or (axis.value,)) < -LIMIT
            for axis in (self.x, self.y)
        )

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        return {"x": self.x.as_json(), "y": self.y.as_json(), "keypoints": self.keypoints, "large": self.large}


@dataclass(frozen=True)
class Removed:
    """A metric of the file without its offset: before, after, and by how much it changes."""

    metric: str
    before: Known
    after: Known
    change: Estimate


@dataclass(frozen=True)
class Registration:
    """The constant offset of a predictions file.

    Attributes:
        input_size: (width, height) of the crop that cells are of, pixels. stride: pixels of a cell there.
        overall: of all keypoints. joints: by keypoint.
        removed: every metric of the file with `overall` taken off; a diagnostic, never ranked. Empty where it is unknown.
    """

    input_size: tuple[int, int]
    stride: int
    overall: Offset
    joints: dict[str, Offset]
    removed: tuple[Removed, ...]

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        width, height = self.input_size
        return {
            "input_height": height, "input_width": width, "stride": self.stride, "limit": LIMIT, "within": WITHIN,
            "overall": self.overall.as_json(),
            "joints": {name: offset.as_json() for name, offset in self.joints.items()},
            "without_offset": {
                one.metric: {
                    "before": Estimate(one.before).as_json()["value"], "after": Estimate(one.after).as_json()["value"],
                    "change": one.change.as_json(),
                }
                for one in self.removed
            },
        }  # fmt: skip


def registration(compared: Compared, before: Scores, input_size: tuple[int, int], stride: int) -> Registration:
    """Measure the offset, and score the file without it.

    Args:
        before: the scores of the predictions as they are.
        input_size: (width, height) of the network's crops, pixels. stride: input pixels of a cell.
    """
    pixels = cell_pixels(compared, input_size, stride)
    apart = (compared.keypoints - compared.people.keypoints) / pixels[:, None, None]
    near = compared.counted & (np.hypot(apart[..., 0], apart[..., 1]) < WITHIN)  # False of NaN
    overall = offset(compared, apart, near)
    joints = {
        name: offset(compared, apart[:, [k]], near[:, [k]])
        for k, name in enumerate(compared.people.skeleton.keypoints)
        if near[:, k].any()
    }
    after = compared.rescored(shifted(compared, overall, pixels)) if overall.keypoints else None
    removed = () if after is None else tuple(_removed(metric, before, after) for metric in before.metrics)
    return Registration(input_size, stride, overall, joints, removed)


def _removed(metric: str, before: Scores, after: Scores) -> Removed:
    was, now = (scores.metrics[metric] for scores in (before, after))
    return Removed(metric, was, now, difference(metric, after, before))


def cell_pixels(compared: Compared, input_size: tuple[int, int], stride: int) -> Array:
    """(N,) image pixels of one heatmap cell of each person: of the region that the file states, else of the protocol's box."""
    predictions, found = compared.predictions, compared.found
    size = compared.people.size.astype(float)
    if predictions.region is not None:
        size[found] = predictions.region[compared.row[found], 2:]
    width, height = input_size
    pixels: Array = widened(size, width / height)[:, 0] / (width / stride)
    return np.where(found & (pixels > 0), pixels, np.nan)


def offset(compared: Compared, apart: Array, measured: Array) -> Offset:
    """The median of what is measured (N, K) of apart (N, K, 2), cells, with its interval over resamples of the images."""
    values = apart[measured]
    units = np.repeat(compared.people.units, measured.sum(axis=1))
    if not len(values):
        return Offset(Estimate(np.nan), Estimate(np.nan), 0)
    return Offset(median(values[:, 0], units), median(values[:, 1], units), len(values))


def shifted(compared: Compared, off: Offset, pixels: Array) -> Predictions:
    """The predictions without an offset; those that are compared with nobody stay where they are.

    Args:
        pixels: (N,) image pixels of a cell of each person.
    """
    keypoints = compared.predictions.keypoints.astype(float)
    person = np.flatnonzero(compared.found & np.isfinite(pixels))
    keypoints[compared.row[person]] -= pixels[person, None, None] * np.array([off.x.value, off.y.value])
    return replace(compared.predictions, keypoints=keypoints)
