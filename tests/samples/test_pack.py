"""Packs: samples from a pack are those from the photographs, and a pack that is not whole and right is never used."""

import json
import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from posebench.data.geometry import Alignment, Crop, transform
from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.recipe import QUICK, Augmentation, Recipe
from posebench.samples import packing as packing_module
from posebench.samples.augment import Reach, perturb
from posebench.samples.loader import Samples, batches, training_keys
from posebench.samples.pack import Pack, find_pack
from posebench.samples.pack_files import Coding, Contents
from posebench.samples.packing import Packing, PartMade

WIDTH, HEIGHT = 300, 240
CENTERS = {
    "in the middle": (150, 120), "at the left edge": (4, 100), "in the lower right corner": (299, 239),
    "half above": (140, -30), "beside the photograph": (-400, 100),
}  # fmt: skip
SIZES = [(60, 90), (100, 40), (50, 50), (200, 300), (60, 60)]
TURNED = Augmentation(scale=(0.5, 1.5), rotation=180, flip=0.5)
UNIFORM = Augmentation(scale=(0.75, 1.25), rotation=30, flip=0.5)
NORMAL = Augmentation(scale=(0.65, 1.35), rotation=40, flip=0.5, draws="normal", rotated=0.6)


def recipe(augmentation: Augmentation = UNIFORM, input_size: tuple[int, int] = (48, 64)) -> Recipe:
    return QUICK.model_copy(update={"augmentation": augmentation, "input_size": input_size})


@pytest.fixture
def people(tmp_path: Path) -> Instances:
    """A person at each of `CENTERS`, in three photographs of noise; the last one has one person, alone."""
    (tmp_path / "photographs").mkdir()
    for i in range(3):
        noise = np.random.default_rng(i).integers(0, 256, (HEIGHT, WIDTH, 3)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "photographs" / f"{i}.png"), noise)
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
        image_root=tmp_path / "photographs",
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
    return Samples(people, its.input_size, its.augmentation, 4, alignment, pack=pack)


@pytest.mark.parametrize("augmentation", [TURNED, UNIFORM, NORMAL], ids=["any turn", "uniform", "normal"])
@pytest.mark.parametrize("alignment", ["edges", "points"])
@pytest.mark.parametrize("input_size", [(48, 64), (64, 48)])
def test_a_crop_from_the_pack_is_the_crop_from_the_photograph(
    people: Instances, tmp_path: Path, augmentation: Augmentation, alignment: Alignment, input_size: tuple[int, int]
) -> None:
    its = recipe(augmentation, input_size)
    made(people, tmp_path, its)
    keys = [(epoch, row) for epoch in range(12) for row in range(len(people))]
    packed = samples(people, its, opened(people, tmp_path, its), alignment).batch(keys)
    photographs = samples(people, its, None, alignment).batch(keys)
    assert close(packed.images, photographs.images)
    assert photographs.images.flatten(1).amax(1).count_nonzero() > 40  # most crops show something
    for name in ("keypoints", "visible", "to_image", "rows", "readable"):
        assert torch.equal(getattr(packed, name), getattr(photographs, name))


@pytest.mark.parametrize("augmentation", [TURNED, UNIFORM, NORMAL, Augmentation(scale=(0.9, 1.1), rotation=0)])
def test_no_augmentation_shows_more_than_its_reach_and_some_almost_all(augmentation: Augmentation) -> None:
    crop = Crop.around(np.array([70.0, 30.0]), np.array([40.0, 90.0]), (48, 64))
    left, top, right, bottom = Reach.of(augmentation).rectangle(crop)
    corners = np.array([[-0.5, -0.5], [47.5, -0.5], [-0.5, 63.5], [47.5, 63.5]])
    shown = np.array(
        [transform(perturb(crop, augmentation, 0, epoch, 0).inverse, corners) for epoch in range(2000)]
    ).reshape(-1, 2)
    assert (shown >= np.array([left, top]) - 1e-9).all()
    assert (shown <= np.array([right, bottom]) + 1e-9).all()
    assert shown.max(0) - shown.min(0) == pytest.approx([right - left, bottom - top], rel=0.1)


