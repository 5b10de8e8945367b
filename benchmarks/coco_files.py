"""Files in COCO's form, of val2017's and train2017's size, drawn from a seed."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
from coco_evaluators import with_boxes

VAL_IMAGES = 5_000
"""Images of val2017."""
PEOPLE_PER_IMAGE, DETECTIONS_PER_IMAGE = 2.2, 20.8
TRAIN_PEOPLE, TRAIN_IMAGES = 262_465, 118_287
COCO_SPACING = (",", ": ")


def dataset(images: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """People and detections as crowded as COCO val2017 with a person detector's boxes."""
    random = np.random.default_rng(0)
    people, detections = [], []
    for image in range(1, images + 1):
        here = []
        for _ in range(random.poisson(PEOPLE_PER_IMAGE)):
            corner, size = random.uniform(0, 400, 2), random.uniform(30, 300)
            points = corner + random.uniform(0, size, (17, 2))
            seen = random.choice([0, 1, 2], 17, p=[0.3, 0.1, 0.6])
            here.append(points)
            people.append({
                "id": len(people) + 1, "image_id": image, "category_id": 1, "iscrowd": int(random.random() < 0.02),
                "num_keypoints": int((seen > 0).sum()), "area": size**2 / 2, "bbox": [*corner.tolist(), size, size],
                "keypoints": np.column_stack([points.round() * (seen > 0)[:, None], seen]).ravel().tolist(),
            })  # fmt: skip
        for _ in range(random.poisson(DETECTIONS_PER_IMAGE)):
            near = (
                here[random.integers(len(here))] if here and random.random() < 0.4 else random.uniform(0, 500, (17, 2))
            )
            points = near + random.normal(0, random.choice([3, 10, 40]), (17, 2))
            keypoints = np.column_stack([points.round(2), random.uniform(0, 1, 17).round(3)]).ravel().tolist()
            score = float(random.random().__round__(4))
            detections.append({"image_id": image, "category_id": 1, "keypoints": keypoints, "score": score})
    named = [{"id": i, "file_name": f"{i:012}.jpg", "width": 640, "height": 480} for i in range(1, images + 1)]
    return {"images": named, "annotations": people, "categories": [{"id": 1, "name": "person"}]}, detections


def write_val(folder: Path, images: int, times: int) -> None:
    """`gt.json`, `dt.json`, and `boxed.json`, the same results with boxes that change no number.

    The same `images` images `times` times, each time under other ids, spaced as `json.dumps` does it.
    """
    truth, detections = dataset(images)
    people = truth["annotations"]
    named = [
        {**entry, "id": entry["id"] + part * images, "file_name": f"{entry['id'] + part * images:012}.jpg"}
        for part in range(times)
        for entry in truth["images"]
    ]
    with (folder / "gt.json").open("w") as file:
        file.write(f'{{"images": {json.dumps(named)}, "annotations": ')
        _write_copies(file, people, {"id": len(people), "image_id": images}, times)
        file.write(f', "categories": {json.dumps(truth["categories"])}}}')
    for name, entries in (("dt.json", detections), ("boxed.json", with_boxes(detections))):
        with (folder / name).open("w") as file:
            _write_copies(file, entries, {"image_id": images}, times)


def _write_copies(file: TextIO, entries: list[dict[str, Any]], steps: dict[str, int], times: int) -> None:
    """A list of `times` copies of the entries; the ids named by `steps`, their first keys, grow by so much from copy to copy."""
    rests = [json.dumps({key: value for key, value in entry.items() if key not in steps})[1:] for entry in entries]
    file.write("[")
    for part in range(times):
        rows = (
            "{" + "".join(f'"{key}": {entry[key] + part * step}, ' for key, step in steps.items()) + rest
            for entry, rest in zip(entries, rests, strict=True)
        )
        file.write(", " * bool(part) + ", ".join(rows))
    file.write("]")


def write_train(path: Path, people: int) -> None:
    """An annotation as person_keypoints_train2017.json is written."""
    images = max(round(people * TRAIN_IMAGES / TRAIN_PEOPLE), 1)
    licenses = [{"url": "http://license.invalid/by-nc-sa/2.0/", "id": 1, "name": "A licence with a long name"}] * 8
    category = {"supercategory": "person", "id": 1, "name": "person"}
    info = {"description": "A data set of people", "url": "http://data.invalid", "version": "1.0", "year": 2017}
    with path.open("w") as file:
        file.write(f'{{"info": {_text(info)},"licenses": {_text(licenses)},"images": [')
        for place, entry in enumerate(_images(images)):
            file.write("," * bool(place) + _text(entry))
        file.write('],"annotations": [')
        for place, entry in enumerate(_people(people, images)):
            file.write("," * bool(place) + _text(entry))
        file.write(f'],"categories": {_text([category])}}}')


def _text(entry: Any) -> str:
    return json.dumps(entry, separators=COCO_SPACING)


def _images(count: int) -> Iterator[dict[str, Any]]:
    for number in range(1, count + 1):
        name = f"{number:012}.jpg"
        yield {
            "license": 3, "file_name": name, "coco_url": f"http://images.invalid/train2017/{name}", "height": 480,
            "width": 640, "date_captured": "2013-11-14 11:18:45",
            "flickr_url": f"http://photos.invalid/7164/{number:010}_0123456789_z.jpg", "id": number,
        }  # fmt: skip


def _people(count: int, images: int) -> Iterator[dict[str, Any]]:
    """Of four people, some have no labelled keypoints, as in COCO; 1 of 60 is a crowd with a run-length mask."""
    random = np.random.default_rng(0)
    for number in range(1, count + 1):
        corner, size = random.uniform(0, 300, 2), random.uniform(20, 340)
        box = [round(v, 2) for v in (*corner.tolist(), size * 0.6, size)]
        seen = random.choice([0, 1, 2], 17, p=[0.3, 0.1, 0.6]) * (random.random() < 0.57)
        points = (corner + random.uniform(0, size, (17, 2))).astype(int) * (seen > 0)[:, None]
        crowd = number % 60 == 0
        if crowd:
            mask: Any = {"counts": random.integers(1, 3000, 250).tolist(), "size": [480, 640]}
        else:
            outline = corner + random.uniform(0, size, (int(random.gamma(3, 14.2)) + 4, 2))
            mask = [[round(v, 2) for v in outline.ravel().tolist()]]
        yield {
            "segmentation": mask, "num_keypoints": int((seen > 0).sum()), "area": round(size * size * 0.3, 5),
            "iscrowd": int(crowd), "keypoints": np.column_stack([points, seen]).ravel().tolist(),
            "image_id": int(random.integers(1, images + 1)), "bbox": box, "category_id": 1, "id": number + 180_000,
        }  # fmt: skip
