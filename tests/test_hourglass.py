"""Stacked hourglass: its structure, and that it is the published one: its weights give the published heatmaps."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from posebench.errors import PosebenchError
from posebench.plugins import architecture
from posebench.skeleton import Skeleton

HAND = Skeleton(keypoints=("wrist", "left_tip", "right_tip"))


def test_outputs_have_a_heatmap_per_stack_and_keypoint() -> None:
    model = architecture("hourglass2", HAND, (64, 128))
    assert model(torch.zeros(2, 3, 128, 64)).shape == (2, 2, 3, 32, 16)


@pytest.mark.parametrize("name, millions", [("hourglass1", 3.43), ("hourglass2", 6.57), ("hourglass8", 25.43)])
def test_only_what_is_used_is_allocated(name: str, millions: float) -> None:
    from posebench.plugins import protocol

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
    from posebench.heatmaps import gaussian_targets

    model = architecture("hourglass1", HAND, (128, 64))
    keypoints = torch.tensor([[[17.5, 21.5], [61.5, 33.5], [100.0, 40.0]]])
    visible = torch.tensor([[True, True, False]])
    outputs = gaussian_targets(keypoints, visible, (32, 16), 4, 1.0)[:, None]
    assert model.loss(outputs, keypoints, visible)["stack1"] == 0
    decoded, scores = model.decode(outputs)
    assert torch.equal(decoded[:, :2], keypoints[:, :2])
    assert scores.tolist() == [[1.0, 1.0, 0.0]]


def test_a_size_that_cannot_be_halved_often_enough_is_refused_with_the_nearest() -> None:
    with pytest.raises(PosebenchError, match="multiples of 64; 200x256 is not. Try 192x256"):
        architecture("hourglass1", HAND, (200, 256))


def published_name(key: str) -> str:
    """Where a parameter of ours is in Newell's PyTorch release."""
    order = {"0": "bn1", "2": "conv1.conv", "3": "bn2", "5": "conv2.conv", "6": "bn3", "8": "conv3.conv"}
    key = re.sub(r"^stem\.0\.", "pre.0.conv.", key)
    key = re.sub(r"^stem\.1\.", "pre.0.bn.", key)
    key = re.sub(r"^stem\.3\.", "pre.1.", key)
    key = re.sub(r"^stem\.(5|6)\.", lambda m: f"pre.{int(m[1]) - 2}.", key)
    key = re.sub(r"^stacks\.(\d+)\.features\.0\.", r"hgs.\1.0.", key)
    key = re.sub(r"^stacks\.(\d+)\.features\.1\.", r"features.\1.0.", key)
    key = re.sub(r"^stacks\.(\d+)\.features\.2\.", r"features.\1.1.conv.", key)
    key = re.sub(r"^stacks\.(\d+)\.features\.3\.", r"features.\1.1.bn.", key)
    key = re.sub(r"^stacks\.(\d+)\.head\.", r"outs.\1.conv.", key)
    key = re.sub(r"^merge_features\.(\d+)\.", r"merge_features.\1.conv.conv.", key)
    key = re.sub(r"^merge_heatmaps\.(\d+)\.", r"merge_preds.\1.conv.conv.", key)
    for ours, theirs in (("across", "up1"), ("down", "low1"), ("inner", "low2"), ("up", "low3")):
        key = re.sub(rf"\.{ours}(?=\.)", f".{theirs}", key)
    key = re.sub(r"\.body\.(\d)\.", lambda m: f".{order[m[1]]}.", key)
    return re.sub(r"\.skip\.(weight|bias)", r".skip_layer.conv.\1", key)


@pytest.mark.parametrize("stacks", [1, 2, 8])
def test_published_weights_give_the_published_heatmaps(stacks: int, shared: Path) -> None:
    name = f"hourglass{stacks}-princeton-mpii-256x256"
    folder = shared / "reference"
    spec = importlib.util.spec_from_file_location("deterministic", folder / "deterministic.py")
    deterministic: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(deterministic)
    published = json.loads((folder / "checkpoints" / f"{name}.json").read_text())
    rows = {key: (tuple(shape), role) for key, shape, role in published["tensors"]}

    from posebench.plugins import protocol

    model = architecture(f"hourglass{stacks}", protocol("mpii").skeleton, (256, 256)).eval()
    state = {}
    for key in model.state_dict():
        theirs = published_name(key)
        state[key] = torch.from_numpy(deterministic.tensor(theirs, *rows[theirs]))
    model.load_state_dict(state)
    with torch.inference_mode():
        ours = model(torch.from_numpy(deterministic.image(256, 256)))[0].numpy()
    theirs = np.load(folder / "checkpoints" / f"{name}.npz")["heatmaps"].reshape(ours.shape)
    assert np.abs(ours - theirs).max() <= 1e-5 * np.abs(theirs).max()
