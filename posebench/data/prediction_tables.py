"""Predictions as plain tables, for whoever has no HDF5: NumPy's .npz, and .csv.

Coordinates are image pixels, 0-based, pixel centres at integers.

.npz, the people of the split in the annotation's order:
    keypoints  (N, K, 2) float, NaN where a keypoint is not predicted
    scores     (N, K) float, optional
    presence   (N, K) float, optional: the probability that a keypoint is within the image

.csv, one row per keypoint, in any order, with this header:
    image,person,keypoint,x,y[,score]
    image: the file name; person: the number of the person in that image, 0 if there is one; keypoint: its name.
    What has no row is not predicted.
"""

import csv
import zipfile
from collections.abc import Mapping
from itertools import permutations
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.matching import split_of_size
from posebench.data.predictions import Predictions, for_instances
from posebench.errors import PosebenchError, unknown

SUFFIXES = (".npz", ".csv", ".npy")
COLUMNS = ("image", "person", "keypoint", "x", "y")
LARGEST = 2**31
"""Bytes of an array or of a file above which it is refused: no split has so many keypoints."""


def load(path: Path, instances: Instances, known: Mapping[str, int] = {}) -> Predictions:
    """Predictions of the people of `instances` from a table.

    Args:
        known: split → the number of its people, by which an error suggests another split.

    Raises:
        PosebenchError: the file is damaged, or about other people or keypoints; names the row.
    """
    if path.suffix == ".npy":
        raise PosebenchError(
            f"{path} is one array without a name. Save it as .npz: np.savez({path.stem!r} + '.npz', keypoints=array), "
            "0-based image pixels, in the annotation's order."
        )
    if path.stat().st_size > LARGEST:
        raise PosebenchError(
            f"{path} has {path.stat().st_size:,} bytes; a table of predictions has at most {LARGEST:,}."
        )
    found = _npz(path, instances, known) if path.suffix == ".npz" else _csv(path, instances)
    keypoints = found.pop("keypoints")
    missing = np.isnan(keypoints).any(axis=2)
    by_keypoint = {name: np.where(missing, 0.0, values) for name, values in found.items()}
    try:
        return for_instances(instances, keypoints, missing=missing, **by_keypoint)
    except PosebenchError as error:
        raise PosebenchError(f"{path}: {error}") from error


def _npz(path: Path, instances: Instances, known: Mapping[str, int]) -> dict[str, Array]:
    """Keypoints (N, K, 2), scores (N, K), and presence (N, K) where the file has it."""
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                raise PosebenchError(f"{path} unpacks to more than {LARGEST:,} bytes.")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in file.files}
    except PosebenchError:
        raise
    except Exception as error:  # a damaged archive makes zipfile and numpy raise whatever they meet
        raise PosebenchError(f"{path} cannot be read as .npz: {error}.") from error
    if "keypoints" not in arrays:
        raise PosebenchError(
            f"{path} has no array 'keypoints'; it has {', '.join(arrays) or 'nothing'}. "
            "Save it with np.savez(file, keypoints=array)."
        )
    shape = instances.keypoints.shape
    arrays.setdefault("scores", np.ones(shape[:2]))
    expected = {"keypoints": shape, "scores": shape[:2]} | ({"presence": shape[:2]} if "presence" in arrays else {})
    for name, wanted in expected.items():
        if arrays[name].shape != wanted or arrays[name].dtype.kind not in "fiu":
            found = arrays[name].shape
            fix = _fix(name, found, wanted)
            if not fix and found[1:] == wanted[1:]:
                fix = split_of_size(found[0], instances, known)
            raise PosebenchError(
                f"{path}: {name} is {found} {arrays[name].dtype}, but {instances.what} needs {wanted} numbers. {fix}".rstrip()
            )
    return {name: arrays[name].astype(float) for name in expected}


def _fix(name: str, found: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    """What to type where the shape tells what is wrong; empty where it does not."""
    for order in permutations(range(len(wanted))):
        if len(found) == len(wanted) and found != wanted and tuple(found[axis] for axis in order) == wanted:
            return f"Save {name}.transpose({', '.join(map(str, order))})."
    if name == "keypoints" and found == (*wanted[:2], 3):
        return "The third column looks like a score: save keypoints=array[..., :2], scores=array[..., 2]."
    return f"Save {name}[..., 0]." if found == (*wanted, 1) else ""


def _csv(path: Path, instances: Instances) -> dict[str, Array]:
    """Keypoints (N, K, 2) and scores (N, K)."""
    row_of = {
        (instances.images[image], person): row
        for row, (image, person) in enumerate(zip(instances.image.tolist(), instances.person.tolist(), strict=True))
    }
    joint_of = {name: joint for joint, name in enumerate(instances.skeleton.keypoints)}
    keypoints = np.full(instances.keypoints.shape, np.nan)
    scores = np.ones(keypoints.shape[:2])
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = csv.DictReader(file, strict=True)
            if lacking := [name for name in COLUMNS if name not in (lines.fieldnames or ())]:
                raise PosebenchError(
                    f"{path} lacks the column {lacking[0]}. The header is {','.join(COLUMNS)}[,score]."
                )
            for line in lines:
                where = f"{path}, line {lines.line_num}"
                place, x, y, score = _entry(line, where, row_of, joint_of, instances)
                if not np.isnan(keypoints[place][0]):
                    raise PosebenchError(f"{where}: {line['keypoint']} of {line['image']} stands twice.")
                keypoints[place], scores[place] = (x, y), score
    except (UnicodeDecodeError, csv.Error) as error:
        raise PosebenchError(f"{path} cannot be read as CSV: {error}.") from error
    return {"keypoints": keypoints, "scores": scores}


def _entry(
    line: dict[str, str], where: str, row_of: dict[tuple[str, int], int], joint_of: dict[str, int], instances: Instances
) -> tuple[tuple[int, int], float, float, float]:
    """Row and keypoint, x, y and score of one line."""
    try:
        person = int(line["person"])
        x, y, score = float(line["x"]), float(line["y"]), float(line.get("score") or 1)
    except (TypeError, ValueError) as error:
        raise PosebenchError(f"{where}: a number is missing or wrong ({error}).") from error
    if not np.isfinite([x, y, score]).all():
        raise PosebenchError(f"{where}: {x}, {y}, {score} are not finite. Leave out the row of a missing keypoint.")
    if line["keypoint"] not in joint_of:
        raise PosebenchError(f"{where}: {unknown('keypoint', str(line['keypoint']), joint_of)}")
    if (line["image"], person) not in row_of:
        raise PosebenchError(f"{where}: {instances.what} has no person {person} in {line['image']!r}.")
    return (row_of[line["image"], person], joint_of[line["keypoint"]]), x, y, score
