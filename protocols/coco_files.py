"""COCO's files: person_keypoints annotations → Instances, result lists → Predictions. Validated here, row by row."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from posebench.errors import PosebenchError, existing
from posebench.instances import Instances, Source
from posebench.predictions import Predictions, sha256
from posebench.skeleton import Skeleton

from .coco_regions import BOX_PADDING, stated_regions

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
SUBMITTED = "detections as submitted"
"""The box source of results that do not say where their boxes came from."""


def find_annotations(root: Path, split: str) -> Path:
    """The annotation file to read.

    Raises:
        PosebenchError: there is none.
    """
    if root.is_file():
        return root
    name = f"person_keypoints_{split}2017.json"
    for folder in (root / "annotations", root):
        if (folder / name).is_file():
            return folder / name
    raise PosebenchError(
        f"No COCO {split} annotation below {root}: looked for {name} in {root / 'annotations'} and {root}. "
        f"It is in annotations_trainval2017.zip of the COCO download page; photographs belong into {root / f'{split}2017'}."
    )


def read_annotations(file: Path, split: str, skeleton: Skeleton = SKELETON, dataset: str = "coco") -> Instances:
    """COCO's keypoint annotation: every person is a row, also crowds and people without keypoints.

    Args:
        skeleton, dataset: another dataset's in the same form.

    Raises:
        PosebenchError: the file is no such annotation; names the row.
    """
    content = read_json(file)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) for key in ("images", "annotations")
    ):
        raise PosebenchError(
            f"{file} is no COCO annotation: it should be an object with lists 'images' and 'annotations'."
        )
    _check_order(content.get("categories"), skeleton, file)
    names = _image_names(content["images"], file)
    rows = [
        _annotation(row, entry, names, file, len(skeleton), dataset) for row, entry in enumerate(content["annotations"])
    ]
    rows.sort(key=lambda entry: entry[0])  # stable: file order within an image
    ids = sorted(names)
    image = np.searchsorted(ids, [entry[0] for entry in rows]).astype(np.int64)
    number, crowd, keypoint_count = (np.array([entry[i] for entry in rows], np.int64) for i in (1, 2, 3))
    area = np.array([entry[4] for entry in rows], float)
    bbox = np.array([entry[5] for entry in rows], float).reshape(-1, 4)
    keypoints = np.array([entry[6] for entry in rows], float).reshape(-1, len(skeleton), 3)
    finite = np.isfinite(np.column_stack([area, bbox, keypoints.reshape(len(rows), 3 * len(skeleton))])).all(axis=1)
    if not finite.all():
        raise PosebenchError(f"{file}: annotation id {number[finite.argmin()]} has a number that is not finite.")
    category = np.array([entry[7] for entry in rows], np.int64)
    if len(np.unique(category)) > 1:
        raise PosebenchError(
            f"{file} annotates categories {np.unique(category).tolist()}; {dataset} scores one, people."
        )
    if len(set(number.tolist())) < len(number):
        twice = next(n for n in number.tolist() if (number == n).sum() > 1)
        raise PosebenchError(f"{file}: annotation id {twice} appears twice.")
    visibility = keypoints[..., 2].astype(np.int8)
    usable = (crowd == 0) & (visibility > 0).any(axis=1) & (area > 0) & (bbox[:, 2:] > 0).all(axis=1)
    return Instances(
        dataset=dataset, split=split, skeleton=skeleton, images=tuple(names[i] for i in ids), image_ids=np.array(ids, np.int64),
        image=image, person=number, center=bbox[:, :2] + bbox[:, 2:] / 2 - 0.5, size=BOX_PADDING * bbox[:, 2:],
        keypoints=keypoints[..., :2], visibility=visibility, usable=usable, bbox=bbox,
        measures={
            "id": number, "area": area, "iscrowd": crowd, "num_keypoints": keypoint_count, "category_id": category,
        },
        image_root=_image_folder(file, split), source=Source(str(file), sha256(file)),
    )  # fmt: skip


def read_results(path: Path, instances: Instances) -> Predictions:
    """Detections in COCO's result form, in file order.

    Raises:
        PosebenchError: the file is no such list, or a row is of an image that the annotation does not have.
    """
    content, skeleton = read_json(path), instances.skeleton
    if not isinstance(content, list):
        kind = "It looks like an annotation." if isinstance(content, dict) and "annotations" in content else ""
        raise PosebenchError(f"{path} is no COCO result: it should be a list of detections. {kind}".rstrip())
    row_of = {int(number): row for row, number in enumerate(instances.image_ids.tolist())}
    person = next(iter(instances.measures.get("category_id", np.ones(1)).tolist()), 1)
    image, keypoints, score = [], [], []
    for row, entry in enumerate(content):
        try:
            image.append(row_of[entry["image_id"]])
            keypoints.append(np.array(entry["keypoints"], float).reshape(len(skeleton), 3))
            score.append(float(entry["score"]))
            if entry.get("category_id", person) != person:
                raise PosebenchError(
                    f"{path}, row {row}: category_id {entry['category_id']!r} is not that of people ({person})."
                )
        except KeyError as error:
            raise PosebenchError(f"{path}, row {row}: {_lacking(entry, error, instances)}") from error
        except (TypeError, ValueError) as error:
            raise PosebenchError(
                f"{path}, row {row}: not a detection of {len(skeleton)} keypoints (x, y, score): {error}."
            ) from error
    array = np.array(keypoints, float).reshape(-1, len(skeleton), 3)
    boxed = bool(content) and bool(content[0].get("bbox"))
    try:
        return Predictions(
            keypoint_names=skeleton.keypoints, images=instances.images, image=np.array(image, np.int64),
            person=np.full(len(array), -1), keypoints=array[..., :2], scores=array[..., 2],
            score=np.array(score, float), missing=np.zeros(array.shape[:2], bool),
            region=stated_regions(content, path), box_score=np.array(score, float),
            bbox=np.array([entry["bbox"] for entry in content], float) if boxed else None,
            dataset=instances.dataset, split=instances.split, box_source=SUBMITTED,
        )  # fmt: skip
    except (KeyError, ValueError, PosebenchError) as error:
        raise PosebenchError(f"{path}: {error}") from error


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        PosebenchError: it is missing, cut off, or another kind of file.
    """
    try:
        return json.loads(existing(path, "a COCO file").read_bytes())
    except (ValueError, OSError, RecursionError) as error:
        kind = (
            "It is no text: another kind of file?"
            if isinstance(error, UnicodeDecodeError)
            else f"{error}. Was it cut off?"
        )
        raise PosebenchError(f"{path} is not readable JSON. {kind}") from error


