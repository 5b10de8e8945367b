"""Predictions: the only thing that a protocol sees of a model. One HDF5 file, readable without posebench:

/images        (M,) utf-8      file names
/image         (R,) int        row of /images in which this person was predicted
/person        (R,) int        which annotated person was asked about; -1 for a detected one
/keypoints     (R, K, 2) float image pixels, 0-based, pixel centres at integers
/scores        (R, K) float    confidence per keypoint
/score         (R,) float      confidence per person
/missing       (R, K) bool     True where nothing was predicted; /keypoints is then NaN
/bbox          (R, 4) float    optional; the box (x, y, width, height) that a COCO result states of itself
/region        (R, 4) float    optional; what the network saw: middle x, y, width, height, padding included
/input_box     (R, 4) float    optional; the box (x, y, width, height) that the network was given, before padding
/box_score     (R,) float      optional; the detector's confidence in the box; 1 for an annotated one
/presence      (R, K) float    optional; probability that the keypoint is within the image, not that its place is right
/part_scores   (R, 6) float    optional; confidence per part of COCO-WholeBody: all, body, foot, face, left hand, right hand
/track_id      (R,) int        optional; the track of this person: equal in all frames of a video that show the same person
attributes: format, keypoint_names (JSON), dataset, split, box_source, provenance (JSON)

Behind the HDF5 content, posebench writes a checksum of it (`posebench.files.checksum`).
"""

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.box_source import UNKNOWN
from posebench.data.instances import Instances
from posebench.data.provenance import Chosen, Provenance
from posebench.data.stated_provenance import read_provenance
from posebench.errors import PosebenchError, existing
from posebench.files.arrays import datasets, is_hdf5, open_hdf5
from posebench.files.checksum import states_checksum, with_checksum
from posebench.files.writing import write_bytes

