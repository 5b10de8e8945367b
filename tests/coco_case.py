"""Small random COCO datasets with detections: a plain one, which the rules of `coco_rules` change, and one of all oddities."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

KEYPOINTS = 17
SIGMAS = np.array([.26, .25, .25, .35, .35, .79, .79, .72, .72, .62, .62, 1.07, 1.07, .87, .87, .89, .89]) / 10  # fmt: skip
"""OKS constants of COCO's keypoints (pycocotools, cocoeval.py, Params.setKpParams)."""


@dataclass
class Case:
    """A dataset and detections, to be changed by a rule. `random` draws what the rule needs."""

    random: np.random.Generator
    images: list[dict[str, Any]] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    detections: list[dict[str, Any]] = field(default_factory=list)
    category: int = 1

    @property
    def truth(self) -> dict[str, Any]:
        """The annotation file."""
        categories = [{"id": self.category, "name": "person"}]
        return {"images": self.images, "annotations": self.people, "categories": categories}

    def image(self) -> int:
        """The id of one of the images."""
        return int(self.random.choice([image["id"] for image in self.images]))

    def one(self) -> dict[str, Any]:
        """One of the people."""
        return self.people[int(self.random.integers(len(self.people)))]

    def some(self) -> list[dict[str, Any]]:
        """Half of the people or more, one at least."""
        chosen = self.random.random(len(self.people)) < 0.7
        chosen[int(self.random.integers(len(chosen)))] = True
        return [person for person, is_chosen in zip(self.people, chosen, strict=True) if is_chosen]

    def person(self, image: int, **changes: Any) -> dict[str, Any]:
        """Add a person at a random place, 8 to 17 keypoints labelled; its area is not near a boundary."""
        area = float(self.random.choice([500.5, 3000.5, 6000.5, 15000.5, 40000.5]))
        x, y = self.random.integers(0, 300, 2).tolist()
        side = int(area**0.5 * 1.4)
        points = self.random.integers(0, side, (KEYPOINTS, 2)) + (x, y)
        seen = self.random.permutation(np.r_[np.full(8, 2), self.random.integers(0, 3, KEYPOINTS - 8)])
        made = {
            "id": len(self.people) + 1, "image_id": image, "category_id": 1, "iscrowd": 0, "area": area,
            "bbox": [x, y, side, side], "keypoints": [], "num_keypoints": 0,
        }  # fmt: skip
        label(made, points, seen)
        self.people.append(made | changes)
        return self.people[-1]

    def detect(self, person: dict[str, Any], spread: float | None = None, **changes: Any) -> dict[str, Any]:
        """Add a detection of a person: off by `spread` square roots of its area on average, its score unlike any other."""
        size = self.random.choice([0.01, 0.05, 0.1, 0.3]) if spread is None else spread
        off = self.random.normal(0, 1, (KEYPOINTS, 2)) * size * person["area"] ** 0.5
        points = np.reshape(person["keypoints"], (KEYPOINTS, 3))[:, :2] + off
        made = {
            "image_id": person["image_id"], "category_id": 1, "score": float(self.random.random()),
            "keypoints": flat(points.round(2)),
        }  # fmt: skip
        self.detections.append(made | changes)
        return self.detections[-1]

    def renumber(self, images: list[int], people: list[int]) -> None:
        """Give images and people other ids."""
        other = {image["id"]: number for image, number in zip(self.images, images, strict=True)}
        for entry in (*self.people, *self.detections):
            entry["image_id"] = other[entry["image_id"]]
        for entry, number in (*zip(self.images, images, strict=True), *zip(self.people, people, strict=True)):
            entry["id"] = number


def flat(points: np.ndarray) -> list[float]:
    """(17, 2) points as a result list has them."""
    return [float(value) for value in np.column_stack([points, np.ones(KEYPOINTS)]).ravel()]


def label(person: dict[str, Any], points: np.ndarray, seen: np.ndarray) -> None:
    """Give a person these keypoints; those that are not seen are 0, 0."""
    points = points * (seen > 0)[:, None]
    person["keypoints"] = np.column_stack([points, seen]).ravel().tolist()
    person["num_keypoints"] = int((seen > 0).sum())


def plain(random: np.random.Generator) -> Case:
    """Three to five images with one to three people each, who are detected once or twice, and a false detection or two."""
    case = Case(random)
    for number in range(1, int(random.integers(4, 7))):
        case.images.append({"id": number, "file_name": f"{number}.jpg", "width": 640, "height": 480})
        for _ in range(int(random.integers(1, 4))):
            person = case.person(number)
            for _ in range(int(random.integers(1, 3))):
                case.detect(person)
    for _ in range(int(random.integers(1, 3))):
        case.detect(case.one(), spread=2.0)
    return case


def mixed(seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A few people and detections, full of what evaluators trip over.

    Tied scores, crowds, people without a labelled keypoint, images without people, areas on the boundaries of the ranges,
    ids from 0, the same person or detection twice, more than 20 detections in an image, results with boxes.
    """
    random = np.random.default_rng(seed)
    images = [
        {"id": int(i), "file_name": f"{i}.jpg", "width": 640, "height": 480}
        for i in random.permutation(4) + random.integers(0, 3)
    ]
    people, detections = [], []
    first_id = int(random.integers(0, 2))
    for n in range(int(random.integers(1, 9))):
        points = random.integers(0, 120, (17, 2)) * random.choice([1, 2])
        seen = random.choice([0, 1, 2], 17) * (random.random() > 0.15)
        x, y, w, h = *(int(v) for v in random.integers(0, 60, 2)), *(int(v) for v in random.integers(20, 150, 2))
        people.append({
            "id": first_id + n, "image_id": int(random.choice([image["id"] for image in images[:3]])), "category_id": 1,
            "iscrowd": int(random.random() < 0.15), "num_keypoints": int((seen > 0).sum() * (random.random() > 0.05)),
            "area": float(random.choice([900, 1024, 5000, 9216, 20000])), "bbox": [x, y, w, h],
            "keypoints": np.column_stack([points * (seen > 0)[:, None], seen]).ravel().tolist(),
        })  # fmt: skip
        if random.random() < 0.1:
            people[-1] = people[0] | {"id": first_id + n}
    boxed = random.random() < 0.3
    for _ in range(int(random.integers(22, 40) if random.random() < 0.1 else random.integers(1, 20))):
        near = people[int(random.integers(len(people)))]
        points = np.array(near["keypoints"], float).reshape(17, 3)[:, :2] + random.normal(
            0, random.choice([0, 2, 9]), (17, 2)
        )
        where = near["image_id"] if random.random() < 0.8 else images[0]["id"]
        detection = {
            "image_id": where, "category_id": 1, "score": float(random.integers(0, 8) / 7),
            "keypoints": np.column_stack([points, np.ones(17)]).ravel().tolist(),
        }  # fmt: skip
        if boxed:
            detection["bbox"] = [0.0, 0.0, float(random.choice([32, 50, 96])), float(random.choice([32, 96, 150]))]
        detections += [detection] * (1 + (random.random() < 0.1))
    if random.random() < 0.05:  # all in one image, so that more than 20 are
        detections = [entry | {"image_id": images[0]["id"]} for entry in detections * 3]
    return {"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}, detections
