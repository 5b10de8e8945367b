"""Loader and augmentation: image and keypoints move together, and a sample depends on (seed, epoch, row) alone."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from posebench.data.geometry import Alignment, transform
from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.recipe import Augmentation
from posebench.plugins.registry import protocol
from posebench.samples.images import ImageReader, read_image
from posebench.samples.loader import Samples, batches, epoch_steps, prediction_keys, training_keys
from posebench.synthetic import people as synthetic

DOTS = Skeleton(keypoints=("nose", "left_hand", "right_hand"))
COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)


@pytest.fixture
def dots(tmp_path: Path) -> Instances:
    """Two pictures with a dot of its own colour at each keypoint."""
    keypoints = np.array([[[60, 40], [90, 70], [30, 80]], [[50, 50], [75, 30], [35, 95]]], float)
    for name, points in zip(("a.png", "b.png"), keypoints, strict=True):
        image = np.zeros((120, 130, 3), np.uint8)
        for (x, y), colour in zip(points.astype(int).tolist(), COLOURS, strict=True):
            image[y - 3 : y + 4, x - 3 : x + 4] = colour
        cv2.imwrite(str(tmp_path / name), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    return Instances(
        dataset="dots",
        split="train",
        skeleton=DOTS,
        images=("a.png", "b.png"),
        image_ids=np.arange(2),
        image=np.arange(2),
        person=np.zeros(2, int),
        center=np.array([[62.0, 61.0], [58.0, 60.0]]),
        size=np.array([[100.0, 120.0], [110.0, 100.0]]),
        keypoints=keypoints,
        visibility=np.array([[2, 1, 2], [2, 2, 0]], np.int8),
        usable=np.ones(2, bool),
        image_root=tmp_path,
    )


@pytest.mark.parametrize("epoch", range(6))
def test_after_any_augmentation_each_keypoint_is_on_its_dot(dots: Instances, epoch: int) -> None:
    samples = Samples(dots, (96, 128), Augmentation(scale=(0.9, 1.3), rotation=30, flip=0.5), seed=3)
    sample = samples[(epoch, 0)]
    assert sample["images"].shape == (128, 96, 3)
    # A mirror makes the left hand look like a right one: green and blue trade names then.
    mirrored = np.linalg.det(sample["to_image"][:, :2]) < 0
    names = [0, 2, 1] if mirrored else [0, 1, 2]
    for (x, y), colour in zip(sample["keypoints"].round().astype(int).tolist(), COLOURS[names], strict=True):
        assert sample["images"][y, x].tolist() == pytest.approx(colour.tolist(), abs=2)


def test_both_kinds_of_crops_occur(dots: Instances) -> None:
    samples = Samples(dots, (64, 64), Augmentation(), seed=0)
    signs = {bool(np.linalg.det(samples[(epoch, 0)]["to_image"][:, :2]) < 0) for epoch in range(12)}
    assert signs == {True, False}


def test_the_way_back_restores_image_pixels(dots: Instances) -> None:
    sample = Samples(dots, (64, 96))[(0, 1)]
    np.testing.assert_allclose(transform(sample["to_image"], sample["keypoints"]), dots.keypoints[1], atol=1e-4)


def test_normal_draws_are_clipped_and_turn_only_some() -> None:
    people = synthetic.instances(protocol("mpii").skeleton, "train", 1)
    augmentation = Augmentation(scale=(0.75, 1.25), rotation=30, flip=0, draws="normal", rotated=0.6)
    upright = Samples(people, (64, 64))[(0, 0)]["to_image"]
    scales, angles = [], []
    for epoch in range(200):
        linear = Samples(people, (64, 64), augmentation, seed=1)[(epoch, 0)]["to_image"][:, :2] / upright[0, 0]
        scales.append(np.sqrt(np.linalg.det(linear)))
        angles.append(np.rad2deg(np.arctan2(linear[1, 0], linear[0, 0])))
    scales, angles = np.array(scales), np.array(angles)
    assert scales.min() == pytest.approx(0.75)
    assert scales.max() == pytest.approx(1.25)
    assert 0.2 < np.isclose(scales, [[0.75], [1.25]]).any(0).mean() < 0.45  # beyond one deviation: 32 % of a normal's
    assert np.abs(angles).max() <= 60 + 1e-9
    assert 0.3 < np.isclose(angles, 0).mean() < 0.5
    assert 20 < angles[~np.isclose(angles, 0)].std() < 36


@pytest.mark.parametrize("alignment, middle", [("edges", 31.5), ("points", 32.0)])
def test_a_crop_is_aligned_as_its_network_wants_it(dots: Instances, alignment: Alignment, middle: float) -> None:
    to_image = Samples(dots, (64, 64), pipeline=Pipeline(alignment=alignment))[(0, 0)]["to_image"]
    np.testing.assert_allclose(transform(to_image, np.array([[middle, middle]]))[0], dots.center[0])


def test_unlabelled_is_not_visible_and_occluded_is(dots: Instances) -> None:
    samples = Samples(dots, (64, 64))
    assert samples[(0, 0)]["visible"].tolist() == [True, True, True]
    assert samples[(0, 1)]["visible"].tolist() == [True, True, False]


def test_in_a_mirrored_sample_the_other_hand_is_unlabelled(dots: Instances) -> None:
    sample = Samples(dots, (64, 64), Augmentation(flip=1))[(0, 1)]
    assert sample["visible"].tolist() == [True, False, True]


def test_a_sample_is_the_same_whatever_the_number_of_workers() -> None:
    people = synthetic.instances(protocol("flic").skeleton, "train", 10)
    samples = Samples(people, (64, 48), Augmentation(), seed=5)
    keys = list(training_keys(np.arange(10), 4, 5, range(2)))
    here, there = (list(batches(samples, iter(keys), workers)) for workers in (0, 2))
    assert [len(batch.rows) for batch in here] == [4, 4, 4, 4]
    for a, b in zip(here, there, strict=True):
        assert all(torch.equal(getattr(a, name), getattr(b, name)) for name in vars(a))


def test_a_sample_differs_between_seeds_and_epochs(dots: Instances) -> None:
    images = [
        Samples(dots, (32, 64), Augmentation(), seed)[(epoch, 0)]["images"] for seed, epoch in ((0, 0), (0, 1), (1, 0))
    ]
    assert not np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


@pytest.mark.parametrize("people, batch_size, lengths", [(5, 2, [2, 2]), (4, 2, [2, 2]), (3, 8, [3]), (1, 8, [2])])
def test_batches_are_whole_but_for_a_dataset_smaller_than_one(people: int, batch_size: int, lengths: list[int]) -> None:
    keys = list(training_keys(np.arange(people), batch_size, 0, range(1)))
    assert [len(batch) for batch in keys] == lengths
    assert len(keys) == epoch_steps(people, batch_size)


def test_every_row_comes_once_an_epoch_in_an_order_of_its_own() -> None:
    keys = list(training_keys(np.array([3, 5, 8, 9, 11, 12]), 2, 0, range(2)))
    assert [len(batch) for batch in keys] == [2] * 6
    epochs = [[row for batch in keys for epoch, row in batch if epoch == e] for e in (0, 1)]
    assert [sorted(epoch) for epoch in epochs] == [[3, 5, 8, 9, 11, 12]] * 2
    assert epochs[0] != epochs[1]


def test_an_image_that_cannot_be_read_is_black_invisible_and_marked(dots: Instances, tmp_path: Path) -> None:
    (tmp_path / "b.png").write_bytes(b"broken")
    batch = Samples(dots, (32, 48)).batch([(0, 0), (0, 1)])
    assert batch.readable.tolist() == [True, False]
    assert not batch.visible[1].any()
    assert batch.images[1].max() == 0
    assert batch.images.shape == (2, 48, 32, 3)


def test_missing_images_are_counted_and_named_before_anything_runs(dots: Instances, tmp_path: Path) -> None:
    (tmp_path / "b.png").unlink()
    with pytest.raises(PosebenchError, match=r"lacks 1 of the 2 photographs of dots train; the first is b.png"):
        Samples(dots, (32, 32))
    with pytest.raises(
        PosebenchError, match=r"should be in .*nowhere, which does not exist. 2 are needed, such as a.png"
    ):
        ImageReader(replace(dots, image_root=tmp_path / "nowhere"))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the photographs that were decoded, in order."""
    names: list[str] = []

    def note(path: Path) -> np.ndarray:
        names.append(path.name)
        return read_image(path)

    monkeypatch.setattr("posebench.samples.images.read_image", note)
    return names


