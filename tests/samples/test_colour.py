"""Colour: the range of its draws, what they do to pixels, and on what they depend."""

import numpy as np
import pytest

from posebench.plugins.recipe import Augmentation
from posebench.plugins.registry import protocol
from posebench.samples.colour import factors, recolour
from posebench.samples.loader import Samples, batches
from posebench.synthetic import people as synthetic

COLOURED = Augmentation(colour=0.4)


def test_each_channel_is_multiplied_by_its_own_uniform_draw_of_0_6_to_1_4() -> None:
    found = np.array([factors(COLOURED, (3, epoch, 5)) for epoch in range(2000)])
    assert found.shape == (2000, 3)
    assert (found.min(0) == pytest.approx(0.6, abs=0.005)) and (found.max(0) == pytest.approx(1.4, abs=0.005))
    assert found.mean(0) == pytest.approx(1, abs=0.02)
    assert found.std(0) == pytest.approx(0.8 / 12**0.5, abs=0.01)
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.08
    assert factors(Augmentation(), (3, 0, 5)) is None


def test_pixels_are_multiplied_rounded_and_clipped_channel_by_channel() -> None:
    image = np.array([[[100, 100, 100], [0, 255, 200]], [[3, 1, 9], [255, 10, 181]]], np.uint8)
    recolour(image, np.array([0.6, 1.0, 1.4]))
    assert image.tolist() == [[[60, 100, 140], [0, 255, 255]], [[2, 1, 13], [153, 10, 253]]]


def test_colours_change_pixels_only_and_do_not_depend_on_workers() -> None:
    people = synthetic.instances(protocol("flic").skeleton, "train", 4)
    plain, coloured = (Samples(people, (32, 48), augmentation, seed=6) for augmentation in (Augmentation(), COLOURED))
    keys = [[(0, 0), (1, 1)], [(1, 2), (0, 3)]]
    here, there = (list(batches(coloured, iter(keys), workers)) for workers in (0, 2))
    for key, one, other in zip(keys, here, there, strict=True):
        assert (one.images == other.images).all()
        before = plain.batch(key)
        assert (before.keypoints == one.keypoints).all() and (before.to_image == one.to_image).all()
        for sample, (epoch, row) in enumerate(key):
            expected = before.images[sample].numpy().copy()
            recolour(expected, factors(COLOURED, (6, epoch, row)))
            assert (one.images[sample].numpy() == expected).all()
            assert (one.images[sample] != before.images[sample]).any()
