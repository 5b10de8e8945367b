"""MPII's files: every form of its annotation that is read → Instances. They count pixels from 1, Instances from 0."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posebench.errors import PosebenchError
from posebench.instances import OCCLUDED, UNLABELLED, VISIBLE, Instances, Source
from posebench.predictions import load_array, sha256
from posebench.skeleton import Skeleton

Array = NDArray[Any]

SKELETON = Skeleton(
    keypoints=(
        "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "pelvis", "thorax",
        "upper_neck", "head_top", "right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist",
    ),
    bones=(
        ("right_ankle", "right_knee"), ("right_knee", "right_hip"), ("right_hip", "pelvis"),
        ("left_hip", "pelvis"), ("left_knee", "left_hip"), ("left_ankle", "left_knee"),
        ("pelvis", "thorax"), ("thorax", "upper_neck"), ("upper_neck", "head_top"),
        ("right_wrist", "right_elbow"), ("right_elbow", "right_shoulder"), ("right_shoulder", "thorax"),
        ("left_shoulder", "thorax"), ("left_elbow", "left_shoulder"), ("left_wrist", "left_elbow"),
    ),
)  # fmt: skip
CROP_PIXELS = 200
"""A person of MPII scale 1 is 200 pixels tall."""
HEAD_BIAS = 0.6
"""Head length as a part of the head box's diagonal (evalMPII, util_get_head_size.m)."""
TRUNCATED = "Ground truth truncated to whole pixels ({}): scores differ from those on the exact annotation."

HEAD_IN_GT_VALID = "head_length_in_gt_valid"
"""The measure that mmpose's evaluator divides by: head boxes of the gt_valid.mat beside another annotation."""
ZEROED = "13 joints of 10 people are zeroed in gt_valid.mat: even the truth scores 99.97 on it."


def find_annotations(root: Path, split: str, form: str | None = None) -> Path:
    """The annotation file to read: the one of that form where it is there, else the exact one.

    Raises:
        PosebenchError: there is none.
    """
    if root.is_file():
        return root
    names = {"train": ("train.h5",), "val": ("detections.mat", "valid.h5")}[split]
    names = names if form is None else (form, *names)
    folders = (root / "annot", root, root / "annotations")
    for name in names:
        for folder in folders:
            if (folder / name).is_file():
                return folder / name
    raise PosebenchError(
        f"No MPII {split} annotation below {root}: looked for {' and '.join(names)} in {', '.join(map(str, folders))}. "
        "The hourglass release (pose-hg-train) has train.h5 and valid.h5; pytorch-pose has detections.mat. "
        "Photographs come from the MPII Human Pose page and belong into 'images' beside 'annot'."
    )


def image_folder(file: Path) -> Path:
    """Where the photographs of an annotation file are: `images` beside it or beside its folder."""
    beside = file.parent / "images"
    return beside if beside.is_dir() else file.parent.parent / "images"


def read(file: Path, split: str) -> Instances:
    """The people of an annotation file, whichever form it has.

    Raises:
        PosebenchError: it has none that is known, or something in it is wrong.
    """
    if file.suffix == ".h5":
        return to_instances(read_h5(file), file, split, (TRUNCATED.format(file.name),))
    if file.suffix == ".mat" and "pos_gt_src" in (arrays := load_array(file)):
        return to_instances(read_gt_valid(arrays, file), file, split, (ZEROED,))
    if file.suffix == ".mat":
        return to_instances(read_mat(file), file, split, ())
    raise PosebenchError(f"{file}: mpii reads detections.mat, train.h5 and valid.h5.")


@dataclass(frozen=True, eq=False)
class Annotation:
    """What every form of MPII's annotation says of N people, pixels counted from 1.

    Attributes:
        images: N file names. person: (N,). center: (N, 2) and scale: (N,), adjusted as the field does.
        keypoints: (N, 16, 2). visibility: (N, 16). head_length: (N,) pixels.
    """

    images: list[str]
    person: Array
    center: Array
    scale: Array
    keypoints: Array
    visibility: Array
    head_length: Array


def read_h5(file: Path) -> Annotation:
    """The hourglass release's form. Centre and scale are final there; (0, 0) is an unlabelled keypoint."""
    columns = load_array(file)
    needed = ("imgname", "person", "center", "scale", "part", "visible", "normalize")
    if lacking := [name for name in needed if name not in columns]:
        raise PosebenchError(f"{file} is no MPII annotation: it lacks {', '.join(lacking)}.")
    parts = columns["part"].astype(float)
    n, k = len(parts), len(SKELETON)
    if parts.shape != (n, k, 2):
        raise PosebenchError(f"{file}: part is {parts.shape}, but MPII has ({n}, {k}, 2). Is it another dataset's?")
    labelled = ~(parts == 0).all(axis=2)
    return Annotation(
        images=[name.decode("utf-8", "replace") for name in columns["imgname"].tolist()],
        person=columns["person"],
        center=columns["center"],
        scale=columns["scale"],
        keypoints=parts,
        visibility=np.where(labelled, np.where(columns["visible"] > 0, VISIBLE, OCCLUDED), UNLABELLED),
        head_length=columns["normalize"],
    )


