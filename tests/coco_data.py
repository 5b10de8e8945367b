"""Small datasets in COCO's form, of any skeleton, for tests."""

import json
from pathlib import Path
from typing import Any


def annotation(count: int = 17, **changes: Any) -> dict[str, Any]:
    """A person in image 3, every keypoint labelled."""
    points = [v for k in range(count) for v in (20.0 + 3 * k, 30.0 + 2 * k, 2)]
    return {
        "id": 7, "image_id": 3, "category_id": 1, "iscrowd": 0, "area": 2500.0, "bbox": [20.0, 30.0, 50.0, 60.0],
        "num_keypoints": count, "keypoints": points,
    } | changes  # fmt: skip


def dataset(*annotations: dict[str, Any], keypoints: list[str] | None = None) -> dict[str, Any]:
    """Three images, 9, 3 and 5, and these people."""
    images = [{"id": i, "file_name": f"{i:03}.jpg", "height": 200, "width": 300} for i in (9, 3, 5)]
    category: dict[str, Any] = {"id": 1, "name": "person"}
    if keypoints:
        category |= {"keypoints": keypoints, "skeleton": [[1, 2]]}
    return {"images": images, "annotations": list(annotations), "categories": [category]}


def written(path: Path, content: Any) -> Path:
    """`path`, with `content` in it as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path
