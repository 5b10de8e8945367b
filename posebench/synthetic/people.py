"""Synthetic people: drawn, articulated people for when no dataset is at hand.

A picture is a function of its name: `people-seed0-val-000017` is the eighteenth person of split val under seed 0,
on any machine and in any order. What is annotated and what is painted come from the same few numbers, but the paint
from generators of its own: annotations cost no drawing, and a change of paint moves no joint. They serve
demonstrations and tests; scores on them say nothing about photographs, and `Instances.synthetic` keeps the two apart.
"""

import re

import numpy as np
from numpy.typing import NDArray

from posebench.array_type import Array
from posebench.data.instances import SYNTHETIC, Instances, Source
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError, unknown
from posebench.opencv import cv2
from posebench.synthetic.bodies import INDEX, KEYPOINTS, OTHER_NAMES
from posebench.synthetic.painting import Figure, dress, hull, line, muted, paint_person, shaded
from posebench.synthetic.scenes import ABSENT, BOARD, FOLIAGE, IN_FRONT, Scenes, arrange, generator

PADDING = 1.25
"""The region for the network is this many times the bbox, which is COCO's custom."""
HEAD_SHARE = 0.6
"""MPII's head length is this share of the diagonal of the head's box (its evaluation script, SC_BIAS)."""
_EXACT = cv2.INTER_LINEAR_EXACT  # the one that is the same on every processor
_NAME = re.compile(r"people-seed\d+-.+-\d{6,}")


def draw(name: str) -> NDArray[np.uint8]:
    """The picture of that name, the same bytes every time.

    Args:
        name: such as `people-seed0-val-000017`, as in `Instances.images`.

    Returns:
        (H, W, 3) uint8, RGB; sides of 192 to 256 pixels that differ.

    Raises:
        PosebenchError: the name is of another form.
    """
    if not _NAME.fullmatch(name):
        raise PosebenchError(f"{name!r} names no synthetic picture. They are named like 'people-seed0-val-000017'.")
    return _picture(arrange([name]), name)


def instances(skeleton: Skeleton, split: str, count: int, seed: int = 0) -> Instances:
    """The first `count` synthetic people of a split, one per picture, without drawing them.

    Keypoints are found by name. `measures` holds `head_length` (MPII's), `torso_diameter` (left shoulder to right
    hip), `area` (of the silhouette, square pixels), all in image pixels and positive, and COCO's `iscrowd`,
    `num_keypoints` and `id`.

    Args:
        skeleton: which keypoints, in which order.
        split: any name; different splits have different people.
        count: number of people, from 1; the people of a smaller count are the first of a larger one.
        seed: a number from 0; different seeds have different people.

    Raises:
        PosebenchError: the skeleton has a keypoint that these people lack, `count` is below 1, or `seed` below 0.
    """
    for keypoint in skeleton.keypoints:
        if keypoint not in KEYPOINTS and keypoint not in OTHER_NAMES:
            raise unknown("keypoint of the synthetic people", keypoint, (*KEYPOINTS, *OTHER_NAMES))
    if count < 1 or seed < 0:
        raise PosebenchError(
            f"Synthetic people need a count from 1 and a seed from 0 up, but got count {count} and seed {seed}."
        )
    names = tuple(f"people-seed{seed}-{split}-{number:06d}" for number in range(count))
    scenes = arrange(names)
    columns = [INDEX[OTHER_NAMES.get(keypoint, keypoint)] for keypoint in skeleton.keypoints]
    visibility = scenes.visibility[:, columns]
    labelled = (visibility > 0).sum(axis=1)
    bbox = scenes.bbox
    torso = scenes.keypoints[:, INDEX["left_shoulder"]] - scenes.keypoints[:, INDEX["right_hip"]]
    return Instances(
        dataset=SYNTHETIC,
        split=split,
        skeleton=skeleton,
        images=names,
        image_ids=np.arange(count),
        image=np.arange(count),
        person=np.zeros(count, int),
        center=bbox[:, :2] + bbox[:, 2:] / 2,
        size=PADDING * bbox[:, 2:],
        keypoints=scenes.keypoints[:, columns],
        visibility=visibility,
        usable=labelled > 0,
        bbox=bbox,
        measures={
            "head_length": HEAD_SHARE * np.hypot(*scenes.head_box[:, 2:].T),
            "torso_diameter": np.hypot(*torso.T),
            "area": scenes.area,
            "iscrowd": np.zeros(count, np.int64),
            "num_keypoints": labelled.astype(np.int64),
            "id": np.arange(1, count + 1),
        },
        source=Source(f"{SYNTHETIC}, seed {seed}"),
        synthetic=True,
    )


