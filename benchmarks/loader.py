"""Samples of real photographs: the classical path, one sample at a time, beside posebench's loader, in one run.

    python benchmarks/loader.py DATA [--rounds 5]

DATA is a folder with `lsp/lspet/images`, `mpii/images` and `coco/mini/train2017`. One core, 256 x 256 crops, 16 keypoints. Prints
medians of the processor time a sample and ratios. The classical path ends with normalised floats and heatmap targets, as pose code
bases make them in their data loaders; posebench ends with uint8, and normalises and draws targets on the device for a whole batch.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

os.environ["OMP_NUM_THREADS"] = "1"

import cv2
import numpy as np
import torch

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.plugins.recipe import QUICK, Augmentation
from posebench.samples.loader import Key, Samples, prediction_keys
from posebench.samples.pack import open_pack
from posebench.samples.pack_files import Coding
from posebench.samples.packing import Packing

SIDE, CELLS, SIGMA, KEYPOINTS, BATCH = 256, 64, 2.0, 16, 20
MEAN, STD = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
SETS = {
    "LSPET": ("lsp/lspet/images", 150, 200),  # folder, size of a person's region in pixels, photographs
    "COCO": ("coco/mini/train2017", 220, 36),
    "MPII": ("mpii/images", 450, 5),
}
CODINGS: tuple[Coding, ...] = ("raw", "jpeg")
Make = Callable[[list[Key]], object]
"""Makes the batch of some addresses."""
AUGMENTATION = Augmentation(scale=(0.75, 1.25), rotation=30, flip=0.5)


def people_of(folder: Path, size: float, photographs: int, each: int) -> Instances:
    """`each` people in every photograph, at random places, with random keypoints in their region."""
    random = np.random.default_rng(0)
    names = sorted(path.name for path in folder.iterdir())[:photographs]
    sizes = [cv2.imread(str(folder / name)).shape[1::-1] for name in names]
    image = np.repeat(np.arange(len(names)), each)
    center = random.uniform(0.3, 0.7, (len(image), 2)) * np.array(sizes)[image]
    return Instances(
        dataset="photographs", split="train", skeleton=Skeleton(tuple(f"keypoint{i}" for i in range(KEYPOINTS))),
        images=tuple(names), image_ids=np.arange(len(names)), image=image, person=np.tile(np.arange(each), len(names)),
        center=center, size=np.full((len(image), 2), size), visibility=np.full((len(image), KEYPOINTS), 2, np.int8),
        keypoints=center[:, None] + random.uniform(-size / 2, size / 2, (len(image), KEYPOINTS, 2)),
        usable=np.ones(len(image), bool), image_root=folder,
    )  # fmt: skip


def classical(samples: Samples, epoch: int, row: int) -> tuple[Array, Array]:
    """One sample as pose code bases make it: the whole photograph is converted and mirrored, then one warp, floats,
    and a Gaussian for each joint (in evaluation too, since they report a validation loss).
    """
    people = samples.instances
    path = people.image_root / people.images[people.image[row]]
    image = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    center, joints = samples.center[row].copy(), people.keypoints[row].copy()
    scale, rotation, mirror = 1.0, 0.0, False
    if samples.augmentation is not None:
        random = np.random.default_rng((0, epoch, row))
        scale, rotation = random.uniform(0.75, 1.25), random.uniform(-30, 30)
        mirror = bool(random.random() < 0.5)
    if mirror:
        image = image[:, ::-1].copy()
        center[0] = image.shape[1] - 1 - center[0]
        joints[:, 0] = image.shape[1] - 1 - joints[:, 0]
    matrix = cv2.getRotationMatrix2D(tuple(center), rotation, SIDE / (samples.size[row].max() * scale))
    matrix[:, 2] += SIDE / 2 - center
    crop = cv2.warpAffine(image, matrix, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    normal = ((crop.astype(np.float32) / 255 - MEAN) / STD).transpose(2, 0, 1)
    maps = np.zeros((KEYPOINTS, CELLS, CELLS), np.float32)
    for joint, (x, y) in enumerate(joints @ matrix[:, :2].T + matrix[:, 2]):
        _draw(maps[joint], x * CELLS / SIDE, y * CELLS / SIDE)
    return np.ascontiguousarray(normal), maps


def _draw(heatmap: Array, x: float, y: float) -> None:
    """Add a Gaussian, cut off at three sigma, centred on the nearest cell."""
    reach = int(3 * SIGMA)
    column, row = int(x + 0.5), int(y + 0.5)
    left, right = max(column - reach, 0), min(column + reach + 1, CELLS)
    top, bottom = max(row - reach, 0), min(row + reach + 1, CELLS)
    if left < right and top < bottom:
        columns, rows = np.arange(left, right)[None], np.arange(top, bottom)[:, None]
        heatmap[top:bottom, left:right] = np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / (2 * SIGMA**2))


def classical_batch(samples: Samples, keys: list[Key]) -> None:
    """A batch of such samples."""
    made = [classical(samples, epoch, row) for epoch, row in keys]
    for part in zip(*made, strict=True):
        torch.from_numpy(np.stack(part))


def per_sample(ways: dict[str, Make], keys: list[list[Key]]) -> dict[str, float]:
    """Median milliseconds of processor time a sample. The ways take turns, so that a slow moment meets all."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for batch in keys:
        for name, make in ways.items():
            start = time.process_time()
            make(batch)
            times[name].append(1000 * (time.process_time() - start) / len(batch))
    return {name: median(values) for name, values in times.items()}