def test_the_reach_of_a_square_turned_by_up_to_45_degrees_is_its_diagonal() -> None:
    crop = Crop.around(np.array([10.0, 20.0]), np.array([6.0, 6.0]), (12, 12))
    half = 3 * 2**0.5
    for angle in (45.0, 90.0, 180.0):
        rectangle = Reach(1.0, angle).rectangle(crop)
        assert rectangle == pytest.approx((10 - half, 20 - half, 10 + half, 20 + half))
    assert Reach(2.0, 0.0).rectangle(crop) == pytest.approx((4, 14, 16, 26))


def test_samples_of_a_pack_are_the_same_for_any_number_of_workers(people: Instances, tmp_path: Path) -> None:
    made(people, tmp_path)
    from_pack = samples(people, recipe(), opened(people, tmp_path))
    keys = list(training_keys(np.arange(5), 2, 0, range(3)))
    here, there = (list(batches(from_pack, iter(keys), workers)) for workers in (0, 2))
    assert len(here) == 6
    for a, b in zip(here, there, strict=True):
        assert all(torch.equal(getattr(a, name), getattr(b, name)) for name in vars(a))


def test_a_pack_serves_some_of_its_people_and_every_recipe_of_the_same_reach(people: Instances, tmp_path: Path) -> None:
    made(people, tmp_path)
    its = recipe(input_size=(96, 128)).model_copy(update={"learning_rate": 0.1, "epochs": 7})
    some = people.take(np.array([3, 1]))
    packed = samples(some, its, opened(some, tmp_path, its)).batch([(0, 0), (0, 1)])
    photographs = samples(some, its).batch([(0, 0), (0, 1)])
    assert close(packed.images, photographs.images)
    assert find_pack(tmp_path, people, recipe(NORMAL)) is None
    assert find_pack(tmp_path, people, recipe(input_size=(64, 64))) is None
    assert find_pack(tmp_path, replace(people, split="val"), recipe()) is None


def test_people_who_are_not_usable_are_in_no_pack(people: Instances, tmp_path: Path) -> None:
    some = replace(people, usable=np.array([True, False, True, True, True]))
    assert len(made(some, tmp_path).people) == 4
    pack = opened(some, tmp_path)
    assert pack.region(1) is None
    assert pack.region(0) is not None


def test_a_jpeg_coded_pack_is_close_and_smaller(people: Instances, tmp_path: Path) -> None:
    for i in range(3):  # noise does not compress
        smooth = np.tile(np.linspace(0, 250, WIDTH), (HEIGHT, 1))
        image = np.stack([smooth, smooth[::-1], 0 * smooth + i], 2).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "photographs" / f"{i}.png"), image)
    raw = made(people, tmp_path / "raw")
    coded = made(people, tmp_path / "jpeg", coding="jpeg")
    assert coded.bytes_present < raw.bytes_present / 5
    pack = opened(people, tmp_path / "jpeg")
    assert pack.coding == "jpeg"
    keys = [(0, row) for row in range(len(people))]
    difference = samples(people, recipe(), pack).batch(keys).images.int() - samples(people, recipe()).batch(keys).images
    assert difference.abs().float().mean() < 2


def test_the_size_is_told_before(people: Instances, tmp_path: Path) -> None:
    packing = Packing(people, recipe(), tmp_path)
    needed = packing.bytes_needed
    assert not packing.folder.exists()
    packing.make(workers=1)
    assert packing.bytes_present == needed  # every photograph was sampled


def test_people_who_overlap_share_pixels(people: Instances, tmp_path: Path) -> None:
    crowd = people.take(np.zeros(20, int))
    crowd = replace(crowd, person=np.arange(20), center=np.full((20, 2), 150.0) + np.arange(20)[:, None])
    alone = made(crowd.take(np.array([0])), tmp_path / "alone").bytes_present
    assert made(crowd, tmp_path / "crowd").bytes_present < 3 * alone


