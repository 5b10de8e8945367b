"""Photographs that LSPET has more than once, and what their annotations say of the annotators.

`CLUSTERS` was found by comparing the photographs; a few clusters are false alarms: images that are alike, not the same. Two images
are taken for one photograph where their annotations agree in the mean within 0.3 of the shorter torso, as they are or with left
and right exchanged. The bound is FLIC's. It leaves out annotators who disagree by more, so the agreement is, if anything, too high.

LSPET's images were scaled by the length of the annotated person, so one photograph is there in two sizes. One annotation
is scaled onto the other by the factor that brings the keypoints nearest.
"""

from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances
from posebench.errors import PosebenchError
from posebench.scoring.pck import PCK
from posebench.scoring.scores import Ceiling

from .. import label_agreement
from .matrices import LSPET, SKELETON, read_joints

CLUSTERS = (
    (265, 2354), (292, 7005), (298, 2636, 3556), (457, 9410), (458, 656, 8412, 9285), (543, 2971), (545, 4217), (639, 6054),
    (660, 8483), (719, 9517), (828, 6416), (845, 6136), (854, 7103), (1195, 2494), (1213, 5716), (1240, 6741),
    (1251, 2368, 3503, 5450, 6566, 8210, 8750), (1583, 7303), (1663, 3562), (1672, 6460), (1803, 3959), (2120, 6778),
    (2127, 3615), (2268, 6949), (2423, 9082), (3153, 9695), (3199, 5316), (3584, 7559, 9857), (3597, 4787), (3818, 5788),
    (3962, 6862), (4002, 9871), (4161, 6007), (4433, 9130), (4610, 6431), (4739, 6321), (5215, 6202), (5488, 9054),
    (5545, 8796), (6917, 7962), (6920, 8323), (7658, 9762), (7818, 9195), (8155, 9345),
)  # fmt: skip
"""Numbers, from 1, of the images of LSPET that show the same or nearly the same photograph."""
SAME_PHOTOGRAPH = 0.3
"""Of the shorter torso, the mean distance of the keypoints."""


def cluster_names(dataset: str, numbers: Array) -> Array:
    """(N,) names of photographs: equal for images of one cluster of LSPET, and different for all others.

    Args:
        dataset: `LSP` or `LSPET`. numbers: (N,) of its images, from 1.
    """
    first = {image: cluster[0] for cluster in CLUSTERS for image in cluster} if dataset == LSPET else {}
    return np.array([f"{dataset} {first.get(number, number)}" for number in numbers.tolist()])


def without_clusters_of(images: range, held_out: range) -> list[int]:
    """The images that share no cluster with one of `held_out`; both are numbers from 1."""
    cut = {image for cluster in CLUSTERS if any(member in held_out for member in cluster) for image in cluster}
    return [image for image in images if image not in cut]


def ceiling(instances: Instances, rule: PCK) -> Ceiling | None:
    """What LSPET's annotators reach against each other; None where the people are not LSPET's, or its file is gone."""
    if instances.synthetic or not instances.split.startswith(LSPET.lower()):
        return None
    twice = annotated_twice(Path(instances.source.file), instances.source.sha256)
    if twice is None:
        return None
    one, other, exchanged = twice
    found = label_agreement.ceiling(one, other, rule, "")
    forgiven = label_agreement.ceiling(exchanged, other, rule, "").metrics["Mean"]
    lengths = "limbs" if rule.parts else "torsos"
    what = (
        f"Two annotations of the same {len(one)} photographs of LSP extended, by the shorter of their {lengths}: a small sample. "
        f"Where left and right are exchanged in a whole annotation and this is forgiven, Mean is {forgiven:.1f}."
    )
    return replace(found, what=what)


@lru_cache(maxsize=2)
def annotated_twice(file: Path, digest: str) -> tuple[Instances, Instances, Instances] | None:
    """The photographs of LSPET that are annotated twice: one annotation, the other, and the first with swaps of sides undone.

    Args:
        file: LSPET's joints.mat. digest: its hash, as it was when the people were read.

    Returns:
        None where the file is not there any more, or another one.
    """
    try:
        joints = read_joints(file)
    except PosebenchError:
        return None
    if joints.sha256 != digest:
        return None
    places = np.where(joints.visibility[..., None] > UNLABELLED, joints.keypoints, np.nan)
    found = [
        pair
        for cluster in CLUSTERS
        for a, b in combinations(cluster, 2)
        if (pair := _pair(places[a - 1], places[b - 1]))
    ]
    one, other, exchanged, torso = (np.array(column) for column in zip(*found, strict=True))
    return _people(one, torso), _people(other, torso), _people(exchanged, torso)


def _pair(one: Array, other: Array) -> tuple[Array, Array, Array, float] | None:
    """Two annotations (14, 2) in the pixels of the first, the first with swapped sides undone, and the shorter torso in pixels.

    NaN where unlabelled; None unless they are of one photograph.
    """
    found = {}
    for order in (range(len(SKELETON)), SKELETON.flip_order):
        ordered = one[list(order)]
        both = np.isfinite(ordered) & np.isfinite(other)
        if not both.any():
            continue
        scale = (ordered[both] @ other[both]) / (other[both] @ other[both])
        apart = np.nanmean(np.hypot(*(ordered - scale * other).T))
        torsos = [_torso(one), _torso(scale * other)]
        if np.isfinite(torsos).any() and apart < SAME_PHOTOGRAPH * np.nanmin(torsos):
            found[float(apart)] = ordered, scale * other, float(np.nanmin(torsos))
    if not found:
        return None
    nearest, scaled, torso = found[min(found)]
    return one, scaled, nearest, torso


def _torso(keypoints: Array) -> float:
    shoulder, hip = SKELETON.index("left_shoulder", "right_hip")
    return float(np.hypot(*(keypoints[shoulder] - keypoints[hip])))


def _people(places: Array, torso: Array) -> Instances:
    """People of these keypoints (P, 14, 2), NaN where unlabelled, with torsos (P,)."""
    n, labelled = len(places), np.isfinite(places[..., 0])
    return Instances(
        dataset="lsp", split="annotated twice", skeleton=SKELETON, images=tuple(map(str, range(n))),
        image_ids=np.arange(n), image=np.arange(n), person=np.zeros(n, np.int64), center=np.zeros((n, 2)),
        size=np.ones((n, 2)), keypoints=np.nan_to_num(places), visibility=np.where(labelled, 2, 0).astype(np.int8),
        usable=np.ones(n, bool), measures={"torso_diameter": torso},
    )  # fmt: skip
