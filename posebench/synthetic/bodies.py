"""Drawn people in numbers: articulated bodies in three dimensions.

A body is built in its own frame (x to its own left, y up, z forward; one unit is its standing height), turned
to the viewer, and laid on the picture without perspective. There x runs right, y down, and depth towards the
viewer: someone who faces us has their left on the right of the picture. Everything is computed for N people at
once, one row each, so that the annotations of a large split take seconds. `scenes` puts these people into
pictures, `painting` colours them, and `synthetic` is what the rest of posebench calls.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from posebench.array_type import Array

KEYPOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "upper_neck", "thorax", "pelvis", "head_top",
    "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
    "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle",
)  # fmt: skip
"""What a skeleton may ask for."""
OTHER_NAMES = {"neck": "upper_neck", "head": "head_top"}
"""Names of datasets (LSP's neck) for one of these keypoints."""
POINTS = (*KEYPOINTS, "chin", "crown", "chest", "left_hand", "right_hand", "left_toe", "right_toe")
"""The keypoints and the further points that a picture needs. `chin` and `crown` end the head's inner axis."""
INDEX = {name: row for row, name in enumerate(POINTS)}

# Lengths in standing heights, after Drillis and Contini (1966), as in Winter, Biomechanics and Motor Control
# of Human Movement, figure 4.1. The head is a tenth larger, so that a face is more than a few pixels; shoulders
# and hips are where the joints are, within the body's outline.
SHOULDER, HIP, SPINE, NECK, HEAD = 0.115, 0.075, 0.288, 0.052, 0.145
UPPER_ARM, FOREARM, HAND = 0.186, 0.146, 0.06
THIGH, SHIN, FOOT = 0.245, 0.246, 0.12

_SIDED = (
    ("upper arm", "shoulder", "elbow", 0.031, 0.025), ("forearm", "elbow", "wrist", 0.025, 0.018),
    ("hand", "wrist", "hand", 0.019, 0.016), ("thigh", "hip", "knee", 0.055, 0.038),
    ("shin", "knee", "ankle", 0.037, 0.023), ("foot", "ankle", "toe", 0.025, 0.018),
)  # fmt: skip
PARTS: tuple[tuple[str, str, str, float, float], ...] = (
    ("torso", "left_shoulder", "left_hip", 0.036, 0.042),
    ("torso", "right_shoulder", "right_hip", 0.036, 0.042),
    ("torso", "thorax", "pelvis", 0.052, 0.065),
    ("neck", "thorax", "upper_neck", 0.030, 0.026),
    ("head", "chin", "crown", 0.42 * HEAD, 0.42 * HEAD),
    *((n, f"{side}_{a}", f"{side}_{b}", ra, rb) for n, a, b, ra, rb in _SIDED for side in ("left", "right")),
)
"""Capsules that cover a body: kind, the two points, and the radius at each in standing heights."""

BEHIND_HEAD = {"nose": 0.008, "left_eye": 0.0, "right_eye": 0.0, "left_ear": 0.022, "right_ear": 0.022}
"""Parts of a face are seen until they are so much farther than the head's middle, in standing heights."""
_TORSO = ("left_shoulder", "right_shoulder", "right_hip", "left_hip")

# Joint angles in degrees. `aside` is away from the body's middle, `twist` turns the elbow's bend inwards. A
# family of poses overrides the ranges of standing; .a and .b are its two sides, which fall on left and right by
# chance.
_STANDING: Mapping[str, tuple[float, float]] = {
    "lean": (-6, 12), "roll": (-9, 9), "nod": (-15, 22), "look": (-40, 40),
    "arm_forward": (-22, 35), "arm_aside": (6, 35), "elbow": (0, 70), "twist": (0, 80),
    "thigh_forward": (-8, 15), "thigh_aside": (0, 12), "knee": (0, 15),
}  # fmt: skip
_TRUNK = ("lean", "roll", "nod", "look")
_LIMBS = tuple(name for name in _STANDING if name not in _TRUNK)
_FAMILIES: tuple[tuple[float, Mapping[str, tuple[float, float]]], ...] = (
    (6, {}),
    (3, {"thigh_forward.a": (10, 42), "thigh_forward.b": (-30, 0), "knee.a": (5, 30), "knee.b": (10, 55),
         "arm_forward.a": (-42, -5), "arm_forward.b": (10, 50)}),
    (2, {"arm_aside": (85, 165), "elbow": (0, 65)}),
    (2, {"arm_aside.a": (95, 170), "elbow.a": (0, 90)}),
    (2, {"arm_aside": (35, 60), "elbow": (80, 115), "twist": (75, 105), "arm_forward": (-25, 5)}),
    (2, {"arm_forward.a": (50, 115), "arm_forward.b": (20, 115), "twist": (0, 60)}),
    (2, {"lean": (25, 70), "nod": (-45, 0), "arm_forward": (20, 90), "thigh_forward": (5, 40),
         "knee": (5, 45)}),
    (2, {"thigh_forward": (65, 95), "thigh_aside": (2, 22), "knee": (60, 100), "arm_forward": (5, 50),
         "elbow": (20, 90)}),
    (2, {"thigh_forward": (20, 75), "thigh_aside": (15, 42), "knee": (30, 100), "arm_forward": (0, 80)}),
    (1, {"thigh_forward.a": (45, 95), "thigh_forward.b": (-15, 5), "knee.a": (0, 70),
         "arm_aside": (30, 110)}),
)  # fmt: skip


class Dice:
    """Uniform numbers for N pictures, handed out by columns, so that no picture's depend on its neighbours'."""

    def __init__(self, rows: Array) -> None:
        self._rows, self._taken = rows, 0

    def between(self, low: Any, high: Any) -> Array:
        """(N,) numbers in [low, high)."""
        self._taken += 1
        return low + (high - low) * self._rows[:, self._taken - 1]  # type: ignore[no-any-return]

    def chance(self, probability: float) -> Array:
        """(N,) bool."""
        return self.between(0, 1) < probability


@dataclass(frozen=True, eq=False)
class Bodies:
    """N people on their pictures.

    Attributes:
        points: (N, P, 2) float, `POINTS` in pixels, multiples of 1/16.
        depth: (N, P) float, pixels towards the viewer.
        unit: (N,) float, standing height in pixels.
        radii: (N, len(PARTS), 2) float, radius at both ends of every part in pixels.
    """

    points: Array
    depth: Array
    unit: Array
    radii: Array

    @property
    def box(self) -> Array:
        """(N, 4) float: left, top, right, bottom of all that is drawn of them."""
        return self.around(range(len(PARTS)))

    def around(self, parts: Any) -> Array:
        """(N, 4) float: left, top, right, bottom of the parts at these positions of `PARTS`."""
        rows = np.array([[INDEX[PARTS[part][1]], INDEX[PARTS[part][2]]] for part in parts])
        ends, radii = self.points[:, rows], self.radii[:, list(parts), :, None]  # (N, parts, 2, 2), (N, parts, 2, 1)
        return np.concatenate([(ends - radii).min(axis=(1, 2)), (ends + radii).max(axis=(1, 2))], axis=1)

    @property
    def discs(self) -> Array:
        """(N, D, 3) float: centres and radii of discs along the parts, five to each."""
        rows = np.array([[INDEX[start], INDEX[end]] for _, start, end, *_ in PARTS])
        ends = np.concatenate([self.points[:, rows], self.radii[..., None]], axis=3)  # (N, parts, 2, 3)
        steps = np.linspace(0, 1, 5)[:, None]
        return (ends[:, :, :1] * (1 - steps) + ends[:, :, 1:] * steps).reshape(len(ends), 5 * len(PARTS), 3)

    def moved(self, scale: Array, offset: Array) -> "Bodies":
        """Enlarged about the origin by `scale` (N,), then moved by `offset` (N, 2).

        Points land on sixteenths of a pixel: what is annotated is exactly what is painted, and the last bits
        of a sine, which differ between processors, reach neither.
        """
        points = np.round((self.points * scale[:, None, None] + offset[:, None]) * 16) / 16
        return Bodies(points, self.depth * scale[:, None], self.unit * scale, self.radii * scale[:, None, None])

    def covers(self, points: Array, depth: Array) -> Array:
        """(N, K) bool: which of `points` (N, K, 2) lie under a part that is nearer than `depth` (N, K).

        `depth` is that of the point's own surface, in pixels towards the viewer.
        """
        corners = [INDEX[name] for name in _TORSO]
        torso = self.depth[:, corners].mean(axis=1)[:, None] > depth + 0.03 * self.unit[:, None]
        hidden = torso & inside(self.points[:, corners], points)
        for part, (_, start, end, *_) in enumerate(PARTS):
            a, b = self.points[:, None, INDEX[start]], self.points[:, None, INDEX[end]]
            along = ((points - a) * (b - a)).sum(-1) / np.maximum(((b - a) ** 2).sum(-1), 1e-9)
            along = along.clip(0, 1)
            radius = self.radii[:, part, :1] * (1 - along) + self.radii[:, part, 1:] * along
            nearest = a + along[..., None] * (b - a)
            height = self.depth[:, None, INDEX[start]] * (1 - along) + self.depth[:, None, INDEX[end]] * along
            nearer = height > depth + 0.5 * radius  # half a radius, so that no part hides its own joints
            hidden |= nearer & (((points - nearest) ** 2).sum(-1) < radius**2)
        return hidden  # type: ignore[no-any-return]

    def area(self) -> Array:
        """(N,) float: pixels of the silhouette, from the sizes of its parts, as if limbs never overlapped.

        A tenth is taken off for the joints that neighbouring parts share.
        """
        total = np.zeros(len(self.unit))
        for part, (kind, start, end, *_) in enumerate(PARTS):
            if kind != "torso":
                length = np.hypot(*(self.points[:, INDEX[end]] - self.points[:, INDEX[start]]).T)
                thick = self.radii[:, part].sum(axis=1)
                total += thick * length + np.pi / 4 * thick**2 * (1 if kind in ("head", "hand", "foot") else 0.5)
        return 0.9 * total + self._torso_area()

    def _torso_area(self) -> Array:
        outline = self.points[:, [INDEX[name] for name in _TORSO]]
        following = np.roll(outline, -1, axis=1)
        cross = outline[..., 0] * following[..., 1] - outline[..., 1] * following[..., 0]
        spine = np.hypot(*(self.points[:, INDEX["thorax"]] - self.points[:, INDEX["pelvis"]]).T)
        return np.abs(cross.sum(axis=1)) / 2 + spine * self.radii[:, 2].mean(axis=1)  # type: ignore[no-any-return]


def bodies(dice: Dice) -> Bodies:
    """N people about the origin, of standing height 1."""
    points = _posed(_angles(dice), 1 + 0.07 * dice.between(-1, 1), 1 + 0.12 * dice.between(-1, 1))
    front, back = dice.between(-45, 45), dice.between(135, 225)
    side = dice.between(50, 130) * np.where(dice.chance(0.5), 1, -1)
    kind = dice.between(0, 1)
    view = np.where(kind < 0.72, front, np.where(kind < 0.86, back, side))
    points = _turn(points, 1, view[:, None])
    points = _turn(points, 0, dice.between(-4, 16)[:, None])  # seen a little from above
    slant = dice.between(-1, 1)
    tilt = np.where(dice.chance(0.95), 30 * slant * np.abs(slant), 90 * slant)
    points = _turn(points, 2, tilt[:, None])
    girth = dice.between(0.88, 1.22)
    widths = np.where([kind == "head" for kind, *_ in PARTS], 1, girth[:, None])  # (N, parts)
    radii = np.array([[a, b] for *_, a, b in PARTS]) * widths[..., None]
    return Bodies(points[..., :2] * [1, -1], points[..., 2], np.ones(len(girth)), radii)


def _angles(dice: Dice) -> dict[str, Array]:
    """Joint angles in degrees, (N,) each; those of the limbs named left_ and right_."""
    weights = np.cumsum([weight for weight, _ in _FAMILIES])
    family = np.searchsorted(weights, dice.between(0, weights[-1]), side="right")
    swapped = dice.chance(0.5)
    one: dict[str, Array] = {}
    other: dict[str, Array] = {}
    for name in (*_TRUNK, *_LIMBS):
        for side, angles in ((".a", one), (".b", other)):
            ranges = np.array([f.get(name + side, f.get(name, _STANDING[name])) for _, f in _FAMILIES])
            angles[name] = dice.between(ranges[family, 0], ranges[family, 1])
    angles = {name: one[name] for name in _TRUNK}
    for name in _LIMBS:
        angles[f"left_{name}"] = np.where(swapped, other[name], one[name])
        angles[f"right_{name}"] = np.where(swapped, one[name], other[name])
    return angles


def _turn(vectors: Array, axis: int, degrees: Any) -> Array:
    """(..., 3) vectors turned about an axis: 0 takes up to forward, 1 forward to left, 2 down to left."""
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    i, j = (axis + 1) % 3, (axis + 2) % 3
    turned = vectors.copy()
    turned[..., i] = cos * vectors[..., i] - sin * vectors[..., j]
    turned[..., j] = sin * vectors[..., i] + cos * vectors[..., j]
    return turned


def _posed(angles: Mapping[str, Array], limbs: Array, breadth: Array) -> Array:
    """(N, P, 3) points of people with these joint angles; `limbs` and `breadth` (N,) vary their build."""
    n = len(limbs)
    at: dict[str, Array] = {"pelvis": np.zeros((n, 3))}

    def torso(vectors: Array) -> Array:
        return _turn(_turn(vectors, 0, angles["lean"]), 2, angles["roll"])

    def head(x: float, y: float, z: float) -> Array:
        nodded = _turn(HEAD * _vectors(n, x, y, z), 0, angles["nod"])
        return at["upper_neck"] + torso(_turn(nodded, 1, angles["look"]))

    at["thorax"] = torso(_vectors(n, 0, SPINE, 0))
    at["upper_neck"] = at["thorax"] + torso(_vectors(n, 0, NECK, 0.015))
    at["chest"] = at["thorax"] + torso(_vectors(n, 0, 0, 0.055))  # straight ahead: tells front from back
    at["head_top"], at["chin"], at["crown"] = head(0, 1, 0), head(0, 0.42, 0), head(0, 0.58, 0)
    at["nose"] = head(0, 0.42, 0.5)
    for side, sign in (("left", 1), ("right", -1)):
        at[f"{side}_eye"], at[f"{side}_ear"] = head(0.18 * sign, 0.56, 0.4), head(0.42 * sign, 0.46, -0.02)
        at[f"{side}_shoulder"] = at["thorax"] + torso(_vectors(n, sign * SHOULDER * breadth, -0.012, 0))
        at[f"{side}_hip"] = _vectors(n, sign * HIP * breadth, 0, 0)
        bends = {name: angles[f"{side}_{name}"] for name in _LIMBS}
        for joint, vectors in _arm(bends, sign, limbs).items():
            at[f"{side}_{joint}"] = at[f"{side}_shoulder"] + torso(vectors)
        for joint, vectors in _leg(bends, sign, limbs).items():
            at[f"{side}_{joint}"] = at[f"{side}_hip"] + vectors
    return np.stack([at[name] for name in POINTS], axis=1)


def _vectors(n: int, x: Any, y: Any, z: Any) -> Array:
    """(n, 3) from three numbers or columns."""
    vectors = np.empty((n, 3))
    vectors[:, 0], vectors[:, 1], vectors[:, 2] = x, y, z
    return vectors


def _arm(bends: Mapping[str, Array], sign: int, limbs: Array) -> dict[str, Array]:
    """Shoulder to elbow, and elbow to wrist and to hand, in the frame of the torso."""

    def upper(vectors: Array) -> Array:
        return _turn(_turn(vectors, 0, -bends["arm_forward"]), 2, sign * bends["arm_aside"])

    def lower(length: float) -> Array:
        bent = _turn(_vectors(len(limbs), 0, -length * limbs, 0), 0, -bends["elbow"])
        return upper(_turn(bent, 1, -sign * bends["twist"]))

    elbow = upper(_vectors(len(limbs), 0, -UPPER_ARM * limbs, 0))
    return {"elbow": elbow, "wrist": elbow + lower(FOREARM), "hand": elbow + lower(FOREARM + HAND)}


def _leg(bends: Mapping[str, Array], sign: int, limbs: Array) -> dict[str, Array]:
    """Hip to knee, ankle and toe, in the frame of the pelvis."""

    def upper(vectors: Array) -> Array:
        return _turn(_turn(vectors, 0, -bends["thigh_forward"]), 2, sign * bends["thigh_aside"])

    def lower(vectors: Array) -> Array:
        return upper(_turn(vectors, 0, bends["knee"]))

    knee = upper(_vectors(len(limbs), 0, -THIGH * limbs, 0))
    ankle = knee + lower(_vectors(len(limbs), 0, -SHIN * limbs, 0))
    foot = _turn(_vectors(len(limbs), 0, -0.3 * FOOT, FOOT), 1, sign * 12)
    return {"knee": knee, "ankle": ankle, "toe": ankle + lower(foot)}


def inside(corners: Array, points: Array) -> Array:
    """(N, K) bool: which of `points` (N, K, 2) lie in the convex outlines `corners` (N, 4, 2)."""
    edges = np.roll(corners, -1, axis=1) - corners
    reach = points[:, :, None] - corners[:, None]
    side = edges[:, None, :, 0] * reach[..., 1] - edges[:, None, :, 1] * reach[..., 0]
    return (side > 0).all(axis=2) | (side < 0).all(axis=2)  # type: ignore[no-any-return]
