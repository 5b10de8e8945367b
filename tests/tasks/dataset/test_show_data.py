"""`show_data`: which people are shown, and what their samples are."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_coco import name_of, write_coco

import posebench as pb
from posebench.data.geometry import Crop
from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.plugins import registry
from posebench.plugins.recipe import QUICK, Augmentation
from posebench.plugins.registry import protocol
from posebench.samples.loader import Samples
from posebench.synthetic import people as synthetic
from posebench.tasks.dataset.show import _change, _seen, augmentation_in_words, keys_of, show_data, with_photographs
from posebench.tasks.people import load_people

COCO, MPII = protocol("coco"), protocol("mpii")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_coco(tmp_path / "d")


def test_six_people_are_spread_over_the_split() -> None:
    people = synthetic.instances(MPII.skeleton, "train", 101)
    assert keys_of(people, None, None) == [(0, 0), (0, 20), (0, 40), (0, 60), (0, 80), (0, 100)]


def test_one_person_is_shown_in_six_epochs_and_a_photograph_with_its_people(folder: Path) -> None:
    people = load_people(COCO, folder, "train")
    assert keys_of(people, 2, None) == [(0, 2), (1, 2), (2, 2), (3, 2), (4, 2), (5, 2)]
    assert keys_of(people, None, name_of("train", 3)) == [(0, 2)]


def test_rows_and_images_that_are_not_there_are_refused(folder: Path) -> None:
    people = load_people(COCO, folder, "train")
    with pytest.raises(PosebenchError, match="coco train has rows 0 to 3; --row 4 is not among them"):
        keys_of(people, 4, None)
    with pytest.raises(
        PosebenchError, match="is named 'train_9.png'. Did you mean .*The first: train_1.png, train_2.png"
    ):
        keys_of(people, None, "train_9.png")
    with pytest.raises(PosebenchError, match=r"row 1 \(train_2.png, person 2\) cannot be shown"):
        keys_of(replace(people, usable=np.array([True, False, True, True])), 1, None)


def test_people_without_a_photograph_are_left_out_and_the_others_keep_their_rows(folder: Path) -> None:
    (folder / "train2017" / name_of("train", 1)).unlink()
    people, notes = with_photographs(load_people(COCO, folder, "train"))
    assert [row for _, row in keys_of(people, None, None)] == [1, 2, 3]
    assert notes == (f"{folder}/train2017 lacks 1 of the 4 photographs of coco train; people of the others are shown.",)


def test_a_folder_without_any_photograph_is_refused(folder: Path) -> None:
    for number in range(1, 4):
        (folder / "val2017" / name_of("val", number)).unlink()
    with pytest.raises(PosebenchError, match="has none of the 3 photographs of coco val; the first is val_1.png"):
        with_photographs(load_people(COCO, folder))


def test_a_photograph_that_cannot_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / "train2017" / name_of("train", 1)).write_bytes(b"no photograph")
    with pytest.raises(PosebenchError, match="train_1.png is damaged or not an image"):
        show_data(COCO, load_people(COCO, folder, "train"), "hourglass1", QUICK, tmp_path / "x.png", keys=[(0, 0)])
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("scale", "rotation", "mirror", "sentence"),
    [
        (1.25, 30, False, "turned 30° · ×1.25"),
        (0.8, -20, True, "mirrored · turned -20° · ×0.80"),
        (1, 0, False, "×1.00"),
    ],
)
def test_a_change_is_told_as_it_was_made(scale: float, rotation: float, mirror: bool, sentence: str) -> None:
    upright = Crop.around(np.array([70.0, 60.0]), np.array([80.0, 90.0]), (64, 48))
    changed = upright.perturbed(scale, rotation, mirror)
    assert _change(changed.inverse, upright.inverse, mirror) == sentence


def test_the_augmentation_is_told_with_its_true_limits() -> None:
    hrnet = Augmentation(
        scale=(0.65, 1.35), rotation=45, draws="normal", rotated=0.6, half_body=0.3, colour=0.4, flip=0.5
    )
    assert augmentation_in_words(hrnet) == (
        "region ×0.65–1.35, rotation up to 90° with probability 0.6, mirrored with probability 0.5, "
        "half of the body with probability 0.3, channels ×0.6–1.4"
    )
    assert augmentation_in_words(QUICK.augmentation) == (
        "region ×0.9–1.1, rotation up to 10°, mirrored with probability 0.5"
    )


def test_half_a_body_is_named_and_its_crop_is_the_halfs(folder: Path) -> None:
    halved = Augmentation(scale=(1, 1), rotation=0, flip=0, half_body=1, half_body_keypoints=0)
    samples = Samples(load_people(COCO, folder, "train"), (64, 64), halved)
    with torch.device("meta"):
        model = registry.architecture("hourglass1", COCO.skeleton, (64, 64))
    seen = _seen(samples, model, 0, 0)
    center, size = samples.half((0, 0))
    assert seen.change == "half body · ×1.00"
    np.testing.assert_allclose(seen.region.mean(0), center)
    np.testing.assert_allclose(np.ptp(seen.region, axis=0), [size.max(), size.max()])


@pytest.mark.parametrize("arch", ["hourglass1", "simplebaseline_resnet50"])
def test_a_sheet_is_written_and_is_the_same_again(folder: Path, tmp_path: Path, arch: str) -> None:
    people: Instances = load_people(COCO, folder, "train")
    for name in ("a.png", "b.png"):
        show_data(COCO, people, arch, QUICK, tmp_path / name, keys=keys_of(people, None, None))
    one, other = ((tmp_path / name).read_bytes() for name in ("a.png", "b.png"))
    assert one == other and one.startswith(b"\x89PNG")


def test_python_draws_a_sheet_and_warns_of_missing_photographs(folder: Path, tmp_path: Path) -> None:
    whole = pb.show_data("coco", "hourglass1", data=folder, recipe="quick", row=2, out=tmp_path / "python.png")
    show_data(
        COCO,
        load_people(COCO, folder, "train"),
        "hourglass1",
        QUICK,
        tmp_path / "task.png",
        keys=[(e, 2) for e in range(6)],
    )
    assert whole.read_bytes() == (tmp_path / "task.png").read_bytes()
    load_people(COCO, folder, "train").photograph(0).unlink()
    with pytest.warns(UserWarning, match="lacks 1 of the 4 photographs") as seen:
        pb.show_data("coco", "hourglass1", data=folder, recipe="quick", image=name_of("train", 3), out=whole)
    assert [Path(one.filename).name for one in seen] == ["test_show_data.py"]
