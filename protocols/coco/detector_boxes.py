"""A detector's boxes, in COCO's result form, as people to predict."""

from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.box_source import DetectedBoxes
from posebench.data.instances import Instances, Source
from posebench.errors import PosebenchError, counted
from posebench.files.json_rows import ROOT, read_json
from posebench.files.writing import sha256

from .json_columns import WRONG, Columns, PlainError, table
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
    found = read_json(
        path, "a COCO file", {ROOT: lambda: Columns(_read, lambda row, error: f"{path}, row {row}{error}")}
    )
    if not isinstance(found, Columns):
        raise PosebenchError(f"{path} is no list of boxes. {_FORM}.")
    if found.wrong is not None:
        raise found.wrong
    columns = found.column("values")
    image_id, category, score, bbox = columns[:, 0], columns[:, 1], columns[:, 2], columns[:, 3:]
    person = next(iter(instances.measures.get("category_id", np.ones(1)).tolist()), 1)
    row_of = {number: row for row, number in enumerate(instances.image_ids.tolist())}
    image = np.array([row_of.get(number, -1) for number in image_id.tolist()], np.int64)
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


def _read(entries: list[Any]) -> dict[str, Array]:
    """`values`, (N, 7): image_id, category_id, score, x, y, width, height.

    Raises:
        PlainError: one of them is missing, no number, or too large.
    """
    try:
        rows = [[entry["image_id"], entry["category_id"], entry["score"], *entry["bbox"]] for entry in entries]
        values = table(rows, 7)
        if set(map(type, chain.from_iterable(rows))) <= {int, float} and _can_be(values):
            return {"values": values}
    except WRONG:
        pass
    return {"values": np.array([_checked(entry) for entry in entries], float).reshape(-1, 7)}


def _can_be(values: Array) -> bool:
    return bool((np.abs(values) < _HUGE).all() and (values[:, :2] % 1 == 0).all())


def _checked(entry: Any) -> list[float]:
    """The seven numbers of one entry. Raises PlainError, with the text that follows `row 17`."""
    if not isinstance(entry, dict):
        raise PlainError(f" is no box: {entry!r:.80}. {_FORM}.")
    needed = ("image_id", "category_id", "bbox", "score")
    if lacking := [key for key in needed if key not in entry]:
        raise PlainError(f" lacks {', '.join(lacking)}. {_FORM}.")
    bbox = entry["bbox"]
    if not isinstance(bbox, list) or len(bbox) != 4:
        raise PlainError(f": bbox should be (x, y, width, height), not {bbox!r:.80}.")
    values = [entry["image_id"], entry["category_id"], entry["score"], *bbox]
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise PlainError(f": {value!r:.80} is no number.")
    if not all(abs(value) < _HUGE for value in values):
        raise PlainError(f": a number is not finite or too large: {entry!r:.200}")
    if any(value % 1 for value in values[:2]):
        raise PlainError(": image_id and category_id should be whole numbers.")
    return values
