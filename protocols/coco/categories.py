"""What a COCO annotation says of its categories: ids, names of the keypoints, bones."""

from itertools import zip_longest
from pathlib import Path
from typing import Any

from posebench.array_type import Array
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError


def category_of(categories: Any, annotation: Any) -> dict[str, Any]:
    """The category of an annotation; the first one that is listed where the annotation does not name one; else empty.

    Args:
        categories: what the file has under 'categories'. annotation: its first annotation.
    """
    entries = [entry for entry in categories if isinstance(entry, dict)] if isinstance(categories, list) else []
    number = annotation.get("category_id") if isinstance(annotation, dict) else None
    return next((entry for entry in entries if entry.get("id") == number), entries[0] if entries else {})


def check_names(file: Path, category: dict[str, Any], skeleton: Skeleton, described: bool) -> None:
    """Refuse an annotation that names other keypoints, or these in another order: every number would be wrong.

    A file without names is taken at its word. Spelling (`Left Eye`, `left-eye`) is no difference.

    Args:
        category: the one that is annotated.
        described: the keypoints are a description's own, which may name them otherwise than the file does.
    """
    names = category.get("keypoints")
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        return
    spelled, expected = [_spelled(name) for name in names], [_spelled(name) for name in skeleton.keypoints]
    if spelled == expected:
        return
    if sorted(spelled) == sorted(expected):
        raise PosebenchError(f"{file} has the keypoints in another order: {', '.join(names)}.")
    if described:
        return
    place, here, there = next(
        (place, *pair)
        for place, pair in enumerate(zip_longest(names, skeleton.keypoints, fillvalue=None), start=1)
        if pair[0] is None or pair[1] is None or _spelled(pair[0]) != _spelled(pair[1])
    )
    raise PosebenchError(
        f"{file} has {len(names)} keypoints that are not COCO's {len(skeleton)}: keypoint {place} is "
        f"{_quoted(here)} in the file and {_quoted(there)} in COCO. COCO's sigmas do not apply to them. Describe the dataset "
        "in a file and use --protocol coco:FILE.toml (docs/data.md)."
    )


def check_ids(file: Path, category: Array, categories: Any, dataset: str) -> None:
    """Raise a sentence unless all annotations are of one category, one of those that the file lists, if it does."""
    used = sorted(set(category.tolist()))
    if len(used) > 1:
        raise PosebenchError(f"{file} annotates categories {used}; {dataset} scores one, people.")
    if isinstance(categories, list) and used:
        listed = [entry.get("id") for entry in categories if isinstance(entry, dict)]
        if used[0] not in listed:
            raise PosebenchError(
                f"{file} annotates category {used[0]}, which is not among its 'categories' ({listed}); COCOeval would score "
                "no people. Correct category_id, or list the category."
            )


def bones_of(category: dict[str, Any], names: list[str]) -> tuple[list[tuple[str, str]], int]:
    """The category's `skeleton`, counted from 1, as pairs of `names`; and how many of its bones are left out.

    CrowdPose's published files list COCO's 19 bones for 14 keypoints of their own: those beyond the last keypoint have no
    meaning. Where one has none, all are of another dataset, so all are left out.

    Raises:
        TypeError, ValueError: a bone is no pair of whole numbers.
    """
    bones = [(int(a), int(b)) for a, b in category.get("skeleton", [])]
    if all(1 <= end <= len(names) for bone in bones for end in bone):
        return [(names[a - 1], names[b - 1]) for a, b in bones], 0
    return [], len(bones)


def _spelled(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name.strip().casefold())


def _quoted(name: str | None) -> str:
    return "missing" if name is None else repr(name)
