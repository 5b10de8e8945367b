"""Tracks of people who were predicted frame by frame: greedy matching with the frames before.

Xiao, Wu, Wei, "Simple Baselines for Human Pose Estimation and Tracking" (ECCV 2018), section 3, without optical flow: of all pairs
of a person and a track, the most similar one is put together first. Similarity is OKS of the poses, or intersection over
union of the boxes.
"""

from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np

from posebench.array_type import Array
from posebench.data.predictions import Predictions
from posebench.scoring.oks_nms import similarity as oks

POSE, BOX = "pose", "box"
WAYS = POSE, BOX
SIGMAS = {
    "nose": 0.026, "eye": 0.025, "ear": 0.035, "shoulder": 0.079, "elbow": 0.072, "wrist": 0.062, "hip": 0.107, "knee": 0.087,
    "ankle": 0.089,
}  # fmt: skip
"""COCO's OKS constants of body parts (pycocotools)."""
OTHER_SIGMA = SIGMAS["shoulder"]
"""The constant of keypoints that COCO does not have, such as neck and head top."""


@dataclass(frozen=True)
class Tracker:
    """How people are matched.

    Attributes:
        by: `pose` for OKS, `box` for intersection over union.
        threshold: people who are less similar to every track begin a track of their own.
        frames: a track ends when it is in none of so many frames with people.
    """

    by: str = POSE
    threshold: float = 0.3
    frames: int = 1


def track(predictions: Predictions, tracker: Tracker) -> Predictions:
    """The predictions with tracks.

    A sequence is the images of one folder, in the order of `images`. Images without people are no frames: often they were not
    predicted. Tracks are numbered from 1 within a sequence; those that the predictions have are replaced.
    """
    boxes = _boxes(predictions)
    poses = np.where(predictions.missing[..., None], np.nan, predictions.keypoints)
    sigmas = np.array([sigma_of(name) for name in predictions.keypoint_names])
    found = np.zeros(len(predictions), np.int64)
    for frames in sequences(predictions):
        alive: dict[int, tuple[int, int]] = {}  # track → its last person and the number of that person's frame
        begun = 0
        for number, people in enumerate(frames):
            alive = {one: last for one, last in alive.items() if number - last[1] <= tracker.frames}
            before = np.array([row for row, _ in alive.values()], np.int64)
            value = similarities(before, people, tracker, poses, boxes, sigmas)
            chosen = dict(zip(*greedy(value, tracker.threshold), strict=True))
            names = list(alive)
            for place, row in enumerate(people.tolist()):
                if place in chosen:
                    found[row] = names[chosen[place]]
                else:
                    begun += 1
                    found[row] = begun
                alive[int(found[row])] = row, number
    return replace(predictions, track_id=found)


def sequences(predictions: Predictions) -> list[list[Array]]:
    """Rows of the people of every frame of every sequence, frames in order."""
    found: dict[str, list[Array]] = {}
    order = np.argsort(predictions.image, kind="stable")
    images, first = np.unique(predictions.image[order], return_index=True)
    for image, people in zip(images.tolist(), np.split(order, first[1:]), strict=True):
        found.setdefault(PurePosixPath(predictions.images[image]).parent.as_posix(), []).append(people)
    return list(found.values())


def similarities(before: Array, people: Array, tracker: Tracker, poses: Array, boxes: Array, sigmas: Array) -> Array:
    """(T, P) similarities of the people at rows `before` (T,) with those at `people` (P,); 0 without a keypoint in common."""
    one, other = (grid.ravel() for grid in np.meshgrid(before, people, indexing="ij"))
    if tracker.by == BOX:
        value = intersection_over_union(boxes[one], boxes[other])
    else:
        area = (boxes[one, 2:].prod(axis=1) + boxes[other, 2:].prod(axis=1)) / 2
        some = ~(np.isnan(poses[one, :, 0]) | np.isnan(poses[other, :, 0])).all(axis=1)
        value = np.zeros(len(one))
        value[some] = oks(poses[one[some]], poses[other[some]], area[some], sigmas)
    return value.reshape(len(before), len(people))


def greedy(value: Array, threshold: float) -> tuple[list[int], list[int]]:
    """Columns and rows of (T, P) similarities that are put together, the most similar first, none of them twice."""
    rows, columns = np.unravel_index(np.argsort(-value, axis=None, kind="stable"), value.shape)
    free_rows, free_columns = np.ones(value.shape[0], bool), np.ones(value.shape[1], bool)
    chosen: tuple[list[int], list[int]] = [], []
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        if value[row, column] < threshold:
            break
        if free_rows[row] and free_columns[column]:
            free_rows[row] = free_columns[column] = False
            chosen[0].append(column)
            chosen[1].append(row)
    return chosen


def intersection_over_union(one: Array, other: Array) -> Array:
    """(N,) of boxes (N, 4) x, y, width, height; 0 where both are empty."""
    low = np.maximum(one[:, :2], other[:, :2])
    high = np.minimum(one[:, :2] + one[:, 2:], other[:, :2] + other[:, 2:])
    both = np.maximum(high - low, 0).prod(axis=1)
    either = one[:, 2:].prod(axis=1) + other[:, 2:].prod(axis=1) - both
    share: Array = np.divide(both, either, out=np.zeros(len(one)), where=either > 0)
    return share


def above(predictions: Predictions, score: float) -> Predictions:
    """The predictions without keypoints of a lower score, and without people of whom none is left."""
    missing = predictions.missing | (predictions.scores < score)
    kept = np.flatnonzero(~missing.all(axis=1))
    left = replace(predictions, missing=missing, keypoints=np.where(missing[..., None], np.nan, predictions.keypoints))
    return left.take(kept)


def sigma_of(keypoint: str) -> float:
    """The OKS constant of a keypoint, by its name without the side."""
    return SIGMAS.get(keypoint.removeprefix("left_").removeprefix("right_"), OTHER_SIGMA)


def _boxes(predictions: Predictions) -> Array:
    """(R, 4) the boxes that the network was given, or those that the results state; else the extents of keypoints."""
    for boxes in (predictions.input_box, predictions.bbox):
        if boxes is not None:
            return boxes
    there = ~predictions.missing[..., None]
    low = np.where(there, predictions.keypoints, np.inf).min(axis=1, initial=np.inf)
    high = np.where(there, predictions.keypoints, -np.inf).max(axis=1, initial=-np.inf)
    some = there.any(axis=1)
    return np.where(some, np.concatenate([low, high - low], axis=1), 0.0)