def _image_names(images: list[Any], file: Path) -> dict[int, str]:
    """Image id → file name. The same id may be listed again; pycocotools keeps the last."""
    try:
        names = {int(entry["id"]): str(entry["file_name"]) for entry in images}
    except (KeyError, TypeError, ValueError) as error:
        raise PosebenchError(f"{file}: an entry of 'images' lacks id or file_name: {error!r}.") from error
    if len(set(names.values())) < len(names):
        raise PosebenchError(f"{file}: two image ids share one file name, so predictions could not be told apart.")
    return names


def _annotation(row: int, entry: Any, names: dict[int, str], file: Path, count: int, dataset: str) -> tuple[Any, ...]:
    try:
        keypoints, image = entry["keypoints"], entry["image_id"]
        if len(keypoints) != 3 * count:
            raise PosebenchError(
                f"{file}, annotation {row}: {len(keypoints)} keypoint values, but {dataset} has {count} keypoints (x, y, v)."
            )
        if image not in names:
            raise PosebenchError(f"{file}, annotation {row}: image_id {image} is not among 'images'.")
        bbox = [float(value) for value in entry["bbox"]]
        if len(bbox) != 4:
            raise PosebenchError(f"{file}, annotation {row}: bbox has {len(bbox)} values, not x, y, width, height.")
        return (
            image,
            int(entry["id"]),
            int(entry["iscrowd"]),
            int(entry["num_keypoints"]),
            float(entry["area"]),
            bbox,
            keypoints,
            int(entry.get("category_id", 1)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PosebenchError(f"{file}, annotation {row}: {error!r}; is this a person_keypoints file?") from error


def _check_order(categories: Any, skeleton: Skeleton, file: Path) -> None:
    """Refuse an annotation whose own names are these keypoints in another order: every number would be wrong."""
    first = categories[0] if isinstance(categories, list) and categories else None
    names = first.get("keypoints") if isinstance(first, dict) else None
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        return
    if names != list(skeleton.keypoints) and sorted(names) == sorted(skeleton.keypoints):
        raise PosebenchError(f"{file} has the keypoints in another order: {', '.join(names)}.")


def _image_folder(file: Path, split: str) -> Path:
    """`<split>2017` beside the annotations' folder, COCO's own layout; else beside the file."""
    usual = file.parent.parent / f"{split}2017"
    return usual if usual.is_dir() else file.parent / f"{split}2017"


def _lacking(entry: Any, error: KeyError, instances: Instances) -> str:
    if isinstance(entry, dict) and {"image_id", "keypoints", "score"} <= entry.keys():
        return (
            f"image_id {entry['image_id']!r} is not in {instances.what}. Does --data name the data it was predicted on?"
        )
    return f"it lacks {error.args[0]!r}; a detection has image_id, category_id, keypoints and score."
