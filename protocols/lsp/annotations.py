"""LSP's and LSPET's folders → Instances of a split. The files count pixels from 1, Instances from 0.

Splits, by the numbers of the images:

    train         LSPET 1-10000 and LSP 1-1000     the field's, with the extension
    lsp-train     LSP 1-1000                       the field's, without it
    test          LSP 1001-2000                    the field's
    lspet-train   LSPET 1-4000, 3,998 people       nobody's but posebench's: for where LSP's own images are missing
    lspet-val     LSPET 4001-5000                  as lspet-train

`lspet-train` lacks the images that are near-duplicates of one of `lspet-val` (near_duplicates.py).
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances, Source
from posebench.errors import PosebenchError, counted

from ..dataset_folder import files_named, none_found
from .matrices import LSP, LSPET, PERSON_CENTRIC, SKELETON, Joints, read_joints
from .near_duplicates import cluster_names, without_clusters_of

FOLDERS = {LSP: ("lsp_dataset", "lsp", ""), LSPET: ("lspet_dataset", "lspet", "")}
"""Where each dataset lies below `--data`: as its archive unpacks, or under a short name, or at once."""
DIGITS = {LSP: 4, LSPET: 5}
"""Of the numbers in the images' names: im0001.jpg, im00001.jpg."""
HELD_OUT = range(4001, 5001)
TRAIN, LSP_TRAIN, TEST, LSPET_TRAIN, LSPET_VAL = "train", "lsp-train", "test", "lspet-train", "lspet-val"
SPLITS = {
    TRAIN: {LSPET: list(range(1, 10_001)), LSP: list(range(1, 1001))},
    TEST: {LSP: list(range(1001, 2001))},
    LSP_TRAIN: {LSP: list(range(1, 1001))},
    LSPET_TRAIN: {LSPET: without_clusters_of(range(1, 4001), HELD_OUT)},
    LSPET_VAL: {LSPET: list(HELD_OUT)},
}
"""Split → dataset → numbers, from 1, of its images."""
TRAINED_ON = (TRAIN, LSPET_TRAIN)
"""Splits whose photographs may be there twice: what holds out people of them holds out all copies of a photograph."""
PEOPLE = {split: sum(len(numbers) for numbers in of.values()) for split, of in SPLITS.items()}
"""One in each image."""
ENLARGED = 1.25
"""The region for a network is the extent of the labelled keypoints times this; LSP has no boxes, and this is COCO's custom."""
SMALLEST = 16
"""Pixels that the region has at least, where the labelled keypoints lie on each other or in a line."""
NOT_OFFICIAL = (
    f"{LSPET_TRAIN} and {LSPET_VAL} are posebench's own split of LSP extended and nobody's official one: scores are not comparable "
    "with published ones."
)
LABEL_NOISE = (
    "LSP extended was labelled by crowd workers: 12 % of the keypoints have no label, and two annotations of one photograph often "
    "differ."
)
SOURCE = (
    "LSP's download unpacks to lsp_dataset/joints.mat and lsp_dataset/images/ (https://sam.johnson.io/research/lsp.html), LSPET's "
    "to lspet_dataset/joints.mat and lspet_dataset/images/ (https://sam.johnson.io/research/lspet.html)."
)


@dataclass(frozen=True, eq=False)
class Part:
    """The people of a split from one of the two datasets.

    Attributes:
        joints: all people of that dataset.
        numbers: (N,) from 1, those of the split.
    """

    joints: Joints
    numbers: Array

    @property
    def image_root(self) -> Path:
        return self.joints.file.parent / "images"

    @property
    def names(self) -> tuple[str, ...]:
        """The images' file names."""
        digits = DIGITS[self.joints.dataset]
        return tuple(f"im{number:0{digits}d}.jpg" for number in self.numbers)


def find_joints(root: Path, dataset: str, labels: str) -> Joints:
    """The annotation of LSP or LSPET with person-centric or observer-centric labels, which files are told by.

    Args:
        root: the folder above the datasets' folders, one of these, or the file.

    Raises:
        PosebenchError: there is none; says which labels there are.
    """
    names = ("joints.mat", "joints?*.mat")
    found = files_named(root, FOLDERS[dataset], names)
    read = [joints for joints in map(read_joints, found) if joints.dataset == dataset]
    chosen = next((joints for joints in read if joints.labels == labels), None)
    if chosen is not None:
        return chosen
    if not read:
        raise none_found(dataset, root, [folder for folder in FOLDERS[dataset] if folder], names, SOURCE)
    raise PosebenchError(
        f"{read[0].file} has {read[0].labels} labels, and {labels} ones do not follow from them. "
        + (
            f"LSPET exists with {PERSON_CENTRIC} labels alone."
            if dataset == LSPET
            else f"Use --convention {read[0].labels}, or name the folder of the joints.mat with {labels} labels."
        )
    )


