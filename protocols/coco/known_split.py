"""Which split of COCO an annotation file is of: by the addresses of its images, else by its name, else by its number of images."""

import os.path
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from posebench.errors import counted

from ..known_splits import other_split, size_notes

IMAGES = {"train": 118_287, "val": 5_000}
"""Images of train2017 and val2017."""
PEOPLE = {"train": 149_813, "val": 6_352}
"""People with labelled keypoints there, without crowds, as HRNet's loader prints them."""
NAMED = re.compile(r"(train|val)20\d\d")
FEW_IMAGES = 100
"""Below it AP may be too high by more than 0.004 on average: it is by 0.01 on 39 images, by 0.003 on 200 (docs/scoring.md)."""


def split_notes(file: Path, split: str, found: list[str | None], people: int) -> tuple[str, ...]:
    """Sentences on a file that is not the whole split.

    Args:
        found: the split that each image's address names; None without one.
        people: number with labelled keypoints, without crowds.

    Raises:
        PosebenchError: the images are those of another split.
    """
    asked, images = f"COCO {split}", len(found)
    strangers = {name: found.count(name) for name in IMAGES if name != split and name in found}
    for other, number in strangers.items():
        if number == images:
            raise other_split(file, f"has images of COCO {other} only (their coco_url says so)", asked, other)
    in_name = split_named(file.name)
    if split not in found and in_name not in (None, split):
        raise other_split(file, f"is named as an annotation of COCO {in_name}", asked, str(in_name))
    same_size = next((name for name, number in IMAGES.items() if number == images), split)
    if split not in found and same_size != split:
        raise other_split(file, f"has {images:,} images, as COCO {same_size}", asked, same_size)
    counts = {"images": (images, IMAGES[split]), "people with keypoints": (people, PEOPLE[split])}
    return (
        *size_notes(file, asked, counts),
        *(
            f"{counted(number, 'image', 'images')} of {file.name} {'is' if number == 1 else 'are'} of COCO {other}."
            for other, number in strangers.items()
        ),
    )


def splits_named(addresses: list[Any]) -> list[str | None]:
    """`split_named` of each of the images' addresses, which are asked one by one only where they have no folder in common."""
    try:
        folder = os.path.commonprefix(addresses).rpartition("/")[0]  # noqa: RUF071  # addresses are no paths
    except TypeError:  # not all are text
        folder = ""
    split = _split_of_folder(folder)
    return [split] * len(addresses) if split else [split_named(address) for address in addresses]


def split_named(text: Any) -> str | None:
    """The split in an address or a file's name, such as `val` in `person_keypoints_val2017.json`."""
    if not isinstance(text, str):
        return None
    folder, _, name = text.rpartition("/")
    return _split_of_folder(folder) or _first_split(name)


@lru_cache(maxsize=16)
def _split_of_folder(address: str) -> str | None:
    """The split in what comes before images' names, which is the same for a hundred thousand images."""
    return _first_split(address)


def _first_split(text: str) -> str | None:
    found = NAMED.search(text)
    return found[1] if found else None


def small_sample(images: int, dataset: str) -> tuple[str, ...]:
    """A note if there are so few images that AP is too high on average, by how much was measured on COCO."""
    if images >= FEW_IMAGES:
        return ()
    measured = "39 images" if dataset == "coco" else "39 images of COCO"
    return (
        f"Only {counted(images, 'image', 'images')}: on so few, AP is too high on average. "
        f"On {measured} it is too high by 0.01 and APL by 0.02 (docs/scoring.md).",
    )
