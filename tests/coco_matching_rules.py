"""Rules of COCO's keypoint evaluation about which detection is matched to which person, and which counts first."""

from collections.abc import Callable

import numpy as np
from coco_case import KEYPOINTS, SIGMAS, Case, flat, label


def oks(found: np.ndarray, points: np.ndarray, seen: np.ndarray, area: float) -> float:
    """Object keypoint similarity of one detection, by the formula of COCO's evaluator and in its order of operations."""
    offset = (found - points)[seen > 0]
    error = (offset[:, 0] ** 2 + offset[:, 1] ** 2) / ((SIGMAS * 2) ** 2)[seen > 0] / (area + np.spacing(1)) / 2
    return float(np.sum(np.exp(-error)) / len(error))


def _tied_within_images(case: Case) -> None:
    for person in case.some():
        score = case.detect(person)["score"]
        case.detect(person, score=score)


def _tied_between_images(case: Case) -> None:
    levels = case.random.random(20)
    for image in case.images:
        here = [found for found in case.detections if found["image_id"] == image["id"]]
        for found, score in zip(here, case.random.permutation(levels[: len(here)]), strict=True):
            found["score"] = float(score)


def _scores(draw: Callable[[np.random.Generator, int], np.ndarray]) -> Callable[[Case], None]:
    """Each detection has one of these scores."""

    def change(case: Case) -> None:
        for found, score in zip(case.detections, draw(case.random, len(case.detections)), strict=True):
            found["score"] = float(score)

    return change


def _more_than_twenty(case: Case) -> None:
    person = case.one()
    for _ in range(25):
        case.detect(person)


def _tied_at_twenty(case: Case) -> None:
    person = case.one()
    case.detections = [found for found in case.detections if found["image_id"] != person["image_id"]]
    for place in range(30):
        case.detect(person, score=0.95 - place / 100 if place < 15 else 0.5)
    case.detections = [case.detections[i] for i in case.random.permutation(len(case.detections))]


def _tied_people(case: Case) -> None:
    """A detection exactly between two people of one area, and a lesser one of the first or the second."""
    for first in case.some():
        step = int(first["area"] ** 0.5 * 0.02) + 1
        points, seen = np.split(np.reshape(first["keypoints"], (KEYPOINTS, 3)), [2], axis=1)
        second = case.person(first["image_id"], area=first["area"], bbox=first["bbox"])
        label(second, points + (2 * step, 0), seen[:, 0])
        case.detect(first, score=0.9 + case.random.random() / 10, keypoints=flat(points + (step, 0)))
        case.detect(first if case.random.random() < 0.5 else second, spread=0.01)


def _annotated_twice(case: Case) -> None:
    for person in case.some():
        twice = case.person(person["image_id"])
        twice.update({key: value for key, value in person.items() if key != "id"})
        case.detect(person, spread=0.05)


def _one_detection_twice(case: Case) -> None:
    for found in list(case.detections):
        if case.random.random() < 0.5:
            case.detections.append(found | {"score": float(case.random.random())})


def _oks_at_threshold(case: Case) -> None:
    """Of n labelled keypoints, m are detected exactly, and the others so far away that they count 0: OKS is m / n."""
    shares = [(m, n) for n in (2, 4, 5, 10) for m in range(1, n) if m / n >= 0.5]
    for person in case.some():
        m, n = shares[int(case.random.integers(len(shares)))]
        points = case.random.integers(1, 300, (KEYPOINTS, 2))
        seen = case.random.permutation(np.r_[np.full(n, 2), np.zeros(KEYPOINTS - n, int)])
        label(person, points, seen)
        far = case.random.permutation(np.flatnonzero(seen))[m:]
        points[far] += 100_000
        case.detect(person, keypoints=flat(points))


def _one_keypoint(case: Case) -> None:
    for person in case.some():
        points = np.reshape(person["keypoints"], (KEYPOINTS, 3))[:, :2]
        label(person, points, np.r_[2, np.zeros(KEYPOINTS - 1, int)])


def _oks_beside_threshold(case: Case) -> None:
    """Detections that are moved until OKS is a threshold, or differs from it in the last bits."""
    for person in case.some():
        points, seen = np.split(np.reshape(person["keypoints"], (KEYPOINTS, 3)), [2], axis=1)
        off = case.random.normal(0, 1, (KEYPOINTS, 2))
        threshold = float(case.random.choice(np.linspace(0.5, 0.95, 10)))
        low, high = 0.0, 10 * person["area"] ** 0.5
        while low < (middle := (low + high) / 2) < high:
            above = oks(points + middle * off, points, seen[:, 0], person["area"]) >= threshold
            low, high = (middle, high) if above else (low, middle)
        case.detect(person, keypoints=flat(points + float(case.random.choice([low, high])) * off))


def _people_almost_tied(case: Case) -> None:
    """A detection is moved from one person towards another until both have the same OKS or one in the last bits beside it."""
    for first in case.some():
        points, seen = np.split(np.reshape(first["keypoints"], (KEYPOINTS, 3)), [2], axis=1)
        second = case.person(first["image_id"], area=first["area"] + 7, bbox=first["bbox"])
        apart = first["area"] ** 0.5 * case.random.uniform(0.05, 0.2, 2)
        label(second, points + apart.round(), seen[:, 0])
        others = np.reshape(second["keypoints"], (KEYPOINTS, 3))[:, :2]
        low, high = 0.0, 1.0
        while low < (middle := (low + high) / 2) < high:
            found = points + middle * apart
            to_first, to_second = (
                oks(found, to, seen[:, 0], person["area"]) for to, person in ((points, first), (others, second))
            )
            low, high = (middle, high) if to_first >= to_second else (low, middle)
        case.detect(first, score=0.95, keypoints=flat(points + float(case.random.choice([low, high])) * apart))
        case.detect(first if case.random.random() < 0.5 else second, spread=0.01)


def _recall_at_threshold(case: Case) -> None:
    """Of 20, 25 or 50 people, the recall after each found person is one of the 101 at which precision is read."""
    count = int(case.random.choice([20, 25, 50]))
    while len(case.people) < count:
        case.detect(case.person(case.image()), spread=0.02)
    case.people, case.detections = case.people[:count], case.detections[: 2 * count]


MATCHING_RULES: dict[str, Callable[[Case], None]] = {
    "scores tied within an image": _tied_within_images,
    "scores tied between images": _tied_between_images,
    "all scores tied": _scores(lambda _, count: np.full(count, 0.5)),
    "scores one bit apart": _scores(lambda random, count: 0.7 + np.spacing(0.7) * random.permutation(count)),
    "scores of 0 and −0": _scores(lambda random, count: random.choice([0.0, -0.0], count)),
    "scores negative, tiny and large": _scores(
        lambda random, count: random.normal(0, 1, count) * 10.0 ** random.integers(-8, 9, count)
    ),
    "more than 20 detections in an image": _more_than_twenty,
    "the 20th and 21st score tied": _tied_at_twenty,
    "OKS tied between two people": _tied_people,
    "a person annotated twice": _annotated_twice,
    "a detection twice, with other scores": _one_detection_twice,
    "OKS equal to a threshold": _oks_at_threshold,
    "one labelled keypoint": _one_keypoint,
    "OKS in the last bits beside a threshold": _oks_beside_threshold,
    "OKS of two people equal but for the last bits": _people_almost_tied,
    "recall equal to a recall threshold": _recall_at_threshold,
}
