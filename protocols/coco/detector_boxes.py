"""A detector's boxes, in COCO's result form, as people to predict."""

from pathlib import Path
from typing import Any

import numpy as np

from posebench.data.box_source import DetectedBoxes
from posebench.data.instances import Instances, Source
from posebench.errors import PosebenchError, counted
from posebench.files.writing import sha256

from .json_columns import load
from .regions import BOX_PADDING, middle, published_regions

_HUGE = 1e15  # larger whole numbers are not exact
_FORM = "A detector's file is a list of {image_id, category_id, bbox, score}"


def read_boxes(path: Path, instances: Instances, threshold: float) -> Instances:
    """The people whom a detector found in the images of `instances`, in file order within an image.

    Other categories, lower scores, boxes without an extent and images that the annotation does not have are left out, and
    counted in `source.notes`.

    Raises:
        PosebenchError: the file is no list of boxes (names the row), or nobody is left.
    """
    if not np.isfinite(threshold):
        raise PosebenchError(f"The threshold of box scores should be a number, not {threshold}.")
    content, _ = load(path)
    if not isinstance(content, list):
        raise PosebenchError(f"{path} is no list of boxes. {_FORM}.")
    columns = np.array([_box(row, entry, path) for row, entry in enumerate(content)], float).reshape(-1, 7)
    bad = ~np.isfinite(columns).all(axis=1)
    if bad.any():
        row = int(bad.argmax())
        raise PosebenchError(f"{path}, row {row}: a number is not finite or too large: {content[row]!r:.200}.")
    image_id, category, score, bbox = columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3:]
    person = next(iter(instances.measures.get("category_id", np.ones(1)).tolist()), 1)
    row_of = {int(number): row for row, number in enumerate(instances.image_ids.tolist())}
    image = np.array([row_of.get(int(number), -1) for number in image_id], np.int64)
    kept = np.ones(len(columns), bool)
    notes = []
    for is_wrong, one, many in (
        (category != person, "box is of another category", "boxes are of other categories"),
        (score < threshold, f"box has a score below {threshold}", f"boxes have a score below {threshold}"),
        ((bbox[:, 2:] <= 0).any(axis=1), "box has no extent", "boxes have no extent"),
        (image < 0, f"box is of an image that {instances.what} does not have",
         f"boxes are of images that {instances.what} does not have"),
    ):  # fmt: skip
        if out := int((is_wrong & kept).sum()):
            notes.append(f"{counted(out, one, many)}, so left out.")
        kept &= ~is_wrong
    if not kept.any():
        raise PosebenchError(
            f"{path} has no box to predict in {instances.what}. {' '.join(notes) or 'It is empty.'} Is it of another split?"
        )
    rows = np.flatnonzero(kept)
    rows = rows[np.argsort(image[rows], kind="stable")]
    return _people(instances, path, threshold, (rows, image[rows], score[rows], bbox[rows]), tuple(notes))


def _people(
    instances: Instances, path: Path, threshold: float, found: tuple[Any, ...], notes: tuple[str, ...]
) -> Instances:
    rows, image, score, bbox = found
    shape = len(rows), len(instances.skeleton)
    return Instances(
        dataset=instances.dataset, split=instances.split, box_source=str(DetectedBoxes(path.name, threshold)),
        skeleton=instances.skeleton, images=instances.images, image_ids=instances.image_ids, image=image, person=rows,
        center=middle(bbox), size=BOX_PADDING * bbox[:, 2:], keypoints=np.zeros((*shape, 2)),
        visibility=np.zeros(shape, np.int8), usable=np.ones(len(rows), bool), bbox=bbox,
        regions=published_regions(bbox, None), measures={"box_score": score},
        image_root=instances.image_root, source=Source(str(path), sha256(path), notes), synthetic=instances.synthetic,
    )  # fmt: skip


def _box(row: int, entry: Any, path: Path) -> list[float]:
    """image_id, category_id, score, x, y, width, height.

    Raises:
        PosebenchError: one of them is missing or no number.
    """
    if not isinstance(entry, dict):
        raise PosebenchError(f"{path}, row {row} is no box: {entry!r:.80}. {_FORM}.")
    needed = ("image_id", "category_id", "bbox", "score")
    if lacking := [key for key in needed if key not in entry]:
        raise PosebenchError(f"{path}, row {row} lacks {', '.join(lacking)}. {_FORM}.")
    bbox = entry["bbox"]
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise PosebenchError(f"{path}, row {row}: bbox should be (x, y, width, height), not {bbox!r:.80}.")
    values = [_number(value, row, path) for value in (entry["image_id"], entry["category_id"], entry["score"], *bbox)]
    if any(np.isfinite(value) and int(value) != value for value in values[:2]):
        raise PosebenchError(f"{path}, row {row}: image_id and category_id should be whole numbers.")
    return values


def _number(value: Any, row: int, path: Path) -> float:
    """A JSON number; infinite where it is not finite or beyond any box, which the caller refuses."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PosebenchError(f"{path}, row {row}: {value!r:.80} is no number.")
    return float(value) if abs(value) < _HUGE else float("inf")
