"""FLIC's files: every form of its annotation that is read → Instances. They count pixels from 1, Instances from 0.

Labels are observer-centric in Instances, whatever the file has: in a person-centric file, people who face away are found by
MODEC's rule (left of right at shoulder, elbow and wrist), and left and right of all their pairs change places. This makes
`valid_personcentric.h5` equal to `valid.h5` to the bit, and so for train. `labels["orientation"]` keeps who they are, so that
the way back is exact too; an observer-centric file does not tell, and its Instances have no such label.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, UNLABELLED, VISIBLE, Instances, Source
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, counted, existing
from posebench.files.arrays import load_array
from posebench.files.writing import sha256

from .. import hourglass_h5
from ..dataset_folder import files_named, none_found
from ..known_splits import other_split, size_notes
from .duplicates import in_both_halves
from .examples_mat import read_examples

SKELETON = Skeleton(
    keypoints=(
        "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow", "right_wrist",
        "left_hip", "right_hip", "left_eye", "right_eye", "nose",
    ),
    bones=(
        ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"), ("right_shoulder", "right_elbow"),
        ("right_elbow", "right_wrist"), ("left_shoulder", "right_shoulder"), ("left_shoulder", "left_hip"),
        ("right_shoulder", "right_hip"), ("left_hip", "right_hip"), ("left_eye", "nose"), ("right_eye", "nose"),
    ),
)  # fmt: skip
ARM = tuple(tuple(SKELETON.index(f"left_{part}", f"right_{part}")) for part in ("shoulder", "elbow", "wrist"))
FACING_AWAY, NOT_FACING_AWAY = "facing away", "not facing away"

CROP_PIXELS = 200
"""A person of scale 1 is 200 pixels tall (pose-hg-train)."""
PEOPLE = {"train": 3987, "test": 1016}
"""As FLIC's page and the hourglass release count them."""
DOWNLOAD = (
    "https://bensapp.github.io/flic-dataset.html has examples.mat; https://github.com/princeton-vl/pose-hg-train has the others, "
    "in data/flic/annot. Photographs belong into 'images' beside the file or its folder."
)
FRAME = re.compile(r"-\d+\.jpg$")
"""The end of an image's name; before it stands the film's."""
H5 = {"train": "train", "test": "valid"}
"""The hourglass release's names of the halves."""
OTHER = {"train": "test", "test": "train"}
EXACT = 1e-3
"""Pixels within which two lengths are the same; those of the hourglass release agree to the bit."""


@dataclass(frozen=True, eq=False)
class Annotation:
    """What every form says of N people, pixels counted from 1, labels as in the file.

    Attributes:
        rows: N descriptions of a person's place in the file, such as `row 17`. images: N file names.
        center: (N, 2). scale: (N,). keypoints: (N, 11, 2), NaN where unlabelled. visibility: (N, 11).
        normalize: (N,) right shoulder to left hip of the person-centric labels; None where the file does not say.
        away: (N,) bool, people who face away and have person-centric labels; None if all labels are observer-centric.
    """

    rows: list[str]
    images: list[str]
    center: Array
    scale: Array
    keypoints: Array
    visibility: Array
    normalize: Array | None
    away: Array | None


def find_annotations(root: Path, split: str, person_centric: bool = False) -> Path:
    """The annotation file to read: of the forms that are there, the first that the labels can be had from.

    Raises:
        PosebenchError: there is none.
    """
    h5, folders = H5[split], ("annot", "")
    names = [f"{h5}.h5", f"{h5}_personcentric.h5", "examples.mat"]
    if person_centric:
        names = [*names[1:], names[0]]
    if found := files_named(root, folders, names):
        return found[0]
    raise none_found(f"FLIC {split}", root, folders, names, DOWNLOAD)


