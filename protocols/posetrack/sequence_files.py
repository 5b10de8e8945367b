"""PoseTrack's JSON, a file for each sequence: annotations and results have the same two forms.

PoseTrack18: `images`, `annotations` and `categories` as COCO's, with `track_id`, `bbox_head`, `scores` (of keypoints, of results
alone), and ignored regions as `ignore_regions_x` and `ignore_regions_y` of images.

PoseTrack17: `annolist`, a list of frames with `image`, `annorect` and `ignore_regions`, in which every value is a list of one.

A keypoint that is not labelled is 0, 0, 0 in the first form (x, y, visibility), and not there in the second.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import orjson

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, UNLABELLED, VISIBLE
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError

SKELETON = Skeleton(
    keypoints=(
        "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist", "right_elbow",
        "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "neck", "nose", "head_top",
    ),
    bones=(
        ("right_ankle", "right_knee"), ("right_knee", "right_hip"), ("right_hip", "left_hip"), ("left_hip", "left_knee"),
        ("left_knee", "left_ankle"), ("right_wrist", "right_elbow"), ("right_elbow", "right_shoulder"),
        ("right_shoulder", "neck"), ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
        ("neck", "nose"), ("nose", "head_top"), ("right_hip", "right_shoulder"), ("left_hip", "left_shoulder"),
    ),
)  # fmt: skip
"""The 15 keypoints that poseval scores, in the order of PoseTrack17's numbers. PoseTrack18's two ears are not scored."""
FORM_2018, FORM_2017 = "PoseTrack18", "PoseTrack17"
NAMES = {"head_bottom": "neck"}
"""PoseTrack18's names of keypoints that have another one here."""
K = len(SKELETON)
NO_SCORE = -9999.0
"""The score of a keypoint that has none (poseval, eval_helpers.py, MIN_SCORE)."""
FARTHEST = 1e6
"""Pixels: no photograph is so large."""
LONGEST_NAME = 255
"""Bytes that the name of a file or folder may have on the usual file systems."""
_WRONG = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)


class Image(NamedTuple):
    """A frame. `size` is its width and height, None where they are not stated; `ignored` has (P, 2) polygons."""

    name: str
    number: int
    size: tuple[int, int] | None
    ignored: tuple[Array, ...]


class Person(NamedTuple):
    """A person in a frame.

    Attributes:
        image: row of the file's images. track: the number of the person's track; None where there is none.
        keypoints: (15, 3) x, y and visibility as `Instances.visibility`. scores: (15,), `NO_SCORE` where there is none.
        head, bbox: x, y, width, height; None where there is none.
    """

    image: int
    track: int | None
    keypoints: Array
    scores: Array
    head: Array | None
    bbox: Array | None


@dataclass(frozen=True)
class SequenceFile:
    """What one file has: frames and people in the file's order."""

    images: tuple[Image, ...]
    people: tuple[Person, ...]
    form: str


def parse(content: bytes, file: str) -> SequenceFile:
    """Read a file of either form.

    Args:
        file: its name, for messages.

    Raises:
        PosebenchError: it is no such file; names the frame or annotation.
    """
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise PosebenchError(f"{file} is no JSON: {error}. Was it cut off?") from error
    if isinstance(found, dict) and isinstance(found.get("annolist"), list):
        return _parse_2017(found["annolist"], file)
    if isinstance(found, dict) and isinstance(found.get("images"), list) and isinstance(found.get("annotations"), list):
        return _parse_2018(found, file)
    raise PosebenchError(
        f"{file} is no sequence of PoseTrack: it should be an object with lists 'images' and 'annotations' (PoseTrack18) or "
        "with the list 'annolist' (PoseTrack17)."
    )


def _parse_2018(found: dict[str, Any], file: str) -> SequenceFile:
    place = _places(found.get("categories"), file)
    images = tuple(_each(found["images"], _image_2018, f"{file}, image"))
    row_of = {image.number: row for row, image in enumerate(images)}
    if len(row_of) < len(images):
        raise PosebenchError(f"{file} has two images with one id.")

    def person(entry: Any) -> Person:
        if entry["image_id"] not in row_of:
            raise PosebenchError(f"image_id {entry['image_id']!r} is not among 'images'.")
        values = np.array(entry["keypoints"], float).reshape(len(place), 3)
        confidences = np.array(entry.get("scores") or [], float)
        if confidences.size not in (0, len(place)):
            raise PosebenchError(f"{confidences.size} scores for {len(place)} keypoints.")
        keypoints, scores = np.zeros((K, 3)), np.full(K, NO_SCORE)
        for source, target in enumerate(place):
            if target is not None:
                keypoints[target] = values[source]
                scores[target] = confidences[source] if confidences.size else NO_SCORE
        there = (keypoints != 0).any(axis=1)
        keypoints[:, 2] = np.where(there, np.where(keypoints[:, 2] > 0, VISIBLE, OCCLUDED), UNLABELLED)
        boxes = (_box(entry[name]) if entry.get(name) is not None else None for name in ("bbox_head", "bbox"))
        return Person(
            row_of[entry["image_id"]], _whole(entry.get("track_id")), _checked(keypoints), _finite(scores), *boxes
        )

    people = tuple(_each(found["annotations"], person, f"{file}, annotation"))
    return SequenceFile(images, people, FORM_2018)


