"""Frames: the annotated and the predicted people of each frame that is scored, and how far they are apart.

Scored are the frames in which anybody is annotated. Keypoints within ignored regions are left out on both sides, and then people
of whom nothing is left.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances
from posebench.data.predictions import Predictions

from ..image_rows import image_rows
from .ignored_points import ignored

THRESHOLD = 0.5
"""Head lengths; a keypoint is found within (`<=`) this distance."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame with G annotated and P predicted people.

    Attributes:
        image: row of `Instances.images`.
        people: (G,) rows of the instances. predicted: (P,) rows of the predictions.
        labelled: (G, K) bool, annotated keypoints. there: (P, K) bool, predicted keypoints.
        distances: (G, P, K) in head lengths; infinite where either keypoint is not there.
    """

    image: int
    people: Array
    predicted: Array
    labelled: Array
    there: Array
    distances: Array

    @property
    def near(self) -> Array:
        """(G, P, K) bool: a predicted keypoint is within the threshold of an annotated one."""
        found: Array = self.distances <= THRESHOLD
        return found

    def assigned(self) -> Array:
        """(P,) row of the frame's person whom each predicted person finds; -1 for nobody.

        A predicted person is for the annotated one with the largest share of keypoints within the threshold, and each annotated
        person takes the predicted one with the largest share. Of equal shares the first one counts.
        """
        share = self.near.sum(axis=2) / np.maximum(self.labelled.sum(axis=1), 1)[:, None]  # (G, P)
        found = np.full(len(self.predicted), -1)
        if not share.size:
            return found
        own = np.arange(len(self.people))[:, None] == share.argmax(axis=0)
        share = np.where(own, share, 0.0)
        best = share.argmax(axis=1)
        taken = np.flatnonzero(share.max(axis=1) > 0)
        found[best[taken]] = taken
        return found

    def right(self) -> Array:
        """(P, K) bool: the predicted keypoints that are near those of the person whom their own finds."""
        person = self.assigned()
        if not self.near.size:
            return np.zeros(self.there.shape, bool)
        near: Array = self.near[person, np.arange(len(person))] & (person >= 0)[:, None]
        return near


def frames_of(predictions: Predictions, instances: Instances) -> Iterator[Frame]:
    """The frames that are scored, in the order of `instances.images`.

    Raises:
        PosebenchError: other keypoints, or an image that the annotation does not have.
    """
    made = image_rows(predictions, instances)
    by_image, order = np.argsort(instances.image, kind="stable"), np.argsort(made, kind="stable")
    images = np.unique(instances.image)
    begin, end = (np.searchsorted(made[order], images, side) for side in ("left", "right"))
    first, last = (np.searchsorted(instances.image[by_image], images, side) for side in ("left", "right"))
    for row, image in enumerate(images.tolist()):
        people, predicted = by_image[first[row] : last[row]], order[begin[row] : end[row]]
        yield _frame(image, people, predicted, predictions, instances)


def _frame(image: int, people: Array, predicted: Array, predictions: Predictions, instances: Instances) -> Frame:
    truth, guess = instances.keypoints[people], predictions.keypoints[predicted]
    labelled, there = instances.visibility[people] > UNLABELLED, ~predictions.missing[predicted]
    if regions := instances.ignored.get(image):
        labelled, there = labelled & ~ignored(truth, regions), there & ~ignored(guess, regions)
        some, any_there = labelled.any(axis=1), there.any(axis=1)
        people, truth, labelled = people[some], truth[some], labelled[some]
        predicted, guess, there = predicted[any_there], guess[any_there], there[any_there]
    with np.errstate(invalid="ignore", divide="ignore"):  # without a head box nothing is near
        pixels = np.hypot(*np.moveaxis(truth[:, None] - guess, -1, 0))
        distances = pixels / instances.measures["head_length"][people][:, None, None]
    counted = labelled[:, None] & there & np.isfinite(distances)
    return Frame(image, people, predicted, labelled, there, np.where(counted, distances, np.inf))
