"""People in photographs of noise, and their packs."""

from pathlib import Path

import cv2
import numpy as np
import torch

from posebench.data.geometry import Alignment
from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.recipe import QUICK, Augmentation, Recipe
from posebench.samples.loader import Samples
from posebench.samples.pack import Pack, find_pack
from posebench.samples.pack_files import Coding
from posebench.samples.packing import Packing

WIDTH, HEIGHT = 300, 240
CENTERS = {
    "in the middle": (150, 120), "at the left edge": (4, 100), "in the lower right corner": (299, 239),
    "half above": (140, -30), "beside the photograph": (-400, 100),
}  # fmt: skip
SIZES = [(60, 90), (100, 40), (50, 50), (200, 300), (60, 60)]
TURNED = Augmentation(scale=(0.5, 1.5), rotation=180, flip=0.5)
UNIFORM = Augmentation(scale=(0.75, 1.25), rotation=30, flip=0.5)
NORMAL = Augmentation(scale=(0.65, 1.35), rotation=40, flip=0.5, draws="normal", rotated=0.6)

HALVED = Augmentation(scale=(0.75, 1.25), rotation=30, half_body=0.5, half_body_keypoints=2, colour=0.4)
"""All keypoints of `noise_people` are of the upper half, and most lie far from the person's region."""


def recipe(augmentation: Augmentation = UNIFORM, input_size: tuple[int, int] = (48, 64)) -> Recipe:
    return QUICK.model_copy(update={"augmentation": augmentation, "input_size": input_size})


def noise_people(folder: Path) -> Instances:
    """A person at each of `CENTERS`, in three photographs of noise that are written below a folder; the last has one person."""
    (folder / "photographs").mkdir()
    for i in range(3):
        noise = np.random.default_rng(i).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / "photographs" / f"{i}.png"), noise)
    n = len(CENTERS)
    return Instances(
        dataset="noise",
        split="train",
        skeleton=Skeleton(keypoints=("nose", "left_hand", "right_hand")),
        images=("0.png", "1.png", "2.png"),
        image_ids=np.arange(3),
        image=np.array([0, 1, 0, 1, 2]),
        person=np.array([0, 0, 1, 1, 0]),
        center=np.array(list(CENTERS.values()), float),
        size=np.array(SIZES, float),
        keypoints=np.random.default_rng(9).uniform(0, 200, (n, 3, 2)),
        visibility=np.full((n, 3), 2, np.int8),
        usable=np.ones(n, bool),
        image_root=folder / "photographs",
    )


def made(people: Instances, packs: Path, its: Recipe | None = None, coding: Coding = "raw") -> Packing:
    packing = Packing(people, its or recipe(), packs, coding=coding)
    packing.make(workers=2)
    return packing


def opened(people: Instances, packs: Path, its: Recipe | None = None) -> Pack:
    pack = find_pack(packs, people, its or recipe())
    assert pack is not None
    return pack


def close(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether no pixel differs by more than 1 of 255."""
    return bool((a.int() - b.int()).abs().max() <= 1)


def samples(people: Instances, its: Recipe, pack: Pack | None = None, alignment: Alignment = "edges") -> Samples:
    return Samples(people, its.input_size, its.augmentation, 4, Pipeline(alignment=alignment), pack)
