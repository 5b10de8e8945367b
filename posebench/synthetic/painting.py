"""Drawn people in pixels: clothed bodies, and the shapes that all pictures are made of.

Which side is a person's left is told as in a photograph, by face, hair, feet, neckline and the order of limbs;
colours are drawn by lot per person and say nothing of sides. All painting is in OpenCV's fixed point, where
shapes keep to a sixteenth of a pixel and every machine gives the same bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.opencv import cv2
from posebench.synthetic.bodies import BEHIND_HEAD, INDEX, PARTS, Bodies

_Painter = Callable[["Array", "Figure"], None]

_SHIFT = 4  # fractional bits: coordinates are in sixteenths of a pixel
_ROUND = np.stack([np.cos(np.arange(16) * np.pi / 8), np.sin(np.arange(16) * np.pi / 8)], axis=1)
_LIGHT = np.array([-0.22, -0.25])  # towards the light, which is at the upper left of every picture
_SKIN = ((255, 224, 196), (236, 188, 152), (198, 145, 104), (150, 100, 68), (96, 62, 44), (64, 42, 32))
_HAIR = ((30, 24, 20), (70, 46, 30), (120, 80, 44), (190, 150, 90), (150, 60, 30), (170, 168, 165))
_HEAD = next(part for part, (kind, *_) in enumerate(PARTS) if kind == "head")
_NECK = next(part for part, (kind, *_) in enumerate(PARTS) if kind == "neck")
_NEARER = {
    "upper arm": 0.02, "forearm": 0.035, "hand": 0.03, "thigh": -0.04, "shin": -0.045, "foot": -0.04,
    "neck": -0.01, "head": 0.04,
}  # fmt: skip
"""Order of parts of like depth, in standing heights: arms lie on the shirt, the shirt over the trousers."""


@dataclass(frozen=True, eq=False)
class Look:
    """What one person wears and looks like; colours are (3,) float RGB."""

    skin: Array
    hair: Array
    shirt: Array
    trousers: Array
    shoes: Array
    accent: Array
    pattern: str
    sleeve: float  # how far down the arm: 0 none, 0.55 of the upper arm, 2 to the wrist
    leg: float  # how far down the leg: 0.8 of the thigh, 2 to the ankle
    long_hair: bool
    open_shirt: bool


@dataclass(frozen=True, eq=False)
class Figure:
    """One person to paint.

    Attributes:
        points: (P, 2) float, `people.POINTS` in pixels.
        depth: (P,) float, pixels towards the viewer.
        radii: (parts, 2) float, of both ends of `people.PARTS` in pixels.
        look: clothes and colours.
    """

    points: Array
    depth: Array
    radii: Array
    look: Look

    @classmethod
    def of(cls, people: Bodies, row: int, look: Look) -> "Figure":
        """One of many bodies, dressed."""
        return cls(people.points[row], people.depth[row], people.radii[row], look)

    @property
    def faces_us(self) -> bool:
        """Whether the chest is on the near side."""
        return self.high("chest") > self.high("thorax")

    @property
    def unit(self) -> float:
        """Standing height in pixels."""
        return float(self.radii[_HEAD, 0]) / PARTS[_HEAD][3]

    def shows(self, name: str) -> bool:
        """Whether a part of the face is on the near side of the head."""
        return self.high(name) >= self.high("chin", "crown") - BEHIND_HEAD[name] * self.unit

    def at(self, name: str) -> Array:
        """(2,) pixels."""
        return self.points[INDEX[name]]  # type: ignore[no-any-return]

    def high(self, *names: str) -> float:
        """Mean depth of some points, pixels towards the viewer."""
        return float(sum(self.depth[INDEX[name]] for name in names) / len(names))


def dress(rng: np.random.Generator) -> Look:
    """Someone's looks by chance."""
    shirt, trousers, shoes, accent = (muted(rng) for _ in range(4))
    return Look(
        skin=_blend(_SKIN, rng),
        hair=_blend(_HAIR, rng),
        shirt=shirt,
        trousers=trousers * 0.8,
        shoes=shoes * 0.7,
        accent=accent,
        pattern=str(rng.choice(["plain", "plain", "hoops", "stripes", "dots"])),
        sleeve=float(rng.choice([0, 0.55, 0.55, 2, 2])),
        leg=float(rng.choice([0.8, 2, 2])),
        long_hair=bool(rng.random() < 0.4),
        open_shirt=bool(rng.random() < 0.6),
    )


def muted(rng: np.random.Generator) -> Array:
    """(3,) a colour by chance, up to half of the way from grey to full."""
    color = rng.integers(10, 246, 3)
    return color.mean() + rng.uniform(0.25, 0.85) * (color - color.mean())  # type: ignore[no-any-return]


