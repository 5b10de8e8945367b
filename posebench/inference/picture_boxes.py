"""Picture boxes: where people are in pictures, from a file of boxes.

Read are a `.csv` with the header `image,x,y,width,height` (and perhaps `score`), COCO's results and annotations in JSON, and
posebench's predictions files. Boxes are (x, y, width, height) in pixels, counted from the picture's upper left edge as COCO does.
"""

import csv
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from posebench.array_type import Array
from posebench.data import predictions
from posebench.errors import PosebenchError, counted, existing

PERSON = 1
"""COCO's category of people; where a box has a category, others are left out."""
CSV_COLUMNS = "image", "x", "y", "width", "height"
FORMS = "a .csv with the header image,x,y,width,height,score; COCO's results or annotations (.json); posebench's predictions (.h5)"
LARGEST = 1e7
"""Pixels; a coordinate beyond this is an error."""


@dataclass(frozen=True)
class Box:
    """One box of a file.

    Attributes:
        image: a picture's name, or its number.
        bbox: (x, y, width, height), pixels.
        score: the detector's confidence; 1 where none is stated.
        category: COCO's number; 1 is a person.
        crowd: whether it is around a group of people.
    """

    image: str | int
    bbox: tuple[float, float, float, float]
    score: float = 1.0
    category: float = PERSON
    crowd: bool = False


@dataclass
class PictureBoxes:
    """Boxes by picture.

    Attributes:
        file: where they were read, for messages.
        by_image: a picture's name or number → its boxes.
        notes: what was left out, as sentences.
        used: name or number in the file → the picture that it was found to mean.
    """

    file: Path
    by_image: dict[str | int, list[Box]]
    notes: list[str] = field(default_factory=list)
    used: dict[str | int, str] = field(default_factory=dict)

    def of(self, name: str) -> list[Box]:
        """The boxes of a picture; none where the file has none.

        A picture is found by its name, else by its file name without folders, else without its ending, else by the number that
        ends its name (`000000000139.jpg` is 139, `clip.mp4#12` is 12).

        Raises:
            PosebenchError: the file's name or number means another picture as well.
        """
        last = name.rpartition("/")[2]
        stem = last if "#" in last else Path(last).stem
        number = re.search(r"[0-9]{1,18}$", stem)
        for key in (name, last, stem, int(number[0]) if number else None):
            if key is None or key not in self.by_image:
                continue
            if (other := self.used.setdefault(key, name)) != name:
                raise PosebenchError(
                    f"{self.file}: the boxes of {key!r} fit {other} and {name}. Write the pictures' paths below the folder."
                )
            return self.by_image[key]
        return []

    def left(self) -> tuple[str, ...]:
        """A sentence on boxes of pictures that were not asked for, if there are any."""
        unused = [key for key in self.by_image if key not in self.used]
        if not unused:
            return ()
        many = counted(len(unused), "picture has boxes, but was", "pictures have boxes, but were")
        return (f"{self.file.name}: {many} not predicted, such as {unused[0]!r}.",)


def read_boxes(path: Path, threshold: float = 0.0) -> PictureBoxes:
    """Read the boxes of people in a file.

    Args:
        threshold: boxes of a lower score are left out.

    Raises:
        PosebenchError: the file is missing or of another form (names the row), or no box is left.
    """
    if not math.isfinite(threshold):
        raise PosebenchError(f"The threshold of box scores should be a number, not {threshold}.")
    existing(path, "a file of boxes")
    readers = {".csv": _csv, ".json": _json, ".h5": _predictions}
    if path.suffix.lower() not in readers:
        raise PosebenchError(f"{path} does not have the ending of a file of boxes. Read are {FORMS}.")
    found = readers[path.suffix.lower()](path)
    for row, box in enumerate(found):
        if not all(math.isfinite(value) and abs(value) <= LARGEST for value in (*box.bbox, box.score)):
            raise PosebenchError(f"{path}, box {row}: {box.bbox}, score {box.score}, is not finite or too large.")
    notes, kept = [], found
    reasons: tuple[tuple[Callable[[Box], bool], str, str], ...] = (
        (lambda box: box.category != PERSON, "box is of another category", "boxes are of other categories"),
        (lambda box: box.crowd, "box is of a crowd", "boxes are of crowds"),
        (lambda box: box.score < threshold, f"box has a score below {threshold:g}", f"boxes have a score below {threshold:g}"),
        (lambda box: min(box.bbox[2:]) <= 0, "box has no extent", "boxes have no extent"),
    )  # fmt: skip
    for is_wrong, one, many in reasons:
        left = [box for box in kept if not is_wrong(box)]
        if out := len(kept) - len(left):
            notes.append(f"{counted(out, one, many)}, so left out.")
        kept = left
    if not kept:
        raise PosebenchError(f"{path} has no box of a person. {' '.join(notes) or 'It is empty.'}")
    by_image: dict[str | int, list[Box]] = {}
    for box in kept:
        by_image.setdefault(box.image, []).append(box)
    return PictureBoxes(path, by_image, notes)