def changed(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize(
    "harm, message",
    [
        (lambda folder: (folder / "part-0000.bin").unlink(), "part-0000.bin is missing or does not have"),
        (lambda folder: (folder / "part-0000.bin").write_bytes(b"abc"), "part-0000.bin is missing or does not have"),
        (lambda folder: (folder / "part-0000.npz").unlink(), "part-0000.npz is missing or does not have"),
        (lambda folder: changed(folder / "part-0000.npz", 700), "does not have the checksum in pack.json"),
        (
            lambda folder: changed(folder / "part-0000.bin", 100),
            "part-0000.bin does not have the checksum of its index",
        ),
        (lambda folder: (folder / "pack.json").write_text("{"), "pack.json cannot be read"),
    ],
)
def test_a_damaged_pack_ends_in_a_sentence_and_is_mended_by_packing_again(
    people: Instances, tmp_path: Path, harm: object, message: str
) -> None:
    packing = made(people, tmp_path)
    harm(packing.folder)  # type: ignore[operator]
    with pytest.raises(PosebenchError, match=rf"is damaged: .*{message}.*Repeat the `posebench data pack`"):
        samples(people, recipe(), opened(people, tmp_path)).batch([(0, row) for row in range(5)])
    made(people, tmp_path)
    samples(people, recipe(), opened(people, tmp_path)).batch([(0, row) for row in range(5)])


@pytest.mark.parametrize("workers", [0, 2])
def test_a_pack_cut_short_during_training_ends_in_one_sentence(people: Instances, tmp_path: Path, workers: int) -> None:
    packing = made(people, tmp_path)
    from_pack = samples(people, recipe(), opened(people, tmp_path))
    from_pack.batch([(0, 0)])
    (packing.folder / "part-0000.bin").write_bytes(b"cut short")
    with pytest.raises(
        PosebenchError, match=r"^The pack .* is damaged: part-0000.bin is shorter than its index states"
    ):
        list(batches(from_pack, iter([[(0, 0), (0, 1)]]), workers))


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda p: replace(p, center=p.center + [[0, 0], [0, 1], [0, 0], [0, 0], [0, 0]]), "it lacks row 1 "),
        (lambda p: replace(p, size=p.size * 2), "it lacks row 0 "),
        (lambda p: replace(p, person=p.person + 5), "it lacks row 0 "),
        (lambda p: replace(p, images=("0.png", "other.png", "2.png")), "it lacks row 1 "),
    ],
)
def test_a_pack_of_other_people_is_refused(people: Instances, tmp_path: Path, change: object, message: str) -> None:
    made(people, tmp_path)
    with pytest.raises(PosebenchError, match=rf"was made from other data: {message}"):
        find_pack(tmp_path, change(people), recipe())  # type: ignore[operator]


def test_a_pack_under_another_ones_name_is_refused(people: Instances, tmp_path: Path) -> None:
    folder = made(people, tmp_path).folder
    folder.rename(tmp_path / Contents.of(people, recipe(NORMAL)).folder_name)
    with pytest.raises(PosebenchError, match="pack.json states other contents than the folder's name"):
        find_pack(tmp_path, people, recipe(NORMAL))


def test_a_changed_photograph_makes_the_pack_stale_until_it_is_packed_again(people: Instances, tmp_path: Path) -> None:
    made(people, tmp_path)
    path = tmp_path / "photographs" / "1.png"
    cv2.imwrite(str(path), np.full((HEIGHT, WIDTH, 3), 77, np.uint8))
    with pytest.raises(PosebenchError, match=r"other data: .*1.png is not the file that was packed"):
        find_pack(tmp_path, people, recipe())
    made(people, tmp_path)
    batch = samples(people, recipe(), opened(people, tmp_path)).batch([(0, 1)])
    assert batch.images.max() == 77


def test_training_from_a_pack_needs_no_photographs(people: Instances, tmp_path: Path) -> None:
    keys = [(0, row) for row in range(5)]
    before = samples(people, recipe()).batch(keys)
    made(people, tmp_path)
    pack = opened(people, tmp_path)
    (tmp_path / "photographs" / "0.png").unlink()
    assert close(samples(people, recipe(), pack).batch(keys).images, before.images)
    (tmp_path / "photographs").rename(tmp_path / "gone")
    assert close(samples(people, recipe(), opened(people, tmp_path)).batch(keys).images, before.images)