def _blend(tones: tuple[tuple[int, int, int], ...], rng: np.random.Generator) -> Array:
    """A colour between two neighbours of a palette."""
    place = rng.random() * (len(tones) - 1)
    low, high = np.array(tones[int(place)]), np.array(tones[int(place) + 1])
    return low + (place - int(place)) * (high - low)  # type: ignore[no-any-return]


def hull(image: Array, centers: Array, radii: Any, color: Array) -> None:
    """Fills the convex hull of discs, such as a tapered limb or a torso.

    Args:
        image: (H, W, 3) uint8, painted on.
        centers: (n, 2) pixels.
        radii: (n,) pixels, or one for all.
        color: (3,) RGB, 0 to 255; clipped.
    """
    outline = centers[:, None] + np.asarray(radii, float).reshape(-1, 1, 1) * _ROUND
    corners = np.rint(outline.reshape(-1, 2) * 2**_SHIFT).astype(np.int32)
    cv2.fillConvexPoly(image, cv2.convexHull(corners), _rgb(color), cv2.LINE_AA, _SHIFT)


def shaded(image: Array, centers: Array, radii: Array, color: Array) -> None:
    """A hull of discs that is darker at the rim away from the light; arguments as `hull`'s."""
    hull(image, centers, radii, color * 0.62)
    hull(image, centers + _LIGHT * radii[:, None] * 0.7, radii * 0.76, color)
    hull(image, centers + _LIGHT * radii[:, None] * 1.4, radii * 0.34, color * 0.88 + 30)


def line(image: Array, points: Array, color: Array, thickness: float) -> None:
    """A line through points (n, 2), `thickness` pixels wide."""
    corners = np.rint(points * 2**_SHIFT).astype(np.int32)
    cv2.polylines(image, [corners], False, _rgb(color), max(1, round(thickness)), cv2.LINE_AA, _SHIFT)


def _rgb(color: Array) -> tuple[float, ...]:
    return tuple(float(min(max(round(value), 0), 255)) for value in color.tolist())


def paint_person(image: Array, figure: Figure) -> None:
    """The parts of a body from far to near."""
    look = figure.look
    jobs: list[tuple[float, _Painter]] = []
    for part, (kind, start, end, *_) in enumerate(PARTS):
        if kind != "torso":
            painter: _Painter = _paint_head if kind == "head" else partial(_paint_limb, part=part)
            jobs.append((figure.high(start, end) + _NEARER[kind] * figure.unit, painter))
    jobs.append((figure.high("thorax", "pelvis"), _paint_torso))
    if look.long_hair:
        lies = -0.2 if figure.faces_us else 0.08  # behind all, or on the shirt
        jobs.append((figure.high("thorax") + lies * figure.unit, _paint_long_hair))
    for _, painter in sorted(jobs, key=lambda job: job[0]):
        painter(image, figure)


def _paint_limb(image: Array, figure: Figure, part: int) -> None:
    kind, start, end, *_ = PARTS[part]
    look, radii = figure.look, figure.radii[part]
    ends = np.stack([figure.at(start), figure.at(end)])
    bare = look.shoes if kind == "foot" else look.skin
    shaded(image, ends, radii, bare * (0.85 if kind == "neck" else 1))
    cloth, length = (look.shirt, look.sleeve) if "arm" in kind else (look.trousers, look.leg)
    covered = length - (kind in ("forearm", "shin"))
    if kind in ("upper arm", "forearm", "thigh", "shin") and covered > 0:
        share = min(covered, 1.0 if kind in ("upper arm", "thigh") else 0.95)
        cut = np.stack([ends[0], ends[0] + share * (ends[1] - ends[0])])
        wide = np.array([radii[0], radii[0] + share * (radii[1] - radii[0])])
        shaded(image, cut, wide, cloth)


def _paint_torso(image: Array, figure: Figure) -> None:
    look = figure.look
    names = ("left_shoulder", "left_hip", "right_shoulder", "right_hip", "thorax", "pelvis")
    centers = np.stack([figure.at(name) for name in names])
    radii = figure.radii[:3].reshape(-1)
    shaded(image, centers, radii, look.shirt)
    top, bottom = figure.at("thorax"), figure.at("pelvis")
    spine = bottom - top
    across = np.array([spine[1], -spine[0]]) / max(float(np.hypot(*spine)), 1e-6)
    half_top = abs((centers[0] - centers[2]) @ across) / 2 + radii[0] * 0.7
    half_bottom = abs((centers[1] - centers[3]) @ across) / 2 + radii[1] * 0.7

    def inside(x: float, y: float) -> Array:
        """-1..1 across, 0..1 down."""
        return top + y * spine + x * (half_top + y * (half_bottom - half_top)) * across  # type: ignore[no-any-return]

    _paint_pattern(image, look, inside, float(radii[0]))
    shaded(image, centers[[1, 3, 5]], radii[[1, 3, 5]], look.trousers)
    if figure.faces_us:
        _paint_front(image, figure, inside)


