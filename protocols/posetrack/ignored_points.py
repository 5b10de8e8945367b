"""Keypoints within the ignored regions of an image, where PoseTrack's annotators did not label everybody."""

from collections.abc import Sequence

import numpy as np

from posebench.array_type import Array


def ignored(points: Array, regions: Sequence[Array]) -> Array:
    """Which points lie within any of the regions.

    Args:
        points: (..., 2). regions: (P, 2) corners of each.

    Returns:
        (...) bool; as in shapely, whose `contains` poseval asks, what lies on the border is outside.
    """
    found = np.zeros(points.shape[:-1], bool)
    for corners in regions:
        found |= _within(points, corners)
    return found


def _within(points: Array, corners: Array) -> Array:
    """Whether a ray to the right crosses an odd number of edges, and the point is on none of them."""
    begin, end = corners, np.roll(corners, -1, axis=0)
    x, y = points[..., 0, None], points[..., 1, None]
    side = (end[:, 0] - begin[:, 0]) * (y - begin[:, 1]) - (x - begin[:, 0]) * (end[:, 1] - begin[:, 1])
    upwards, downwards = (begin[:, 1] <= y) & (y < end[:, 1]), (end[:, 1] <= y) & (y < begin[:, 1])
    crossed = (upwards & (side > 0)) | (downwards & (side < 0))
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    on_edge = (side == 0) & (low[:, 0] <= x) & (x <= high[:, 0]) & (low[:, 1] <= y) & (y <= high[:, 1])
    inside: Array = (crossed.sum(axis=-1) % 2 == 1) & ~on_edge.any(axis=-1)
    return inside
