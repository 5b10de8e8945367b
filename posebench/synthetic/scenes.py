"""Where drawn people stand in their pictures, who is beside them and what is in front: numbers, no pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, UNLABELLED, VISIBLE
from posebench.synthetic.bodies import BEHIND_HEAD, INDEX, KEYPOINTS, PARTS, Bodies, Dice, bodies, inside

ABSENT, BEHIND, IN_FRONT = 0, 1, 2
"""Where the second person of a picture is."""
NOTHING, BOARD, FOLIAGE = 0, 1, 2
"""What is in front of the people."""
LONGEST_SIDE = 256
"""Pixels of the longest side that a picture can have."""

_HEAD = [part for part, (kind, *_) in enumerate(PARTS) if kind == "head"]
# How far the body's surface is from a keypoint, in standing heights: pelvis and thorax are deep within it.
_FLESH = np.array([0.1 if name in ("thorax", "pelvis") else 0.02 for name in KEYPOINTS])
_COLUMNS = 160  # random numbers per picture; a few more than are used


@dataclass(frozen=True, eq=False)
class Scenes:
    """N pictures in numbers; coordinates are pixels, multiples of 1/16.

    Attributes:
        width, height: (N,) int, of the pictures.
        people: the annotated person of each picture.
        others: a second person of each picture, whether shown or not.
        other: (N,) int, ABSENT, BEHIND or IN_FRONT of the first.
        occluder: (N,) int, NOTHING, BOARD or FOLIAGE.
        board: (N, 4, 2) float, corners of a rectangle in order.
        discs: (N, 14, 3) float, centres and radii of foliage.
    """

    width: Array
    height: Array
    people: Bodies
    others: Bodies
    other: Array
    occluder: Array
    board: Array
    discs: Array

    @property
    def bbox(self) -> Array:
        """(N, 4) float x, y, width, height: tight about what is drawn of the people within the picture."""
        discs = self.people.discs
        middles, radii = discs[..., :2], discs[..., 2:]
        edge = np.stack([self.width, self.height], axis=1)[:, None] - 0.5
        # an arm that is outside must not widen the box, so only discs that reach into the picture count
        seen = np.logical_and(middles + radii > -0.5, middles - radii < edge).all(axis=2, keepdims=True)
        low = np.where(seen, (middles - radii).clip(-0.5), np.inf).min(axis=1)
        high = np.where(seen, np.minimum(middles + radii, edge), -np.inf).max(axis=1)
        return np.concatenate([low, high - low], axis=1)

    @property
    def head_box(self) -> Array:
        """(N, 4) float x, y, width, height of the heads, beyond the picture's edge too."""
        left, top, right, bottom = self.people.around(_HEAD).T
        return np.stack([left, top, right - left, bottom - top], axis=1)

    @property
    def area(self) -> Array:
        """(N,) float: pixels of the silhouettes within the picture, whatever is in front of them.

        Computed from the parts' sizes; of a person cut by the edge the share is kept that the bbox keeps.
        """
        left, top, right, bottom = self.people.box.T
        part = self.bbox[:, 2:].prod(axis=1) / ((right - left) * (bottom - top))
        return self.people.area() * part  # type: ignore[no-any-return]

    @property
    def keypoints(self) -> Array:
        """(N, 21, 2) float, in the order of `people.KEYPOINTS`."""
        return self.people.points[:, : len(KEYPOINTS)]

    @property
    def visibility(self) -> Array:
        """(N, 21) int8: unlabelled beyond the picture's edge, occluded by something nearer, or visible."""
        points, depth = self.keypoints, self.people.depth[:, : len(KEYPOINTS)]
        surface = depth + _FLESH * self.people.unit[:, None]
        hidden = self.people.covers(points, surface) | self._behind_the_head()
        always_nearer = np.full(depth.shape, -np.inf)
        hidden |= (self.other == IN_FRONT)[:, None] & self.others.covers(points, always_nearer)
        hidden |= (self.occluder == BOARD)[:, None] & inside(self.board, points)
        away = ((points[:, :, None] - self.discs[:, None, :, :2]) ** 2).sum(-1)
        hidden |= (self.occluder == FOLIAGE)[:, None] & (away < self.discs[:, None, :, 2] ** 2).any(axis=2)
        edge = np.stack([self.width, self.height], axis=1)[:, None] - 0.5
        outside = ((points < -0.5) | (points >= edge)).any(axis=2)
        return np.where(outside, UNLABELLED, np.where(hidden, OCCLUDED, VISIBLE)).astype(np.int8)

    def _behind_the_head(self) -> Array:
        """(N, 21) bool: parts of the face that are on the far side of their head."""
        middle = (self.people.depth[:, INDEX["chin"]] + self.people.depth[:, INDEX["crown"]]) / 2
        hidden = np.zeros(self.keypoints.shape[:2], bool)
        for name, behind in BEHIND_HEAD.items():
            depth = self.people.depth[:, INDEX[name]]
            hidden[:, INDEX[name]] = depth < middle - behind * self.people.unit
        return hidden


