"""MOTA of each keypoint: do the predicted tracks stay with the annotated people?

As in poseval, each keypoint is an object of its own, and its distance to predicted keypoints alone decides what it is matched with.
"""

from collections.abc import Sequence

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.scoring import clear_mot
from posebench.scoring.clear_mot import Counts

from .conventions import PoseTrackConvention
from .frames import Frame

NOBODY = clear_mot.Frame([0], [0], np.full((1, 1), np.nan))
"""What poseval has of each keypoint of a frame in which nobody is predicted: an object, and a hypothesis that is not it."""


def counts(
    sequences: Sequence[Sequence[Frame]],
    predictions: Predictions,
    instances: Instances,
    convention: PoseTrackConvention,
) -> Array:
    """Counts of every keypoint in every sequence.

    Args:
        sequences: S sequences of frames in their order.
        predictions, instances: with tracks.

    Returns:
        (S, K, 6) the numbers of `Counts`.

    Raises:
        PosebenchError: two people of one frame have one track.
    """
    tracks, truth = np.asarray(predictions.track_id), instances.measures["track_id"]
    keypoints = range(len(instances.skeleton))
    found = []
    for sequence in sequences:
        for frame in sequence:
            _check_tracks(tracks[frame.predicted], frame, instances)
        counted = sequence if convention.last_frame else sequence[:-1]
        found.append([
            clear_mot.follow(_objects(frame, k, truth, tracks, convention) for frame in counted) for k in keypoints
        ])  # fmt: skip
    return np.array(found, float).reshape(len(found), len(keypoints), len(Counts._fields))


def _objects(frame: Frame, k: int, truth: Array, tracks: Array, convention: PoseTrackConvention) -> clear_mot.Frame:
    """The keypoint k of the people of a frame."""
    if convention.nobody_is_one_person and not (len(frame.people) and len(frame.predicted)):
        return NOBODY
    rows, columns = frame.labelled[:, k], frame.there[:, k]
    distances = np.where(frame.near[:, :, k], frame.distances[:, :, k], np.nan)[rows][:, columns]
    return clear_mot.Frame(truth[frame.people[rows]].tolist(), tracks[frame.predicted[columns]].tolist(), distances)


def _check_tracks(tracks: Array, frame: Frame, instances: Instances) -> None:
    number, count = np.unique(tracks, return_counts=True)
    if (count > 1).any():
        raise PosebenchError(
            f"{count.max()} people of {instances.images[frame.image]} are predicted in track {number[count.argmax()]}; a track has "
            "one person in a frame. `posebench track` makes other tracks."
        )


def percentages(sums: Array, convention: PoseTrackConvention) -> dict[str, Array]:
    """MOTA, MOTP, precision and recall of counts.

    Args:
        sums: (..., 6) the numbers of `Counts`.

    Returns:
        name → (...); NaN where it is unknown.
    """
    named = dict(zip(Counts._fields, np.moveaxis(sums, -1, 0), strict=True))
    objects, false = named["objects"], named["false_positives"]
    matches = objects - named["misses"]
    distance = named["events"] if convention.distances_of_events else named["distance"]
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = named["misses"] + named["switches"] + false
        return {
            "MOTA": np.where(objects > 0, 100 * (1 - errors / objects), np.nan),
            "MOTP": np.where(objects > 0, np.where(matches > 0, 100 * (1 - distance / matches), 0.0), np.nan),
            "MOT precision": np.where(matches + false > 0, 100 * matches / (matches + false), np.nan),
            "MOT recall": np.where(objects > 0, 100 * matches / objects, np.nan),
        }
