"""Stacked hourglass: its structure, and its options. That it is the published one is in test_published.py."""

import pytest
import torch

from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.plugins.registry import architecture

HAND = Skeleton(keypoints=("wrist", "left_tip", "right_tip"))


def test_outputs_have_a_heatmap_per_stack_and_keypoint() -> None:
    model = architecture("hourglass2", HAND, (64, 128))
    assert model(torch.zeros(2, 3, 128, 64)).shape == (2, 2, 3, 32, 16)


@pytest.mark.parametrize("name, millions", [("hourglass1", 3.43), ("hourglass2", 6.57), ("hourglass8", 25.43)])
def test_only_what_is_used_is_allocated(name: str, millions: float) -> None:
    from posebench.plugins.registry import protocol

    model = architecture(name, protocol("mpii").skeleton, (256, 256))
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.01)


def test_the_loss_reaches_every_parameter_and_is_supervised_at_every_stack() -> None:
    torch.manual_seed(0)
    model = architecture("hourglass2", HAND, (64, 64))
    outputs = model(torch.randn(2, 3, 64, 64))
    parts = model.loss(outputs, torch.full((2, 3, 2), 30.0), torch.ones(2, 3, dtype=torch.bool))
    assert list(parts) == ["stack1", "stack2"]
    sum(parts.values()).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


def test_a_perfect_heatmap_has_no_loss_and_decodes_to_the_keypoint() -> None:
    from posebench.plugins.heatmaps import gaussian_targets

    model = architecture("hourglass1", HAND, (128, 64))
    keypoints = torch.tensor([[[17.5, 21.5], [61.5, 33.5], [100.0, 40.0]]])
    visible = torch.tensor([[True, True, False]])
    outputs = gaussian_targets(keypoints, visible, (32, 16), 4, 1.0)[:, None]
    assert model.loss(outputs, keypoints, visible)["stack1"] == 0
    decoded, scores = model.decode(outputs)
    assert torch.equal(decoded[:, :2], keypoints[:, :2])
    assert scores.tolist() == [[1.0, 1.0, 0.0]]


def test_a_size_that_cannot_be_halved_often_enough_is_refused_with_the_nearest() -> None:
    with pytest.raises(PosebenchError, match="multiples of 64; height 256, width 200 is not. Try 256x192"):
        architecture("hourglass1", HAND, (200, 256))


def test_last_stack_supervision_leaves_the_others_to_their_successors() -> None:
    torch.manual_seed(0)
    model = architecture("hourglass2:supervise=last", HAND, (64, 64))
    parts = model.loss(
        model(torch.randn(2, 3, 64, 64)), torch.full((2, 3, 2), 30.0), torch.ones(2, 3, dtype=torch.bool)
    )
    assert list(parts) == ["stack2"]
    sum(parts.values()).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize(
    "name, millions", [("hourglass2:residuals=4", 24.59), ("hourglass4:residuals=2", 24.87), ("hourglass8", 25.43)]
)
def test_stacks_and_residuals_trade_at_about_equal_parameters(name: str, millions: float) -> None:
    from posebench.plugins.registry import protocol

    with torch.device("meta"):
        model = architecture(name, protocol("mpii").skeleton, (256, 256))
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.01)


def test_a_head_before_the_last_upsampling_sees_cells_of_8_pixels() -> None:
    model = architecture("hourglass2:head=8", HAND, (64, 128))
    outputs = model(torch.zeros(2, 3, 128, 64))
    assert outputs.shape == (2, 2, 3, 16, 8)
    maps = torch.zeros(1, 2, 3, 16, 8)
    maps[:, -1, :, 4, 2] = 1
    assert model.decode(maps)[0][0, 0].tolist() == [8 * 2 + 3.5, 8 * 4 + 3.5]
    sum(model.loss(outputs, torch.full((2, 3, 2), 30.0), torch.ones(2, 3, dtype=torch.bool)).values()).backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []


@pytest.mark.parametrize(
    "variant, sentence",
    [
        (
            "residuals=9",
            "hourglass1 takes residuals once, with one of 1, 2, 3, 4, 5, 6, 7, 8; 'residuals=9' is not valid",
        ),
        ("stem=newell,stem=bearpaw", "takes stem once"),
        ("sten=bearpaw", "No option of hourglass1 is named 'sten'. Did you mean 'stem'"),
    ],
)
def test_an_unknown_option_is_a_sentence(variant: str, sentence: str) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        architecture(f"hourglass1:{variant}", HAND, (64, 64))
