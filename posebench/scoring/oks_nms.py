"""Rescoring and OKS non-maximum suppression: what top-down evaluators do to detections before AP. Pure functions of arrays.

A detector finds a person several times, and so the network predicts several nearly equal poses. Their similarity is OKS
with the mean of both areas, over all keypoints, whatever their confidence:
`mean over k of exp(-|a_k - b_k|² / ((area_a + area_b) · (2 sigma_k)²))`. Where poses lack keypoints, which the references do
not know, the mean is over the keypoints that either has, and one that only one of them has adds 0.

Reference: leoxiaobin/deep-high-resolution-net.pytorch 6f69e46, lib/nms/nms.py and lib/dataset/coco.py (evaluate). Kept to
the last bit are these rules:

* the later of two equal scores comes first (a stable sort, reversed; the reference's own sort leaves ties open);
* a pose goes where its similarity to a kept one is *above* the threshold;
* the soft kind keeps the `SOFT_LIMIT` best while scores decay by exp(-similarity² / threshold), but the decayed scores
  only choose the order: results carry the scores from before.

All is computed in the precision of the arrays that are given, since evaluators differ in it.
"""

from itertools import pairwise

import numpy as np

from posebench.array_type import Array

CONFIDENT = 0.2
"""Confidences above it count in a person's score (HRNet's TEST.IN_VIS_THRE)."""
THRESHOLD = 0.9
"""More similar poses are one person (HRNet's TEST.OKS_THRE)."""
SOFT_LIMIT = 20
"""How many the soft kind keeps of an image (lib/nms/nms.py, soft_oks_nms, max_dets)."""
_EPSILON = np.spacing(1)
_CHUNK = 1 << 15  # pairs at once: their 17 keypoints fit a processor's cache


def rescored(confidences: Array, box_score: Array) -> Array:
    """(R,) the box's score times the mean of the confidences (R, K) above `CONFIDENT`; 0 where there is none."""
    above = confidences > np.asarray(CONFIDENT, confidences.dtype)
    # One keypoint after the other, as the reference adds: a pairwise sum differs in the last bit, which decides ties.
    total = np.cumsum(np.where(above, confidences, 0), axis=1, dtype=confidences.dtype)[:, -1]
    mean: Array = total / np.maximum(above.sum(axis=1), 1).astype(confidences.dtype)
    return mean * box_score


def similarity(one: Array, other: Array, area: Array, sigmas: Array) -> Array:
    """(P,) OKS of pairs of poses (P, K, 2).

    Args:
        one, other: NaN where a pose lacks a keypoint; each has one at least.
        area: (P,) mean area of the two, square pixels.
        sigmas: (K,).
    """
    difference = one - other
    squares = difference[..., 0] ** 2 + difference[..., 1] ** 2
    exponent = squares / (sigmas * 2) ** 2 / (area + area.dtype.type(_EPSILON))[:, None] / 2
    terms, count = np.exp(-exponent), area.dtype.type(len(sigmas))
    lacks_one, lacks_other = np.isnan(one[..., 0]), np.isnan(other[..., 0])
    if lacks_one.any() or lacks_other.any():
        terms = np.where(lacks_one | lacks_other, 0, terms)
        count = (~(lacks_one & lacks_other)).sum(axis=1).astype(area.dtype)
    value: Array = terms.sum(axis=1) / count
    return value


def suppress(image: Array, poses: Array, score: Array, area: Array, sigmas: Array) -> Array:
    """OKS-NMS within every image.

    Args:
        image: (R,) int. poses: (R, K, 2), NaN where a keypoint is missing. score: (R,).
        area: (R,) of what the network saw, square pixels.
        sigmas: (K,).

    Returns:
        Rows that are kept: images ascending, best first.
    """
    order = _best_first(image, score)
    image, poses, area = image[order], poses[order], area[order]
    rank, better, worse = _pairs(image)
    near = _alike(poses, area, sigmas, better, worse)
    better, worse = better[near], worse[near]
    by_rank = np.argsort(rank[better], kind="stable")
    better, worse = better[by_rank], worse[by_rank]
    ends = np.searchsorted(rank[better], np.arange(int(rank.max(initial=-1)) + 2))
    kept = np.ones(len(order), bool)
    for start, stop in pairwise(ends.tolist()):  # whoever is kept at one rank is final before the next
        kept[worse[start:stop][kept[better[start:stop]]]] = False
    return order[kept]


