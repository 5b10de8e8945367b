"""COCO's person_keypoints annotations → Instances.

Rows become columns piece by piece. A skeleton other than COCO's, for datasets in its form, is a parameter.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances, Source
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.files.json_rows import Collector, read_json

from ..dataset_folder import files_named, none_found
from .annotated_people import WHOLE, People
from .categories import category_of, check_ids, check_names
from .form import Form
from .json_columns import Columns
from .known_split import split_notes
from .listed_images import Images
from .regions import BOX_PADDING, middle, published_regions

_BODY = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
SKELETON = Skeleton(
    keypoints=("nose", *(f"{side}_{part}" for part in ("eye", "ear", *_BODY) for side in ("left", "right"))),
    bones=(
        ("left_ankle", "left_knee"), ("left_knee", "left_hip"), ("right_ankle", "right_knee"), ("right_knee", "right_hip"),
        ("left_hip", "right_hip"), ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"),
        ("left_shoulder", "right_shoulder"), ("left_shoulder", "left_elbow"), ("right_shoulder", "right_elbow"),
        ("left_elbow", "left_wrist"), ("right_elbow", "right_wrist"), ("left_eye", "right_eye"), ("nose", "left_eye"),
        ("nose", "right_eye"), ("left_eye", "left_ear"), ("right_eye", "right_ear"), ("left_ear", "left_shoulder"),
        ("right_ear", "right_shoulder"),
    ),
)  # fmt: skip
DOWNLOAD = (
    "https://cocodataset.org/#download: annotations_trainval2017.zip has the annotations; photographs belong into 'val2017' and "
    "'train2017' beside 'annotations'."
)
COCO_FORM = Form("coco", SKELETON)


def find_annotations(root: Path, split: str) -> Path:
    """The annotation file to read.

    Raises:
        PosebenchError: there is none.
    """
    folders, names = ("annotations", ""), (f"person_keypoints_{split}2017.json",)
    if found := files_named(root, folders, names):
        return found[0]
    raise none_found(f"COCO {split}", root, folders, names, DOWNLOAD)


def read_annotations(file: Path, split: str, form: Form = COCO_FORM) -> Instances:
    """COCO's keypoint annotation: every person is a row, also crowds and people without keypoints.

    Raises:
        PosebenchError: the file is no such annotation (names the row), or is of another split.
    """
    hashed = hashlib.sha256()
    lists: dict[str, Callable[[], Collector]] = {
        "images": lambda: Images(file, form.measures_of_images),
        "annotations": lambda: People(file, form),
    }
    content = read_json(file, "a COCO file", lists, hashed.update)
    images, people = (content.get(key) if isinstance(content, dict) else None for key in lists)
    if not isinstance(images, Images) or not isinstance(people, Columns):
        raise PosebenchError(
            f"{file} is no COCO annotation: it should be an object with lists 'images' and 'annotations'."
        )
    dataset, categories = form.dataset, content.get("categories")
    check_names(file, category_of(categories, people.first), form.skeleton, described=form is not COCO_FORM)
    images.check()
    order, image = _image_rows(file, people, images.ids)
    # numpy's take copies rows several times as fast as brackets do.
    keypoints, visibility = (people.take(name).take(order, axis=0) for name in ("keypoints", "visibility"))
    area, bbox = people.take("area").take(order), people.take("bbox").take(order, axis=0)
    columns = {name: people.take(name).take(order) for name in WHOLE}
    del people, content
    _check_numbers(file, columns["id"], (area, bbox, keypoints, visibility))
    check_ids(file, columns["category_id"], categories, dataset)
    with np.errstate(over="ignore"):  # Instances refuses what is infinite
        center, size = middle(bbox), BOX_PADDING * bbox[:, 2:]
        regions = published_regions(bbox, images.sizes[image])
    usable = (columns["iscrowd"] == 0) & (visibility > 0).any(axis=1) & (area > 0) & (bbox[:, 2] > 0) & (bbox[:, 3] > 0)
    notes = split_notes(file, split, images.splits, int(usable.sum())) if dataset == "coco" else ()
    return Instances(
        dataset=dataset, split=split, skeleton=form.skeleton, images=tuple(images.names), image_ids=images.ids,
        image=image, person=columns["id"], center=center, size=size, keypoints=keypoints,
        visibility=visibility.astype(np.int8, copy=False), usable=usable, bbox=bbox, regions=regions,
        measures={"area": area, **columns}, image_sizes=images.sizes, image_measures=images.measures,
        image_root=_image_folder(file, split),
        source=Source(str(file), hashed.hexdigest(), notes),
    )  # fmt: skip


def annotated_category(file: Path) -> dict[str, Any]:
    """The category of the first annotation of a file, as the file describes it; empty where it does not.

    Raises:
        PosebenchError: the file is missing, or no JSON.
        AttributeError: it is no object.
    """
    ignored = {name: lambda: Columns(lambda _: {}, lambda *_: "") for name in ("images", "annotations")}
    content = read_json(file, "a COCO file", ignored)
    people = content.get("annotations")
    return category_of(content.get("categories"), people.first if isinstance(people, Columns) else None)


def _image_rows(file: Path, people: Columns, ids: Array) -> tuple[Array, Array]:
    """(N,) the people by image, in the file's order within one, and (N,) the row of each one's image among the sorted `ids`.

    Raises:
        PosebenchError: the first wrong row: an image that is not listed, or what `people` found.
    """
    image_id = people.column("image_id")
    order = np.argsort(image_id, kind="stable")
    asked = image_id[order]
    rows = np.searchsorted(ids, asked)  # many times as fast in order
    unknown = (np.append(ids, -1)[rows] != asked) | (rows == len(ids))
    if unknown.any():
        row = int(order[unknown].min())
        raise PosebenchError(f"{file}, annotation {row}: image_id {image_id[row]} is not among 'images'.")
    if people.wrong is not None:
        raise people.wrong
    return order, rows


def _check_numbers(file: Path, number: Array, columns: tuple[Array, Array, Array, Array]) -> None:
    """Raise a sentence where numbers are readable, but cannot be.

    Args:
        number: (N,) ids of the annotations.
        columns: (N,) area, (N, 4) bbox, (N, K, 2) keypoints, (N, K) visibility.
    """
    area, _, _, visibility = columns
    if not all(np.isfinite(column).all() for column in columns):
        rows = [np.isfinite(column).all(axis=tuple(range(1, column.ndim))) for column in columns]
        finite = np.logical_and.reduce(rows)
        raise PosebenchError(f"{file}: annotation id {number[finite.argmin()]} has a number that is not finite.")
    if (area < 0).any():
        row = (area < 0).argmax()
        raise PosebenchError(f"{file}: annotation id {number[row]} has area {area[row]:g}; areas are not negative.")
    strange = ~np.logical_or.reduce([visibility == value for value in (0, 1, 2, 3)])
    if strange.any():
        row, joint = np.argwhere(strange)[0]
        raise PosebenchError(
            f"{file}: annotation id {number[row]} has visibility {visibility[row, joint]:g}; it should be 0 (unlabelled), "
            "1 (occluded), 2 (visible) or 3 (outside the image)."
        )
    if (np.diff(np.sort(number)) == 0).any():
        ids, count = np.unique(number, return_counts=True)
        raise PosebenchError(f"{file}: annotation id {ids[count.argmax()]} appears twice.")


def _image_folder(file: Path, split: str) -> Path:
    """`<split>2017` beside the annotations' folder, COCO's own layout; else beside the file."""
    usual = file.parent.parent / f"{split}2017"
    return usual if usual.is_dir() else file.parent / f"{split}2017"
