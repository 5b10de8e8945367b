"""Small sequences of PoseTrack: people one can check by eye, whose head length is 10 pixels."""

import json
from pathlib import Path
from typing import Any

NAMES = [
    "nose", "head_bottom", "head_top", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow",
    "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
]  # fmt: skip
"""PoseTrack18's 17 keypoints, in the files' order."""
SCORED = [
    "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist", "right_elbow",
    "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "head_bottom", "nose", "head_top",
]  # fmt: skip
"""PoseTrack18's names of PoseTrack17's points 0 to 14."""
HEAD = [100.0, 200.0, 10.0, 40 / 3]
"""0.6 x its diagonal, 50 / 3, is 10."""


def person(x: float = 100.0, y: float = 50.0, moved: float = 0.0, only: list[str] | None = None) -> list[float]:
    """17 keypoints, 20 pixels from row to row, those of the right side 40 pixels beside the others, all `moved` to the right.

    Args:
        only: the keypoints that are labelled; None for all.
    """
    values: list[float] = []
    for row, name in enumerate(NAMES):
        beside = 40.0 * name.startswith("right")
        values += [x + beside + moved, y + 20.0 * row, 1] if only is None or name in only else [0, 0, 0]
    return values


def sequence(
    frames: list[list[tuple[int, list[float]]]], name: str = "walk", regions: Any = None, scores: Any = None
) -> dict[str, Any]:
    """A file of annotations, or with `scores` of results: (track, keypoints) of the people of each frame.

    Args:
        regions: frame → corners of its ignored regions. scores: 17 of every person, or one for all keypoints.
    """
    images, people = [], []
    for number, there in enumerate(frames):
        image = {"id": 100 + number, "file_name": f"images/val/{name}/{number:06d}.jpg", "width": 640, "height": 480}
        for corners in (regions or {}).get(number, []):
            for axis, key in enumerate(("ignore_regions_x", "ignore_regions_y")):
                image.setdefault(key, []).append([corner[axis] for corner in corners])  # type: ignore[attr-defined]
        images.append(image)
        for track, keypoints in there:
            entry = {"image_id": 100 + number, "track_id": track, "keypoints": keypoints, "category_id": 1}
            if scores is None:
                entry |= {"bbox_head": HEAD, "bbox": [50.0, 40.0, 100.0, 360.0]}
            else:
                entry["scores"] = scores if isinstance(scores, list) else [scores] * len(NAMES)
            people.append(entry)
    return {"images": images, "annotations": people, "categories": [{"name": "person", "keypoints": [*NAMES]}]}


def write(folder: Path, *sequences: dict[str, Any]) -> Path:
    """A folder with a file for each sequence, named by its images' folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in sequences:
        (folder / f"{Path(one['images'][0]['file_name']).parent.name}.json").write_text(json.dumps(one))
    return folder


def as_2017(content: dict[str, Any]) -> dict[str, Any]:
    """The same in PoseTrack17's form, in which every value is a list of one."""
    frames = []
    for image in content["images"]:
        people = []
        for one in content["annotations"]:
            if one["image_id"] != image["id"]:
                continue
            points = []
            for name, (x, y, seen) in zip(NAMES, zip(*[iter(one["keypoints"])] * 3, strict=True), strict=True):
                if name in SCORED and (x, y, seen) != (0, 0, 0):
                    points.append({"id": [SCORED.index(name)], "x": [x], "y": [y], "is_visible": [seen]})
                    if "scores" in one:
                        points[-1]["score"] = [one["scores"][NAMES.index(name)]]
            entry: dict[str, Any] = {"annopoints": [{"point": points}]}
            if "track_id" in one:
                entry["track_id"] = [one["track_id"]]
            if "bbox_head" in one:
                x, y, width, height = one["bbox_head"]
                entry |= {"x1": [x], "y1": [y], "x2": [x + width], "y2": [y + height]}
            people.append(entry)
        regions = zip(image.get("ignore_regions_x", []), image.get("ignore_regions_y", []), strict=True)
        ignored = [{"point": [{"x": [x], "y": [y]} for x, y in zip(*axes, strict=True)]} for axes in regions]
        frames.append({"image": [{"name": image["file_name"]}], "annorect": people, "ignore_regions": ignored})
    return {"annolist": frames}
