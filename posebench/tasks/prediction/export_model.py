"""Export a model: a checkpoint's network as an ONNX file, checked against the network."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posebench.data.instances import Instances
from posebench.data.skeleton import Skeleton
from posebench.errors import PosebenchError
from posebench.files import writing
from posebench.plugins.protocol import Protocol
from posebench.tasks.people import load_people
from posebench.tasks.prediction.predict_pictures import skeleton_of

if TYPE_CHECKING:
    from torch import Tensor

    from posebench.inference.onnx_export import ExportDifference
    from posebench.plugins.architecture import Architecture

CROPS = 16
"""Crops on which an exported file is compared with its network."""
TRACED = 2
"""Crops that torch exports with: it takes a batch of 1 for a constant."""


@dataclass(frozen=True)
class ExportedModel:
    """An exported file.

    Attributes:
        path: of the file.
        difference: what exporting changes. crops: what it was measured on, such as `16 crops of mpii val`.
    """

    path: Path
    difference: "ExportDifference"
    crops: str


def export_model(
    checkpoint: Path, out: Path, protocol: Protocol | None = None, data: Path | None = None, split: str | None = None,
    show: Callable[[str], None] = lambda doing: None,
) -> ExportedModel:  # fmt: skip
    """Export a checkpoint's network to ONNX; the file is written only if it computes the same as the network.

    Args:
        out: the file to write, ending in .onnx.
        protocol, data, split: whose people's crops the two are compared on; without data, synthetic people, or random images
            where these lack one of the network's keypoints.
        show: called with what is being done.

    Raises:
        PosebenchError: the network cannot be exported, differs once exported, or a package is missing.
    """
    from posebench.inference import onnx_export, onnx_network
    from posebench.training import checkpoints

    if out.suffix.lower() != onnx_network.ENDING:
        raise PosebenchError(
            f"{out} should end in {onnx_network.ENDING}, by which posebench recognises exported files."
        )
    if protocol is None and (data is not None or split is not None):
        raise PosebenchError("--data and --split need --protocol, which reads them.")
    onnx_network.runtime()  # a missing package should not be found after minutes
    trained = checkpoints.load(checkpoint)
    skeleton = skeleton_of(trained.keypoints) if protocol is None else protocol.skeleton
    model = trained.network(skeleton, checkpoint).eval()
    images, crops = _crops(model, protocol, data, split)

    def write(partial: Path) -> None:
        show("exporting")
        onnx_export.export(model, trained, images[:TRACED], partial)
        show("comparing the file with the network")
        _, exported = onnx_network.load(partial, skeleton)
        found.append(onnx_export.measure_difference(model, exported, images))
        onnx_export.check_difference(model.name, found[0])

    found: list[ExportDifference] = []
    writing.write_atomically(out, write)
    return ExportedModel(out, found[0], f"{len(images)} {crops}")


def _crops(
    model: "Architecture", protocol: Protocol | None, data: Path | None, split: str | None
) -> "tuple[Tensor, str]":
    """(B, H, W, 3) uint8 crops, and what they show."""
    import torch

    from posebench.inference.predict import first_images

    try:
        people = _synthetic(model.skeleton) if protocol is None else load_people(protocol, data, split)
    except PosebenchError:
        if data is not None:
            raise
        width, height = model.input_size
        random = np.random.default_rng(0).integers(0, 256, (CROPS, height, width, 3), np.uint8)
        return torch.from_numpy(random), "random images"
    return first_images(model, people, CROPS)[:CROPS], f"crops of {people.what}"


def _synthetic(skeleton: Skeleton) -> Instances:
    from posebench.synthetic import people

    return people.instances(skeleton, "val", CROPS)