def crowd(dots: Instances) -> Instances:
    """Five people in two photographs, in turns: a, b, a, b, a."""
    return dots.take(np.array([0, 1, 0, 1, 0]))


def test_a_photograph_is_decoded_once_for_all_its_people(dots: Instances, decoded: list[str]) -> None:
    people = crowd(dots)
    keys = prediction_keys(people.image, 2, workers=0)
    rows = [batch.rows.tolist() for batch in batches(Samples(people, (32, 48)), keys, 0)]
    assert rows == [[0, 2], [4, 1], [3]]
    assert decoded == ["a.png", "b.png"]


def test_each_worker_gets_the_people_of_a_photograph_in_a_row_also_one_by_one() -> None:
    image = np.array([7, 7, 7, 8, 8, 8])
    keys = list(prediction_keys(image, 1, workers=2))
    assert [keys[worker::2] for worker in (0, 1)] == [
        [[(0, 0)], [(0, 1)], [(0, 2)]],
        [[(0, 3)], [(0, 4)], [(0, 5)]],
    ]


@pytest.mark.parametrize("batch_size, workers", [(1, 0), (1, 3), (2, 5), (3, 2), (4, 7), (5, 7), (7, 8)])
def test_a_photograph_is_decoded_again_only_where_another_worker_begins(batch_size: int, workers: int) -> None:
    image = np.arange(60) // 3  # 20 photographs
    decoded, last = 0, {}
    for i, batch in enumerate(prediction_keys(image, batch_size, workers)):
        worker = i % max(workers, 1)  # as torch deals batches out
        for _, row in batch:
            decoded += last.get(worker) != image[row]
            last[worker] = image[row]
    assert 20 <= decoded <= 20 + max(workers - 1, 0)