def whole_picture(width: int, height: int) -> Array:
    """(1, 4) the box of a whole picture."""
    return np.array([[0.0, 0.0, width, height]])


def _csv(path: Path) -> list[Box]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            rows, header = list(reader), list(reader.fieldnames or ())
    except (csv.Error, UnicodeDecodeError) as error:
        raise PosebenchError(f"{path} is not readable as a .csv: {error}.") from error
    if not set(CSV_COLUMNS) <= set(header) <= {*CSV_COLUMNS, "score"}:
        raise PosebenchError(
            f"{path} should have the header image,x,y,width,height or image,x,y,width,height,score; it has "
            f"{','.join(header)[:200] or 'none'}."
        )
    return [_csv_box(path, line, row) for line, row in enumerate(rows, 2)]


def _csv_box(path: Path, line: int, row: dict[Any, Any]) -> Box:
    try:
        if None in row:  # more values than the header has names
            raise ValueError
        x, y, width, height = (float(row[name]) for name in CSV_COLUMNS[1:])
        return Box(row["image"], (x, y, width, height), float(row.get("score", 1)))
    except (TypeError, ValueError) as error:
        raise PosebenchError(f"{path}, line {line} is not a box: {','.join(map(str, row.values()))[:200]}.") from error


def _json(path: Path) -> list[Box]:
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise PosebenchError(f"{path} is not readable JSON: {error}. Was it cut off?") from error
    entries, names = content, {}
    if isinstance(content, dict):
        entries = content.get("annotations")
        images = content.get("images")
        if not isinstance(entries, list) or not isinstance(images, list):
            raise PosebenchError(f"{path} has no boxes: it lacks a list of images or of annotations. Read are {FORMS}.")
        names = {image["id"]: image.get("file_name") for image in images if _is_image(image)}
    if not isinstance(entries, list):
        raise PosebenchError(f"{path} is no list of boxes. Read are {FORMS}.")
    return [_json_box(path, row, entry, names) for row, entry in enumerate(entries)]


def _is_image(image: Any) -> bool:
    return isinstance(image, dict) and isinstance(image.get("id"), int | str)


def _json_box(path: Path, row: int, entry: Any, names: dict[Any, Any]) -> Box:
    try:
        image = entry["image_id"]
        image = names.get(image, image)
        x, y, width, height = entry["bbox"]
        numbers = [x, y, width, height, entry.get("score", 1.0), entry.get("category_id", PERSON)]
        if not isinstance(image, int | str) or not all(type(number) in (int, float) for number in numbers):
            raise TypeError
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PosebenchError(
            f"{path}, row {row} should have image_id, bbox (x, y, width, height) and perhaps score: {entry!r:.200}."
        ) from error
    return Box(
        image,
        (float(x), float(y), float(width), float(height)),
        float(numbers[4]),
        float(numbers[5]),
        entry.get("iscrowd") == 1,
    )


def _predictions(path: Path) -> list[Box]:
    found = predictions.load(path)
    if found.input_box is None:
        raise PosebenchError(f"{path} has no boxes (/input_box), so it cannot serve as a file of boxes.")
    scores = np.ones(len(found)) if found.box_score is None else found.box_score
    return [
        Box(found.images[image], (x, y, width, height), score)
        for image, (x, y, width, height), score in zip(
            found.image.tolist(), found.input_box.tolist(), scores.tolist(), strict=True
        )
    ]


def columns(boxes: Iterable[Box]) -> tuple[Array, Array]:
    """(P, 4) boxes and their (P,) scores."""
    listed = list(boxes)
    return np.array([box.bbox for box in listed], float).reshape(-1, 4), np.array([box.score for box in listed], float)