def read_split(root: Path, split: str, labels: str = PERSON_CENTRIC) -> Instances:
    """The people of a split.

    Args:
        root: the folder above the datasets' folders, one of these, or a joints.mat.

    Raises:
        PosebenchError: an annotation is missing, or something in it is wrong.
    """
    if root.is_file() and len(SPLITS[split]) > 1:
        raise PosebenchError(f"{root} is one file, but {split} is of LSP and of LSPET. Name the folder above both.")
    if root.is_file():
        labels = read_joints(root).labels  # a file is read as it is; a convention's is found by its labels
    parts = [Part(find_joints(root, dataset, labels), np.array(numbers)) for dataset, numbers in SPLITS[split].items()]
    return to_instances(parts, split)


def to_instances(parts: list[Part], split: str) -> Instances:
    """One person an image, in the order of the parts."""
    keypoints = np.concatenate([part.joints.keypoints[part.numbers - 1] for part in parts])
    visibility = np.concatenate([part.joints.visibility[part.numbers - 1] for part in parts])
    labelled = visibility > UNLABELLED
    center, size = region(keypoints, labelled)
    torso = torsos(keypoints, labelled)
    first, n = parts[0], len(keypoints)
    names, root = first.names, first.image_root
    if len(parts) > 1:
        root = first.joints.file.parent.parent
        names = tuple(f"{(part.image_root / name).relative_to(root)}" for part in parts for name in part.names)
    digests = [part.joints.sha256 for part in parts]
    groups = None
    if split in TRAINED_ON:
        groups = np.concatenate([cluster_names(part.joints.dataset, part.numbers) for part in parts])
    return Instances(
        dataset="lsp", split=split, skeleton=SKELETON, images=names,
        image_ids=np.concatenate([part.numbers for part in parts]), image=np.arange(n), person=np.zeros(n, np.int64),
        center=center, size=size, keypoints=keypoints, visibility=visibility, usable=np.asarray(labelled.any(axis=1)),
        measures={"torso_diameter": torso}, image_root=root, groups=groups, group="photograph",
        source=Source(
            str(first.joints.file),
            digests[0] if len(parts) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest(),
            notes(split), first.joints.labels, without_torso,
        ),
    )  # fmt: skip


def notes(split: str) -> tuple[str, ...]:
    """What a reader of a score on the split should know."""
    found = []
    if split in (LSPET_TRAIN, LSPET_VAL):
        found.append(NOT_OFFICIAL)
    if LSPET in SPLITS[split]:
        found.append(LABEL_NOISE)
    return tuple(found)


def without_torso(people: Instances) -> tuple[str, ...]:
    """How many of the people have no length by which errors are divided."""
    lacking = int(np.isnan(people.measures["torso_diameter"]).sum())
    if not lacking:
        return ()
    have = counted(lacking, "person has", "people have")
    are = "they are" if lacking > 1 else "this one is"
    return (
        f"{have} no label of the left shoulder or of the right hip, so no torso to divide errors by: {are} not scored.",
    )


def region(keypoints: Array, labelled: Array) -> tuple[Array, Array]:
    """(N, 2) middles and (N, 2) sizes of what a network sees: the extent of the labelled keypoints, enlarged."""
    where = np.where(labelled[..., None], keypoints, np.nan)
    nobody = ~labelled.any(axis=1)
    where[nobody] = 0
    low, high = np.nanmin(where, axis=1), np.nanmax(where, axis=1)
    return (low + high) / 2, np.maximum(ENLARGED * (high - low), SMALLEST)


def torsos(keypoints: Array, labelled: Array) -> Array:
    """(N,) left shoulder to right hip in pixels; NaN where one is unlabelled or both are at one place."""
    shoulder, hip = SKELETON.index("left_shoulder", "right_hip")
    length = np.hypot(*(keypoints[:, shoulder] - keypoints[:, hip]).T)
    return np.where(labelled[:, shoulder] & labelled[:, hip] & (length > 0), length, np.nan)


def photographs(root: Path, dataset: str) -> bool:
    """Whether the folder of LSP's or LSPET's images is there, with images."""
    for folder in FOLDERS[dataset]:
        images = root / folder / "images"
        if images.is_dir() and next(images.glob("im" + "[0-9]" * DIGITS[dataset] + ".jpg"), None) is not None:
            return True
    return False