@pytest.mark.parametrize("people, batch_size, workers", [(7, 3, 0), (7, 1, 3), (5, 2, 2), (1, 4, 2), (23, 2, 5)])
def test_everyone_is_predicted_once_in_the_same_batches_for_any_number_of_workers(
    people: int, batch_size: int, workers: int
) -> None:
    image = np.arange(people) % 3
    dealt = list(prediction_keys(image, batch_size, workers))
    assert sorted(row for batch in dealt for _, row in batch) == list(range(people))
    assert sorted(dealt) == sorted(prediction_keys(image, batch_size, 0))


def test_several_processes_share_the_batches_and_none_has_two_more_than_another() -> None:
    image = np.arange(23) % 3
    shares = [list(prediction_keys(image, 2, 0, (part, 5))) for part in range(5)]
    assert [batch for share in shares for batch in share] == list(prediction_keys(image, 2, 0))
    assert [len(share) for share in shares] == [2, 2, 3, 2, 3]


def test_a_photograph_deleted_during_an_evaluation_costs_only_the_people_not_yet_cut(
    dots: Instances, tmp_path: Path
) -> None:
    people = crowd(dots)
    samples = Samples(people, (32, 48))
    keys = list(prediction_keys(people.image, 1, workers=0))
    readable = [samples.batch(keys[0]).readable.item()]
    (tmp_path / "a.png").unlink()  # decoded already, and kept
    (tmp_path / "b.png").unlink()
    readable += [samples.batch(key).readable.item() for key in keys[1:]]
    assert readable == [True, True, True, False, False]


def test_a_batch_has_the_samples_that_are_made_one_by_one(dots: Instances) -> None:
    samples = Samples(dots, (48, 64), Augmentation(), seed=2)
    keys = [(3, 1), (0, 0), (4, 1)]
    batch = samples.batch(keys)
    for i, key in enumerate(keys):
        for name, value in samples[key].items():
            np.testing.assert_array_equal(getattr(batch, name)[i].numpy(), value)


@pytest.mark.parametrize("people, sizes", [(10, [4, 4, 2]), (8, [4, 4]), (3, [3]), (1, [2])])
def test_the_last_batch_of_an_epoch_is_kept_where_the_recipe_says_so(people: int, sizes: list[int]) -> None:
    keys = list(training_keys(np.arange(people), 4, 0, range(2), keep_last=True))
    assert [len(batch) for batch in keys] == sizes * 2
    assert len(keys) == 2 * epoch_steps(people, 4, keep_last=True)
    assert {row for batch in keys[: len(sizes)] for _, row in batch} == set(range(people))