def read(file: Path, split: str) -> Instances:
    """Read the people of one half from a file of any known form.

    Raises:
        PosebenchError: the form is unknown, or a value is wrong.
    """
    arrays = load_array(existing(file, "a FLIC annotation"))
    if "examples" in arrays:
        halves, form, notes = examples(arrays["examples"], file)
        if not halves[split].rows:
            raise PosebenchError(f"{file}: no person is marked is{split}, so the file has no {split} half.")
        if form == "examples.mat":  # FLIC-full has more people to train on, and its form says so
            notes = (*notes, *count_notes(halves[split], file, split))
        return to_instances(halves[split], file, split, form, (*notes, *shared_images(halves)))
    if "part" not in arrays:
        again = " A MATLAB file of version 7.3 must be saved again with -v7." if file.suffix == ".mat" else ""
        raise PosebenchError(
            f"{file} is not a FLIC annotation: examples.mat has 'examples' and the hourglass release's .h5 has 'part', but "
            f"this has {', '.join(arrays) or 'nothing'}.{again}"
        )
    half = hourglass(arrays, file)
    if len(half.rows) == PEOPLE[OTHER[split]]:
        reason = f"has {len(half.rows):,} people, as FLIC {OTHER[split]}"
        raise other_split(file, reason, f"FLIC {split}", OTHER[split])
    form = H5[split] + (".h5" if half.away is None else "_personcentric.h5")
    return to_instances(half, file, split, form, (*count_notes(half, file, split), *notes_beside(half, file, split)))


def count_notes(half: Annotation, file: Path, split: str) -> tuple[str, ...]:
    """A sentence where the file has another number of people than FLIC's half."""
    return size_notes(file, f"FLIC {split}", {"people": (len(half.rows), PEOPLE[split])})


def hourglass(arrays: dict[str, Array], file: Path) -> Annotation:
    """The hourglass release's form: all keypoints are labelled."""
    found = hourglass_h5.columns(arrays, file, "FLIC", len(SKELETON))
    return Annotation(
        rows=[f"row {i}" for i in range(len(found.images))], images=found.images, center=found.center,
        scale=found.scale, keypoints=found.parts, visibility=np.where(found.visible > 0, VISIBLE, OCCLUDED),
        normalize=found.normalize, away=own_sides(found.parts, found.normalize),
    )  # fmt: skip


def examples(table: Array, file: Path) -> tuple[dict[str, Annotation], str, tuple[str, ...]]:
    """The two halves of examples.mat, of FLIC or of FLIC-full; its form; and notes."""
    people = read_examples(table, file)
    halves = {}
    for split, chosen in (("train", people.train), ("test", people.test)):
        rows = np.flatnonzero(chosen)
        keypoints = people.keypoints[rows]
        halves[split] = Annotation(
            rows=[f"examples({row + 1})" for row in rows], images=[people.images[row] for row in rows],
            center=people.center[rows], scale=np.full(len(rows), people.scale), keypoints=keypoints,
            visibility=np.where(np.isnan(keypoints[..., 0]), UNLABELLED, VISIBLE),
            normalize=right_torso(keypoints), away=facing_away(keypoints),
        )  # fmt: skip
    if not people.full:
        return halves, "examples.mat", ()
    left_out = len(people.images) - int((people.train | people.test).sum())
    are = counted(
        left_out,
        "person of FLIC-full is in neither half (bad or unchecked) and is",
        "people of FLIC-full are in neither half (bad or unchecked) and are",
    )
    note = f"{are} left out."
    return halves, "FLIC-full examples.mat", (note,) if left_out else ()


