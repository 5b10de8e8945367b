"""MPII's MATLAB files: the official release, pytorch-pose's raw subset of it (`detections.mat`), and `gt_valid.mat`.

MATLAB leaves out, empties, or writes as text what it likes, and the release does all three. So everything here is read by
`rows`, `first`, `number`, `text` and `flat`, which answer emptiness with emptiness.
"""

from dataclasses import replace
from importlib import resources
from math import isfinite, nan
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, UNLABELLED, VISIBLE
from posebench.errors import PosebenchError, counted
from posebench.files.arrays import load_array, load_structs
from posebench.files.matlab import CELL, STRUCT, Element

from .annotation import HEAD_BIAS, SKELETON, Annotation, adjusted, numbers, whole
from .image_names import numbered

RELEASE_FORM, DETECTIONS_FORM, GT_VALID_FORM = "mpii_human_pose_v1_u12_1.mat", "detections.mat", "gt_valid.mat"
JOINTS = {float(joint): joint for joint in range(len(SKELETON))}
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


def place(rect: Record) -> tuple[float, float, float]:
    """Centre (x, y) and scale of an annorect, NaN where it has none."""
    position = first(rect.get("objpos"))
    return number(position.get("x")), number(position.get("y")), number(rect.get("scale"))


def head_length(rect: Record) -> float:
    """0.6 × the diagonal of the head box; NaN where there is none."""
    x1, y1, x2, y2 = (number(rect.get(name)) for name in ("x1", "y1", "x2", "y2"))
    return HEAD_BIAS * float(np.hypot(x2 - x1, y2 - y1))


def annotated(rect: Record) -> bool:
    """Whether an annorect has a point."""
    point = first(rect.get("annopoints")).get("point")
    return point is not None and point.head()[0] & 0xFF == STRUCT and 0 not in point.head()[1]


def points(rect: Record) -> tuple[Array, Array]:
    """(16, 2) keypoints as annotated and (16,) visibility of one annorect; a joint without a mark of visibility is visible.

    Raises:
        ValueError: a joint is unknown, twice there, or nowhere.
    """
    keypoints, visibility = np.zeros((len(SKELETON), 2)), np.full(len(SKELETON), UNLABELLED, np.int8)
    point = first(rect.get("annopoints")).get("point")
    fields = {} if point is None else point.fields()
    nothing = [None] * max(map(len, fields.values()), default=0)
    for record in zip(*(fields.get(name, nothing) for name in ("id", "x", "y", "is_visible")), strict=True):
        joint, x, y, seen = map(number, record)
        if joint not in JOINTS or visibility[JOINTS[joint]]:
            raise ValueError(f"joint {joint:g} is twice there" if joint in JOINTS else f"joint {joint:g}")
        if not (isfinite(x) and isfinite(y)):
            raise ValueError(f"{SKELETON.keypoints[JOINTS[joint]]} is at ({x:g}, {y:g})")
        keypoints[JOINTS[joint]] = x, y
        visibility[JOINTS[joint]] = OCCLUDED if seen == 0 else VISIBLE
    return keypoints, visibility


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

    def people(self, split: str) -> list[tuple[int, int]]:
        """(image, person) of a split: those of the validation list; the test images' single people; of the training images
        without a validation person, all people with keypoints. The last two need a centre and a scale.
        """
        listed = [(int(image), int(person)) for image, person in validation_people()]
        if split == "val":
            return listed
        if split == "test":
            asked = [(i, p) for i in np.flatnonzero(~self.train).tolist() for p in self.singles(i)]
            self.check(asked)
        else:
            validation = {image for image, _ in listed}
            images = [i for i in np.flatnonzero(self.train).tolist() if i not in validation]
            asked = [(i, p) for i in images for p, rect in enumerate(self.rects(i))
                     if annotated(rect)]  # fmt: skip
        return [(i, p) for i, p in asked if np.isfinite(place(self.rects(i)[p])).all()]

    def check(self, people: list[tuple[int, int]]) -> None:
        """Raise an error unless the release has all these people."""
        for image, person in people:
            if image >= len(self.annolist) or not 0 <= person < len(self.rects(image)):
                raise PosebenchError(
                    f"{self.file} has no person {person} in image {image} (both from 0), of {len(self.annolist):,} images. "
                    "Is it the whole release?"
                )


