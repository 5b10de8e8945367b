"""Photographs to train on: synthetic people as JPEG files of a photograph's size, in COCO's form."""

import json
import multiprocessing
from pathlib import Path

import cv2
import numpy as np

from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic

ENLARGED = 2.5
"""The drawn pictures have sides of about 200 pixels, photographs of COCO 500 to 640."""
QUALITY = 92


def write_dataset(root: Path, pictures: int, people: int, processes: int) -> None:
    """Write the train split of a dataset in COCO's form.

    Args:
        pictures: JPEG files.
        people: annotated people; each picture is there several times, decoded every time.
        processes: that draw.
    """
    folder = root / "train2017"
    folder.mkdir(parents=True)
    drawn = synthetic.instances(protocol("coco").skeleton, "train", pictures)
    jobs = [(name, folder / f"{row:012}.jpg") for row, name in enumerate(drawn.images)]
    if processes > 1:
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            sizes = pool.starmap(_draw, jobs, chunksize=8)
    else:
        sizes = [_draw(*job) for job in jobs]
    images = [
        {"id": row, "file_name": path.name, "width": width, "height": height}
        for row, ((_, path), (width, height)) in enumerate(zip(jobs, sizes, strict=True))
    ]
    points = (drawn.keypoints + 0.5) * ENLARGED
    triples = np.concatenate([points, drawn.visibility[..., None]], axis=2).reshape(pictures, -1).round(2).tolist()
    boxes = (drawn.bbox * ENLARGED).round(2).tolist()
    areas = (drawn.measures["area"] * ENLARGED**2).round(2).tolist()
    labelled = drawn.measures["num_keypoints"].tolist()
    annotations = [
        {
            "id": number, "image_id": row, "category_id": 1, "iscrowd": 0, "bbox": boxes[row], "area": areas[row],
            "num_keypoints": labelled[row], "keypoints": triples[row],
        }
        for number in range(1, people + 1) for row in [(number - 1) % pictures]
    ]  # fmt: skip
    content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "person"}]}
    (root / "annotations").mkdir()
    (root / "annotations" / "person_keypoints_train2017.json").write_text(json.dumps(content))


def _draw(name: str, path: Path) -> tuple[int, int]:
    """Draw one picture; its (width, height)."""
    image = cv2.resize(synthetic.draw(name), None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
    _, encoded = cv2.imencode(".jpg", image[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    path.write_bytes(encoded.tobytes())
    return image.shape[1], image.shape[0]
