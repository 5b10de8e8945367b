"""A small dataset in COCO's layout with photographs, for tests of what a folder may contain."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from coco_data import annotation, written

PEOPLE = {"train": 4, "val": 3}
"""One in each photograph."""


def photograph(seed: int) -> np.ndarray:
    """(200, 300, 3) uint8, with coarse and fine structure; another one for another seed."""
    random = np.random.default_rng(seed)
    layers = [random.integers(0, 255 // 2**i, (6 * 2**i, 8 * 2**i, 3)).astype(np.float32) for i in range(4)]
    return sum(cv2.resize(layer, (300, 200)) for layer in layers).clip(0, 255).astype(np.uint8)


def name_of(split: str, number: int) -> str:
    """Such as `val_2.png`, of the second photograph."""
    return f"{split}_{number}.png"


def write_coco(root: Path, changes: dict[tuple[str, int], dict[str, Any]] | None = None) -> Path:
    """A folder with annotations and photographs of both splits.

    Args:
        changes: (split, number of the person from 1) → fields of its annotation that differ.
    """
    for split, count in PEOPLE.items():
        people = [
            annotation(id=number, image_id=number) | (changes or {}).get((split, number), {})
            for number in range(1, count + 1)
        ]
        images = [{"id": n, "file_name": name_of(split, n), "height": 200, "width": 300} for n in range(1, count + 1)]
        content = {"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}
        written(root / f"annotations/person_keypoints_{split}2017.json", content)
        (root / f"{split}2017").mkdir()
        for number in range(1, count + 1):
            path = root / f"{split}2017" / name_of(split, number)
            cv2.imwrite(str(path), photograph(number + 100 * (split == "val")))
    return root
