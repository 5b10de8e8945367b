"""The 133 keypoints of COCO-WholeBody, part by part in the order of its files, with their OKS constants.

Faces are in the order of the 68 points of iBUG (300-W), which begins at the person's right ear. Of the numbers in names, 1 is the
outermost point or the one nearest to the palm. What mirrors what follows from the names, as everywhere.

Source of the constants: COCO-WholeBody's evaluator, evaluation/myeval_wholebody.py, as in mmpose, configs/_base_/datasets.
"""

from itertools import pairwise

import numpy as np

from posebench.data.skeleton import Skeleton

from .annotations import SKELETON as COCO_SKELETON

_FINGERS = ("thumb", "forefinger", "middle_finger", "ring_finger", "little_finger")
_FEET = tuple(f"{side}_{part}" for side in ("left", "right") for part in ("big_toe", "small_toe", "heel"))
_JAW = (*(f"right_jaw_{n}" for n in range(1, 9)), "chin", *(f"left_jaw_{n}" for n in range(8, 0, -1)))
_EYEBROWS = (*(f"right_eyebrow_{n}" for n in range(1, 6)), *(f"left_eyebrow_{n}" for n in range(5, 0, -1)))
_NOSE = tuple(f"nose_bridge_{n}" for n in range(1, 5))
_NOSTRILS = ("right_nostril_1", "right_nostril_2", "nose_base", "left_nostril_2", "left_nostril_1")
_RIGHT_EYE = tuple(f"right_eye_{at}" for at in ("outer", "upper_1", "upper_2", "inner", "lower_2", "lower_1"))
_LEFT_EYE = tuple(f"left_eye_{at}" for at in ("inner", "upper_2", "upper_1", "outer", "lower_1", "lower_2"))
_LIPS = (
    "right_mouth", "right_upper_lip_1", "right_upper_lip_2", "upper_lip", "left_upper_lip_2", "left_upper_lip_1", "left_mouth",
    "left_lower_lip_1", "left_lower_lip_2", "lower_lip", "right_lower_lip_2", "right_lower_lip_1",
)  # fmt: skip
_INNER_LIPS = (
    "right_inner_mouth", "right_inner_upper_lip", "inner_upper_lip", "left_inner_upper_lip", "left_inner_mouth",
    "left_inner_lower_lip", "inner_lower_lip", "right_inner_lower_lip",
)  # fmt: skip
_FACE = (*_JAW, *_EYEBROWS, *_NOSE, *_NOSTRILS, *_RIGHT_EYE, *_LEFT_EYE, *_LIPS, *_INNER_LIPS)


def _hand(side: str) -> tuple[str, ...]:
    return f"{side}_palm", *(f"{side}_{finger}_{n}" for finger in _FINGERS for n in range(1, 5))


def _bones() -> tuple[tuple[str, str], ...]:
    bones = list(COCO_SKELETON.bones)
    for side in ("left", "right"):
        bones += [(f"{side}_ankle", f"{side}_heel"), (f"{side}_ankle", f"{side}_big_toe")]
        bones += [(f"{side}_ankle", f"{side}_small_toe"), (f"{side}_wrist", f"{side}_palm")]
        for finger in _FINGERS:
            bones += pairwise((f"{side}_palm", *(f"{side}_{finger}_{n}" for n in range(1, 5))))
    for line in (_JAW, _EYEBROWS[:5], _EYEBROWS[5:], _NOSE, _NOSTRILS):
        bones += pairwise(line)
    for ring in (_RIGHT_EYE, _LEFT_EYE, _LIPS, _INNER_LIPS):
        bones += pairwise((*ring, ring[0]))
    return tuple(bones)


PARTS = {
    "body": COCO_SKELETON.keypoints, "foot": _FEET, "face": _FACE, "left hand": _hand("left"), "right hand": _hand("right"),
}  # fmt: skip
"""Part → its keypoints."""
SKELETON = Skeleton(tuple(name for names in PARTS.values() for name in names), _bones())

_HAND_SIGMAS = [29, 22, 35, 37, 47, 26, 25, 24, 35, 18, 24, 22, 26, 17, 21, 21, 32, 20, 19, 22, 31]
SIGMAS = np.array([
    26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89,
    68, 66, 66, 92, 94, 94,
    42, 43, 44, 43, 40, 35, 31, 25, 20, 23, 29, 32, 37, 38, 43, 41, 45, 13, 12, 11, 11, 12, 12, 11, 11, 13, 15, 9, 7, 7, 7, 12, 9,
    8, 16, 10, 17, 11, 9, 11, 9, 7, 13, 8, 11, 12, 10, 34, 8, 8, 9, 8, 8, 7, 10, 8, 9, 9, 9, 7, 7, 8, 11, 8, 8, 8, 10, 8,
    *_HAND_SIGMAS, *_HAND_SIGMAS,
]) / 1000  # fmt: skip
"""(133,) OKS constants."""