def read_release(file: Path, split: str) -> Annotation:
    """The people of a split of the official release.

    Raises:
        PosebenchError: the file is no release, or not whole; names the image and the person.
    """
    release = Release(file)
    people = release.people(split)
    if not people:
        raise PosebenchError(f"{file} has no people of MPII {split}. Is it the whole release?")
    release.check(people)
    annotation = raw_people(
        [(release.rects(image)[person], f"image {image} ({release.name(image)[:40]!r}), person {person}")
         for image, person in people],
        file, labelled=split != "test",
    )  # fmt: skip
    index = np.array([image for image, _ in people])
    activity = None if release.activity is None else [release.activity[image] for image, _ in people]
    return replace(
        annotation, form=RELEASE_FORM, images=[release.name(image) for image, _ in people], index=index,
        person=np.array([person for _, person in people]), activity=activity,
        notes=(TRAIN_RULE,) if split == "train" else (),
    )  # fmt: skip


def raw_people(people: list[tuple[Record, str]], file: Path, labelled: bool = True) -> Annotation:
    """Annorects, each with words for messages, as an Annotation that still lacks names and numbers of images.

    Raises:
        PosebenchError: one has no centre or scale, or its keypoints cannot be.
    """
    places = np.array([place(rect) for rect, _ in people], float).reshape(-1, 3)
    unplaced = ~np.isfinite(places).all(axis=1)
    if unplaced.any():
        raise PosebenchError(f"{file}: {people[int(unplaced.argmax())][1]}, has no objpos or scale. Is the file whole?")
    keypoints = np.zeros((len(people), len(SKELETON), 2))
    visibility = np.full(keypoints.shape[:2], UNLABELLED, np.int8)
    for row, (rect, who) in enumerate(people if labelled else []):
        try:
            keypoints[row], visibility[row] = points(rect)
        except ValueError as error:
            raise PosebenchError(f"{file}: {who}: {error}; an MPII point has an id of 0 to 15, x and y.") from error
    center, scale = adjusted(places[:, :2], places[:, 2])
    return Annotation(
        form="", images=[], person=np.zeros(0), center=center, scale=scale, keypoints=keypoints, visibility=visibility,
        head_length=np.array([head_length(rect) for rect, _ in people]),
    )  # fmt: skip


def read_detections(file: Path, beside: Annotation | None) -> Annotation:
    """pytorch-pose's `detections.mat`: the raw annotation of the validation people, with numbers in place of image names.

    Args:
        beside: an annotation beside the file, which has the names.

    Raises:
        PosebenchError: it is no such file.
    """
    entries = rows(load_structs(file, "annolist"))
    arrays = load_array(file, ["RELEASE_img_index", "RELEASE_person_index"])
    people = [(first(entry.get("annorect")), f"entry {row}") for row, entry in enumerate(entries)]
    given: dict[str, Array] = {
        name: np.ravel(arrays[name]) for name in ("RELEASE_img_index", "RELEASE_person_index") if name in arrays
    }
    if len(given) < 2:
        raise PosebenchError(f"{file} has an annolist, but no RELEASE_img_index and RELEASE_person_index beside it.")
    index, person = (whole(numbers(given, name, (len(people),), file) - 1, name, file) for name in given)
    if beside is not None and beside.index is not None and np.array_equal(beside.index, index):
        names = beside.images
    else:
        names = [numbered(number) for number in index]
    return replace(raw_people(people, file), form=DETECTIONS_FORM, images=names, index=index, person=person)


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