LONGEST_FIXED = 60_000
"""Bytes of an attribute of fixed length; HDF5 allows 64 KiB."""
FORMAT = "posebench predictions 1"
COLUMNS = "image", "person", "keypoints", "scores", "score", "missing"
OPTIONAL = "bbox", "region", "input_box", "box_score", "presence", "part_scores", "track_id"
KINDS = {"image": "iu", "person": "iu", "missing": "b", "track_id": "iu"}
"""Kinds of numpy's types that a column may have; the others are numbers."""
NUMBERS = "fiu"
KIND_NAMES = {"iu": "whole numbers", "b": "truth values", NUMBERS: "numbers"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Predictions:
    """R predicted people. The attributes are the datasets and attributes of the file above.

    Attributes:
        notes: what of the file was left out, as sentences.

    Raises:
        PosebenchError: a column of another length or type, a row of an image that is not there, or a keypoint that is not
            finite although nothing declares it missing.
    """

    keypoint_names: tuple[str, ...]
    images: tuple[str, ...]
    image: Array
    person: Array
    keypoints: Array
    scores: Array
    score: Array
    missing: Array
    bbox: Array | None = None
    region: Array | None = None
    input_box: Array | None = None
    box_score: Array | None = None
    presence: Array | None = None
    part_scores: Array | None = None
    track_id: Array | None = None
    dataset: str = ""
    split: str = ""
    box_source: str = "annotation"
    provenance: Provenance = field(default_factory=Provenance)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.image.ndim != 1:
            raise PosebenchError(
                f"predictions: image is {self.image.shape}, but should be one row of an image per person."
            )
        r, k = len(self.image), len(self.keypoint_names)
        expected = {
            "person": (r,), "keypoints": (r, k, 2), "scores": (r, k), "score": (r,), "missing": (r, k),
        }  # fmt: skip
        optional: dict[str, tuple[int, ...]] = dict.fromkeys(("bbox", "region", "input_box"), (r, 4))
        optional |= {"box_score": (r,), "presence": (r, k), "part_scores": (r, 6), "track_id": (r,)}
        expected |= {name: shape for name, shape in optional.items() if getattr(self, name) is not None}
        for name, shape in expected.items():
            if getattr(self, name).shape != shape:
                raise PosebenchError(f"predictions: {name} is {getattr(self, name).shape}, but should be {shape}.")
        for name in ("image", *expected):
            if (found := getattr(self, name).dtype).kind not in (kinds := KINDS.get(name, NUMBERS)):
                raise PosebenchError(f"predictions: {name} is {found}, but should be {KIND_NAMES[kinds]}.")
        if r and not (self.image.min() >= 0 and self.image.max() < len(self.images)):
            raise PosebenchError(f"predictions: a person is in an image row outside 0..{len(self.images) - 1}.")
        if not (_surely_finite(self.keypoints) and _surely_finite(self.scores) and _surely_finite(self.score)):
            self._check_finite()
        if self.presence is not None and not ((self.presence >= 0) & (self.presence <= 1)).all():
            raise PosebenchError("predictions: presence is a probability, so every value should be from 0 to 1.")
        if self.part_scores is not None and not np.isfinite(self.part_scores).all():
            raise PosebenchError("predictions: part_scores has a number that is not finite.")

    def _check_finite(self) -> None:
        finite = np.isfinite(self.keypoints)
        bad = ~(finite[..., 0] & finite[..., 1] | self.missing)
        if bad.any():
            row, joint = np.argwhere(bad)[0]
            raise PosebenchError(
                f"predictions: {bad.sum():,} keypoints are not finite; the first is {self.keypoint_names[joint]} of row "
                f"{row} ({self.images[self.image[row]]}): {self.keypoints[row, joint].tolist()}. "
                "Write a finite guess, or use posebench's own file, which can declare a keypoint in /missing."
            )
        if not (np.isfinite(self.score).all() and (np.isfinite(self.scores) | self.missing).all()):
            row = int((~np.isfinite(self.score) | (~np.isfinite(self.scores) & ~self.missing).any(axis=1)).argmax())
            raise PosebenchError(f"predictions: a score of row {row} ({self.images[self.image[row]]}) is not finite.")

    def __len__(self) -> int:
        return len(self.image)

    def take(self, rows: Array, **changes: Any) -> "Predictions":
        """The predicted people at `rows` (indices or mask), in that order, with `changes` of other columns."""
        columns = {name: column[rows] for name in (*COLUMNS, *OPTIONAL) if (column := getattr(self, name)) is not None}
        return replace(self, **(columns | changes))

    def of_keypoints(self, joints: Sequence[int]) -> "Predictions":
        """The predictions of the keypoints at `joints`, in that order."""
        at = list(joints)
        names = tuple(self.keypoint_names[joint] for joint in at)
        by_keypoint = ["keypoints", "scores", "missing", *(["presence"] if self.presence is not None else [])]
        columns = {name: getattr(self, name)[:, at] for name in by_keypoint}
        return replace(self, keypoint_names=names, **columns)


def _surely_finite(values: Array) -> bool:
    """Whether the sum is finite: then all values are. It needs no memory, and a look at each value only where it is not."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def for_instances(instances: Instances, keypoints: Array, scores: Array | None = None, **more: Any) -> Predictions:
    """Predictions of the people of `instances`, in that order.

    Args:
        instances: the N people who were asked about.
        keypoints: (N, K, 2) image pixels; NaN where nothing was predicted.
        scores: (N, K), or None for 1 everywhere.
        **more: other attributes of `Predictions`.
    """
    missing = more.pop("missing", np.zeros(keypoints.shape[:2], bool))
    scores = np.ones(keypoints.shape[:2]) if scores is None else scores
    columns = {
        "person": instances.person, "score": scores.mean(axis=1), "dataset": instances.dataset,
        "split": instances.split, "box_source": instances.box_source,
    }  # fmt: skip
    return Predictions(
        keypoint_names=instances.skeleton.keypoints, images=instances.images, image=instances.image,
        keypoints=keypoints, scores=scores, missing=missing, **(columns | more),
    )  # fmt: skip


def save(predictions: Predictions, path: Path) -> None:
    """Write the file: whole, or not at all.

    Raises:
        PosebenchError: the folder cannot be written to, or the disk is full.
    """
    write_bytes(path, with_checksum(_content(predictions)))


def _content(predictions: Predictions) -> bytes:
    """The file's bytes. They are made in memory, because HDF5's library ends the process where the disk is full."""
    import h5py

    memory = io.BytesIO()
    with h5py.File(memory, "w") as file:
        texts = {name: getattr(predictions, name) for name in ("dataset", "split", "box_source")} | {
            "format": FORMAT,
            "keypoint_names": json.dumps(predictions.keypoint_names),
            "provenance": predictions.provenance.model_dump_json(),
        }
        write_texts(file, texts)
        file["images"] = np.array([name.encode() for name in predictions.images] or [b""])[: len(predictions.images)]
        for name in (*COLUMNS, *OPTIONAL):
            if (column := getattr(predictions, name)) is not None:
                file[name] = column  # as it is: gzip saves a third and reads many times slower
    return memory.getvalue()


def write_texts(file: Any, texts: Mapping[str, str]) -> None:
    """Write texts as attributes of an open HDF5 file; empty ones are left out."""
    for name, text in texts.items():
        # Of a fixed length: HDF5's own library crashes on damaged texts of variable length. Longer ones do not fit.
        if text:
            file.attrs[name] = np.bytes_(text.encode()) if len(text.encode()) < LONGEST_FIXED else text


def digest(predictions: Predictions) -> str:
    """SHA-256 of what is predicted, for predictions that are in no file."""
    summed = hashlib.sha256(repr((predictions.keypoint_names, predictions.images)).encode())
    for name in (*COLUMNS, *OPTIONAL):
        if (column := getattr(predictions, name)) is not None:
            summed.update(f"{name} {column.dtype} {column.shape}".encode() + np.ascontiguousarray(column).tobytes())
    return summed.hexdigest()


def load(path: Path) -> Predictions:
    """Read a file that `save` or anyone wrote.

    Raises:
        PosebenchError: the file is missing, damaged or of another kind.
    """
    try:
        with open_hdf5(existing(path, "a predictions file")) as file:
            if (form := _text(file, "format")) != FORMAT:
                raise PosebenchError(f"{path} is no {FORMAT!r} file (its format: {form!r}).")
            found = datasets(file, path)
            if lacking := [name for name in ("images", *COLUMNS) if name not in found]:
                raise PosebenchError(f"{path} lacks /{lacking[0]}.")
            columns = {name: found[name][()] for name in (*COLUMNS, *OPTIONAL) if name in found}
            provenance, notes = read_provenance(_text(file, "provenance"))
            return Predictions(
                **columns | {"missing": _truth_values(columns["missing"])},
                images=_names(found["images"][()]),
                keypoint_names=_keypoint_names(_text(file, "keypoint_names")),
                provenance=provenance,
                dataset=_text(file, "dataset"),
                split=_text(file, "split"),
                box_source=_text(file, "box_source") or UNKNOWN,
                notes=notes,
            )
    except PosebenchError as error:
        raise error if str(path) in str(error) else PosebenchError(f"{path}: {error}") from error
    except Exception as error:  # a damaged file makes h5py and numpy raise whatever they meet
        raise PosebenchError(
            f"{path} cannot be read as predictions: {error}. Was it cut off, or written by hand?"
        ) from error


def _truth_values(column: Array) -> Array:
    """`/missing`, where it is 0 and 1 instead; other tools have no truth values."""
    return column.astype(bool) if column.dtype.kind in "iu" and ((column == 0) | (column == 1)).all() else column


def _names(column: Array) -> tuple[str, ...]:
    if column.ndim != 1 or column.dtype.kind not in "SO":
        raise PosebenchError(f"/images is {column.shape} {column.dtype}, but should be a list of file names.")
    return tuple(name.decode() for name in column.tolist())


def _keypoint_names(text: str) -> tuple[str, ...]:
    names = json.loads(text)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise PosebenchError(f"keypoint_names is {text:.60}, but should be a JSON list of names.")
    return tuple(names)


def _text(file: Any, name: str) -> str:
    value = file.attrs.get(name, "")
    return value.decode() if isinstance(value, bytes) else str(value)


def stated_people(path: Path) -> tuple[str, Chosen | None]:
    """The split that posebench's own file states, and the part of its people that was predicted.

    The split is empty where the file states none, or for a file of another form; the part is None for all of its people.
    """
    if not path.is_file() or not is_predictions(path):
        return "", None
    try:
        with open_hdf5(path) as file:
            return _text(file, "split"), read_provenance(_text(file, "provenance"))[0].chosen
    except Exception:  # damaged: whoever reads it next says so
        return "", None


def is_predictions(path: Path) -> bool:
    """Whether `path` is an HDF5 file in posebench's own format."""
    if not is_hdf5(path):
        return False
    if states_checksum(path):
        return True
    try:
        with open_hdf5(path) as file:
            return "format" in file.attrs
    except Exception:  # damaged: whoever reads it next says so
        return False
