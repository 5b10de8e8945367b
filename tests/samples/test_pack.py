"""Samples from a pack are those from the photographs."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from packs import HALVED, HEIGHT, NORMAL, TURNED, UNIFORM, WIDTH, close, made, noise_people, opened, recipe, samples

from posebench.data.geometry import Alignment
from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.recipe import Augmentation
from posebench.samples.loader import Samples, batches, training_keys
from posebench.samples.pack import find_pack
from posebench.samples.packing import Packing


@pytest.fixture
def people(tmp_path: Path) -> Instances:
    return noise_people(tmp_path)


@pytest.mark.parametrize(
    "augmentation", [TURNED, UNIFORM, NORMAL, HALVED], ids=["any turn", "uniform", "normal", "halves"]
)
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
    assert find_pack(tmp_path, people, recipe(UNIFORM.model_copy(update={"half_body": 0.1}))) is None
    assert find_pack(tmp_path, people, recipe(UNIFORM.model_copy(update={"colour": 0.4}))) is not None
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


def test_training_from_a_pack_needs_no_photographs(people: Instances, tmp_path: Path) -> None:
    keys = [(0, row) for row in range(5)]
    before = samples(people, recipe()).batch(keys)
    made(people, tmp_path)
    pack = opened(people, tmp_path)
    (tmp_path / "photographs" / "0.png").unlink()
    assert close(samples(people, recipe(), pack).batch(keys).images, before.images)
    (tmp_path / "photographs").rename(tmp_path / "gone")
    assert close(samples(people, recipe(), opened(people, tmp_path)).batch(keys).images, before.images)


def test_pixels_that_a_pack_lacks_are_never_black(people: Instances, tmp_path: Path) -> None:
    made(people, tmp_path)
    wider = Samples(people, (48, 64), Augmentation(scale=(3, 3)), pack=opened(people, tmp_path))
    with pytest.raises(PosebenchError, match="lacks pixels that this augmentation shows"):
        wider.batch([(0, 0)])


def test_the_contents_of_a_pack_are_stated_in_its_folder(people: Instances, tmp_path: Path) -> None:
    folder = made(people, tmp_path).folder
    stated = json.loads((folder / "pack.json").read_text())
    assert folder.name.startswith("noise-train-")
    assert stated["contents"] == {
        "dataset": "noise", "split": "train", "annotations": "", "regions": "", "scale": 1.25, "angle": 30.0,
        "aspect": [3, 4], "coding": "raw",
    }  # fmt: skip


def test_crops_of_large_real_photographs_are_equal_too(people: Instances, shared: Path, tmp_path: Path) -> None:
    root = shared / "data" / "mpii" / "images"
    some = replace(
        people, images=tuple(sorted(path.name for path in root.iterdir())[:3]), image_root=root,
        center=np.array([[640.0, 360], [1270, 300], [200, 700], [900, 100], [1000, 640]]), size=people.size * 5,
    )  # fmt: skip
    its = recipe(NORMAL, (192, 256))
    made(some, tmp_path, its)
    keys = [(epoch, row) for epoch in range(8) for row in range(5)]
    assert close(
        samples(some, its, opened(some, tmp_path, its)).batch(keys).images, samples(some, its).batch(keys).images
    )


def test_a_pack_of_published_regions_has_what_crops_aligned_to_points_show(people: Instances, tmp_path: Path) -> None:
    its = recipe(UNIFORM, (6, 8))  # half a pixel of such a crop is several of the photograph
    people = replace(people, regions={"hrnet": np.column_stack([people.center + 20, people.size * 1.3])})
    Packing(people, its, tmp_path, "hrnet").make(workers=1)
    pack = find_pack(tmp_path, people, its, "hrnet")
    assert pack is not None
    keys = [(epoch, row) for epoch in range(30) for row in range(len(people))]
    packed, photographs = (
        Samples(people, its.input_size, UNIFORM, 4, Pipeline(alignment="points", regions="hrnet"), each).batch(keys)
        for each in (pack, None)
    )
    assert close(packed.images, photographs.images)
    assert find_pack(tmp_path, people, its) is None
