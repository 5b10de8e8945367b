"""What share of keypoints is right on parts of the data, such as people who lie or who overlap with others.

A part has people or keypoints of one kind. All are scored by one rule, `Compared.right`, over the keypoints that the headline
pools. AP has no such parts, because a false detection belongs to nobody. So the share of right keypoints stands for OKS too, where
keypoints of people whom nobody finds are not right.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, OUTSIDE, VISIBLE, Instances
from posebench.diagnosis.estimate import Estimate, shares
from posebench.scoring.bootstrap import LEVEL, NORMAL
from posebench.scoring.compared import Compared
from posebench.scoring.oks_matching import pairs
from posebench.scoring.pck import SMALLEST_SLICE

OVERLAP = 0.1
"""Boxes of two people overlap from this intersection over union on (Ronchi, Perona, ICCV 2017)."""
BORDER = 2.0
"""Pixels from the image's border within which a box is cut by it."""
TURNED = (30.0, 60.0, 120.0)
"""Degrees of the torso's turn from upright, at which tilted, lying and upside down begin."""


@dataclass(frozen=True)
class Part:
    """A part of the keypoints.

    Attributes:
        by: the criterion, such as `rotation`. name: the part, such as `lying`.
        right: percent of its keypoints that are right. people, keypoints: how many it has.
    """

    by: str
    name: str
    right: Estimate
    people: int
    keypoints: int

    def as_json(self) -> dict[str, Any]:
        """Values for `json.dumps`."""
        counts = {"people": self.people, "keypoints": self.keypoints}
        return {"by": self.by, "name": self.name, "right": self.right.as_json(), **counts}


def slices(compared: Compared, manifest: Mapping[str, Array]) -> tuple[Part, ...]:
    """The share of right keypoints of everything, then of each part by each criterion that the ground truth has.

    Criteria that do not divide the people are left out, and so are labels of fewer than `SMALLEST_SLICE` people. The manifest's
    parts are all kept.

    Args:
        manifest: criterion → (N,) text, "" where unknown.
    """
    people = compared.people
    asked = compared.counted & np.isin(np.arange(len(people.skeleton)), compared.pooled)
    criteria = [(by, part(people)) for by, part in CRITERIA.items()]
    criteria += [(by, _frequent(names)) for by, names in people.labels.items()]
    masks = [("", "all", asked)]
    for by, names in (*criteria, *manifest.items()):
        parts = [(by, name, _wide(names == name, asked) & asked) for name in _in_order(names)]
        masks += parts if len(parts) > 1 or by in manifest else []
    masks = [(by, name, mask) for by, name, mask in masks if mask.any()]
    right = np.stack([(mask & compared.right).sum(axis=1) for _, _, mask in masks], axis=1) if masks else None
    if right is None:
        return ()
    found = shares(right, np.stack([mask.sum(axis=1) for _, _, mask in masks], axis=1), people)
    return tuple(
        Part(by, name, share, int(mask.any(axis=1).sum()), int(mask.sum()))
        for (by, name, mask), share in zip(masks, found, strict=True)
    )


def worse_parts(found: Sequence[Part]) -> list[Part]:
    """The parts of enough people that are worse than everything, beyond chance, the worst first.

    By the standard errors that the intervals have, as if the two were of different people, and for the number of parts
    (Bonferroni). A part's people are in everything, too, so its difference is rather more certain than is taken here.

    Args:
        found: as of `slices`: everything first.
    """
    everything, *parts = found
    parts = large_parts(parts)
    if not parts or everything.right.interval is None:
        return []
    limit = NormalDist().inv_cdf(1 - (1 - LEVEL / 100) / 2 / len(parts)) / NORMAL
    down = everything.right.value - everything.right.interval[0]
    worse = [
        one
        for one in parts
        if one.right.interval is not None
        and everything.right.value - one.right.value > limit * math.hypot(down, one.right.interval[1] - one.right.value)
    ]
    return sorted(worse, key=lambda one: one.right.value)


def large_parts(parts: Sequence[Part]) -> list[Part]:
    """Those of at least `SMALLEST_SLICE` people, with a known share."""
    return [one for one in parts if one.people >= SMALLEST_SLICE and math.isfinite(one.right.value)]


def _wide(chosen: Array, like: Array) -> Array:
    """(N, K) from (N,) or (N, K)."""
    return np.broadcast_to(chosen if chosen.ndim == 2 else chosen[:, None], like.shape)


def _frequent(names: Array) -> Array:
    """Labels (N,), "" for those that fewer than `SMALLEST_SLICE` people have."""
    known, place, count = np.unique(names, return_inverse=True, return_counts=True)
    return np.where(count[place] >= SMALLEST_SLICE, known[place], "")


def _in_order(names: Array) -> list[str]:
    """The different names, without the empty one: in the order of the criterion, else the most frequent first."""
    known, count = np.unique(names, return_counts=True)
    frequent = known[np.argsort(-count, kind="stable")].tolist()
    order = {name: place for place, name in enumerate(ORDER)}
    return sorted((name for name in frequent if name), key=lambda name: order.get(name, len(order)))


