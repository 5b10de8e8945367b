"""The people that a COCO annotation lists, as columns. Rows are looked at one by one only to say which one is wrong."""

from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, OUTSIDE, UNLABELLED

from .chosen_fields import ChosenFields
from .extended_oks import PADDING
from .form import Form
from .json_columns import WRONG, Columns, PlainError, floats, table, whole
from .numeric_rows import NumericRows

BOX_AREA = 0.53
"""A person's area as part of the box's, where annotations have no areas (xtcocotools 1.14.3, cocoeval.py, use_area=False)."""
WHOLE = "id", "iscrowd", "num_keypoints", "category_id"
"""Fields of an annotation that are whole numbers."""
PADDING_OF_EACH = "pad_to_contain"
"""Field of ProbPose's annotations, (K,): by how much the box has to be padded for the window to reach each keypoint."""
_NONE = np.zeros(0)


class People(Columns):
    """The columns of 'annotations': image_id, `WHOLE`, area, bbox (N, 4), keypoints (N, K, 2) and visibility (N, K)."""

    def __init__(self, file: Path, form: Form) -> None:
        """No people yet; the arguments are those of `read_annotations`."""
        super().__init__(self._part, lambda row, error: f"{file}, annotation {row}: {_wrong(error, form.dataset)}")
        self.form = form
        self._points = {name: 3 * count for name, count in form.keypoint_lists.items()}
        self._lists = self._points | {"bbox": 4}
        self._fields = ["image_id", *WHOLE, *(["area"] if form.box_area is None else [])]
        self._numeric_rows = NumericRows()
        self._chosen_fields: ChosenFields | None = None

    def add(self, rows: list[Any]) -> None:
        """Take the next rows, one or more; the first one decides whether all state `PADDING_OF_EACH`."""
        if not self.seen and isinstance(rows[0], dict) and PADDING_OF_EACH in rows[0]:
            self._lists[PADDING_OF_EACH] = len(self.form.skeleton)
        super().add(rows)

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
            return self._columns(fields, tables)
        except WRONG:
            return None

    def _part(self, entries: list[Any]) -> dict[str, Array]:
        """The rows' part of each column; raises what `WRONG` names."""
        lists = {name: [entry[name] for entry in entries] for name in self._lists}
        for name, size in self._points.items():
            for values in lists[name]:
                if len(values) != size:
                    raise PlainError(
                        f"{len(values)} keypoint values{'' if name == 'keypoints' else f' in {name}'}, but "
                        f"{self.form.dataset} has {size // 3} keypoints (x, y, v)."
                    )
        for values in lists["bbox"]:
            if len(values) != 4:
                raise PlainError(f"bbox has {len(values)} values, not x, y, width, height.")
        fields = {name: [entry[name] for entry in entries] for name in self._fields if name != "category_id"}
        fields["category_id"] = [entry.get("category_id", 1) for entry in entries]
        return self._columns(fields, {name: table(lists[name], size) for name, size in self._lists.items()})

    def _columns(self, fields: dict[str, Any], tables: dict[str, Array]) -> dict[str, Array]:
        """The columns of N people, of `_fields` and of (N, length) `_lists`: x, y and visibility of keypoints, and boxes."""
        bbox = tables["bbox"]
        fields = {"category_id": np.ones(len(bbox))} | fields
        parts = [tables[name] for name in self._points]
        points = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        points = points.reshape(len(bbox), points.shape[1] // 3, 3)
        share = self.form.box_area
        area = floats(fields["area"]) if share is None else bbox[:, 2] * bbox[:, 3] * share
        return {name: whole(fields[name], name) for name in WHOLE} | {
            "image_id": _image_ids(fields["image_id"]), "area": area, "bbox": bbox,
            "keypoints": points[..., :2],
            "visibility": _small(self._visibility(points[..., 2], tables.get(PADDING_OF_EACH))),
        }  # fmt: skip

    def _visibility(self, stated: Array, padding: Array | None) -> Array:
        """(N, K) visibility; of labelled keypoints with a `padding` (N, K), those are outside that the window does not reach."""
        if self.form.fractions:
            stated = np.ceil(stated)
        if padding is None:
            return stated
        outside = (stated > UNLABELLED) & (padding > PADDING)
        return np.where(outside, OUTSIDE, np.where(stated == OUTSIDE, OCCLUDED, stated))


def _small(numbers: Array) -> Array:
    """The numbers as int8 where that changes none, since columns of a byte are read and put in order in less time."""
    with np.errstate(invalid="ignore"):  # what is not finite changes
        small = numbers.astype(np.int8)
    return small if (small == numbers).all() else numbers


def _image_ids(values: Any) -> Array:
    """(N,) int64. Raises PlainError for what no image's id is, and what `WRONG` names."""
    try:
        return whole(values, "image_id")
    except WRONG:
        for value in set(values):  # raises TypeError for a list
            if not isinstance(value, int | float) or value != value // 1 or abs(value) >= 2**63:
                raise PlainError(f"image_id {value!r} is not among 'images'.") from None
        raise


def _wrong(error: Exception, dataset: str) -> str:
    if isinstance(error, PlainError):
        return str(error)
    if isinstance(error, KeyError) and error.args[0] == "area":
        return (
            "it lacks 'area', by which OKS divides. For a dataset without areas, such as CrowdPose, write "
            f'area = "{BOX_AREA} x bbox" into its description, --protocol coco:FILE.toml.'
        )
    what = f"it lacks {error.args[0]!r}" if isinstance(error, KeyError) else f"{error!r}"
    kind = "a person_keypoints file" if dataset == "coco" else f"an annotation of {dataset}"
    return f"{what}; is this {kind}?"