def generator(name: str, purpose: str) -> np.random.Generator:
    """The random numbers of one picture for one purpose, such as its layout or its background."""
    digest = blake2b(f"{name} {purpose}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest, "little")))


def arrange(names: Sequence[str]) -> Scenes:
    """The pictures of these names, in numbers; each depends on its own name alone."""
    rows = np.array([generator(name, "layout").random(_COLUMNS) for name in names]).reshape(len(names), _COLUMNS)
    dice = Dice(rows)
    width, height = _picture_size(dice)
    people = _place(bodies(dice), dice, width, height)
    others = _beside(bodies(dice), people, dice)
    other = np.where(dice.chance(0.5), np.where(dice.chance(0.22), IN_FRONT, BEHIND), ABSENT)
    occluder = np.where(dice.chance(0.24), np.where(dice.chance(0.65), BOARD, FOLIAGE), NOTHING)
    return Scenes(width, height, people, others, other, occluder, _board(people, dice), _discs(people, dice))


def _picture_size(dice: Dice) -> tuple[Array, Array]:
    """Widths and heights, 192 to LONGEST_SIDE and never equal."""
    short = dice.between(192, 241).astype(int)
    long = short + 8 + (dice.between(0, 1) * (LONGEST_SIDE + 1 - 8 - short)).astype(int)
    upright = dice.chance(0.6)
    return np.where(upright, short, long), np.where(upright, long, short)


def _place(people: Bodies, dice: Dice, width: Array, height: Array) -> Bodies:
    """Enlarged to a good part of the picture and moved into it; one in six is cut by an edge."""
    left, top, right, bottom = people.box.T
    cut = dice.chance(1 / 6)
    fill = np.where(cut, dice.between(0.8, 1.15), dice.between(0.55, 0.94))
    scale = fill * np.minimum(width / (right - left), height / (bottom - top))
    free_x, free_y = width - scale * (right - left), height - scale * (bottom - top)
    # the margin's share on the left; beyond 0..1 for those who are cut
    away_x, away_y = dice.between(-0.22, 0.22) * width, dice.between(-0.05, 0.3) * height
    x = np.where(cut, free_x / 2 + away_x, free_x * dice.between(0, 1))
    y = np.where(cut, free_y / 2 + away_y, free_y * dice.between(0, 1))
    return people.moved(scale, np.stack([x - 0.5 - scale * left, y - 0.5 - scale * top], axis=1))


def _beside(others: Bodies, people: Bodies, dice: Dice) -> Bodies:
    """Second persons of about the first's size, to their left or right, sometimes overlapping."""
    scale = people.unit * dice.between(0.8, 1.1)
    left, top, right, bottom = others.box.T
    first = people.box
    apart = ((first[:, 2] - first[:, 0]) + scale * (right - left)) / 2 * dice.between(0.6, 1.1)
    apart = np.maximum(apart, 0.3 * people.unit) * np.where(dice.chance(0.5), 1, -1)
    x = (first[:, 0] + first[:, 2]) / 2 + apart - scale * (left + right) / 2
    y = (first[:, 1] + first[:, 3]) / 2 + people.unit * dice.between(-0.08, 0.08) - scale * (top + bottom) / 2
    return others.moved(scale, np.stack([x, y], axis=1))


def _board(people: Bodies, dice: Dice) -> Array:
    """(N, 4, 2) corners of a box or a pole somewhere before the person."""
    left, top, right, bottom = people.box.T
    pole = dice.chance(0.4)
    half_x = people.unit * np.where(pole, dice.between(0.02, 0.05), dice.between(0.08, 0.2))
    half_y = people.unit * np.where(pole, 1.5, dice.between(0.06, 0.2))
    angle = np.deg2rad(np.where(pole, dice.between(-12, 12), dice.between(-25, 25)))
    x = left + (right - left) * dice.between(0.15, 0.85)
    y = top + (bottom - top) * dice.between(0.3, 0.95)
    across = np.stack([np.cos(angle), np.sin(angle)], axis=1) * half_x[:, None]
    down = np.stack([-np.sin(angle), np.cos(angle)], axis=1) * half_y[:, None]
    corners = np.stack([-across - down, across - down, across + down, down - across], axis=1)
    return np.round((np.stack([x, y], axis=1)[:, None] + corners) * 16) / 16  # type: ignore[no-any-return]


def _discs(people: Bodies, dice: Dice) -> Array:
    """(N, 14, 3) discs of foliage somewhere before the lower two thirds of the person."""
    left, top, right, bottom = people.box.T
    x = left + (right - left) * dice.between(0.1, 0.9)
    y = top + (bottom - top) * dice.between(0.45, 1.0)
    discs = [
        (
            x + people.unit * dice.between(-0.2, 0.2),
            y + people.unit * dice.between(-0.15, 0.15),
            people.unit * dice.between(0.02, 0.06),
        )
        for _ in range(14)
    ]
    return np.round(np.stack([np.stack(disc, axis=1) for disc in discs], axis=1) * 16) / 16