def read_gt_valid(arrays: dict[str, Array], file: Path) -> Annotation:
    """`gt_valid.mat` of HRNet's and its relatives' evaluators: keypoints and head boxes. Its people are those of `valid.h5`
    beside it, which has their images, centres, scales and visibility.
    """
    h5 = file.with_name("valid.h5")
    if not h5.is_file():
        raise PosebenchError(f"{file} names no images. Put valid.h5, which has them, beside it.")
    people = read_h5(h5)
    keypoints = arrays["pos_gt_src"].transpose(2, 0, 1).astype(float)
    labelled = arrays["jnt_missing"].T == 0
    if keypoints.shape != people.keypoints.shape:
        raise PosebenchError(f"{file} has {len(keypoints):,} people, but {h5} has {len(people.keypoints):,}.")
    return replace(
        people, keypoints=keypoints, head_length=head_lengths(arrays),
        visibility=np.where(labelled, np.maximum(people.visibility, OCCLUDED), UNLABELLED),
    )  # fmt: skip


def head_lengths(arrays: dict[str, Array]) -> Array:
    """(N,) of gt_valid.mat's boxes (2 corners, 2, N), with their noise of 1e-5 pixels."""
    boxes = arrays["headboxes_src"].astype(float)
    return HEAD_BIAS * np.asarray(np.linalg.norm(boxes[1] - boxes[0], axis=0))


def read_mat(file: Path) -> Annotation:
    """The raw `annolist` of pytorch-pose's `detections.mat`: MPII's own floats, visibility, head boxes, centre, scale."""
    arrays = _load_structs(file)
    try:
        people = [entry.annorect for entry in arrays["annolist"]]
        parts, visibility = (np.stack(column) for column in zip(*map(_points, people), strict=True))
        heads = np.array([[float(p.x1), float(p.y1), float(p.x2), float(p.y2)] for p in people])
        center = np.array([[float(p.objpos.x), float(p.objpos.y)] for p in people])
        scale = np.array([float(p.scale) for p in people])
        image, person = arrays["RELEASE_img_index"].astype(int) - 1, arrays["RELEASE_person_index"].astype(int) - 1
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise PosebenchError(
            f"{file} is not pytorch-pose's detections.mat ({type(error).__name__}: {error}). "
            "mpii reads that, train.h5 and valid.h5."
        ) from error
    center[:, 1] += 15 * scale
    head_length = HEAD_BIAS * np.hypot(heads[:, 2] - heads[:, 0], heads[:, 3] - heads[:, 1])
    return Annotation(_names_beside(file, image), person, center, 1.25 * scale, parts, visibility, head_length)


def _load_structs(file: Path) -> dict[str, Any]:
    from scipy.io import loadmat

    try:
        arrays: dict[str, Any] = loadmat(
            file, struct_as_record=False, squeeze_me=True,
            variable_names=["annolist", "RELEASE_img_index", "RELEASE_person_index"],
        )  # fmt: skip
    except Exception as error:  # a damaged file makes scipy, zlib and numpy raise whatever they meet
        raise PosebenchError(f"{file} is not a readable MATLAB file: {error}. Was it cut off?") from error
    return arrays


def _points(person: Any) -> tuple[Array, Array]:
    """(16, 2) keypoints as annotated and (16,) visibility of one annorect; a joint without a mark of visibility is visible."""
    keypoints, visibility = np.zeros((len(SKELETON), 2)), np.zeros(len(SKELETON), np.int8)
    for point in np.atleast_1d(person.annopoints.point):
        joint = int(point.id)
        keypoints[joint] = float(point.x), float(point.y)
        hidden = np.size(point.is_visible) > 0 and not int(point.is_visible)
        visibility[joint] = OCCLUDED if hidden else VISIBLE
    return keypoints, visibility


def _names_beside(file: Path, image: Array) -> list[str]:
    """File names of the images: from `valid.h5` beside, since `detections.mat` has only their numbers."""
    h5 = file.with_name("valid.h5")
    if h5.is_file():
        columns = load_array(h5)
        if "index" in columns and np.array_equal(columns["index"], image):
            return [name.decode("utf-8", "replace") for name in columns["imgname"].tolist()]
    return [f"image {number} of the MPII annolist" for number in image]


def to_instances(annotation: Annotation, file: Path, split: str, notes: tuple[str, ...]) -> Instances:
    """Instances in 0-based pixels.

    Raises:
        PosebenchError: a head length or scale is not above 0.
    """
    names = annotation.images
    size = CROP_PIXELS * np.repeat(np.asarray(annotation.scale, float)[:, None], 2, axis=1)
    bad = ~((annotation.head_length > 0) & (size[:, 0] > 0))
    if bad.any():
        raise PosebenchError(
            f"{file}: head length or scale of row {bad.argmax()} ({names[bad.argmax()]}) is not above 0."
        )
    images = tuple(dict.fromkeys(names))
    row = {name: i for i, name in enumerate(images)}
    return Instances(
        dataset="mpii",
        split=split,
        skeleton=SKELETON,
        images=images,
        image_ids=np.arange(len(images)),
        image=np.array([row[name] for name in names], np.int64),
        person=np.asarray(annotation.person, np.int64),
        center=np.asarray(annotation.center, float) - 1,
        size=size,
        keypoints=annotation.keypoints - 1,
        visibility=annotation.visibility.astype(np.int8),
        usable=np.asarray((annotation.visibility > 0).any(axis=1)),
        measures={"head_length": np.asarray(annotation.head_length, float)} | lengths_beside(file, len(names), split),
        image_root=image_folder(file),
        source=Source(str(file), sha256(file), notes),
    )


def lengths_beside(file: Path, people: int, split: str) -> dict[str, Array]:
    """The head lengths of a gt_valid.mat beside the file, where it has as many people."""
    beside = file.with_name("gt_valid.mat")
    if split != "val" or beside == file or not beside.is_file():
        return {}
    lengths = head_lengths(load_array(beside))
    return {HEAD_IN_GT_VALID: lengths} if len(lengths) == people else {}