def report(title: str, found: dict[str, float]) -> None:
    """A line for each way, the first one being 1."""
    print(title)
    first = next(iter(found.values()))
    for name, value in found.items():
        print(f"  {name:<28}{value:8.3f} ms   {first / value:5.2f} x")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=5, help="epochs over each set of photographs")
    options = parser.parse_args()
    torch.set_num_threads(1)
    print(f"OpenCV {cv2.__version__}, torch {torch.__version__}, one core, processor time a sample, medians")
    for name, (folder, size, photographs) in SETS.items():
        root = options.data / folder
        with tempfile.TemporaryDirectory() as packs:
            measure_training(name, people_of(root, size, photographs, each=4), options.rounds, Path(packs))
        measure_evaluation(name, people_of(root, size, photographs, each=BATCH), options.rounds)


def measure_training(name: str, people: Instances, rounds: int, packs: Path) -> None:
    """People in random order, from photographs and from packs that were read once."""
    recipe = QUICK.model_copy(update={"input_size": (SIDE, SIDE), "augmentation": AUGMENTATION})
    random = np.random.default_rng(1)
    batches = max(4, len(people.images) // BATCH)
    keys = [
        [(epoch, int(row)) for row in random.choice(len(people), BATCH, replace=False)]
        for epoch in range(rounds * batches)
    ]
    samples = Samples(people, (SIDE, SIDE), AUGMENTATION)
    ways: dict[str, Make] = {"classical": partial(classical_batch, samples), "posebench, JPEG": samples.batch}
    for coding in CODINGS:
        packing = Packing(people, recipe, packs, coding=coding)
        packing.make(workers=1)
        pack = open_pack(packing.folder, packing.contents, people)
        packed = Samples(people, (SIDE, SIDE), AUGMENTATION, pack=pack)
        fresh = per_sample({coding: packed.batch}, [[(0, row)] for row in range(len(people))])[coding]
        print(f"{name}, {coding} pack, each person's first time: {fresh:.3f} ms with its checksum, one by one")
        ways[f"posebench, {coding} pack"] = packed.batch
    report(f"{name}, training", per_sample(ways, keys))


def measure_evaluation(name: str, people: Instances, rounds: int) -> None:
    """The people of a photograph in a row, upright."""
    upright = Samples(people, (SIDE, SIDE))
    keys = list(prediction_keys(people.image, BATCH, 0))[: 8 * rounds]
    ways: dict[str, Make] = {"classical": partial(classical_batch, upright), "posebench": upright.batch}
    report(f"{name}, evaluation, {BATCH} people a photograph", per_sample(ways, keys))


if __name__ == "__main__":
    main()
