"""COCO's files: person_keypoints annotations → Instances, result lists → Predictions.

Whole columns are read and validated at once; rows are looked at one by one only to say which of them is wrong. A skeleton
other than COCO's, for datasets in its form, is a parameter.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from posebench.data.instances import Instances, Source
from posebench.data.predictions import Predictions
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError

from ..dataset_folder import files_named, none_found
from .categories import check_ids, check_names
from .json_columns import WRONG, floats, load, table, whole, without_collection
from .known_split import split_notes
from .partial_detections import marked
from .regions import BOX_PADDING, middle, published_regions, stated_boxes, stated_regions

LARGEST_IMAGE = 1e6
"""Pixels; a file that states more does not know."""
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
    "annotations_trainval2017.zip of the COCO download page has the annotations; photographs belong into 'val2017' and "
    "'train2017' beside 'annotations'."
)
SKELETON_OF = "coco"
"""The dataset that has these keypoints."""
BOX_AREA = 0.53
"""A person's area as part of the box's, where annotations have no areas (xtcocotools 1.14.3, cocoeval.py, use_area=False)."""
SUBMITTED = "detections as submitted"
"""The box source of results that do not say where their boxes came from."""


def find_annotations(root: Path, split: str) -> Path:
    """The annotation file to read.

    Raises:
        PosebenchError: there is none.
    """
    folders, names = ("annotations", ""), (f"person_keypoints_{split}2017.json",)
    if found := files_named(root, folders, names):
        return found[0]
    raise none_found(f"COCO {split}", root, folders, names, DOWNLOAD)


@without_collection()
def read_annotations(
    file: Path, split: str, skeleton: Skeleton = SKELETON, dataset: str = SKELETON_OF, box_area: float | None = None
) -> Instances:
    """COCO's keypoint annotation: every person is a row, also crowds and people without keypoints.

    Args:
        skeleton: the K keypoints of each annotation, in the file's order.
        dataset: its name, for records and messages.
        box_area: a person's area is this part of the area of the person's box; None: as annotated.

    Raises:
        PosebenchError: the file is no such annotation (names the row), or is of another split.
    """
    content, text = load(file)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) for key in ("images", "annotations")
    ):
        raise PosebenchError(
            f"{file} is no COCO annotation: it should be an object with lists 'images' and 'annotations'."
        )
    check_names(file, content, skeleton, described=dataset != SKELETON_OF)
    names = _image_names(content["images"], file)
    ids = sorted(names)
    row_of = {number: row for row, number in enumerate(ids)}
    image, columns, area, bbox, keypoints = _columns(
        content["annotations"],
        lambda entries: _annotations(entries, row_of, skeleton, dataset, box_area),
        lambda row, error: f"{file}, annotation {row}: {_said(error, _wrong(error))}",
    )
    order = np.argsort(image, kind="stable")  # file order within an image
    image, area, bbox, keypoints = image[order], area[order], bbox[order], keypoints[order]
    columns = {name: column[order] for name, column in columns.items()}
    _check_annotations(file, columns, area, bbox, keypoints)
    check_ids(file, columns["category_id"], content.get("categories"), dataset)
    visibility = keypoints[..., 2].astype(np.int8)
    with np.errstate(over="ignore"):  # Instances refuses what is infinite
        center, size = middle(bbox), BOX_PADDING * bbox[:, 2:]
        sizes = _image_sizes(content["images"], ids)
        regions = published_regions(bbox, sizes[image])
    usable = (columns["iscrowd"] == 0) & (visibility > 0).any(axis=1) & (area > 0) & (bbox[:, 2:] > 0).all(axis=1)
    entries = {entry["id"]: entry for entry in content["images"]}
    notes = split_notes(file, split, entries, int(usable.sum())) if dataset == "coco" else ()
    return Instances(
        dataset=dataset, split=split, skeleton=skeleton, images=tuple(names[i] for i in ids), image_ids=np.array(ids, np.int64),
        image=image, person=columns["id"], center=center, size=size,
        keypoints=np.ascontiguousarray(keypoints[..., :2]), visibility=visibility, usable=usable, bbox=bbox,
        regions=regions, measures={"area": area, **columns}, image_sizes=sizes,
        image_root=_image_folder(file, split), source=Source(str(file), hashlib.sha256(text).hexdigest(), notes),
    )  # fmt: skip


@without_collection()
def read_results(path: Path, instances: Instances) -> Predictions:
    """Detections in COCO's result form, in file order, with the keypoints of `instances`.

    As in COCOeval, the first detection decides whether the boxes of all are read.

    Raises:
        PosebenchError: the file is no such list, or a row is of an image that the annotation does not have.
    """
    content, _ = load(path)
    if not isinstance(content, list):
        kind = "It looks like an annotation." if isinstance(content, dict) and "annotations" in content else ""
        raise PosebenchError(f"{path} is no COCO result: it should be a list of detections. {kind}".rstrip())
    skeleton = instances.skeleton
    row_of = {number: row for row, number in enumerate(instances.image_ids.tolist())}
    boxed = bool(content) and isinstance(content[0], dict) and bool(content[0].get("bbox"))
    if content and isinstance(content[0], dict) and "segmentation" in content[0] and not boxed:
        raise PosebenchError(
            f"{path}, row 0: it has a segmentation but no bbox, and COCOeval would take areas from the segmentations. "
            "Remove 'segmentation', so that areas come from the keypoints, or add 'bbox'."
        )
    image, score, keypoints, bbox = _columns(
        content,
        lambda entries: _detections(entries, row_of, instances, boxed),
        lambda row, error: f"{path}, row {row}: {_said(error, _no_detection(error, skeleton))}",
    )
    if bbox is not None and not np.isfinite(bbox).all():
        row = int((~np.isfinite(bbox)).any(axis=1).argmax())
        raise PosebenchError(f"{path}, row {row}: bbox {bbox[row].tolist()} is not finite.")
    try:
        return Predictions(
            keypoint_names=skeleton.keypoints, images=instances.images, image=image, person=np.full(len(image), -1),
            keypoints=np.ascontiguousarray(keypoints[..., :2]), scores=np.ascontiguousarray(keypoints[..., 2]),
            score=score, missing=marked(keypoints[..., :2]), bbox=bbox,
            region=stated_regions(content, path), input_box=stated_boxes(content, path), box_score=score,
            dataset=instances.dataset, split=instances.split, box_source=SUBMITTED,
        )  # fmt: skip
    except PosebenchError as error:
        raise PosebenchError(f"{path}: {error}") from error


class _Plain(ValueError):
    """What is wrong with a row, as a sentence that needs no more words."""


def _columns(entries: list[Any], read: Callable[[list[Any]], Any], sentence: Callable[[int, Exception], str]) -> Any:
    """`read(entries)`; where it fails, the sentence of the first row that fails alone."""
    try:
        return read(entries)
    except WRONG:
        for row, entry in enumerate(entries):
            try:
                read([entry])
            except WRONG as error:
                raise PosebenchError(sentence(row, error)) from error
        raise  # no row is wrong alone: a fault here, not in the file


def _said(error: Exception, otherwise: str) -> str:
    return str(error) if isinstance(error, _Plain) else otherwise


def _no_detection(error: Exception, skeleton: Skeleton) -> str:
    if isinstance(error, KeyError):
        return f"it lacks {error.args[0]!r}; a detection has image_id, category_id, keypoints and score."
    return f"not a detection of {len(skeleton)} keypoints (x, y, score): {error}."


def _annotations(
    entries: list[Any], row_of: dict[int, int], skeleton: Skeleton, dataset: str, box_area: float | None
) -> Any:
    """Image rows, whole-number columns, area, bbox (N, 4) and keypoints (N, K, 3); raises what `WRONG` names."""
    keypoints, image = [entry["keypoints"] for entry in entries], [entry["image_id"] for entry in entries]
    for values in keypoints:
        if len(values) != 3 * len(skeleton):
            raise _Plain(f"{len(values)} keypoint values, but {dataset} has {len(skeleton)} keypoints (x, y, v).")
    for unknown in set(image) - row_of.keys():
        raise _Plain(f"image_id {unknown!r} is not among 'images'.")
    bbox = [entry["bbox"] for entry in entries]
    for values in bbox:
        if len(values) != 4:
            raise _Plain(f"bbox has {len(values)} values, not x, y, width, height.")
    columns = {name: whole([entry[name] for entry in entries], name) for name in ("id", "iscrowd", "num_keypoints")}
    columns["category_id"] = whole([entry.get("category_id", 1) for entry in entries], "category_id")
    boxes = table(bbox, 4)
    return (
        np.array([row_of[number] for number in image], np.int64),
        columns,
        floats([entry["area"] for entry in entries]) if box_area is None else boxes[:, 2] * boxes[:, 3] * box_area,
        boxes,
        table(keypoints, 3 * len(skeleton)).reshape(-1, len(skeleton), 3),
    )


def _detections(entries: list[Any], row_of: dict[int, int], instances: Instances, boxed: bool) -> Any:
    """Image rows, scores, keypoints (N, K, 3) and bbox (N, 4) or None; raises what `WRONG` names."""
    person = next(iter(instances.measures.get("category_id", np.ones(1))[:1].tolist()), 1)
    image = [entry["image_id"] for entry in entries]
    score, keypoints = ([entry[name] for entry in entries] for name in ("score", "keypoints"))
    for unknown in set(image) - row_of.keys():
        raise _Plain(
            f"image_id {unknown!r} is not among the {len(instances.images):,} images of {Path(instances.source.file).name}. "
            "Does --data name the annotation it was predicted on?"
        )
    for other in {entry.get("category_id", person) for entry in entries} - {person}:
        raise _Plain(f"category_id {other!r} is not that of people ({person}).")
    if boxed:
        for entry in entries:
            if len(entry.get("bbox") or ()) != 4:
                raise _Plain(
                    f"bbox is {entry.get('bbox')!r}, but row 0 has x, y, width and height, so all should. "
                    "Areas come from the boxes of all detections or of none."
                )
    k = len(instances.skeleton)
    return (
        np.array([row_of[number] for number in image], np.int64),
        floats(score),
        table(keypoints, 3 * k).reshape(-1, k, 3),
        table([entry["bbox"] for entry in entries], 4) if boxed else None,
    )


def _check_annotations(file: Path, columns: dict[str, Any], area: Any, bbox: Any, keypoints: Any) -> None:
    """Raise a sentence where numbers are readable, but cannot be."""
    number = columns["id"]
    visibility = keypoints[..., 2]
    finite = np.isfinite(area) & np.isfinite(bbox).all(axis=1) & np.isfinite(keypoints).all(axis=(1, 2))
    if not finite.all():
        raise PosebenchError(f"{file}: annotation id {number[finite.argmin()]} has a number that is not finite.")
    if (area < 0).any():
        row = (area < 0).argmax()
        raise PosebenchError(f"{file}: annotation id {number[row]} has area {area[row]:g}; areas are not negative.")
    strange = ~np.isin(visibility, (0, 1, 2))
    if strange.any():
        row, joint = np.argwhere(strange)[0]
        raise PosebenchError(
            f"{file}: annotation id {number[row]} has visibility {visibility[row, joint]:g}; it should be 0 (unlabelled), "
            "1 (occluded) or 2 (visible)."
        )
    ids, count = np.unique(number, return_counts=True)
    if (count > 1).any():
        raise PosebenchError(f"{file}: annotation id {ids[count.argmax()]} appears twice.")


def _wrong(error: Exception) -> str:
    what = f"it lacks {error.args[0]!r}" if isinstance(error, KeyError) else f"{error!r}"
    if isinstance(error, KeyError) and error.args[0] == "area":
        return (
            "it lacks 'area', by which OKS divides. For a dataset without areas, such as CrowdPose, write "
            f'area = "{BOX_AREA} x bbox" into its description, --protocol coco:FILE.toml.'
        )
    return f"{what}; is this a person_keypoints file?"


def _image_names(images: list[Any], file: Path) -> dict[int, str]:
    """Image id → file name. The same id may be listed again; pycocotools keeps the last."""
    try:
        numbers = whole([entry["id"] for entry in images], "an image's id").tolist()
        names = dict(zip(numbers, [entry["file_name"] for entry in images], strict=True))
        "".join(names.values()).encode()  # raises unless all are text that can be written
    except WRONG as error:
        raise PosebenchError(f"{file}: an entry of 'images' lacks id or file_name: {error!r}.") from error
    if len(set(names.values())) < len(names):
        raise PosebenchError(f"{file}: two image ids share one file name, so predictions could not be told apart.")
    return names


def _image_sizes(images: list[Any], ids: list[int]) -> Any:
    """(M, 2) width and height of the images `ids`; infinite where the file does not say them, so nothing is clipped there."""
    stated = {entry["id"]: (entry.get("width"), entry.get("height")) for entry in images}
    return np.array([[_pixels(value) for value in stated[number]] for number in ids]).reshape(-1, 2)


def _pixels(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and 0 < value < LARGEST_IMAGE else np.inf


def _image_folder(file: Path, split: str) -> Path:
    """`<split>2017` beside the annotations' folder, COCO's own layout; else beside the file."""
    usual = file.parent.parent / f"{split}2017"
    return usual if usual.is_dir() else file.parent / f"{split}2017"
