"""Each annotated person beside the predicted one that AP takes for them: what a diagnosis is made of."""

from collections.abc import Callable, Sequence

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.scoring.compared import JITTER, Compared
from posebench.scoring.scores import Scores

from .frames import THRESHOLD, Frame


def compare(
    frames: Sequence[Frame], predictions: Predictions, people: Instances, rescored: Callable[[Predictions], Scores]
) -> Compared:
    """The people of the frames beside their predictions, by the distances of AP.

    Args:
        rescored: as of `Compared`.
    """
    row = np.full(len(people), -1)
    counted = np.zeros(people.visibility.shape, bool)
    good = np.zeros(people.visibility.shape, bool)
    for frame in frames:
        person = frame.assigned()
        found = np.flatnonzero(person >= 0)
        counted[frame.people] = frame.labelled
        row[frame.people[person[found]]] = frame.predicted[found]
        good[frame.people[person[found]]] = frame.near[person[found], found]
    clear = THRESHOLD * _lengths(people, good)
    return Compared(
        people=people, predictions=predictions, row=row, counted=counted, good=good, right=good, clear=clear,
        near=JITTER * clear, pooled=tuple(range(len(people.skeleton))), right_if="PCKh@0.5", rescored=rescored,
        limits=f"good is within {THRESHOLD} head lengths; a confusion is as near to the other keypoint; jitter is within "
        f"{JITTER} x that distance",
    )  # fmt: skip


def _lengths(people: Instances, like: Array) -> Array:
    """(N, K) head lengths."""
    return np.broadcast_to(people.measures["head_length"][:, None], like.shape)
