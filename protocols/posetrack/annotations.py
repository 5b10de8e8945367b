"""PoseTrack's folders of annotations → Instances of a split. Pixels are as in the files."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances, Source
from posebench.errors import PosebenchError, counted
from posebench.files.writing import sha256

from ..dataset_folder import none_found
from .sequence_files import FORM_2017, SKELETON, Image, K, SequenceFile, parse

HEAD_SHARE = 0.6
"""Head length as a part of the head box's diagonal (poseval, eval_helpers.py, getHeadSize)."""
ENLARGED = 1.25
"""The region for a network is the person's box times this, as for COCO."""
EXTENT_SHARE = 1.3
"""The box of a person without one is the extent of the keypoints times this (poseval, convert.py)."""
SMALLEST = 16
"""Pixels that such a box has at least, where the keypoints lie on each other or in a line."""
DOWNLOAD = (
    "PoseTrack's download (https://posetrack.net) has annotations/train/*.json and annotations/val/*.json, a file for each "
    "sequence; images/ belongs beside annotations/."
)


def annotation_files(root: Path, split: str) -> list[Path]:
    """The files of a split's sequences, in the order of their names.

    Args:
        root: the dataset's folder, a folder of such files, or one of them.

    Raises:
        PosebenchError: there is none.
    """
    if root.is_file():
        return [root]
    folders = [f"annotations/{split}", f"posetrack_data/annotations/{split}", split, ""]
    for folder in folders:
        if found := json_files(root / folder):
            return found
    raise none_found(f"PoseTrack {split}", root, folders, ["*.json"], DOWNLOAD)


def json_files(folder: Path) -> list[Path]:
    """The JSON files in a folder, in the order of their names; hidden ones are left out."""
    return sorted(path for path in folder.glob("[!.]*.json") if path.is_file())


def read_annotations(root: Path, split: str) -> Instances:
    """The annotated people of a split: a row for every person in every frame.

    Raises:
        PosebenchError: there is no annotation, or something in it is wrong.
    """
    files = annotation_files(root, split)
    read = [_parsed(path) for path in files]
    place = files[0] if root.is_file() else files[0].parent
    images = [image for file in read for image in file.images]
    if twice := _twice([image.name for image in images]):
        raise PosebenchError(f"{place} has the image {twice} twice. Leave out one of the files that have it.")
    people = _columns(read)
    boxed = people["bbox"]
    known = all(image.size is not None for image in images)
    return Instances(
        dataset="posetrack", split=split, skeleton=SKELETON, images=tuple(image.name for image in images),
        image_ids=_image_ids(images, read[0].form), image=people["image"], person=people["person"],
        center=boxed[:, :2] + boxed[:, 2:] / 2, size=ENLARGED * boxed[:, 2:],
        keypoints=people["keypoints"], visibility=people["visibility"],
        usable=np.asarray((people["visibility"] > UNLABELLED).any(axis=1) & (boxed[:, 2:] > 0).all(axis=1)), bbox=boxed,
        measures={"head_length": people["head_length"], "track_id": people["track_id"]},
        groups=np.array([sequence_of(image.name, path) for path, file in zip(files, read, strict=True) for image in file.images]),
        group="sequence", ignored={row: image.ignored for row, image in enumerate(images) if image.ignored},
        image_sizes=np.array([image.size for image in images], float) if known and images else None,
        image_root=_image_root(root, images), source=Source(str(place), sha256(place), (), read[0].form, without_head),
    )  # fmt: skip


def _parsed(path: Path) -> SequenceFile:
    """A file of annotations: everybody is in a track."""
    found = parse(path.read_bytes(), str(path))
    tracks = [one.track for one in found.people]
    if None in tracks:
        raise PosebenchError(f"{path}, annotation {tracks.index(None)}: it lacks 'track_id'; is this a result?")
    return found


def _image_ids(images: Sequence[Image], form: str) -> Array:
    """(M,) the dataset's numbers of the images; PoseTrack17 has none, so there they are counted."""
    numbers = range(len(images)) if form == FORM_2017 else [image.number for image in images]
    return np.array(numbers, np.int64)


def sequence_of(image: str, file: Path) -> str:
    """The sequence of an image: its folder, or where it has none the name of the file that lists it."""
    folder = PurePosixPath(image).parent.as_posix()
    return file.stem if folder == "." else folder


def _columns(files: Sequence[SequenceFile]) -> dict[str, Array]:
    """The people of all files as columns."""
    people = [one for file in files for one in file.people]
    before = np.cumsum([0, *(len(file.images) for file in files)]).tolist()
    image = [one.image + first for first, file in zip(before, files, strict=False) for one in file.people]
    points = np.array([one.keypoints for one in people], float).reshape(-1, K, 3)
    heads = np.array([np.zeros(4) if one.head is None else one.head for one in people], float).reshape(-1, 4)
    order = np.argsort(image, kind="stable")
    columns = {
        "image": np.array(image, np.int64), "keypoints": points[..., :2], "visibility": points[..., 2].astype(np.int8),
        "track_id": np.array([one.track for one in people], np.int64), "head_length": HEAD_SHARE * np.hypot(*heads[:, 2:].T),
        "bbox": np.array([_bbox(one.bbox, one.keypoints) for one in people], float).reshape(-1, 4),
    }  # fmt: skip
    columns = {name: column[order] for name, column in columns.items()}
    first = np.searchsorted(columns["image"], columns["image"])
    return columns | {"person": np.arange(len(order)) - first}  # in the file's order within an image


def _bbox(bbox: Array | None, keypoints: Array) -> Array:
    """(4,) x, y, width, height: as annotated, else the extent of the labelled keypoints, enlarged."""
    if bbox is not None:
        return bbox
    labelled = keypoints[keypoints[:, 2] > UNLABELLED, :2]
    if not len(labelled):
        return np.zeros(4)
    low, high = labelled.min(axis=0), labelled.max(axis=0)
    size = np.maximum(EXTENT_SHARE * (high - low), SMALLEST)
    return np.concatenate([(low + high - size) / 2, size])


def _image_root(root: Path, images: Sequence[Image]) -> Path:
    """The folder below which the images' names lie: the nearest one at or above the annotations that has the first image."""
    place = root.parent if root.is_file() else root
    above = [place, place / "posetrack_data", *place.absolute().parents[:3]]
    return next((folder for folder in above if images and (folder / images[0].name).is_file()), place)


def without_head(people: Instances) -> tuple[str, ...]:
    """How many of the people have no length by which distances are divided."""
    lacking = int((~(people.measures["head_length"] > 0) & (people.visibility > UNLABELLED).any(axis=1)).sum())
    if not lacking:
        return ()
    have = counted(lacking, "person has", "people have")
    return (f"{have} no head box to divide distances by: they cannot be found, and count as missed.",)


def _twice(names: Sequence[str]) -> str:
    """The first name that is there twice; empty where none is."""
    seen: set[str] = set()
    return next((name for name in names if name in seen or seen.add(name)), "")  # type: ignore[func-returns-value]
