"""Instances: the annotated people of one split, as columns. No pixels."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.provenance import Chosen
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plain_text import shown_name

SYNTHETIC = "synthetic people"
"""The dataset of the people that posebench draws."""
UNLABELLED, OCCLUDED, VISIBLE, OUTSIDE = 0, 1, 2, 3
"""The values of `visibility`, as COCO and CropCOCO number them. What is occluded or outside the image is labelled, and counts
unless a protocol says otherwise."""


def _nothing(people: "Instances") -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class Source:
    """Where annotations were read.

    Attributes:
        file, sha256: the file and its hash.
        notes: what a reader of the score should know of it, as sentences.
        form: which of the dataset's forms it has, such as `valid.h5`, whatever the file is named.
        about: → further notes, on the people that it is given: such as how many of them cannot be scored.
    """

    file: str
    sha256: str = ""
    notes: tuple[str, ...] = ()
    form: str = ""
    about: Callable[["Instances"], tuple[str, ...]] = _nothing

    @property
    def identity(self) -> str:
        """What tells these annotations from others, wherever the file lies."""
        return self.sha256 or self.file


@dataclass(frozen=True, eq=False, kw_only=True)
class Instances:
    """N annotated people in M images, K keypoints each. Image pixels, 0-based, pixel centres at integers.

    Attributes:
        dataset: such as `mpii`, or `synthetic people` for the drawn ones.
        split: such as `val`.
        box_source: where centre and size came from: `annotation`, or a detector's name.
        skeleton: names of the K keypoints.
        images: M file names below `image_root`, in the order in which the protocol's evaluator visits them.
        image_ids: (M,) int, the dataset's own numbers of these images.
        image: (N,) int, row of `images` that shows this person.
        person: (N,) int, which person of that image: the dataset's own number.
        center: (N, 2) float, middle of the region a network should see.
        size: (N, 2) float, width and height of that region, the dataset's padding included.
        keypoints: (N, K, 2) float; meaningless where `visibility` is 0.
        visibility: (N, K) int8: 0 unlabelled, 1 occluded, 2 visible, 3 outside the image.
        usable: (N,) bool, people a network is trained on and asked about. The others (crowds, people without
            keypoints) matter to scoring alone.
        bbox: (N, 4) float (x, y, width, height), where the dataset has boxes.
        regions: code base, such as `hrnet` → (N, 4) middle x, y, width and height of what that code crops of a person, where
            it differs from `center` and `size`.
        measures: (N,) columns that errors are divided by or that scoring needs: `head_length`, `area`, ...
        labels: (N,) columns of text by which scores may be sliced, such as `activity`; "" where unknown.
        groups: (M,) text, to which group each image belongs whose images are alike, such as the film of a frame. Uncertainty
            then comes from resampling groups. None: images are resampled.
        group: what such a group is, such as `film`.
        ignored: row of `images` → (P, 2) corners of each region of that image in which people are not annotated.
        image_sizes: (M, 2) width and height of the images as the annotation states them; infinite for an image of which it states
            none. None where it states none at all.
        image_measures: (M,) columns of numbers of the images that scoring needs, such as `crowdIndex`; NaN where unknown.
        image_root: folder of the images; None where it is not known.
        source: the annotation file.
        synthetic: people drawn by posebench, not photographs.
        chosen: the part of the split that these people are; None for all of it.
        allow_missing: whether a photograph that is not there counts as one that cannot be read, instead of being an error.

    Raises:
        PosebenchError: a column of another length, an image row that is not there, a coordinate that is not finite, or a region
            without width or height.
    """

    dataset: str
    split: str
    box_source: str = "annotation"
    skeleton: Skeleton
    images: tuple[str, ...]
    image_ids: Array
    image: Array
    person: Array
    center: Array
    size: Array
    keypoints: Array
    visibility: Array
    usable: Array
    bbox: Array | None = None
    regions: Mapping[str, Array] = field(default_factory=dict)
    measures: Mapping[str, Array] = field(default_factory=dict)
    labels: Mapping[str, Array] = field(default_factory=dict)
    groups: Array | None = None
    group: str = "image"
    ignored: Mapping[int, tuple[Array, ...]] = field(default_factory=dict)
    image_sizes: Array | None = None
    image_measures: Mapping[str, Array] = field(default_factory=dict)
    image_root: Path | None = None
    source: Source = Source("")
    synthetic: bool = False
    chosen: Chosen | None = None
    allow_missing: bool = False

    def __post_init__(self) -> None:
        n, k = len(self.image), len(self.skeleton)
        expected = {
            "person": (n,), "center": (n, 2), "size": (n, 2), "keypoints": (n, k, 2), "visibility": (n, k),
            "usable": (n,), "image_ids": (len(self.images),),
        }  # fmt: skip
        columns = {name: getattr(self, name) for name in expected} | dict(self.measures) | dict(self.labels)
        if self.groups is not None:
            columns["groups"], expected["groups"] = self.groups, (len(self.images),)
        if self.bbox is not None:
            columns["bbox"], expected["bbox"] = self.bbox, (n, 4)
        if self.image_sizes is not None:
            columns["image_sizes"], expected["image_sizes"] = self.image_sizes, (len(self.images), 2)
        columns |= self.image_measures
        expected |= {name: (len(self.images),) for name in self.image_measures}
        for code, region in self.regions.items():
            columns[f"regions of {code}"], expected[f"regions of {code}"] = region, (n, 4)
        for name, column in columns.items():
            if column.shape != expected.get(name, (n,)):
                raise PosebenchError(
                    f"{self.what}: column {name!r} is {column.shape}, but should be {expected.get(name, (n,))}."
                )
        if n and not (self.image.min() >= 0 and self.image.max() < len(self.images)):
            raise PosebenchError(f"{self.what}: a person is in an image row outside 0..{len(self.images) - 1}.")
        for name in ("center", "size", "keypoints"):
            values = columns[name]
            if not np.isfinite(values).all():
                bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
                raise PosebenchError(f"{self.what}: {name} of {self.describe_rows(bad)} is not finite.")
        flat = self.usable & ~(self.size > 0).all(axis=1)
        if flat.any():
            raise PosebenchError(
                f"{self.what}: the region of {self.describe_rows(flat)} has no width or no height, so a network cannot see it. "
                "Mend the box or the scale of the annotation, or remove the person."
            )

    def __len__(self) -> int:
        return len(self.image)

    @property
    def what(self) -> str:
        """Such as `mpii val`, for messages."""
        return f"{self.dataset} {self.split}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of a score of these people should know, as sentences."""
        return self.source.notes + self.source.about(self)

    def photograph(self, row: int) -> Path:
        """The file of an image, by its row.

        Raises:
            PosebenchError: its name leads out of the folder of images: annotations may not name any file of the machine.
        """
        name = self.images[row]
        if _leads_out(name):
            raise PosebenchError(
                f"{self.what}: the image {shown_name(name)!r} is not below the folder of images. "
                "Write the path below that folder in the annotation, without '..'."
            )
        return (self.image_root or Path()) / name

    def with_photograph(self) -> Array:
        """(N,) bool, of which people the image is there. Synthetic people's always is: it is drawn."""
        if self.synthetic:
            return np.ones(len(self), bool)
        there = {row: self.photograph(row).is_file() for row in np.unique(self.image).tolist()}
        return np.array([there[row] for row in self.image.tolist()], bool)

    @property
    def units(self) -> Array:
        """(N,) int, which unit of resampling each person is in: the image, or its group."""
        if self.groups is None:
            return self.image
        units: Array = np.unique(self.groups, return_inverse=True)[1][self.image]
        return units

    def region(self, code: str = "") -> tuple[Array, Array]:
        """(N, 2) middles and (N, 2) sizes of what a network sees, as a published code base has them; else `center`, `size`."""
        if code in self.regions:
            return self.regions[code][:, :2], self.regions[code][:, 2:]
        return self.center, self.size

    def describe(self, row: int) -> str:
        """Such as `row 17 (015601864.jpg, person 0)`, for messages."""
        return f"row {row} ({self.images[self.image[row]]}, person {self.person[row]})"

    def describe_rows(self, wrong: Array) -> str:
        """The rows of the mask `wrong` (N,) for messages: one as `describe`; of several their number and the first three."""
        rows = np.flatnonzero(wrong)
        first = ", ".join(self.describe(int(row)) for row in rows[:3])
        return first if len(rows) == 1 else f"{len(rows):,} people ({first}{', …' if len(rows) > 3 else ''})"

    def take(self, rows: Array) -> "Instances":
        """The people at `rows` (indices or mask), in that order. Images stay, so that their order does too."""
        columns: dict[str, Any] = {
            f.name: getattr(self, f.name)[rows]
            for f in fields(self)
            if f.name in ("image", "person", "center", "size", "keypoints", "visibility", "usable")
        }
        for kind in ("measures", "labels", "regions"):
            columns[kind] = {name: column[rows] for name, column in getattr(self, kind).items()}
        columns["bbox"] = None if self.bbox is None else self.bbox[rows]
        return replace(self, **columns)

    def of_images(self, rows: Array, chosen: Chosen) -> "Instances":
        """The people of the images at `rows` (ascending), and these images alone.

        Args:
            chosen: which part of the split they are.
        """
        people = self.take(np.isin(self.image, rows))
        columns: dict[str, Any] = {
            name: None if (column := getattr(self, name)) is None else column[rows]
            for name in ("image_ids", "groups", "image_sizes")
        }
        columns["image_measures"] = {name: column[rows] for name, column in self.image_measures.items()}
        columns["ignored"] = {new: self.ignored[old] for new, old in enumerate(rows.tolist()) if old in self.ignored}
        images = tuple(self.images[row] for row in rows.tolist())
        return replace(people, images=images, image=np.searchsorted(rows, people.image), chosen=chosen, **columns)

    def of_keypoints(self, joints: Sequence[int]) -> "Instances":
        """The people with the keypoints at `joints` alone, in that order."""
        at = list(joints)
        names = tuple(self.skeleton.keypoints[joint] for joint in at)
        bones = tuple(bone for bone in self.skeleton.bones if set(bone) <= set(names))
        return replace(
            self, skeleton=Skeleton(names, bones), keypoints=self.keypoints[:, at], visibility=self.visibility[:, at]
        )


def _leads_out(name: str) -> bool:
    """Whether a name is no path below a folder. Links inside the folder may lead anywhere: whoever made them chose so."""
    parts = name.replace("\\", "/").split("/")
    return parts[0] == "" or ".." in parts or "\0" in name or os.path.splitdrive(name)[0] != ""
