"""The two forms of `joints.mat`: LSP's (3, 14, 2000) and LSPET's (14, 3, 10000), in pixels counted from 1.

Both have the same 14 keypoints in the same order. Their flags differ: in LSP a 1 marks an occluded keypoint and every keypoint
is labelled; in LSPET a 0 marks a keypoint without a label, with any coordinates.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, UNLABELLED, VISIBLE
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, existing
from posebench.files.arrays import load_array
from posebench.files.writing import sha256

SKELETON = Skeleton(
    keypoints=(
        "right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle", "right_wrist", "right_elbow",
        "right_shoulder", "left_shoulder", "left_elbow", "left_wrist", "neck", "head_top",
    ),
    bones=(
        ("right_ankle", "right_knee"), ("right_knee", "right_hip"), ("right_hip", "left_hip"), ("left_hip", "left_knee"),
        ("left_knee", "left_ankle"), ("right_wrist", "right_elbow"), ("right_elbow", "right_shoulder"),
        ("right_shoulder", "neck"), ("neck", "left_shoulder"), ("left_shoulder", "left_elbow"),
        ("left_elbow", "left_wrist"), ("right_shoulder", "right_hip"), ("left_shoulder", "left_hip"),
        ("neck", "head_top"),
    ),
)  # fmt: skip
LSP, LSPET = "LSP", "LSPET"
PEOPLE = {LSP: 2000, LSPET: 10_000}
"""One person in every image, so these are the numbers of images too."""
PERSON_CENTRIC, OBSERVER_CENTRIC = "person-centric", "observer-centric"
SIDES = tuple(tuple(SKELETON.index(f"left_{part}", f"right_{part}")) for part in ("hip", "shoulder"))
LEFT_AT_RIGHT = 0.8
"""Share of left hips and shoulders that lie right of the right ones: 0.66 in LSP's own labels, 0.93 in observer-centric ones."""


@dataclass(frozen=True, eq=False)
class Joints:
    """The people of one `joints.mat`.

    Attributes:
        file, sha256: the file and its hash.
        dataset: `LSP` or `LSPET`. labels: `person-centric` or `observer-centric`.
        keypoints: (N, 14, 2) pixels counted from 0; 0 where unlabelled. visibility: (N, 14).
    """

    file: Path
    sha256: str
    dataset: str
    labels: str
    keypoints: Array
    visibility: Array


def read_joints(file: Path) -> Joints:
    """The people of a `joints.mat`, of LSP or of LSPET.

    Raises:
        PosebenchError: it is of neither, has another number of people, or a labelled coordinate that is not a number.
    """
    arrays = load_array(existing(file, "an LSP annotation"))
    joints = arrays.get("joints")
    if joints is None:
        raise PosebenchError(
            f"{file} has no 'joints', so it is no annotation of LSP; it has {', '.join(arrays) or 'nothing'}."
        )
    dataset, people = _people_first(joints, file)
    if len(people) != PEOPLE[dataset]:
        raise PosebenchError(
            f"{file} has {len(people):,} people, but {dataset} has {PEOPLE[dataset]:,}. The splits are ranges of its "
            "images, so a part of it cannot be read. Use the joints.mat of the download."
        )
    keypoints, flags = people[..., :2], people[..., 2]
    if not np.isin(flags, (0, 1)).all():
        raise PosebenchError(f"{file}: flags should be 0 or 1; one is {flags[~np.isin(flags, (0, 1))][0]}.")
    zero, one = (VISIBLE, OCCLUDED) if dataset == LSP else (UNLABELLED, VISIBLE)
    visibility = np.where(flags == 1, one, zero)
    labelled = visibility > UNLABELLED
    bad = labelled & ~np.isfinite(keypoints).all(axis=2)
    if bad.any():
        row, joint = np.argwhere(bad)[0]
        raise PosebenchError(
            f"{file}: {SKELETON.keypoints[joint]} of person {row + 1} is {keypoints[row, joint].tolist()}, which is no place."
        )
    return Joints(
        file=file, sha256=sha256(file), dataset=dataset, labels=_labels(keypoints, dataset),
        keypoints=np.where(labelled[..., None], keypoints - 1, 0), visibility=visibility.astype(np.int8),
    )  # fmt: skip


def _people_first(joints: Array, file: Path) -> tuple[str, Array]:
    """LSP or LSPET, and its (N, 14, 3) x, y and flag."""
    if joints.ndim == 3 and joints.dtype.kind in "fiu":
        if joints.shape[:2] == (3, 14):
            return LSP, joints.transpose(2, 1, 0).astype(float)
        if joints.shape[:2] == (14, 3):
            return LSPET, joints.transpose(2, 0, 1).astype(float)
    again = (
        " A MATLAB file of version 7.3 must be saved again with -v7." if joints.shape[1:] in ((14, 3), (3, 14)) else ""
    )
    raise PosebenchError(
        f"{file}: 'joints' is {joints.shape} {joints.dtype}, but LSP's is (3, 14, 2000) and LSPET's (14, 3, 10000) numbers.{again}"
    )


def _labels(keypoints: Array, dataset: str) -> str:
    """Which sides the labels name. LSPET exists with the person's own sides alone."""
    at_right = np.mean([keypoints[:, left, 0] >= keypoints[:, right, 0] for left, right in SIDES])
    return OBSERVER_CENTRIC if dataset == LSP and at_right > LEFT_AT_RIGHT else PERSON_CENTRIC
