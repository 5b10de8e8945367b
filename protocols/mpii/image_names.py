"""Names of images. `detections.mat` alone has no names, only numbers, so a predictions file may name the same images otherwise."""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from posebench.data.instances import Instances
from posebench.data.predictions import Predictions

NUMBERED = re.compile(r"image (\d+) of the MPII annolist")
NEAR = 1.5
"""Pixels by which two annotation files may place the same person's region differently: some are truncated to whole pixels."""


def numbered(index: int) -> str:
    """The name of an image of which only the 0-based `annolist` index is known."""
    return f"image {index} of the MPII annolist"


def named_as(instances: Instances, predictions: Predictions) -> Predictions:
    """The predictions with the image names of `instances`, where one of the two has names and the other has numbers.

    Numbers become names by the `annolist` index of each image. Names become numbers only where the two have the same people
    in the same order: equal person numbers, the same rows in one image, and regions (where the file has them) at the same place.
    Otherwise the predictions stay as they are.
    """
    theirs, ours = _indices(predictions.images), _indices(instances.images)
    if theirs is not None and ours is None:
        name_of = dict(zip(instances.image_ids.tolist(), instances.images, strict=True))
        if all(index in name_of for index in theirs):
            return replace(predictions, images=tuple(name_of[index] for index in theirs))
    if theirs is None and ours is not None and _same_people(instances, predictions):
        name_of = dict(zip(predictions.image.tolist(), instances.image.tolist(), strict=True))
        names = [instances.images[name_of[i]] if i in name_of else name for i, name in enumerate(predictions.images)]
        return replace(predictions, images=tuple(names))
    return predictions


def _indices(names: Sequence[str]) -> list[int] | None:
    """The `annolist` indices in the names of images; None where one of them is a name."""
    found = [NUMBERED.fullmatch(name) for name in names]
    return [int(match[1]) for match in found if match] if names and all(found) else None


def _same_people(instances: Instances, predictions: Predictions) -> bool:
    """Whether both have the same people row by row, as far as person numbers, images and regions tell."""
    if len(predictions) != len(instances) or not np.array_equal(predictions.person, instances.person):
        return False
    pairs = set(zip(predictions.image.tolist(), instances.image.tolist(), strict=True))
    one_to_one = len(pairs) == len({theirs for theirs, _ in pairs}) == len({ours for _, ours in pairs})
    places = instances.center if predictions.region is None else predictions.region[:, :2]
    return one_to_one and bool(np.abs(places - instances.center).max(initial=0) <= NEAR)
