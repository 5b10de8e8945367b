"""The files of a pack: their names, what they state, and how a damaged one ends.

A pack is a folder: `pack.json`, and for each part `part-0000.bin` (pixels) and `part-0000.npz` (where whose pixels are).
`pack.json` is written last, so a folder without it is unfinished.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from math import gcd
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.files.validation import Count
from posebench.plugins.recipe import Recipe
from posebench.results.folder import plain
from posebench.samples.augment import Reach

FORMAT = 1
"""Number of this layout; another one is another pack."""
MANIFEST = "pack.json"
"""Name of the file that makes a pack whole."""

Coding = Literal["raw", "jpeg"]
"""How pixels are stored: as they are, or JPEG-coded again, which changes them."""


@dataclass(frozen=True)
class Contents:
    """What decides which pixels a pack has. Equal contents are one pack, whatever else the recipe says.

    Attributes:
        dataset, split: whose people.
        annotations: identity of the annotation file.
        regions: code base by whose rule boxes become regions; "" for posebench's own.
        scale, angle: how far the augmentation reaches, see `Reach`.
        half_body: people with more labelled keypoints than this have the regions of their halves, too; None for no one.
        aspect: of the crops, (width, height) without a common divisor.
        coding: of the pixels.
    """

    dataset: str
    split: str
    annotations: str
    regions: str
    scale: float
    angle: float
    aspect: tuple[int, int]
    coding: Coding = "raw"
    half_body: int | None = None

    @classmethod
    def of(cls, people: Instances, recipe: Recipe, regions: str = "", coding: Coding = "raw") -> "Contents":
        """The contents of the pack with which `people` are trained on by `recipe`."""
        (width, height), reach = recipe.input_size, Reach.of(recipe.augmentation)
        aspect = width // gcd(width, height), height // gcd(width, height)
        identity = people.source.identity
        half = recipe.augmentation.half_body_keypoints if recipe.augmentation.half_body else None
        return cls(people.dataset, people.split, identity, regions, reach.scale, reach.angle, aspect, coding, half)

    @property
    def stated(self) -> dict[str, Any]:
        """As JSON values, for the manifest. Packs without halves state what they stated before there were halves."""
        values = {name: value for name, value in asdict(self).items() if not (name == "half_body" and value is None)}
        return values | {"aspect": list(self.aspect)}

    @property
    def folder_name(self) -> str:
        """Such as `mpii-train-0123abcd`: a digest tells packs of one split apart."""
        digest = hashlib.sha256(json.dumps([FORMAT, self.stated], sort_keys=True).encode()).hexdigest()[:8]
        return f"{split_name(self.dataset, self.split)}-{digest}"


def split_name(dataset: str, split: str) -> str:
    """With what the names of a split's packs begin."""
    return f"{plain(dataset)}-{plain(split)}"


class Part(BaseModel):
    """What `pack.json` states of one part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Count
    index_sha256: str


class Manifest(BaseModel):
    """What `pack.json` states."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int
    contents: dict[str, Any]
    parts: list[Part] = Field(min_length=1)


def pixels_file(folder: Path, part: int) -> Path:
    """The file with a part's pixels."""
    return folder / f"part-{part:04}.bin"


def index_file(folder: Path, part: int) -> Path:
    """The file that says where whose pixels are."""
    return folder / f"part-{part:04}.npz"


COLUMNS = {
    "image": ((), "i"), "person": ((), "i"), "center": ((2,), "f"), "size": ((2,), "f"), "rectangle": ((4,), "i"),
    "photograph": ((2,), "i"), "offset": ((), "i"), "length": ((), "i"), "checksum": ((), "u"),
}  # fmt: skip
"""Columns of a part's index, one row per person: their shape behind the first dimension, and their kind of number.

`image` is a row of `names`; `rectangle` (left, top, width, height) and `photograph` (width, height; 0 where it could not be
read) are in pixels; `offset` and `length` in bytes of the part; `checksum` is zlib's crc32 of those bytes.
"""


def read_index(path: Path) -> dict[str, Array]:
    """A part's `COLUMNS`, `names` (M,) of its photographs and `bytes` (M,) of their files.

    Raises:
        PosebenchError: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            index = {name: file[name] for name in (*COLUMNS, "names", "bytes")}
        n = len(index["image"])
        for name, (shape, kind) in COLUMNS.items():
            if index[name].shape != (n, *shape) or index[name].dtype.kind != kind:
                raise ValueError(name)
        if index["names"].dtype.kind != "U" or (
            n and not 0 <= index["image"].min() <= index["image"].max() < len(index["names"])
        ):
            raise ValueError("names")
    except Exception as error:  # a damaged archive makes numpy, zipfile and zlib raise whatever they meet
        raise damaged(path.parent, f"{path.name} is missing or cannot be read") from error
    return index


def damaged(folder: Path, what: str) -> PosebenchError:
    """The error for a pack that cannot be used, with the two ways out."""
    return PosebenchError(
        f"The pack {folder} is damaged: {what}. Repeat the `posebench data pack` that made it: it makes the damaged parts "
        "anew. Or delete the folder: training then reads the photographs."
    )


def read_manifest(folder: Path) -> Manifest:
    """What `pack.json` states.

    Raises:
        PosebenchError: it cannot be read, or is damaged.
    """
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except (OSError, ValidationError) as error:
        raise damaged(folder, f"{MANIFEST} cannot be read") from error


def other(folder: Path, what: str) -> PosebenchError:
    """The error for a pack that was made from something else."""
    return PosebenchError(
        f"The pack {folder} was made from other data: {what}. Repeat the `posebench data pack` that made it, or delete the folder."
    )


def file_size(path: Path) -> int:
    """Bytes of a file; -1 where it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
