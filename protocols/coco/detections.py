"""COCO's result lists: detections of people → Predictions."""

from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.files.json_rows import ROOT, read_json

from .json_columns import WRONG, Columns, PlainError, floats, table
from .numeric_rows import NumericRows
from .partial_detections import marked
from .regions import LARGEST_NUMBER, not_a_box, read_regions, states_region

SUBMITTED = "detections as submitted"
"""The box source of results that do not say where their boxes came from."""

_FIELDS = "image_id", "category_id", "score"


def read_results(path: Path, instances: Instances) -> Predictions:
    """Detections in COCO's result form, in file order, with the keypoints of `instances`.

    As in COCOeval, the first detection decides whether the boxes of all are read.

    Raises:
        PosebenchError: the file is no such list, or a row is of an image that the annotation does not have.
    """
    found = read_json(path, "a COCO file", {ROOT: lambda: _Detections(path, instances)})
    if not isinstance(found, _Detections):
        kind = "It looks like an annotation." if isinstance(found, dict) and "annotations" in found else ""
        raise PosebenchError(f"{path} is no COCO result: it should be a list of detections. {kind}".rstrip())
    if found.wrong is not None:
        raise found.wrong
    bbox, score = found.boxes(), found.column("score")
    keypoints = found.column("keypoints")
    try:
        return Predictions(
            keypoint_names=instances.skeleton.keypoints, images=instances.images, image=found.column("image"),
            person=np.full(found.count, -1), keypoints=keypoints, scores=found.column("scores"), score=score,
            missing=marked(keypoints), bbox=bbox, region=found.regions(), input_box=bbox, box_score=score,
            dataset=instances.dataset, split=instances.split, box_source=SUBMITTED,
        )  # fmt: skip
    except PosebenchError as error:
        raise PosebenchError(f"{path}: {error}") from error


class _Detections(Columns):
    """The columns of a result list: image, score, keypoints, scores, and bbox where the first row states one."""

    def __init__(self, path: Path, instances: Instances) -> None:
        super().__init__(self._part, self._sentence)
        self.path, self.instances = path, instances
        self.row_of = {number: row for row, number in enumerate(instances.image_ids.tolist())}
        self.person = next(iter(instances.measures.get("category_id", np.ones(1))[:1].tolist()), 1)
        self.boxed = False
        self.reader = NumericRows()
        self.regions_of_all = True
        self.stated_regions = Columns(read_regions, lambda row, error: f"{path}, row {row}: {not_a_box(error)}")

    def add(self, rows: list[Any]) -> None:
        """Take the next rows, one or more."""
        first = rows[0]
        if not self.seen and isinstance(first, dict):
            self.boxed = bool(first.get("bbox"))
            if "segmentation" in first and not self.boxed:
                self.wrong = PosebenchError(
                    f"{self.path}, row 0: it has a segmentation but no bbox, and COCOeval would take areas from the "
                    "segmentations. Remove 'segmentation', so that areas come from the keypoints, or add 'bbox'."
                )
        super().add(rows)
        self.regions_of_all = self.regions_of_all and all(map(states_region, rows))
        if self.regions_of_all:
            self.stated_regions.add(rows)

    def add_text(self, text: bytes) -> bool:
        """Take rows that have the usual fields and no others, all right; their numbers do not become Python objects."""
        if not self.count or self.wrong is not None or self.regions_of_all:
            return False
        found = self.reader.read(
            text, {"keypoints": 3 * len(self.instances.skeleton)} | ({"bbox": 4} if self.boxed else {}), _FIELDS
        )
        if found is None:
            return False
        tables, (image, category, score) = found
        try:
            parts = self._columns(image, category, score, tables["keypoints"])
        except WRONG:
            return False
        self.seen += len(image)
        self.append(parts | ({"bbox": tables["bbox"]} if self.boxed else {}), len(image))
        return True

    def boxes(self) -> Array | None:
        """(N, 4) the boxes that the results state of themselves; None where the first states none.

        Raises:
            PosebenchError: one is not finite, or beyond any image.
        """
        if not self.boxed:
            return None
        bbox = self.column("bbox")
        for is_right, sentence in (
            (np.isfinite(bbox), "bbox {} is not finite."),
            (np.abs(bbox) < LARGEST_NUMBER, not_a_box("{}")),
        ):
            if not is_right.all():
                row = int((~is_right).any(axis=1).argmax())
                raise PosebenchError(f"{self.path}, row {row}: {sentence.format(bbox[row].tolist())}")
        return bbox

    def regions(self) -> Array | None:
        """(N, 4) what the network saw, by HRNet's `center` and `scale`; None where a row lacks them.

        Raises:
            PosebenchError: a row has others than finite numbers in them.
        """
        if not self.seen or not self.regions_of_all:
            return None
        if self.stated_regions.wrong is not None:
            raise self.stated_regions.wrong
        return self.stated_regions.column("region")

    def _part(self, rows: list[Any]) -> dict[str, Array]:
        """The rows' part of each column; raises what `WRONG` names."""
        image, keypoints, score = ([row[name] for row in rows] for name in ("image_id", "keypoints", "score"))
        category = [row.get("category_id", self.person) for row in rows]
        parts = self._columns(image, category, score, table(keypoints, 3 * len(self.instances.skeleton)))
        return parts | {"bbox": self._boxes(rows)} if self.boxed else parts

    def _columns(self, image: list[Any], category: list[Any], score: list[Any], points: Array) -> dict[str, Array]:
        """Part of each column but bbox, of N rows; raises what `WRONG` names.

        Args:
            image, category, score: N values each. points: (N, 3 K) x, y and score of each keypoint.
        """
        rows_of_images = list(map(self.row_of.get, image))
        if None in rows_of_images:
            unknown = image[rows_of_images.index(None)]
            raise PlainError(
                f"image_id {unknown!r} is not among the {len(self.instances.images):,} images of "
                f"{Path(self.instances.source.file).name}. Does --data name the annotation it was predicted on?"
            )
        for other in set(category) - {self.person}:
            raise PlainError(f"category_id {other!r} is not that of people ({self.person}).")
        points = points.reshape(-1, len(self.instances.skeleton), 3)
        return {
            "image": np.array(rows_of_images, np.int64), "score": floats(score),
            "keypoints": points[..., :2], "scores": points[..., 2],
        }  # fmt: skip

    def _boxes(self, rows: list[Any]) -> Array:
        """(N, 4) boxes; raises what `WRONG` names."""
        boxes = [row.get("bbox") for row in rows]
        for box in boxes:
            if len(box or ()) != 4:
                raise PlainError(
                    f"bbox is {box!r}, but row 0 has x, y, width and height, so all should. "
                    "Areas come from the boxes of all detections or of none."
                )
        return table(boxes, 4)

    def _sentence(self, row: int, error: Exception) -> str:
        where = f"{self.path}, row {row}: "
        if isinstance(error, PlainError):
            return f"{where}{error}"
        if isinstance(error, KeyError):
            return f"{where}it lacks {error.args[0]!r}; a detection has image_id, category_id, keypoints and score."
        return f"{where}not a detection of {len(self.instances.skeleton)} keypoints (x, y, score): {error}."
