"""The people that a COCO annotation lists, as columns. Rows are looked at one by one only to say which one is wrong."""

from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.skeleton import Skeleton

from .chosen_fields import ChosenFields
from .json_columns import WRONG, Columns, PlainError, floats, table, whole
from .numeric_rows import NumericRows

BOX_AREA = 0.53
"""A person's area as part of the box's, where annotations have no areas (xtcocotools 1.14.3, cocoeval.py, use_area=False)."""
WHOLE = "id", "iscrowd", "num_keypoints", "category_id"
"""Fields of an annotation that are whole numbers."""
_NONE = np.zeros(0)


class People(Columns):
    """The columns of 'annotations': image_id, `WHOLE`, area, bbox (N, 4), keypoints (N, K, 2) and visibility (N, K)."""

    def __init__(self, file: Path, skeleton: Skeleton, dataset: str, box_area: float | None) -> None:
        """No people yet; the arguments are those of `read_annotations`."""
        super().__init__(self._part, lambda row, error: f"{file}, annotation {row}: {_wrong(error)}")
        self.dataset, self.box_area = dataset, box_area
        self._lists = {"keypoints": 3 * len(skeleton), "bbox": 4}
        self._fields = ["image_id", *WHOLE, *(["area"] if box_area is None else [])]
        self._numeric_rows = NumericRows()
        self._chosen_fields: ChosenFields | None = None

    def add_text(self, rows: memoryview) -> bool:
        """Take rows that are all right, and have either nothing but numbers or the first row's fields."""
        if not self.count or self.wrong is not None:
            return False
        parts = self._of_numbers(rows) or self._of_fields(rows)
        if parts is None:
            return False
        count = len(parts["id"])
        self.seen += count
        self.append(parts, count)
        return True

    def _of_numbers(self, rows: memoryview) -> dict[str, Array] | None:
        """The rows' part of each column; None where they are wrong, or have segmentations or others that are no numbers."""
        found = self._numeric_rows.read(rows)
        if found is None or any(found.get(name, _NONE).shape[1:] != (size,) for name, size in self._lists.items()):
            return None
        return self._columns_or_none({name: found[name] for name in self._fields if name in found}, found)

    def _of_fields(self, rows: memoryview) -> dict[str, Array] | None:
        """The rows' part of each column; None where they are wrong, or have other fields than the first row."""
        if self._chosen_fields is None:
            fields = [name for name in self._fields if name in self.first]
            others = [name for name in self.first if name not in (*self._lists, *fields)]
            self._chosen_fields = ChosenFields(self._lists, fields, others)
        found = self._chosen_fields.read(rows)
        return None if found is None else self._columns_or_none(found[1], found[0])

    def _columns_or_none(self, fields: dict[str, Any], tables: dict[str, Array]) -> dict[str, Array] | None:
        try:
            return self._columns(fields, tables["keypoints"], tables["bbox"])
        except WRONG:
            return None

    def _part(self, entries: list[Any]) -> dict[str, Array]:
        """The rows' part of each column; raises what `WRONG` names."""
        keypoints, bbox = ([entry[name] for entry in entries] for name in ("keypoints", "bbox"))
        size = self._lists["keypoints"]
        for values in keypoints:
            if len(values) != size:
                raise PlainError(
                    f"{len(values)} keypoint values, but {self.dataset} has {size // 3} keypoints (x, y, v)."
                )
        for values in bbox:
            if len(values) != 4:
                raise PlainError(f"bbox has {len(values)} values, not x, y, width, height.")
        fields = {name: [entry[name] for entry in entries] for name in self._fields if name != "category_id"}
        fields["category_id"] = [entry.get("category_id", 1) for entry in entries]
        return self._columns(fields, table(keypoints, size), table(bbox, 4))

    def _columns(self, fields: dict[str, Any], points: Array, bbox: Array) -> dict[str, Array]:
        """The columns of N people, of `_fields`, (N, 3 K) x, y and visibility of keypoints, and (N, 4) boxes."""
        fields = {"category_id": np.ones(len(bbox))} | fields
        points = points.reshape(len(bbox), points.shape[1] // 3, 3)
        area = floats(fields["area"]) if self.box_area is None else bbox[:, 2] * bbox[:, 3] * self.box_area
        return {name: whole(fields[name], name) for name in WHOLE} | {
            "image_id": _image_ids(fields["image_id"]), "area": area, "bbox": bbox,
            "keypoints": points[..., :2], "visibility": points[..., 2],
        }  # fmt: skip


def _image_ids(values: Any) -> Array:
    """(N,) int64. Raises PlainError for what no image's id is, and what `WRONG` names."""
    try:
        return whole(values, "image_id")
    except WRONG:
        for value in set(values):  # raises TypeError for a list
            if not isinstance(value, int | float) or value != value // 1 or abs(value) >= 2**63:
                raise PlainError(f"image_id {value!r} is not among 'images'.") from None
        raise


def _wrong(error: Exception) -> str:
    if isinstance(error, PlainError):
        return str(error)
    if isinstance(error, KeyError) and error.args[0] == "area":
        return (
            "it lacks 'area', by which OKS divides. For a dataset without areas, such as CrowdPose, write "
            f'area = "{BOX_AREA} x bbox" into its description, --protocol coco:FILE.toml.'
        )
    what = f"it lacks {error.args[0]!r}" if isinstance(error, KeyError) else f"{error!r}"
    return f"{what}; is this a person_keypoints file?"
