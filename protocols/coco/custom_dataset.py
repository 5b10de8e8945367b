"""Datasets in COCO's form with keypoints and constants of their own: a TOML or JSON file names them, `--protocol coco:FILE`."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.errors import NoAnnotation, PosebenchError, counted, existing
from posebench.files.validation import read_model

from .annotated_people import BOX_AREA
from .annotations import annotated_category, read_annotations
from .categories import bones_of
from .form import Form

LARGEST_FILE = 1_000_000
"""Bytes; a description is a page of text."""
_Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _.+-]{0,59}$")]
_LARGEST_SIGMA = 10.0


class Files(BaseModel):
    """One split: its annotation and its photographs, relative to `--data`."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    annotations: str = Field(min_length=1)
    images: str = Field(min_length=1)


class Description(BaseModel):
    """The file behind `coco:FILE`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")
    keypoints: list[_Name] | None = Field(None, min_length=1, max_length=1000)
    sigmas: object  # checked by _sigmas, of which errors name the keypoint
    bones: list[tuple[str, str]] | None = None
    area: Literal["annotated", "0.53 x bbox"] = "annotated"
    files: dict[_Name, Files] = Field(min_length=1)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A described dataset.

    Attributes:
        label: how it is named in records: its name, and a digest of its sigmas, so that tables never mix two datasets.
        sigmas: (K,) OKS constants. origin: where they and the areas are from, as sentences.
        box_area: a person's area as part of the box's; None: as annotated.
        notes: what a reader of the score should know of the description, as sentences.
    """

    name: str
    label: str
    skeleton: Skeleton
    sigmas: Array
    origin: str
    files: dict[str, Files]
    box_area: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def form(self) -> Form:
        """The form of its annotations."""
        return Form(self.label, self.skeleton, self.box_area)

    def annotation(self, root: Path, split: str) -> Path:
        """The annotation file of a split below `root`; or the file `root`.

        Raises:
            NoAnnotation: it is not there.
        """
        if root.is_file():
            return root
        file = root / self.files[split].annotations
        if not file.is_file():
            raise NoAnnotation(
                f"No {self.name} {split} annotation: {file} does not exist. Is --data {root} its folder?"
            )
        return file

    def read(self, root: Path, split: str) -> Instances:
        """The annotated people of a split.

        Raises:
            PosebenchError: a file is not what it should be, or a person who counts has no area.
        """
        file = self.annotation(root, split)
        people = read_annotations(file, split, self.form)
        measures = people.measures
        counts = (measures["iscrowd"] == 0) & (measures["num_keypoints"] > 0)
        if (flat := counts & ~(measures["area"] > 0)).any():
            row = int(flat.argmax())
            raise PosebenchError(
                f"{file}: annotation id {measures['id'][row]} has area {measures['area'][row]:g}, by which OKS divides. "
                "State the person's area in square pixels, or set iscrowd."
            )
        notes = [
            f"Mirroring swaps {counted(len(self.skeleton.flip_pairs), 'pair', 'pairs')} of keypoints, left_… and right_….",
            *self.notes,
        ]
        stated, visible = measures["num_keypoints"], (people.visibility > 0).sum(axis=1)
        if differing := int((stated != visible).sum()):
            many = counted(differing, "person has", "people have")
            notes.append(
                f"{many} another num_keypoints than labelled keypoints; as in pycocotools, the stored number decides."
            )
        folder = people.image_root if root.is_file() else root / self.files[split].images
        return replace(people, image_root=folder, source=replace(people.source, notes=tuple(notes)))


