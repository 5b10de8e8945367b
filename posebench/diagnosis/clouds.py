"""Clouds: where predictions land relative to the truth, by keypoint, in units of the distance up to which they are right."""

from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array
from posebench.diagnosis.registration import Registration, cell_pixels
from posebench.scoring.compared import Compared

REACHES = (0.5, 1.0, 2.0, 4.0)
"""A cloud shows predictions up to so many times the distance up to which they are right, in x and in y: the least of these that
has half of all predictions."""
BINS = 41
"""Squares of a cloud along x and along y; odd, so that one has the truth in its middle."""


@dataclass(frozen=True, eq=False)
class Cloud:
    """Predictions of one keypoint, predicted less annotated, in units of `Compared.clear`.

    Attributes:
        reach: one of `REACHES`, the same for all keypoints.
        counts: (BINS, BINS) how many predictions are in each square from -reach to reach; rows go down, columns to the right.
        x, y: medians of those in the cloud, to the right and down.
        outside: how many are not in the cloud.
    """

    reach: float
    counts: Array
    x: float
    y: float
    outside: int

    @property
    def keypoints(self) -> int:
        """How many predictions there are, in the cloud and outside."""
        return int(self.counts.sum()) + self.outside


def clouds(compared: Compared) -> dict[str, Cloud]:
    """Keypoint → its cloud; keypoints without any prediction in their cloud are left out."""
    asked = compared.counted & compared.found[:, None] & np.isfinite(compared.distances) & (compared.clear > 0)
    units = np.where(asked, compared.clear, np.nan)[..., None]
    apart = (compared.keypoints - compared.people.keypoints) / units
    names = compared.people.skeleton.keypoints
    reach = _reach(apart[asked])
    found = {name: _cloud(apart[:, k][asked[:, k]], reach) for k, name in enumerate(names)}
    return {name: cloud for name, cloud in found.items() if cloud.keypoints > cloud.outside}


def cell_side(compared: Compared, registration: Registration) -> float:
    """The median side of a heatmap cell, in units of `Compared.clear`; NaN where it is unknown."""
    pixels = cell_pixels(compared, registration.input_size, registration.stride)[:, None]
    asked = compared.counted & (compared.clear > 0) & np.isfinite(pixels)
    return float(np.median((pixels / np.where(asked, compared.clear, 1))[asked])) if asked.any() else np.nan


def _reach(apart: Array) -> float:
    """The least of `REACHES` that has half of the predictions apart (V, 2); the largest where none has."""
    farthest = np.abs(apart).max(axis=1)
    return next((reach for reach in REACHES if (farthest <= reach).sum() * 2 >= len(farthest)), REACHES[-1])


def _cloud(apart: Array, reach: float) -> Cloud:
    """Args: apart: (V, 2)."""
    inside = apart[(np.abs(apart) <= reach).all(axis=1)]
    edges = np.linspace(-reach, reach, BINS + 1)
    counts = np.histogram2d(inside[:, 1], inside[:, 0], (edges, edges))[0].astype(int)
    x, y = np.median(inside, axis=0).tolist() if len(inside) else (np.nan, np.nan)
    return Cloud(reach, counts, x, y, len(apart) - len(inside))
