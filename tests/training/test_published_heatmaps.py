"""Published weights, imported, give the published heatmaps."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from posebench.training import published_weights

GOLDEN = [
    ("hourglass1", "princeton", "mpii-256x256"),
    ("hourglass2", "princeton", "mpii-256x256"),
    ("hourglass8", "princeton", "mpii-256x256"),
    ("hourglass2", "bearpaw", "mpii-256x256"),
    ("hourglass8", "bearpaw", "mpii-256x256"),
    ("hrnet_w32", "official", "mpii-256x256"),
    ("hrnet_w32", "official", "coco-256x192"),
    ("simplebaseline_resnet50", "official", "mpii-256x256"),
    ("simplebaseline_resnet50", "official", "coco-256x192"),
    ("simplebaseline_resnet152", "official", "coco-256x192"),
]


def deterministic(folder: Path) -> Any:
    """The generator of weights and images that the published heatmaps were made with."""
    spec = importlib.util.spec_from_file_location("deterministic", folder / "deterministic.py")
    assert spec is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


@pytest.mark.parametrize("arch, family, what", GOLDEN)
def test_published_weights_give_the_published_heatmaps(arch: str, family: str, what: str, shared: Path) -> None:
    name, folder = f"{arch}-{family}-{what}", shared / "reference"
    made = deterministic(folder)
    published = json.loads((folder / "checkpoints" / f"{name}.json").read_text())
    state = {key: torch.from_numpy(made.tensor(key, tuple(shape), role)) for key, shape, role in published["tensors"]}
    height, width = published["input"][2:]
    model, fit = published_weights.load(arch, state, input_size=(width, height))
    assert fit.complete
    assert fit.taken + len(fit.unread) == len(state)
    with torch.inference_mode():
        ours = model.eval()(torch.from_numpy(made.image(height, width))).numpy()
    theirs = np.load(folder / "checkpoints" / f"{name}.npz")["heatmaps"]
    assert list(ours.shape) == published["output"]
    assert np.abs(ours - theirs.reshape(ours.shape)).max() <= 1e-5 * np.abs(theirs).max()
    if family == "princeton":  # what they allocate and never read
        assert sum(state[key].numel() for key in fit.unread) == published["parameters"] - sum(
            p.numel() for p in model.parameters()
        )