def test_a_photograph_that_cannot_be_read_is_named_and_its_people_are_marked(people: Instances, tmp_path: Path) -> None:
    (tmp_path / "photographs" / "1.png").write_bytes(b"broken")
    packing = Packing(people, recipe(), tmp_path)
    assert packing.make(workers=1) == [PartMade(kept=False, unreadable=["1.png"])]
    assert packing.make(workers=1) == [PartMade(kept=True, unreadable=["1.png"])]
    batch = samples(people, recipe(), opened(people, tmp_path)).batch([(0, row) for row in range(5)])
    assert batch.readable.tolist() == [True, False, True, False, True]
    assert batch.images[1].max() == 0


def test_pixels_that_a_pack_lacks_are_never_black(people: Instances, tmp_path: Path) -> None:
    made(people, tmp_path)
    wider = Samples(people, (48, 64), Augmentation(scale=(3, 3)), pack=opened(people, tmp_path))
    with pytest.raises(PosebenchError, match="lacks pixels that this augmentation shows"):
        wider.batch([(0, 0)])


def test_an_interrupted_pack_is_unused_until_it_is_finished_and_its_parts_stay(
    people: Instances, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing_module, "PHOTOGRAPHS_A_PART", 1)
    packing = Packing(people, recipe(), tmp_path)

    def interrupt(done: int, total: int) -> None:
        if done == 2:
            raise OSError(28, "No space left on device")

    with pytest.raises(PosebenchError, match="No space left on device. The finished parts stay"):
        packing.make(1, interrupt)
    assert find_pack(tmp_path, people, recipe()) is None
    part = packing.folder / "part-0000.bin"
    first = part.stat().st_mtime_ns
    assert [part.kept for part in packing.make(workers=1)][:2] == [True, False]
    assert part.stat().st_mtime_ns == first
    assert [path.name for path in sorted(packing.folder.glob("*.bin"))] == [f"part-000{i}.bin" for i in range(3)]
    assert close(
        samples(people, recipe(), opened(people, tmp_path)).batch([(0, 2)]).images,
        samples(people, recipe()).batch([(0, 2)]).images,
    )


KILLED = """
import pickle, sys, time
from pathlib import Path
from posebench.samples import packing
packing.PHOTOGRAPHS_A_PART = 1
people, recipe = pickle.loads(Path(sys.argv[1]).read_bytes())
packing.Packing(people, recipe, Path(sys.argv[2])).make(1, lambda done, total: done == 2 and time.sleep(600))
"""


def test_a_pack_killed_half_way_is_finished_by_the_same_command(people: Instances, tmp_path: Path) -> None:
    (tmp_path / "facts").write_bytes(pickle.dumps((people, recipe())))
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "facts"), str(tmp_path / "packs")])
    end = time.monotonic() + 120
    while not list(tmp_path.glob("packs/*/.part-0001*")) and time.monotonic() < end:
        time.sleep(0.05)
    with pytest.raises(PosebenchError, match=r"Another process is writing .*noise-train-"):
        made(people, tmp_path / "packs")
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert find_pack(tmp_path / "packs", people, recipe()) is None
    packing = made(people, tmp_path / "packs")
    assert not list(packing.folder.glob(".part-*"))
    batch = samples(people, recipe(), opened(people, tmp_path / "packs")).batch([(1, 4)])
    assert close(batch.images, samples(people, recipe()).batch([(1, 4)]).images)


def test_the_contents_of_a_pack_are_stated_in_its_folder(people: Instances, tmp_path: Path) -> None:
    folder = made(people, tmp_path).folder
    stated = json.loads((folder / "pack.json").read_text())
    assert folder.name.startswith("noise-train-")
    assert stated["contents"] == {
        "dataset": "noise", "split": "train", "annotations": "", "regions": "", "scale": 1.25, "angle": 30.0,
        "aspect": [3, 4], "coding": "raw",
    }  # fmt: skip