def _paint_pattern(image: Array, look: Look, inside: Callable[[float, float], Array], size: float) -> None:
    if look.pattern == "hoops":
        for y in (0.1, 0.3, 0.5, 0.7, 0.9):
            line(image, np.stack([inside(-1, y), inside(1, y)]), look.accent, size * 0.5)
    if look.pattern == "stripes":
        for x in (-0.75, -0.25, 0.25, 0.75):
            line(image, np.stack([inside(x, 0), inside(x, 1)]), look.accent, size * 0.4)
    if look.pattern == "dots":
        for x, y in ((-0.6, 0.2), (0, 0.3), (0.6, 0.2), (-0.5, 0.6), (0.1, 0.7), (0.6, 0.55)):
            hull(image, inside(x, y)[None], size * 0.3, look.accent)


def _paint_front(image: Array, figure: Figure, inside: Callable[[float, float], Array]) -> None:
    """Neckline and buttons, which only a front view has."""
    look, size = figure.look, float(figure.radii[_NECK, 0])
    forward = figure.at("chest") - figure.at("thorax")
    middle = inside(0, 0) + 0.5 * forward
    tip = inside(0, 0.3) + forward
    hull(image, np.stack([middle, tip]), np.array([size * 0.9, size * 0.12]), look.skin * 0.9)
    if look.open_shirt:
        line(image, np.stack([tip, inside(0, 0.98) + forward]), look.shirt * 0.45, size * 0.25)


def _paint_long_hair(image: Array, figure: Figure) -> None:
    crown, neck, radius = figure.at("crown"), figure.at("upper_neck"), figure.radii[_HEAD, 0]
    back = (figure.at("chin") + figure.at("crown")) / 2 - figure.at("nose")
    ends = np.stack([crown + 0.1 * back, neck + 0.35 * back + 0.35 * (neck - crown)])
    shaded(image, ends, np.array([radius * 1.05, radius * 0.8]), figure.look.hair * 0.85)


def _paint_head(image: Array, figure: Figure) -> None:
    """Hair all round but for the face, which is the part of a sphere about the nose's direction."""
    look, radius = figure.look, float(figure.radii[_HEAD, 0])
    ends = np.stack([figure.at("chin"), figure.at("crown")])
    center = ends.mean(axis=0)
    depth = figure.high("chin", "crown")
    shaded(image, ends, np.array([radius * 0.94, radius * 1.03]), look.hair)
    forward = np.array([*(figure.at("nose") - center), figure.high("nose") - depth])
    forward /= np.sqrt((forward**2).sum())
    _paint_face(image, figure, center, radius, forward)
    for side in ("left", "right"):
        if figure.shows(f"{side}_ear"):
            hull(image, figure.at(f"{side}_ear")[None], radius * 0.2, look.skin * 0.78)


def _paint_face(image: Array, figure: Figure, center: Array, radius: float, forward: Array) -> None:
    look = figure.look
    width = np.deg2rad(66)
    away = np.arccos(np.clip(forward[2], -1, 1))
    if away - width >= np.pi / 2:
        return
    near, far = np.sin(away - width), np.sin(min(away + width, np.pi / 2))
    flat = max(float(np.hypot(forward[0], forward[1])), 1e-6)
    along = forward[:2] / flat
    across = np.array([-along[1], along[0]])
    down = figure.at("chin") - figure.at("crown")
    middle = center + along * radius * (near + far) / 2 + down * 0.9
    ring = middle + radius * (_ROUND[:, :1] * along * (far - near) / 2 + _ROUND[:, 1:] * across * 0.93)
    hull(image, ring, np.full(16, 0.06 * radius), look.skin)
    _paint_features(image, figure, radius, down)


def _paint_features(image: Array, figure: Figure, radius: float, down: Array) -> None:
    look, depth = figure.look, figure.high("chin", "crown")
    for side in ("left", "right"):
        if figure.shows(f"{side}_eye"):
            eye = figure.at(f"{side}_eye")
            hull(image, eye[None], radius * 0.2, np.array([245.0, 245, 240]))
            hull(image, eye[None], radius * 0.12, np.array([25.0, 20, 20]))
    if figure.shows("nose"):
        nose = figure.at("nose")
        bridge = nose - down * 0.9
        hull(image, np.stack([bridge, nose]), np.array([radius * 0.06, radius * 0.13]), look.skin * 0.72)
        mouth = nose + down * 1.9
        mouth += 0.25 * (figure.at("chin") + down - mouth)
        slant = np.array([down[1], -down[0]]) * 1.1
        if figure.high("nose") > depth + 0.5 * radius:
            line(image, np.stack([mouth - slant, mouth + slant]), np.array([150.0, 50, 50]), radius * 0.14)
