"""Alignment: which prediction is about which annotated person, and what is missing."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data import predictions as files
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError, counted


def person_first(array: Array, path: Path) -> Array:
    """(N, K, 2) float from (N, K, 2) or MATLAB's (2, K, N).

    Raises:
        PosebenchError: it is neither.
    """
    if array.ndim == 3 and array.dtype.kind in "fiu":
        if array.shape[2] == 2:
            return array.astype(float)
        if array.shape[0] == 2:
            return array.transpose(2, 1, 0).astype(float)
    raise PosebenchError(
        f"{path}: keypoints are {array.shape} {array.dtype}, but should be (N, K, 2) or (2, K, N) numbers."
    )


def split_of_size(people: int, instances: Instances, known: Mapping[str, int]) -> str:
    """What to type where so many people are those of another split than the one of `instances`; empty where none has as many.

    Args:
        known: split → the number of its people.
    """
    others = [split for split, count in known.items() if count == people and split != instances.split]
    if instances.synthetic or not others:
        return ""
    return f"{instances.dataset} {others[0]} has {people:,} people: is it --split {others[0]}?"


def align(predictions: Predictions, instances: Instances) -> tuple[Array, Array]:
    """Predictions in the order of `instances`, matched by image name and person, for protocols of one guess per person.

    Returns:
        rows (N,) of `predictions`, and missing (N, K): True where nothing was predicted.

    Raises:
        PosebenchError: another skeleton, a person without a prediction, with two, or who does not exist.
    """
    if predictions.keypoint_names != instances.skeleton.keypoints:
        raise PosebenchError(
            f"The predictions are of {len(predictions.keypoint_names)} keypoints ({', '.join(predictions.keypoint_names[:3])}, …), "
            f"but {instances.what} has {len(instances.skeleton)} ({', '.join(instances.skeleton.keypoints[:3])}, …). "
            "Was this file written for another protocol? --joints or --mapping scores the keypoints that both have."
        )
    if predictions.dataset and (predictions.dataset, predictions.split) != (instances.dataset, instances.split):
        raise PosebenchError(
            f"The predictions are of {predictions.dataset} {predictions.split}, the annotations of {instances.what}. "
            f"Use --split {predictions.split}."
            if predictions.dataset == instances.dataset
            else f"The predictions are of {predictions.dataset} {predictions.split}, the annotations of {instances.what}."
        )
    rows: dict[tuple[str, int], int] = {}
    for row, (image, person) in enumerate(zip(predictions.image.tolist(), predictions.person.tolist(), strict=True)):
        key = predictions.images[image], person
        if key in rows:
            raise PosebenchError(f"The predictions have {key[0]}, person {key[1]}, twice: rows {rows[key]} and {row}.")
        rows[key] = row
    asked = [(instances.images[i], p) for i, p in zip(instances.image.tolist(), instances.person.tolist(), strict=True)]
    # Of somebody without a labelled keypoint nothing is asked, so nothing can be missing.
    lacking = [row for row, key in enumerate(asked) if key not in rows and instances.usable[row]]
    if lacking:
        raise PosebenchError(
            f"The predictions have {len(asked) - len(lacking):,} of the {len(asked):,} people of {instances.what}; "
            f"the first missing is {instances.describe(lacking[0])}."
        )
    strange = list(rows.keys() - set(asked))
    if strange:
        raise PosebenchError(
            f"The predictions have {len(strange):,} people whom {instances.what} does not have; "
            f"the first is {min(strange)[0]}, person {min(strange)[1]}. Does --data name the data it was predicted on?"
        )
    order = np.array([rows.get(key, 0) for key in asked], dtype=np.int64)
    absent = np.array([key not in rows for key in asked], dtype=bool)
    return order, predictions.missing[order] | absent[:, None]


def missing_notes(predictions: Predictions) -> tuple[str, ...]:
    """Sentences on what the predictions declare missing: keypoints that no person has, and people without any.

    For protocols that leave out a keypoint that no person has. COCO has notes of its own (protocols/coco/partial_detections.py).
    """
    notes = []
    if not len(predictions):
        return ("The file contains no predictions.",)
    absent = np.atleast_1d(predictions.missing.all(axis=0))
    if absent.any() and not absent.all():
        names = [name for name, gone in zip(predictions.keypoint_names, absent, strict=True) if gone]
        notes.append(f"Not predicted, so not scored: {', '.join(names)}.")
    lost: Array = np.all(predictions.missing | absent, axis=1)
    return (*notes, *lost_notes(predictions, lost))


def lost_notes(predictions: Predictions, lost: Array) -> tuple[str, ...]:
    """A note on the people (R,) without a prediction; none if all have one."""
    if not lost.any():
        return ()
    first = predictions.images[predictions.image[int(lost.argmax())]]
    people = counted(int(lost.sum()), "person has", "people have")
    return (f"{people} no prediction and counted as missed; the first is in {first}.",)


def row_of_each(made: files.Predictions, people: Instances) -> Any:
    """(N,) row of `made` that predicts each person of `people`: the one that names them, else the nearest that names nobody.

    -1 where there is neither.
    """
    rows = {
        (made.images[i], p): r for r, (i, p) in enumerate(zip(made.image.tolist(), made.person.tolist(), strict=True))
    }
    unnamed: dict[str, list[int]] = defaultdict(list)
    for row in np.flatnonzero((made.person < 0) & ~made.missing.all(axis=1)).tolist():
        unnamed[made.images[made.image[row]]].append(row)
    found = []
    for person, (image, number) in enumerate(zip(people.image.tolist(), people.person.tolist(), strict=True)):
        row, detected = rows.get((people.images[image], number), -1), unnamed.get(people.images[image], [])
        if row < 0 and detected:
            apart = made.keypoints[detected] - people.keypoints[person]
            compared = (people.visibility[person] > 0) & ~made.missing[detected]
            total = np.where(compared, np.hypot(*apart.T).T, 0).sum(axis=1)
            mean = np.where(compared.any(axis=1), total / np.maximum(compared.sum(axis=1), 1), np.inf)
            row = detected[int(mean.argmin())]
        found.append(row)
    return np.array(found, np.int64)
