"""MPII's official release in miniature: as many images as the real one, with everything that makes its MATLAB file odd."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import savemat

LINES = [
    line.split()
    for line in (Path(__file__).parents[1] / "protocols" / "mpii" / "mpii_val.txt").read_text().splitlines()
]
VALIDATION = [(int(line[0]), int(person)) for line in LINES for person in line[1:]]
"""(image, person) of the validation people."""
EMPTY = np.zeros((0, 0))
IMAGES, TEST_IMAGES, TEST_PEOPLE = 24_987, 6_908, 7_247
ACTIVITIES = "sports", "dancing", ""


def struct(records: Sequence[dict[str, Any]]) -> Any:
    """A 1×N struct array."""
    array = np.empty((1, len(records)), dtype=[(name, object) for name in records[0]])
    for row, record in enumerate(records):
        array[0, row] = tuple(record.values())
    return array


def point(joint: int, x: float, y: float, *visible: Any) -> dict[str, Any]:
    """A point, with `is_visible` only where it is given."""
    return {"x": x, "y": y, "id": joint} | ({"is_visible": visible[0]} if visible else {})


def annorect(
    points: Sequence[dict[str, Any]] | None, x: float = 100.0, y: float = 80.0, scale: Any = 2.0
) -> dict[str, Any]:
    """An annotated person; `points` None leaves annopoints empty. The head box is 30 × 40, so the head length is 30."""
    return {
        "x1": 10, "y1": 20, "x2": 40, "y2": 60, "annopoints": EMPTY if points is None else struct([{"point": struct(points)}]),
        "scale": scale, "objpos": struct([{"x": x, "y": y}]),
    }  # fmt: skip


def tester(x: float, scale: float = 1.5) -> dict[str, Any]:
    """Somebody of a test image."""
    return {"scale": scale, "objpos": struct([{"x": x, "y": 50.0}])}


ODD = {
    0: struct([annorect([point(0, 11.5, 12.25, ""), point(1, 13, 14, "0"), point(2, 15, 16, "1"), point(3, 17, 18, 0),
                         point(4, -3, 20, 1), point(9, 21, 22, EMPTY)])]),
    1: struct([annorect([point(9, 5, 6)]), annorect(None)]),  # one point that is no array; somebody without points
    2: EMPTY,
    3: struct([annorect([point(7, 5, 6, 1)], scale=EMPTY)]),  # nobody can be cropped without a scale
    4: struct([{"x1": 1, "y1": 2, "x2": 3, "y2": 4}]),  # a head and nothing else
}  # fmt: skip
"""The first training images. Image 6 is the first with a validation person."""


def write_release(path: Path, points: int = 2) -> Path:
    """A release of the real one's counts; in images with a validation person, everybody has `points` points."""
    rects: list[Any] = [EMPTY] * IMAGES
    rects[: len(ODD)] = ODD.values()
    people: dict[int, list[int]] = {}
    for image, person in VALIDATION:
        people.setdefault(image, []).append(person)
    singles: list[Any] = [EMPTY] * IMAGES
    train = np.ones(IMAGES, np.uint8)
    testers = np.setdiff1d(np.arange(IMAGES), list(people))[-TEST_IMAGES:]
    train[testers] = 0
    for image, persons in people.items():
        rects[image] = struct([
            annorect([point(joint, 100 + person, 200 + joint, joint % 2) for joint in range(points)], 300 + person)
            for person in range(max(persons) + 1)
        ])  # fmt: skip
        singles[image] = np.array(persons) + 1.0
    for order, image in enumerate(testers.tolist()):
        second = order < TEST_PEOPLE - TEST_IMAGES
        crowd = [tester(500.0), tester(10.0 + order), tester(20.0 + order)]
        rects[image] = struct(crowd if second else crowd[:2])
        singles[image] = np.array([[2], [3]]) if second else 2
    return write(path, rects, train, singles)


def write(path: Path, rects: Sequence[Any], train: Any, singles: Sequence[Any], **changes: Any) -> Path:
    """A release of these images; `changes` are fields of RELEASE in place of the usual, None leaves one out."""
    annolist = struct([
        {"image": struct([{"name": f"{row:09d}.jpg"}]), "annorect": rect, "frame_sec": EMPTY} for row, rect in enumerate(rects)
    ])  # fmt: skip
    cells = np.empty((len(rects), 1), object)
    cells[:, 0] = singles
    acts = [{"cat_name": ACTIVITIES[row % 3] or EMPTY} for row in range(len(rects))]
    release: dict[str, Any] = {
        "annolist": annolist, "img_train": np.array([train]), "version": "12", "single_person": cells, "act": struct(acts).T,
        "video_list": np.empty((1, 0), object),
    } | changes  # fmt: skip
    savemat(
        path, {"RELEASE": {name: value for name, value in release.items() if value is not None}}, do_compression=True
    )
    return path


def write_trainers(path: Path, *rects: Any, **changes: Any) -> Path:
    """A release of nothing but training images, without a validation person."""
    return write(path, rects, [1] * len(rects), [EMPTY] * len(rects), **changes)
