"""MPII's MATLAB files: the official release, pytorch-pose's raw subset of it (`detections.mat`), and `gt_valid.mat`.

MATLAB leaves out, empties, or writes as text what it likes, and the release does all three. So everything here is read by
`rows`, `first`, `number`, `text` and `flat`, which answer emptiness with emptiness.
"""

from dataclasses import replace
from importlib import resources
from math import nan
from pathlib import Path
from typing import NamedTuple

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, UNLABELLED
from posebench.errors import PosebenchError, counted
from posebench.files.arrays import load_array, load_structs
from posebench.files.matlab import CELL, STRUCT, Element
from posebench.files.matlab_columns import Elements, Records

from .annorects import annotated_points, place, raw_people
from .annotation import HEAD_BIAS, SKELETON, Annotation, numbers, whole
from .image_names import numbered

RELEASE_FORM, DETECTIONS_FORM, GT_VALID_FORM = "mpii_human_pose_v1_u12_1.mat", "detections.mat", "gt_valid.mat"
Record = dict[str, Element]
TRAIN_RULE = (
    "All people with keypoints, centre and scale in training images that have no validation person (22,246 people in the whole "
    "release, as in train.h5 and train.json)."
)


def rows(value: Element | None) -> list[Record]:
    """The records of a struct array; none where the value is no struct."""
    fields = {} if value is None else value.fields()
    return [dict(zip(fields, record, strict=True)) for record in zip(*fields.values(), strict=True)]


def first(value: Element | None) -> Record:
    """The first record of a struct, or one without fields."""
    records = rows(value)
    return records[0] if records else {}


def number(value: Element | None) -> float:
    """A number, be it written as text; NaN where there is none."""
    return nan if value is None else value.number()


def text(value: Element | None) -> str:
    """A text; empty where there is none."""
    array = np.zeros(0) if value is None else value.array()
    return str(array[0]) if array.dtype.kind == "U" and array.size else ""


def flat(value: Element | None) -> Array:
    """Numbers in a row; none where there are none."""
    array = np.zeros(0) if value is None or value.head()[0] & 0xFF in (CELL, STRUCT) else value.array().ravel()
    return array if array.dtype.kind in "iufb" else np.zeros(0)


def validation_people() -> Array:
    """(2958, 2) 0-based `annolist` and `annorect` indices of the validation people (Tompson et al., CVPR 2015), in the order
    of valid.h5. The file beside this one has an image's index and its people's in each line.
    """
    lines = resources.files(__package__).joinpath("mpii_val.txt").read_text("ascii").splitlines()
    return np.array([(int(image), int(person)) for image, *people in map(str.split, lines) for person in people])


class Release:
    """The official `RELEASE` struct.

    Attributes:
        file: where it was read. annolist: N image records. train: (N,) bool. single: N cells of 1-based annorect indices.
        activity: N category names, or None.

    Raises:
        PosebenchError: the file is no such release.
    """

    def __init__(self, file: Path) -> None:
        release = first(load_structs(file, "RELEASE"))
        self.file = file
        self.annolist = rows(release.get("annolist"))
        self.train = flat(release.get("img_train"))
        self.single = release["single_person"].cells() if "single_person" in release else []
        lengths = {"annolist": len(self.annolist), "img_train": len(self.train), "single_person": len(self.single)}
        if not self.annolist or len(set(lengths.values())) > 1:
            raise PosebenchError(
                f"{file}: RELEASE should have annolist, img_train and single_person of equal lengths, but they are {lengths}. "
                "Is it the file of mpii_human_pose_v1_u12_2.zip?"
            )
        self.train = self.train == 1
        acts = rows(release.get("act"))
        self.activity = [text(act.get("cat_name")) for act in acts] if len(acts) == len(self.train) else None

    def rects(self, image: int) -> list[Record]:
        """The annorect records of an image."""
        return rows(self.annolist[image].get("annorect"))

    def name(self, image: int) -> str:
        """The file name of an image."""
        return text(first(self.annolist[image].get("image")).get("name"))

    def singles(self, image: int) -> list[int]:
        """0-based indices of the people who are far enough from others to be judged alone."""
        return [int(person) - 1 for person in flat(self.single[image]).tolist()]

    def people(self, split: str) -> "People":
        """The people of a split: those of the validation list; the test images' single people; of the training images
        without a validation person, all people with keypoints. The last two need a centre and a scale.

        Raises:
            PosebenchError: the release lacks one of them.
        """
        if split == "val":
            return self.listed([(image, person) for image, person in validation_people().tolist()])
        if split == "test":
            people = self.listed([(i, p) for i in np.flatnonzero(~self.train).tolist() for p in self.singles(i)])
            asked = np.ones(len(people.image), bool)
        else:
            people = self.of_images(np.setdiff1d(np.flatnonzero(self.train), validation_people()[:, 0]))
            asked = np.isin(np.arange(len(people.image)), annotated_points(people.rects).of)
        return people.of(np.flatnonzero(asked & np.isfinite(place(people.rects)).all(axis=1)))

    def of_images(self, images: Array) -> "People":
        """Everybody in some images, which ascend."""
        annorects = (self.annolist[image].get("annorect") for image in images.tolist())
        rects = Elements.of([annorect for annorect in annorects if annorect is not None]).records()
        person = np.arange(len(rects.of)) - np.searchsorted(rects.of, rects.of)
        return People(images[rects.of], person, rects)

    def listed(self, asked: list[tuple[int, int]]) -> "People":
        """People by image and person.

        Raises:
            PosebenchError: the release lacks one of them.
        """
        there = self.of_images(np.array(sorted({image for image, _ in asked if image < len(self.annolist)}), np.int64))
        row_of = {key: row for row, key in enumerate(zip(there.image.tolist(), there.person.tolist(), strict=True))}
        for image, person in asked:
            if (image, person) not in row_of:
                raise PosebenchError(
                    f"{self.file} has no person {person} in image {image} (both from 0), of {len(self.annolist):,} images. "
                    "Is it the whole release?"
                )
        return there.of(np.array([row_of[key] for key in asked], np.int64))


