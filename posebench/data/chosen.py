"""A part of a split's people: so many of them, evenly spread over it. Everywhere the same number chooses the same people."""

from dataclasses import replace

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.provenance import Chosen
from posebench.errors import PosebenchError, counted


def choose(people: Instances, count: int | None, detected: bool = False) -> Instances:
    """So many usable people, evenly spread over the split and in its order, with the images that show them.

    Args:
        count: how many; None for the whole split, which is also returned where the split has no more.
        detected: a detector's boxes are predicted, which name nobody: everybody in the images of these people counts.

    Raises:
        PosebenchError: the split has fewer.
    """
    every = int(people.usable.sum())
    if count is None or count == every:
        return people
    if not 0 < count <= every:
        raise PosebenchError(f"--people {count:,} should be from 1 to {every:,}, the people of {people.what}.")
    return chosen(people, Chosen(people=count, of=every, in_images=detected))


def chosen(people: Instances, part: Chosen | None) -> Instances:
    """The people of a part that was stated, of those of the whole split.

    Args:
        people: of the split; those of the part are returned as they are.
        part: None for the whole split.

    Raises:
        PosebenchError: the split has another number of people, or the people are of another part.
    """
    if part is None or people.chosen == part:
        return people
    rows = np.flatnonzero(people.usable)
    if people.chosen is not None or len(rows) != part.of or not 0 < part.people <= part.of:
        has = f"{len(rows):,} people" if people.chosen is None else people.chosen.sentence
        raise PosebenchError(
            f"The predictions are of {part.sentence}, but {people.what} has {has}. Score them with the annotation that they were "
            "predicted with."
        )
    rows = rows[np.arange(part.people) * len(rows) // part.people]
    notes = tuple(f"Of the whole split: {note}" for note in people.source.notes)
    people = replace(people, source=replace(people.source, notes=notes))
    images = np.unique(people.image[rows])
    return (people if part.in_images else people.take(rows)).of_images(images, part)


def in_images_of(detected: Instances, people: Instances) -> Instances:
    """The detected people in the images of chosen ones; all where the whole split is chosen.

    Raises:
        PosebenchError: there is nobody.
    """
    if people.chosen is None:
        return detected
    kept: Array = np.isin(np.array(detected.images), np.array(people.images))
    found = detected.of_images(np.flatnonzero(kept), people.chosen)
    if not len(found):
        raise PosebenchError(
            f"{detected.box_source} has no box in {counted(len(people.images), 'image', 'images')} of --people."
        )
    return found