def soft_suppress(image: Array, poses: Array, score: Array, area: Array, sigmas: Array) -> Array:
    """Soft OKS-NMS within every image: arguments and result as `suppress`, at most `SOFT_LIMIT` of an image."""
    rows = _best_first(image, score)
    decayed, limit = score[rows], score.dtype.type(THRESHOLD)
    kept = []
    for _ in range(SOFT_LIMIT):
        if not len(rows):
            break
        first = np.flatnonzero(np.diff(image[rows], prepend=-1))
        kept.append(rows[first])
        count = np.diff(first, append=len(rows))
        best = np.repeat(rows[first], count - 1)
        rows, decayed = np.delete(rows, first), np.delete(decayed, first)
        value = np.concatenate([np.zeros(0, score.dtype), *_similarities(poses, area, sigmas, best, rows)])
        decayed = decayed * np.exp(-(value**2) / limit)
        order = np.lexsort((-np.arange(len(rows)), -decayed, image[rows]))  # equal ones swap at every step
        rows, decayed = rows[order], decayed[order]
    together = np.concatenate([np.zeros(0, np.int64), *kept])
    return together[np.argsort(image[together], kind="stable")]


def _best_first(image: Array, score: Array) -> Array:
    """Rows, images ascending, scores descending, the later of equals first."""
    return np.lexsort((-np.arange(len(score)), -score, image))


def _pairs(image: Array) -> tuple[Array, Array, Array]:
    """Place of every row within its image, and all pairs (better, worse) of one image; `image` must ascend."""
    rank = np.arange(len(image)) - np.searchsorted(image, image)
    after = np.searchsorted(image, image, side="right") - np.arange(len(image)) - 1
    better = np.repeat(np.arange(len(image)), after)
    within = np.arange(len(better)) - np.repeat(np.cumsum(after) - after, after)
    return rank, better, better + 1 + within


def _alike(poses: Array, area: Array, sigmas: Array, one: Array, other: Array) -> Array:
    """Indices of the pairs more similar than `THRESHOLD`.

    Two keypoints tell most pairs apart: the other K - 2 add at most 1 each to the sum. The bound is a little loose, so that
    rounding cannot lose a pair.
    """
    probe = np.argsort(sigmas, kind="stable")[:2]
    needed = THRESHOLD * len(sigmas) - (len(sigmas) - len(probe)) - 1e-3
    if needed > 0 and not np.isnan(poses).any():  # the bound counts on K keypoints
        bounds = _similarities(np.ascontiguousarray(poses[:, probe]), area, sigmas[probe], one, other)
        possible = np.flatnonzero(np.concatenate([np.zeros(0, area.dtype), *bounds]) * len(probe) > needed)
    else:
        possible = np.arange(len(one))
    values = _similarities(poses, area, sigmas, one[possible], other[possible])
    alike: Array = possible[np.concatenate([np.zeros(0, area.dtype), *values]) > area.dtype.type(THRESHOLD)]
    return alike


def _similarities(poses: Array, area: Array, sigmas: Array, one: Array, other: Array) -> list[Array]:
    """`similarity` of pairs of rows, in chunks."""
    chunks = (slice(start, start + _CHUNK) for start in range(0, len(one), _CHUNK))
    return [similarity(poses[one[c]], poses[other[c]], (area[one[c]] + area[other[c]]) / 2, sigmas) for c in chunks]