class People(NamedTuple):
    """N people of a release: (N,) numbers of their images, (N,) numbers within these, both from 0, and their annorects."""

    image: Array
    person: Array
    rects: Records

    def of(self, rows: Array) -> "People":
        """Some of them."""
        return People(self.image[rows], self.person[rows], self.rects.rows(rows))


def read_release(file: Path, split: str) -> Annotation:
    """The people of a split of the official release.

    Raises:
        PosebenchError: the file is no release, or not whole; names the image and the person.
    """
    release = Release(file)
    people = release.people(split)
    if not len(people.image):
        raise PosebenchError(f"{file} has no people of MPII {split}. Is it the whole release?")

    def who(row: int) -> str:
        image = int(people.image[row])
        return f"image {image} ({release.name(image)[:40]!r}), person {people.person[row]}"

    annotation = raw_people(people.rects, who, file, labelled=split != "test")
    index = people.image
    activity = None if release.activity is None else [release.activity[image] for image in index.tolist()]
    return replace(
        annotation, form=RELEASE_FORM, images=[release.name(image) for image in index.tolist()], index=index,
        person=people.person, activity=activity, notes=(TRAIN_RULE,) if split == "train" else (),
    )  # fmt: skip


def read_detections(file: Path, beside: Annotation | None) -> Annotation:
    """pytorch-pose's `detections.mat`: the raw annotation of the validation people, with numbers in place of image names.

    Args:
        beside: an annotation beside the file, which has the names.

    Raises:
        PosebenchError: it is no such file.
    """
    entries = load_structs(file, "annolist").fields()
    arrays = load_array(file, ["RELEASE_img_index", "RELEASE_person_index"])
    annorects = entries.get("annorect", [])
    given: dict[str, Array] = {
        name: np.ravel(arrays[name]) for name in ("RELEASE_img_index", "RELEASE_person_index") if name in arrays
    }
    if len(given) < 2:
        raise PosebenchError(f"{file} has an annolist, but no RELEASE_img_index and RELEASE_person_index beside it.")
    index, person = (whole(numbers(given, name, (len(annorects),), file) - 1, name, file) for name in given)
    if beside is not None and beside.index is not None and np.array_equal(beside.index, index):
        names = beside.images
    else:
        names = [numbered(number) for number in index]
    rects = Elements.of(annorects).first()
    return replace(
        raw_people(rects, "entry {}".format, file), form=DETECTIONS_FORM, images=names, index=index, person=person
    )


def read_gt_valid(file: Path, beside: Annotation | None) -> Annotation:
    """`gt_valid.mat` of HRNet's and its relatives' evaluators: keypoints and head boxes.

    Args:
        beside: its people's images, centres, scales and visibility, from the file beside it that has them.

    Raises:
        PosebenchError: there is no such file, or it is about other people.
    """
    if beside is None:
        raise PosebenchError(f"{file} names no images. Put valid.h5 or valid.json, which have them, beside it.")
    arrays = load_array(file)
    n, k = len(beside.images), len(SKELETON)
    found = np.shape(arrays["pos_gt_src"])
    if found[-1:] != (n,):
        raise PosebenchError(f"{file} has pos_gt_src {found}, but {beside.form} beside it has {n:,} people.")
    missing = [name for name in ("jnt_missing", "headboxes_src") if name not in arrays]
    if missing:
        raise PosebenchError(f"{file} is not a complete gt_valid.mat: it lacks {' and '.join(missing)}.")
    keypoints = numbers(arrays, "pos_gt_src", (k, 2, n), file).transpose(2, 0, 1)
    labelled = numbers(arrays, "jnt_missing", (k, n), file).T == 0
    zeroed = labelled & (keypoints == 0).any(axis=2)
    notes = (
        f"{counted(int(zeroed.sum()), 'joint', 'joints')} of {counted(int(zeroed.any(axis=1).sum()), 'person', 'people')} are "
        f"zeroed in {GT_VALID_FORM}, so perfect predictions miss them (13 joints: Mean 99.97); published predictions lose at most "
        "0.01 of Mean.",
    )  # fmt: skip
    return replace(
        beside, form=GT_VALID_FORM, keypoints=keypoints, head_length=head_lengths(arrays, file), notes=notes * bool(zeroed.any()),
        visibility=np.where(labelled, np.maximum(beside.visibility, OCCLUDED), UNLABELLED),
    )  # fmt: skip


def head_lengths(arrays: dict[str, Array], file: Path) -> Array:
    """(N,) of gt_valid.mat's boxes (2 corners, 2, N), with their noise of 1e-5 pixels.

    Raises:
        PosebenchError: they are missing or no such boxes.
    """
    found = np.shape(arrays.get("headboxes_src", ()))
    if len(found) != 3:
        raise PosebenchError(f"{file}: headboxes_src is {found}, but should be (2, 2, people).")
    boxes = numbers(arrays, "headboxes_src", (2, 2, found[2]), file)
    return HEAD_BIAS * np.asarray(np.linalg.norm(boxes[1] - boxes[0], axis=0))