def _picture(scenes: Scenes, name: str, shown: bool = True) -> NDArray[np.uint8]:
    """The picture of a single scene; with `shown` off the annotated person is left out and all else stays."""
    image = _background(int(scenes.width[0]), int(scenes.height[0]), generator(name, "background"))
    order = [Figure.of(scenes.people, 0, dress(generator(name, "clothes")))] if shown else []
    if scenes.other[0] != ABSENT:
        other = Figure.of(scenes.others, 0, dress(generator(name, "other clothes")))
        order.insert(len(order) if scenes.other[0] == IN_FRONT else 0, other)
    for figure in order:
        paint_person(image, figure)
    _paint_occluder(image, scenes, generator(name, "occluder"))
    return _photographed(image, generator(name, "camera"))


def _background(width: int, height: int, rng: np.random.Generator) -> Array:
    """A gradient between four colours under noise of two grains, at times stripes, and clutter."""
    corners = np.round([muted(rng) for _ in range(4)]).astype(np.uint8).reshape(2, 2, 3)
    image: Array = cv2.resize(corners, (width, height), interpolation=_EXACT)
    for grain in (int(rng.integers(3, 12)), int(rng.integers(20, 70))):
        channels = 3 if rng.random() < 0.25 else 1
        strength = int(rng.integers(15, 80))
        coarse = rng.integers(0, strength, (grain, grain, channels)).astype(np.uint8)
        noise = cv2.resize(np.repeat(coarse, 3 // channels, axis=2), (width, height), interpolation=_EXACT)
        image = cv2.subtract(cv2.add(image, noise), np.full_like(image, strength // 2))
    if rng.random() < 0.3:
        _stripes(image, rng)
    for _ in range(int(rng.integers(1, 8))):
        _clutter(image, rng)
    return image


def _stripes(image: Array, rng: np.random.Generator) -> None:
    """A fence or a blind."""
    height, width = image.shape[:2]
    color, step, level = muted(rng), int(rng.integers(12, 40)), rng.random() < 0.4
    slope = float(rng.integers(-40, 41))
    for start in range(-40, max(width, height) + 40, step):
        ends = [(-5, start), (width + 5, start + slope)] if level else [(start, -5), (start + slope, height + 5)]
        line(image, np.array(ends), color, step * 0.3)


def _clutter(image: Array, rng: np.random.Generator) -> None:
    """One thing lying about; some are much like a limb or a head."""
    height, width = image.shape[:2]
    color, place = muted(rng), rng.random(2) * (width, height)
    size, turn = rng.random() * 0.18 * width + 3, rng.random() * 2 * np.pi
    away = np.array([np.cos(turn), np.sin(turn)]) * size * 1.5
    aside = np.array([-away[1], away[0]]) * 0.4
    kind = rng.integers(0, 4)
    if kind == 0:
        shaded(image, np.stack([place, place + away]), rng.random(2) * 6 + 3, color)
    elif kind == 1:
        shaded(image, place[None], np.array([size * 0.4 + 3]), color)
    elif kind == 2:
        hull(image, np.stack([place, place + away, place + away + aside, place + aside]), 0.5, color)
    else:
        line(image, np.stack([place - away, place + 2 * away]), color, 1 + rng.random() * 5)


def _paint_occluder(image: Array, scenes: Scenes, rng: np.random.Generator) -> None:
    if scenes.occluder[0] == BOARD:
        board, color = scenes.board[0], muted(rng)
        hull(image, board, 0, color)
        for share in (0.15, 0.5, 0.85):
            line(image, board[[0, 1]] + share * (board[[3, 2]] - board[[0, 1]]), color * 0.7, 2)
    elif scenes.occluder[0] == FOLIAGE:
        green = np.array([50.0, 110, 40]) + rng.integers(-30, 31, 3)
        for x, y, radius in scenes.discs[0]:
            hull(image, np.array([[x, y]]), radius, green * rng.uniform(0.6, 1.4))


def _photographed(image: Array, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A camera's blur, contrast, brightness and noise, all mild."""
    reach = int(rng.choice([1, 1, 3, 3, 5]))
    soft: Array = cv2.GaussianBlur(image, (reach, reach), 0)
    contrast, brightness = 0.7 + 0.5 * rng.random(), 60 * rng.random() - 30
    tones = np.clip(np.round((np.arange(256) - 128) * contrast + 128 + brightness), 0, 255).astype(np.uint8)
    strength = int(rng.integers(1, 9))
    grain = rng.integers(0, 2 * strength + 1, image.shape, np.uint8)
    return cv2.subtract(cv2.add(tones[soft], grain), np.full_like(grain, strength))  # type: ignore[return-value]