def load(variant: str, coco_sigmas: Array) -> Dataset:
    """The dataset that a TOML or JSON file describes.

    Args:
        variant: the file's path, as typed after `coco:`.
        coco_sigmas: what the word "coco" stands for.

    Raises:
        PosebenchError: the file is missing, or wrong: names the field.
    """
    if not variant.endswith((".toml", ".json")):
        raise PosebenchError(
            f"coco:{variant} should name a file that describes a dataset, such as coco:crowd.toml (.toml or .json)."
        )
    path = existing(Path(variant), "a dataset's description")
    description = _description(path)
    if description.name == "coco":
        raise PosebenchError(f"{path}: the name 'coco' is reserved for COCO. Give your dataset another name.")
    skeleton, notes = _skeleton(description, path)
    sigmas = coco_sigmas if description.sigmas == "coco" else _sigmas(description.sigmas, skeleton, path)
    if len(sigmas) != len(skeleton):
        raise PosebenchError(
            f"{path} has {counted(len(sigmas), 'sigma', 'sigmas')} but {counted(len(skeleton), 'keypoint', 'keypoints')}; "
            "every keypoint needs one."
        )
    digest = hashlib.sha256(sigmas.astype("<f8").tobytes()).hexdigest()[:6]
    source = "COCO's 17" if description.sigmas == "coco" else f"from {path.name}"
    origin = f"Sigmas: {source} ({digest})."
    label = f"sigmas {digest}"
    if box_area := None if description.area == "annotated" else BOX_AREA:
        origin += f" Areas of people: {box_area} x the area of the box, as in xtcocotools without use_area."
        label += f", area {description.area}"
    return Dataset(
        description.name,
        f"{description.name} ({label})",
        skeleton,
        sigmas,
        origin,
        dict(description.files),
        box_area,
        notes,
    )


def _description(path: Path) -> Description:
    if path.stat().st_size > LARGEST_FILE:
        raise PosebenchError(
            f"{path} has {path.stat().st_size:,} bytes; a dataset's description is a short text. Is it the annotation?"
        )
    return read_model(Description, path, "a description of a dataset")


def _sigmas(stated: object, skeleton: Skeleton, path: Path) -> Array:
    """The sigmas of a list.

    Raises:
        PosebenchError: it is no list of numbers that OKS can divide by; names the first that is none.
    """
    if not isinstance(stated, list):
        raise PosebenchError(
            f'{path}: sigmas is {stated!r:.80}, but should be a list of numbers, one for each keypoint, or "coco" for COCO\'s.'
        )
    for number, value in enumerate(stated):
        if type(value) not in (int, float) or not 0 < value < _LARGEST_SIGMA:  # false for NaN, too
            name = f" ({skeleton.keypoints[number]})" if number < len(skeleton) else ""
            raise PosebenchError(
                f"{path}: sigma {number + 1}{name} is {value!r:.80}, but should be a number above 0 and below {_LARGEST_SIGMA:g}, "
                "such as 0.026, COCO's of the nose."
            )
    return np.array(stated, float)


def _skeleton(description: Description, path: Path) -> tuple[Skeleton, tuple[str, ...]]:
    """The described keypoints; those that the annotation names itself where the description has none. And notes."""
    names, bones = description.keypoints, description.bones or []
    notes: tuple[str, ...] = ()
    if names is None:
        names, own, left_out = _annotated_keypoints(description, path)
        bones = bones if description.bones is not None else own
        if left_out and description.bones is None:
            notes = (
                f"The annotation's skeleton ({counted(left_out, 'bone', 'bones')}) names keypoints beyond its {len(names)}, "
                "so it is left out. Bones are for pictures alone; the description may list them: bones = [...]",
            )
    try:
        return Skeleton(tuple(names), tuple(bones)), notes
    except PosebenchError as error:
        raise PosebenchError(f"{path}: {error}") from error


def _annotated_keypoints(description: Description, path: Path) -> tuple[list[str], list[tuple[str, str]], int]:
    """Names, bones, and number of bones left out, of the first annotation that lies below the description's folder."""
    found = [path.parent / files.annotations for files in reversed(description.files.values())]
    file = next((file for file in found if file.is_file()), None)
    if file is None:
        raise PosebenchError(
            f"{path} names no keypoints, and {found[0]} is not there to take them from. List them: keypoints = [...]"
        )
    try:
        category = annotated_category(file)
        names = category["keypoints"]
        if not names or not all(isinstance(name, str) and name.isprintable() and len(name) <= 60 for name in names):
            raise ValueError(f"keypoints are {names!r:.80}")
        bones, left_out = bones_of(category, names)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise PosebenchError(
            f"{path} names no keypoints, and categories of {file} name none that can be used ({error!r:.120}). "
            "List them: keypoints = [...]"
        ) from error
    return list(names), bones, left_out
