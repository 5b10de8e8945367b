"""Rules of COCO's keypoint evaluation about people, areas, ids and the forms of the files."""

from collections.abc import Callable

import numpy as np
from coco_case import KEYPOINTS, Case, flat, label

BOUNDARIES = (32.0**2, 96.0**2)
"""Areas at which a person is both small and medium, or both medium and large, for COCO's evaluator."""
SIDES = ((32, 32), (16, 64), (8, 128), (96, 96), (64, 144), (48, 192))
"""Width and height of boxes of these areas."""
OFTEN = 4
"""Detections that lie on a rule's person or boundary, so that numbers depend on it."""


def _areas(beside: bool) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        for person in case.some():
            area = float(case.random.choice(BOUNDARIES))
            person["area"] = float(np.nextafter(area, area + case.random.choice([-1, 1]))) if beside else area

    return change


def _extents(beside: bool) -> Callable[[Case], None]:
    """False detections, whose own areas decide in which ranges they count."""

    def change(case: Case) -> None:
        for _ in range(OFTEN):
            width, height = (float(v) for v in SIDES[int(case.random.integers(len(SIDES)))])
            if beside:
                height = float(np.nextafter(height, height + case.random.choice([-1, 1])))
            points = case.random.uniform(0, 1, (KEYPOINTS, 2)).round(2) * (width, height)
            points[0], points[1] = (0.0, 0.0), (width, height)
            points[:, 0] += 1000
            case.detect(case.one(), keypoints=flat(points))

    return change


def _boxes(at_boundary: bool) -> Callable[[Case], None]:
    def change(case: Case) -> None:
        for _ in range(OFTEN):
            case.detect(case.one(), spread=2.0)
        for found in case.detections:
            sides = SIDES[int(case.random.integers(len(SIDES)))] if at_boundary else case.random.uniform(10, 200, 2)
            found["bbox"] = [10.0, 20.0, *(float(side) for side in sides)]

    return change


def _crowds(case: Case) -> None:
    for person in case.some():
        person["iscrowd"] = 1
        case.detect(person, spread=0.01)
        case.detect(person, spread=0.05)


def _unlabelled(case: Case) -> None:
    """Detections in the box, beside the box and far from the box of people without keypoints."""
    for person in case.some():
        x, y, width, height = person["bbox"]
        for shift in (0, 1, 3):
            points = case.random.uniform(0, 1, (KEYPOINTS, 2)) * (width, height) + (x + shift * width, y)
            case.detect(person, keypoints=flat(points.round(2)))
        label(person, np.zeros((KEYPOINTS, 2), int), np.zeros(KEYPOINTS, int))


def _miscounted(case: Case) -> None:
    """`num_keypoints`, as stored, decides who is ignored."""
    for number, person in enumerate(case.some()):
        case.detect(person, spread=0.05)
        if number % 2:
            label(person, np.zeros((KEYPOINTS, 2), int), np.zeros(KEYPOINTS, int))
        person["num_keypoints"] = 5 if number % 2 else 0


def _ids(low: int, high: int) -> Callable[[Case], None]:
    """Distinct ids of a range, in no order."""

    def change(case: Case) -> None:
        drawn = {int(case.random.integers(low, high)) for _ in range(200)} - {0}
        chosen = case.random.permutation(np.array(sorted(drawn))).tolist()
        case.renumber(chosen[: len(case.images)], chosen[-len(case.people) :])

    return change


def _shuffled(case: Case) -> None:
    """Lists in no order, while scores of different images are equal: the order of images, by id, decides."""
    _ids(1, 1000)(case)
    for found in case.detections:
        found["score"] = float(case.random.integers(0, 4) / 4)
    for entries in (case.images, case.people, case.detections):
        entries[:] = [entries[i] for i in case.random.permutation(len(entries))]


def _id_zero(case: Case) -> None:
    case.one()["id"] = 0


def _images_without_people(case: Case) -> None:
    for number in (101, 102, 103):
        case.images.append({"id": number, "file_name": f"{number}.jpg", "width": 640, "height": 480})
        case.detect(case.one(), image_id=number)
        case.detect(case.one(), image_id=number)


def _images_without_detections(case: Case) -> None:
    kept = case.image()
    case.detections = [found for found in case.detections if found["image_id"] == kept]


def _one_range(case: Case) -> None:
    area = float(case.random.choice([500.5, 3000.5, 15000.5]))
    for person in case.people:
        person["area"] = area


def _only_ignored(case: Case) -> None:
    for number, person in enumerate(case.people):
        if number % 2:
            person["iscrowd"] = 1
        else:
            label(person, np.zeros((KEYPOINTS, 2), int), np.zeros(KEYPOINTS, int))


