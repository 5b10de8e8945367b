"""Files in COCO's form, of val2017's and train2017's size, drawn from a seed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

IMAGES_PER_SIZE = 5_000
"""Images of val2017."""
TRAIN_PEOPLE, TRAIN_IMAGES = 262_465, 118_287
COCO_SPACING = (",", ": ")


def write_val(gt: Path, dt: Path, size: int) -> None:
    """An annotation and results of `size` times val2017's size; every 5,000 images are the same people under other ids."""
    from scoring import dataset

    truth, detections = dataset(IMAGES_PER_SIZE)
    people, images = truth["annotations"], truth["images"]
    with gt.open("w") as file, dt.open("w") as results:
        parts: dict[str, list[str]] = {"images": [], "annotations": []}
        results.write("[")
        for part in range(size):
            for entry in images if part else ():
                entry["id"] += IMAGES_PER_SIZE
                entry["file_name"] = f"{entry['id']:012}.jpg"
            for entry in [*people, *detections] if part else ():
                entry["image_id"] += IMAGES_PER_SIZE
            for entry in people if part else ():
                entry["id"] += len(people)
            parts["images"].append(json.dumps(images)[1:-1])
            parts["annotations"].append(json.dumps(people)[1:-1])
            results.write((", " if part else "") + json.dumps(detections)[1:-1])
        results.write("]")
        lists = ", ".join(f'"{name}": [{", ".join(texts)}]' for name, texts in parts.items())
        file.write(f'{{{lists}, "categories": {json.dumps(truth["categories"])}}}')


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
