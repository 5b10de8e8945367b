"""Predictions → PoseTrack18's result form: a JSON file for each sequence."""

import json
from typing import Any

import numpy as np

from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError

from ..image_rows import image_rows
from .sequence_files import NAMES, SKELETON

_PUBLISHED = {ours: theirs for theirs, ours in NAMES.items()}


def results_of(predictions: Predictions, instances: Instances) -> dict[str, bytes]:
    """File name → content: every image of a sequence, also without people, as poseval asks.

    Without tracks each person of a frame has its number in the frame as track.

    Raises:
        PosebenchError: other keypoints, an image that the annotation does not have, or two sequences of one name.
    """
    image = image_rows(predictions, instances)
    order = np.argsort(image, kind="stable")
    begin, end = (np.searchsorted(image[order], np.arange(len(instances.images)), side) for side in ("left", "right"))
    contents: dict[str, dict[str, Any]] = {}
    groups = np.zeros(len(instances.images), "U1") if instances.groups is None else instances.groups
    for row, (name, group) in enumerate(zip(instances.images, groups.tolist(), strict=True)):
        content = contents.setdefault(group, {"images": [], "annotations": [], "categories": _categories()})
        number = int(instances.image_ids[row])
        content["images"].append({"file_name": name, "id": number, "frame_id": number})
        people = order[begin[row] : end[row]]
        content["annotations"] += [_person(predictions, one, number, place) for place, one in enumerate(people)]
    files = {f"{group.rsplit('/', 1)[-1] or 'results'}.json": content for group, content in contents.items()}
    if len(files) < len(contents):
        raise PosebenchError(
            f"Two sequences of {instances.what} end in one name, so their results cannot have their names."
        )
    return {name: json.dumps(content).encode() for name, content in files.items()}


def _categories() -> list[dict[str, Any]]:
    names = [_PUBLISHED.get(name, name) for name in SKELETON.keypoints]
    return [{"supercategory": "person", "id": 1, "name": "person", "keypoints": names, "skeleton": []}]


def _person(predictions: Predictions, row: int, image: int, place: int) -> dict[str, Any]:
    there = ~predictions.missing[row]
    points = np.where(there[:, None], predictions.keypoints[row], 0.0)
    track = place if predictions.track_id is None else int(predictions.track_id[row])
    return {
        "image_id": image, "category_id": 1, "track_id": track,
        "keypoints": np.column_stack([points, there]).ravel().tolist(),
        "scores": np.where(there, predictions.scores[row], 0.0).tolist(),
    }  # fmt: skip