def _places(categories: Any, file: str) -> list[int | None]:
    """Where each of the file's keypoints is among `SKELETON`; None for those that are not scored."""
    try:
        names = [NAMES.get(name, name) for name in categories[0]["keypoints"]]
    except _WRONG as error:
        raise PosebenchError(f"{file} does not name its keypoints. Write 'categories' as in the annotation.") from error
    lacking = [name for name in SKELETON.keypoints if name not in names]
    if lacking:
        raise PosebenchError(
            f"{file} has {len(names)} keypoints and not {lacking[0]!r}. PoseTrack's are {', '.join(SKELETON.keypoints)}."
        )
    return [SKELETON.keypoints.index(name) if name in SKELETON.keypoints else None for name in names]


def _image_2018(entry: Any) -> Image:
    regions = zip(entry.get("ignore_regions_x") or (), entry.get("ignore_regions_y") or (), strict=True)
    ignored = tuple(_polygon(list(zip(x, y, strict=True))) for x, y in regions)
    size = (int(entry["width"]), int(entry["height"])) if "width" in entry and "height" in entry else None
    return Image(_name(entry["file_name"]), _number(entry["id"]), size, ignored)


def _parse_2017(frames: list[Any], file: str) -> SequenceFile:
    images: list[Image] = []
    people: list[Person | None] = []
    for row, (image, rectangles) in enumerate(_each(frames, _frame_2017, f"{file}, frame")):
        images.append(image._replace(number=row))
        people += _each(rectangles, partial(_person_2017, row=row), f"{file}, frame {row}, annorect")
    return SequenceFile(tuple(images), tuple(one for one in people if one is not None), FORM_2017)


def _frame_2017(entry: Any) -> tuple[Image, list[Any]]:
    regions = entry.get("ignore_regions") or ()
    ignored = tuple(_polygon([(_one(p["x"]), _one(p["y"])) for p in _list(region["point"])]) for region in regions)
    image = Image(_name(_one(entry["image"])["name"]), 0, None, ignored)
    return image, _list(entry.get("annorect") or [])


def _person_2017(entry: Any, row: int) -> Person | None:
    """None for a rectangle without a list of points, which poseval leaves out."""
    points = entry.get("annopoints") or [{}]
    if "point" not in _one(points):
        return None
    keypoints, scores = np.zeros((K, 3)), np.full(K, NO_SCORE)
    for point in reversed(_list(_one(points)["point"])):  # the first one of each number counts
        number = _number(_one(point["id"]))
        if not 0 <= number < K:
            raise PosebenchError(f"a point has the id {number}; they are 0 to {K - 1}.")
        seen = _one(point["is_visible"]) if point.get("is_visible") else 1
        keypoints[number] = _one(point["x"]), _one(point["y"]), VISIBLE if seen not in (0, "0") else OCCLUDED
        if "score" in point:
            scores[number] = _one(point["score"])
    head = None
    if all(entry.get(name) for name in ("x1", "y1", "x2", "y2")):
        x1, y1, x2, y2 = (float(_one(entry[name])) for name in ("x1", "y1", "x2", "y2"))
        head = _box([min(x1, x2), min(y1, y2), abs(x2 - x1), abs(y2 - y1)])
    track = _whole(_one(entry["track_id"])) if entry.get("track_id") else None
    return Person(row, track, _checked(keypoints), _finite(scores), head, None)


def _each(entries: list[Any], read: Callable[[Any], Any], what: str) -> Iterator[Any]:
    """What is read of each entry; errors name its number."""
    for number, entry in enumerate(entries):
        try:
            yield read(entry)
        except PosebenchError as error:
            raise PosebenchError(f"{what} {number}: {error}") from error
        except _WRONG as error:
            wrong = f"it lacks {error.args[0]!r}" if isinstance(error, KeyError) else f"{error!r:.200}"
            raise PosebenchError(f"{what} {number}: {wrong}; is this a file of PoseTrack?") from error


def _one(value: Any) -> Any:
    """The value of a list of one."""
    (one,) = _list(value)
    return one


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r:.60} is no list")
    return value


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value or max(len(part.encode()) for part in value.split("/")) > LONGEST_NAME:
        raise PosebenchError(f"the name of an image is {value!r:.60}.")
    return value


def _number(value: Any) -> int:
    if not isinstance(value, int) or abs(value) >= 2**63:
        raise PosebenchError(f"{value!r:.60} should be a whole number.")
    return int(value)


def _whole(value: Any) -> int | None:
    return None if value is None else _number(value)


def _box(values: Any) -> Array:
    return _finite(np.array(values, float).reshape(4))


def _polygon(corners: list[tuple[Any, Any]]) -> Array:
    return _finite(np.array(corners, float).reshape(len(corners), 2))


def _checked(keypoints: Array) -> Array:
    """(15, 3) keypoints that may be on a photograph."""
    if not (np.abs(_finite(keypoints)) < FARTHEST).all():
        raise PosebenchError(f"a keypoint is {np.abs(keypoints).max():g} pixels away.")
    return keypoints


def _finite(values: Array) -> Array:
    if not np.isfinite(values).all():
        raise PosebenchError("a number is not finite.")
    return values
