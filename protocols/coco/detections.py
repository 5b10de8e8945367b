"""COCO's result lists: detections of people → Predictions."""

from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.box_source import SUBMITTED
from posebench.data.instances import Instances
from posebench.data.predictions import Predictions
from posebench.errors import PosebenchError
from posebench.files.json_rows import ROOT, read_json

from .form import Form
from .json_columns import EXACT, Columns, PlainError, floats, table
from .numeric_rows import NumericRows
from .partial_detections import marked
from .regions import LARGEST_NUMBER, not_a_box, read_regions, region_of_network, states_region


def read_results(path: Path, instances: Instances, form: Form | None = None) -> Predictions:
    """Detections in COCO's result form, in file order, with the keypoints of `instances`.

    As in COCOeval, the first detection decides whether the boxes of all are read.

    Args:
        form: of the dataset; where it is of other keypoints, or None, a detection has one list of keypoints.

    Raises:
        PosebenchError: the file is no such list, or a row is of an image that the annotation does not have.
    """
    if form is None or form.skeleton.keypoints != instances.skeleton.keypoints:
        form = Form(instances.dataset, instances.skeleton)
    found = read_json(path, "a COCO file", {ROOT: lambda: _Detections(path, instances, form)})
    if not isinstance(found, _Detections):
        kind = "It looks like an annotation." if isinstance(found, dict) and "annotations" in found else ""
        raise PosebenchError(f"{path} is no COCO result: it should be a list of detections. {kind}".rstrip())
    if found.wrong is not None:
        raise found.wrong
    bbox, score = found.boxes(), found.column("score")
    try:
        return Predictions(
            keypoint_names=instances.skeleton.keypoints, images=instances.images, image=found.column("image"),
            person=np.full(found.count, -1), keypoints=found.column("keypoints"), scores=found.column("scores"), score=score,
            missing=found.column("missing"), bbox=bbox, region=found.regions(), input_box=bbox, box_score=score,
            part_scores=found.part_scores(), dataset=instances.dataset, split=instances.split, box_source=SUBMITTED,
        )  # fmt: skip
    except PosebenchError as error:
        raise PosebenchError(f"{path}: {error}") from error


class _Detections(Columns):
    """The columns of a result list: image, score, keypoints, scores, scores of parts, and bbox where the first row states one."""

    def __init__(self, path: Path, instances: Instances, form: Form) -> None:
        super().__init__(self._part, self._sentence)
        self.path, self.instances, self.form = path, instances, form
        self.lists = {name: 3 * count for name, count in form.keypoint_lists.items()}
        self.row_of = {number: row for row, number in enumerate(instances.image_ids.tolist())}
        order = np.argsort(instances.image_ids)
        self.sorted_ids = np.append(instances.image_ids[order].astype(float), np.inf), order
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
            self.stated_regions.share = self.share
            self.stated_regions.add(rows)

    def add_text(self, rows: memoryview) -> bool:
        """Take rows of numbers that are all right; none of the numbers becomes a Python object."""
        found = self.reader.read(rows) if self.count and self.wrong is None else None
        if found is None or not self._has_shapes(found):
            return False
        image = self._known_images(found["image_id"])
        if image is None or (found["category_id"] != self.person).any():
            return False
        if self.regions_of_all:
            region = region_of_network(found["center"], found["scale"])
            if region is None:
                return False
            self.stated_regions.share = self.share
            self.stated_regions.append({"region": region}, len(image))
        self.seen += len(image)
        scores = [found["score"], *(found.get(name, found["score"]) for name in self.form.part_scores)]
        parts = self._parts(image, scores, [found[name] for name in self.lists])
        self.append(parts | ({"bbox": found["bbox"]} if self.boxed else {}), len(image))
        return True

    def _has_shapes(self, found: dict[str, Array]) -> bool:
        """Whether all fields that are needed have as many numbers in a row as they should."""
        shapes: dict[str, tuple[int, ...]] = {"image_id": (), "category_id": (), "score": ()}
        shapes |= {name: (size,) for name, size in self.lists.items()}
        shapes |= {"bbox": (4,)} if self.boxed else {}
        shapes |= {"center": (2,), "scale": (2,)} if self.regions_of_all else {}
        are_right = all(name in found and found[name].shape[1:] == shape for name, shape in shapes.items())
        return are_right and all(found[name].ndim == 1 for name in self.form.part_scores if name in found)

    def part_scores(self) -> Array | None:
        """(N, parts) scores by which parts are ranked; None where the results have only `score`."""
        if not self.form.part_scores:
            return None
        scores = self.column("part_scores")
        return None if (scores == self.column("score")[:, None]).all() else scores

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
        image = [row["image_id"] for row in rows]
        points = [table([row[name] for row in rows], size) for name, size in self.lists.items()]
        rows_of_images = list(map(self.row_of.get, image))
        if None in rows_of_images:
            unknown = image[rows_of_images.index(None)]
            raise PlainError(
                f"image_id {unknown!r} is not among the {len(self.instances.images):,} images of "
                f"{Path(self.instances.source.file).name}. Does --data name the annotation it was predicted on?"
            )
        for other in {row.get("category_id", self.person) for row in rows} - {self.person}:
            raise PlainError(f"category_id {other!r} is not that of people ({self.person}).")
        scores = [floats([row.get(name, row["score"]) for row in rows]) for name in ("score", *self.form.part_scores)]
        parts = self._parts(np.array(rows_of_images, np.int64), scores, points)
        return parts | {"bbox": self._boxes(rows)} if self.boxed else parts

    def _parts(self, image: Array, scores: list[Array], lists: list[Array]) -> dict[str, Array]:
        """Part of each column but bbox.

        Args:
            image: (N,) rows of images. scores: (N,) `score`, and each part's. lists: (N, 3 k) x, y and score of keypoints.
        """
        values = lists[0] if len(lists) == 1 else np.concatenate(lists, axis=1)
        points = values.reshape(-1, len(self.instances.skeleton), 3)
        of_parts = {"part_scores": np.column_stack(scores[1:])} if self.form.part_scores else {}
        return {
            "image": image, "score": scores[0], "keypoints": points[..., :2], "scores": points[..., 2], "missing": marked(points),
        } | of_parts  # fmt: skip

    def _known_images(self, ids: Array) -> Array | None:
        """(N,) rows of images whose ids (N,) are float64; None where one is not known, or too large to tell from others."""
        known, order = self.sorted_ids
        place = np.searchsorted(known, ids)
        is_known = (known[place] == ids) & (np.abs(ids) < EXACT)
        return order[place] if is_known.all() else None

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
            has = ", ".join(["image_id", "category_id", *self.lists])
            return f"{where}it lacks {error.args[0]!r}; a detection has {has} and score."
        number = len(self.instances.skeleton)
        lists = (
            "" if len(self.lists) == 1 else f" in {', '.join(f'{key} ({size})' for key, size in self.lists.items())}"
        )
        return f"{where}not a detection of {number} keypoints (x, y, score){lists}: {error}."