def visibility(people: Instances) -> Array:
    """(N, K) whether each keypoint is visible or occluded."""
    names = {VISIBLE: "visible", OCCLUDED: "occluded", OUTSIDE: "outside the image"}
    return np.select([people.visibility == value for value in names], list(names.values()), "")


def size(people: Instances) -> Array:
    """(N,) a third of the people each, by the longer side of their boxes."""
    side = boxes(people)[:, 2:].max(axis=1, initial=0)
    known = (side > 0) & people.usable
    if not known.any():
        return np.full(len(side), "")
    low, high = np.quantile(side[known], [1 / 3, 2 / 3])
    return np.select([~known, side <= low, side <= high], ["", "smallest third", "middle third"], "largest third")


def crowding(people: Instances) -> Array:
    """(N,) how many other people's boxes each person's box overlaps with."""
    box = boxes(people)
    by_image = np.argsort(people.image, kind="stable")
    one, other = pairs(people.image, people.image[by_image], len(people.images))
    other = by_image[other]
    several = (one != other) & (box[one, 2] > 0) & (box[other, 2] > 0)
    one, other = one[several], other[several]
    low = np.maximum(box[one, :2], box[other, :2])
    high = np.minimum(box[one, :2] + box[one, 2:], box[other, :2] + box[other, 2:])
    common = np.maximum(high - low, 0).prod(axis=1)
    union = box[one, 2:].prod(axis=1) + box[other, 2:].prod(axis=1) - common
    count = np.bincount(one[common >= OVERLAP * union], minlength=len(people))
    return _ranges(count, (0, 1, 3))


def together(people: Instances) -> Array:
    """(N,) how many annotated people are in each person's image."""
    count = np.bincount(people.image[people.usable], minlength=len(people.images))[people.image]
    return _ranges(count, (1, 2, 5))


def labelled(people: Instances) -> Array:
    """(N,) how many of the keypoints are labelled."""
    share = (people.visibility > 0).mean(axis=1)
    return np.select([share == 1, share >= 0.5, share > 0], ["all", "half or more", "fewer than half"], "")


def truncation(people: Instances) -> Array:
    """(N,) whether the image's border cuts the person; "" where the annotation does not state the image's size."""
    if people.image_sizes is None:
        return np.full(len(people), "")
    box, image = boxes(people), people.image_sizes[people.image]
    cut = (box[:, :2] <= BORDER).any(axis=1) | (box[:, :2] + box[:, 2:] >= image - BORDER).any(axis=1)
    known = np.isfinite(image).all(axis=1) & (box[:, 2] > 0)
    return np.select([~known, cut], ["", "cut by the border"], "inside the image")


def rotation(people: Instances) -> Array:
    """(N,) how far the torso, from the middle of the hips to that of the shoulders, is turned from upright; "" without a torso."""
    names = people.skeleton.keypoints
    corners = ("left_hip", "right_hip", "left_shoulder", "right_shoulder")
    if not set(corners) <= set(names):
        return np.full(len(people), "")
    at = people.skeleton.index(*corners)
    hips, shoulders = (people.keypoints[:, at[i : i + 2]].mean(axis=1) for i in (0, 2))
    x, y = (shoulders - hips).T
    turn = np.degrees(np.arctan2(np.abs(x), -y))  # y points down
    known = (people.visibility[:, at] > 0).all(axis=1) & (np.hypot(x, y) > 0)
    tilted, lying, upside_down = TURNED
    return np.select(
        [~known, turn <= tilted, turn <= lying, turn <= upside_down], ["", "upright", "tilted", "lying"], "upside down"
    )


def boxes(people: Instances) -> Array:
    """(N, 4) x, y, width, height: the annotated box, else the smallest one about the labelled keypoints, else 0."""
    if people.bbox is not None:
        return people.bbox
    seen = (people.visibility > 0)[..., None]
    low = np.where(seen, people.keypoints, np.inf).min(axis=1)
    high = np.where(seen, people.keypoints, -np.inf).max(axis=1)
    known = seen.any(axis=1)
    return np.column_stack([np.where(known, low, 0), np.where(known, high - np.where(known, low, 0), 0)])


def _ranges(count: Array, begins: tuple[int, ...]) -> Array:
    """(N,) such as `1–2` and `3 or more`, from counts and where each range begins; "" below the first."""
    ends = [*(begin - 1 for begin in begins[1:]), None]
    names = [
        f"{begin} or more" if end is None else f"{begin}" if begin == end else f"{begin}–{end}"
        for begin, end in zip(begins, ends, strict=True)
    ]
    place = np.searchsorted(begins, count, side="right") - 1
    return np.where(place < 0, "", np.array(names)[place])


CRITERIA: dict[str, Callable[[Instances], Array]] = {
    "visibility": visibility, "size": size, "overlapping people": crowding, "people in the image": together,
    "keypoints labelled": labelled, "truncation": truncation, "rotation": rotation,
}  # fmt: skip
ORDER = (
    "visible", "occluded", "smallest third", "middle third", "largest third", "0", "1", "1–2", "2–4", "3 or more", "5 or more",
    "all", "half or more", "fewer than half", "inside the image", "cut by the border", "upright", "tilted", "lying", "upside down",
)  # fmt: skip