def to_instances(half: Annotation, file: Path, split: str, form: str, notes: tuple[str, ...]) -> Instances:
    """Instances in 0-based pixels, with observer-centric labels.

    Raises:
        PosebenchError: a person has no torso.
    """
    torso = {"torso_diameter": left_torso(observed(half).keypoints)}
    if half.away is not None:
        torso["torso_diameter_person_centric"] = left_torso(half.keypoints)
    if half.normalize is not None:
        torso["torso_diameter_normalize"] = half.normalize
    for length in torso.values():
        if not (length > 0).all():
            row = int((~(length > 0)).argmax())
            raise PosebenchError(
                f"{file}: {half.rows[row]} ({half.images[row]}) has no torso: a shoulder and the other side's hip are at one "
                "place or unlabelled. Errors are divided by their distance. Correct or remove this person."
            )
    orientation = None if half.away is None else np.where(half.away, FACING_AWAY, NOT_FACING_AWAY)
    half = observed(half)
    names = tuple(dict.fromkeys(half.images))
    number = {name: i for i, name in enumerate(names)}
    image = np.array([number[name] for name in half.images], np.int64)
    folder = file.parent / "images"
    return Instances(
        dataset="flic", split=split, skeleton=SKELETON, images=names, image_ids=np.arange(len(names)), image=image,
        person=_within_image(image), center=half.center - 1,
        size=CROP_PIXELS * np.repeat(half.scale[:, None], 2, axis=1),
        keypoints=np.nan_to_num(half.keypoints) - 1, visibility=half.visibility.astype(np.int8),
        usable=np.ones(len(image), bool), measures=torso,
        groups=np.array([FRAME.sub("", name) for name in names]), group="film",
        labels={} if orientation is None else {"orientation": orientation},
        image_root=folder if folder.is_dir() else file.parent.parent / "images",
        source=Source(str(file), sha256(file), notes, form),
    )  # fmt: skip


def _within_image(image: Array) -> Array:
    """Number of each row among the rows of its image: FLIC's own person column is 0 for both annotations of an image."""
    order = np.argsort(image, kind="stable")
    number = np.empty(len(image), np.int64)
    number[order] = np.arange(len(image)) - np.searchsorted(image[order], image[order])
    return number


def left_torso(keypoints: Array) -> Array:
    """(N,) left shoulder to right hip."""
    return _length(keypoints, "left_shoulder", "right_hip")


def right_torso(keypoints: Array) -> Array:
    """(N,) right shoulder to left hip."""
    return _length(keypoints, "right_shoulder", "left_hip")


def _length(keypoints: Array, one: str, other: str) -> Array:
    a, b = SKELETON.index(one, other)
    return np.asarray(np.hypot(*(keypoints[:, a] - keypoints[:, b]).T))


def facing_away(keypoints: Array) -> Array:
    """(N,) people whom only themselves would label so: left of right at shoulder, elbow and wrist (MODEC's flip rule)."""
    away: Array = np.all([keypoints[:, left, 0] < keypoints[:, right, 0] for left, right in ARM], axis=0)
    return away


def own_sides(keypoints: Array, normalize: Array | None) -> Array | None:
    """People who face away, where the labels are the person's own; None where they are an observer's.

    They are the person's own where somebody's could be no observer's, or where `normalize`, which is always by the person's
    own sides, is by these labels.
    """
    away = facing_away(keypoints)
    by_these = normalize is not None and bool((np.abs(normalize - right_torso(keypoints)) <= EXACT).all())
    return away if away.any() or by_these else None


def observed(half: Annotation) -> Annotation:
    """With observer-centric labels: left and right change places in those who face away."""
    if half.away is None:
        return half
    keypoints, visibility = (other_sides(values, half.away) for values in (half.keypoints, half.visibility))
    return replace(half, keypoints=keypoints, visibility=visibility, away=None)


def other_sides(values: Array, rows: Array) -> Array:
    """(N, 11, ...) with left and right of every pair in each other's place, in `rows` (N,) alone."""
    changed = values.copy()
    changed[rows] = values[rows][:, SKELETON.flip_order]
    return changed


def shared_images(halves: dict[str, Annotation]) -> tuple[str, ...]:
    """A sentence on the images in which the same person is in train and in test."""
    seen = [observed(halves[split]) for split in ("train", "test")]
    return in_both_halves([(half.images, half.keypoints, left_torso(half.keypoints)) for half in seen])


def notes_beside(half: Annotation, file: Path, split: str) -> tuple[str, ...]:
    """As `shared_images`, where the file of the other half is beside this one."""
    names = f"{H5[OTHER[split]]}.h5", f"{H5[OTHER[split]]}_personcentric.h5"
    beside = next((path for name in names if (path := file.with_name(name)).is_file()), None)
    if beside is None:
        return ()
    try:
        other = hourglass(load_array(existing(beside, "a FLIC annotation")), beside)
    except PosebenchError as error:
        return (f"Whether images are in train and in test is not known: {error}",)
    return shared_images({split: half, OTHER[split]: other})