def _area_zero(case: Case) -> None:
    for person in case.some():
        case.detect(person, spread=0.0)
        person["area"] = 0.0


def _largest_area(case: Case) -> None:
    """Beyond 10¹⁰ a person is in no range, not even in "all"."""
    for person in case.some():
        person["area"] = float(case.random.choice([1e10, np.nextafter(1e10, 2e10), 3e10]))


def _outside(case: Case) -> None:
    for person in case.some():
        points, seen = np.split(np.reshape(person["keypoints"], (KEYPOINTS, 3)), [2], axis=1)
        label(person, points + case.random.choice([-2000, 50_000], 2), seen[:, 0])
        case.detect(person)


def _one_point(case: Case) -> None:
    for _ in range(OFTEN):
        case.detect(case.one(), keypoints=flat(np.full((KEYPOINTS, 2), float(case.random.integers(1, 100)))))


def _many_digits(case: Case) -> None:
    """Numbers that only a correctly rounding parser reads, some with exponents."""
    for entry in (*case.people, *case.detections):
        points = np.reshape(entry["keypoints"], (KEYPOINTS, 3)).astype(float)
        points[:, :2] += case.random.uniform(0, 1, (KEYPOINTS, 2)) * 10.0 ** case.random.integers(-9, 1, (KEYPOINTS, 2))
        points[:, :2] *= points[:, 2:] > 0
        entry["keypoints"] = points.ravel().tolist()


def _fields_of_their_own(case: Case) -> None:
    """The evaluator computes areas and ids of results, and whom to ignore, itself."""
    for number, found in enumerate(case.detections):
        found |= {"id": 7 + 2 * number, "area": 2000.0, "num_keypoints": 0}
    for person in case.people:
        person["ignore"] = int(case.random.random() < 0.5)


def _some_boxes(case: Case) -> None:
    """The first result, which has none, decides that areas are those of the keypoints."""
    for _ in range(OFTEN):
        case.detect(case.one(), spread=2.0)
    for found in case.detections[1:]:
        if case.random.random() < 0.5:
            found["bbox"] = [10.0, 20.0, *case.random.uniform(10, 200, 2).tolist()]


def _unset(case: Case) -> None:
    """Keypoints of confidence 0 at 0, 0 are keypoints, and make a detection's area larger."""
    for _ in range(OFTEN):
        case.detect(case.one(), spread=2.0)
    for found in case.detections:
        points = np.reshape(found["keypoints"], (KEYPOINTS, 3)).copy()
        points[case.random.random(KEYPOINTS) < 0.3] = 0
        found["keypoints"] = points.ravel().tolist()


def _whole_numbers(case: Case) -> None:
    for found in case.detections:
        found["keypoints"] = [round(value) for value in found["keypoints"]]
        found["score"] = int(case.random.integers(0, 10_000))
    for person in case.people:
        person["area"] = int(person["area"])


def _another_category(case: Case) -> None:
    case.category = int(case.random.integers(2, 91))
    for entry in (*case.people, *case.detections):
        entry["category_id"] = case.category


DATA_RULES: dict[str, Callable[[Case], None]] = {
    "people of area 32² and 96²": _areas(beside=False),
    "people one bit beside 32² and 96²": _areas(beside=True),
    "people of area 0": _area_zero,
    "people of area 10¹⁰ and more": _largest_area,
    "people of one area range alone": _one_range,
    "false detections of area 32² and 96²": _extents(beside=False),
    "false detections one bit beside 32² and 96²": _extents(beside=True),
    "false detections of area 0": _one_point,
    "results with boxes": _boxes(at_boundary=False),
    "results with boxes of area 32² and 96²": _boxes(at_boundary=True),
    "crowds": _crowds,
    "people without labelled keypoints": _unlabelled,
    "num_keypoints at odds with the keypoints": _miscounted,
    "crowds and unlabelled people only": _only_ignored,
    "no people": lambda case: case.people.clear(),
    "images without people": _images_without_people,
    "images without detections": _images_without_detections,
    "ids and lists in no order": _shuffled,
    "ids beyond 2⁴⁰": _ids(2**40, 2**62),
    "negative ids": _ids(-1000, 0),
    "annotation id 0": _id_zero,
    "keypoints outside the image": _outside,
    "coordinates of 17 digits": _many_digits,
    "whole numbers without a point": _whole_numbers,
    "fields of their own: id, area, ignore": _fields_of_their_own,
    "boxes in some results, not in the first": _some_boxes,
    "detections with keypoints at 0, 0": _unset,
    "a category of another id": _another_category,
}
