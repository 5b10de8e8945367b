"""Predictions in the form that MPII's evaluation server and its toolkit take.

The server's README (MPII Human Pose page, "Evaluation", single person) asks for a struct array `pred`: `RELEASE.annolist` of
the test images, all of them and in their order, with predictions in `annorect(ridx).annopoints.point`, saved as
`pred_keypoints_mpii.mat`. The toolkit (evaluatePCKh.m) requires as many images as the test set has. It visits every person
with an `objpos` and scores those that `single_person` lists, so the people that it does not score must stay in the file.
A joint that is not in the file is a miss.
"""

from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.matching import align
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError, counted
from posebench.files.writing import write_atomically

from .matlab_files import DETECTIONS_FORM, RELEASE_FORM, Record, Release, number, rows, validation_people

People = dict[tuple[int, int], Any]

TEST_PEOPLE = 7247
"""Single people of the test images (HRNet's test.json; others count as many in the release: anibali/eval-mpii-pose, issue 18)."""
SERVER_NAME = "pred_keypoints_mpii.mat"
EMPTY = np.zeros((0, 0))


def export_mat(predictions: Predictions, instances: Instances, path: Path) -> list[str]:
    """Write `pred`: for the test split as the server takes it; for val with one entry for each person, as `detections.mat`.

    Returns:
        sentences on what was written.

    Raises:
        PosebenchError: people are missing or unknown, or the annotation has no image numbers or is incomplete.
    """
    if instances.split == "train" or instances.synthetic:
        what = "drawn people" if instances.synthetic else instances.what
        raise PosebenchError(f"mpii-mat is for the test and the validation people of MPII, not for {what}.")
    if instances.chosen is not None:
        raise PosebenchError(
            f"mpii-mat is for everybody of {instances.what}, and the predictions are of {instances.chosen.sentence}. Predict all "
            "people, without --people."
        )
    row_of, missing = align(predictions, instances)
    points = [_annopoints(predictions.keypoints[row], gone) for row, gone in zip(row_of, missing, strict=True)]
    index = instances.image_ids[instances.image]
    people = dict(zip(zip(index.tolist(), instances.person.tolist(), strict=True), points, strict=True))
    variables, said = (_server if instances.split == "test" else _toolkit)(people, instances)
    _save(path, variables)
    lost = int(missing.sum())
    if lost:
        said.append(
            f"{counted(lost, 'keypoint', 'keypoints')} without a prediction were left out; they count as misses."
        )
    return said


def _server(people: People, instances: Instances) -> tuple[dict[str, Any], list[str]]:
    if instances.source.form != RELEASE_FORM:
        raise PosebenchError(
            f"{instances.source.file} has the test people, but not the list of test images that MPII's server needs. "
            f"Give the official {RELEASE_FORM} as --data."
        )
    if len(people) != TEST_PEOPLE:
        raise PosebenchError(
            f"{instances.source.file} has {len(people):,} single test people, but MPII's server scores {TEST_PEOPLE:,}. "
            "Is it the whole release?"
        )
    release = Release(Path(instances.source.file))
    images = np.flatnonzero(~release.train).tolist()
    pred = [
        {"image": _struct([{"name": release.name(i)}]), "annorect": _annorect(release.rects(i), i, people)}
        for i in images
    ]
    return {"pred": _struct(pred)}, [
        f"'pred' has all {len(images):,} test images of RELEASE.annolist in their order, with {len(people):,} single people, "
        "joints 0 to 15, pixels counted from 1.",
        f"MPII's server needs the file name {SERVER_NAME}; it accepts four submissions of a method, three days apart.",
    ]


def _toolkit(people: People, instances: Instances) -> tuple[dict[str, Any], list[str]]:
    listed = {(int(image), int(person)) for image, person in validation_people()}
    if people.keys() != listed:
        raise PosebenchError(
            f"{instances.source.file} numbers {len(people.keys() & listed):,} of the {len(listed):,} validation people as the "
            f"release does. Give a complete annotation as --data, such as {RELEASE_FORM}, {DETECTIONS_FORM} or valid.h5."
        )
    pred = [
        {"image": _struct([{"name": instances.images[image]}]), "annorect": _struct([{"annopoints": points}])}
        for image, points in zip(instances.image.tolist(), people.values(), strict=True)
    ]
    index = np.array(list(people), float).T + 1
    return {"pred": _struct(pred), "RELEASE_img_index": index[:1], "RELEASE_person_index": index[1:]}, [
        f"'pred' has one entry for each of {len(people):,} validation people, in the order of {instances.source.form}, joints "
        "0 to 15, pixels counted from 1; RELEASE_img_index and RELEASE_person_index give their places in RELEASE.annolist.",
        "It is for MPII's toolkit on your machine (annolist2matrix reads it unchanged); MPII's server needs the test people.",
    ]


def _annorect(rects: list[Record], image: int, people: People) -> Array:
    """The image's people as in the release, with its `objpos` and `scale` and the predicted points."""
    records = []
    for person, rect in enumerate(rects):
        position = rows(rect.get("objpos"))
        scale = number(rect.get("scale"))
        records.append({
            "objpos": _struct([{axis: number(position[0].get(axis)) for axis in ("x", "y")}]) if position else EMPTY,
            "scale": EMPTY if np.isnan(scale) else scale,
            "annopoints": people.get((image, person), EMPTY),
        })  # fmt: skip
    return _struct(records) if records else EMPTY


def _annopoints(keypoints: Array, missing: Array) -> Array:
    """The points of one person, 0-based pixels (16, 2) in, MATLAB's out."""
    points = [
        {"x": float(x) + 1, "y": float(y) + 1, "id": float(joint)}
        for joint, (x, y) in enumerate(keypoints.tolist()) if not missing[joint]
    ]  # fmt: skip
    return _struct([{"point": _struct(points)}]) if points else EMPTY


def _struct(records: list[dict[str, Any]]) -> Array:
    """A 1×N struct array; all records have the fields of the first."""
    array = np.empty((1, len(records)), dtype=[(name, object) for name in records[0]])
    for row, record in enumerate(records):
        array[0, row] = tuple(record.values())
    return array


def _save(path: Path, variables: dict[str, Any]) -> None:
    from scipy.io import savemat

    write_atomically(path, lambda partial: savemat(partial, variables, appendmat=False, do_compression=True))
