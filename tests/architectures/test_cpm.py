"""Convolutional pose machines: size, receptive fields, and the loss of the paper. Its other promises: test_suite.py."""

import math
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import nn

from posebench.data.skeleton import Skeleton
from posebench.plugins.registry import architecture, protocol

HAND = Skeleton(keypoints=("wrist", "left_tip", "right_tip"))


def unbuilt(name: str, skeleton: Skeleton = HAND) -> Any:
    """A network without memory; its loss and decoding need no weights."""
    with torch.device("meta"):
        return architecture(name, skeleton, (64, 96))


def parameters(name: str) -> int:
    return sum(p.numel() for p in unbuilt(name, protocol("coco").skeleton).parameters())


def test_a_published_number_of_parameters_that_grows_by_the_same_for_every_later_stage() -> None:
    assert parameters("cpm") == 31_299_622
    # 5×5 from 128 to 32; 11×11 from 32 + 17 to 128, and twice from 128; 1×1 to 128 and to 17; with biases
    stage = (3_200 * 32 + 32) + (5_929 * 128 + 128) + 2 * (15_488 * 128 + 128) + (128 * 128 + 128) + (128 * 17 + 17)
    assert parameters("cpm") - parameters("cpm:stages=5") == stage
    assert parameters("cpm:stages=3") - parameters("cpm:stages=2") == stage


def field(modules: Iterable[nn.Module]) -> int:
    """The receptive field of layers in a row, in places of their input."""
    size, step = 1, 1
    for layer in modules:
        if isinstance(layer, nn.Conv2d):
            size += (layer.kernel_size[0] - 1) * step
        elif isinstance(layer, nn.MaxPool2d):
            size, step = size + step, step * 2
    return size


def test_the_papers_receptive_fields() -> None:
    model = unbuilt("cpm:stages=2")
    assert field(model.first.modules()) == 160  # crop pixels
    assert field(model.later[0].body.modules()) == 31  # cells of the stage before


def test_a_stages_loss_is_half_the_squared_error_over_cells_and_keypoints_for_a_person() -> None:
    model = unbuilt("cpm:stages=2")
    seen = torch.tensor([[True, True, False], [False, False, False]])
    loss = model.loss(torch.zeros(2, 2, 3, 12, 8), torch.full((2, 3, 2), 35.5), seen)
    # The square of a Gaussian has the sum pi sigma²; two keypoints of one of two people are labelled.
    blank = math.pi * 0.875**2 * 2 / 2 / 2
    assert {name: float(part) for name, part in loss.items()} == pytest.approx(
        {"stage1": blank, "stage2": blank}, rel=0.01
    )


def test_only_the_last_stage_is_supervised_where_the_variant_says_so() -> None:
    model = unbuilt("cpm:stages=3,supervise=last")
    outputs = torch.zeros(1, 3, 3, 12, 8)
    outputs[:, :2] = 7
    nobody = torch.zeros(1, 3, dtype=torch.bool)
    assert list(model.loss(outputs, torch.full((1, 3, 2), 35.5), ~nobody)) == ["stage3"]
    assert float(model.loss(outputs, torch.full((1, 3, 2), 35.5), nobody)["stage3"]) == 0


def test_the_last_stages_maps_are_decoded_at_the_middle_of_cells_of_8_pixels() -> None:
    outputs = torch.zeros(1, 2, 3, 12, 8)
    outputs[:, 0, :, 2, 2] = 9
    outputs[:, 1, :, 10, 5] = 1
    keypoints, scores = unbuilt("cpm:stages=2").decode(outputs)
    assert keypoints[0, 2].tolist() == [43.5, 83.5]
    assert scores.tolist() == [[1, 1, 1]]


def test_every_later_stage_sees_the_image_and_the_heatmaps_before_it() -> None:
    torch.manual_seed(0)
    model: Any = architecture("cpm:stages=2", HAND, (16, 24))
    for parameter in model.first.parameters():
        nn.init.constant_(parameter, 0)
    with torch.no_grad():
        first, second = model(torch.rand(1, 3, 24, 16)), model(torch.rand(1, 3, 24, 16))
    assert first.shape == (1, 2, 3, 3, 2)
    assert not first[:, 0].any()
    assert (first[:, 1] != second[:, 1]).any()
    model.first[-1].bias.data.fill_(1)
    with torch.no_grad():
        image = torch.rand(1, 3, 24, 16)
        told = model(image)
        model.first[-1].bias.data.fill_(0)
        untold = model(image)
    assert (told[:, 1] != untold[:, 1]).all()
