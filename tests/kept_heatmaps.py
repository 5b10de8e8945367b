"""Heatmap files that no network had to make."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from faulty import Sound
from torch import Tensor

from posebench.data.geometry import inverse, transform
from posebench.data.instances import Instances
from posebench.data.provenance import Provenance
from posebench.inference.heatmap_writer import HeatmapForm, keep_heatmaps
from posebench.inference.predict import regions, samples_for
from posebench.plugins import heatmaps
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic

SKELETON = protocol("mpii").skeleton
INPUT = 64, 48
STRIDE = 4


def drawn_people(count: int) -> Instances:
    """Drawn people of MPII's skeleton."""
    return synthetic.instances(SKELETON, "val", count)


def write(
    path: Path, people: Instances, upright: Tensor, mirrored: Tensor | None = None, *, unreadable: int | None = None,
    decoder: str = "quarter", arch: str = "Drawn", pipeline: Pipeline | None = None,
) -> None:  # fmt: skip
    """Keep heatmaps (N, S, K, 12, 16) of people as if a network had put them out.

    Args:
        unreadable: the person whose photograph cannot be read.
    """
    model = Sound(people.skeleton, INPUT).eval()
    model.pipeline = pipeline or model.pipeline
    batch = samples_for(model, people).batch([(0, row) for row in range(len(people))])
    if unreadable is not None:
        batch.readable[unreadable] = False
    passes = ("upright",) if mirrored is None else ("upright", "mirrored")
    stacks = tuple(range(1, upright.shape[1] + 1))
    form = HeatmapForm(len(people), len(people.skeleton), stacks, passes, (12, 16), STRIDE, decoder)
    region = regions(people, INPUT)
    keep_heatmaps(path, model, form, people, region, Provenance(arch=arch), lambda it: it.add(batch, upright, mirrored))


def truth(people: Instances) -> Tensor:
    """(N, K, 12, 16) Gaussians of sigma 1 at the annotated keypoints."""
    model = Sound(people.skeleton, INPUT).eval()
    to_image = samples_for(model, people).batch([(0, row) for row in range(len(people))]).to_image.numpy()
    keypoints = torch.from_numpy(transform(inverse(to_image), people.keypoints))
    everywhere = torch.ones(keypoints.shape[:2], dtype=torch.bool)
    return heatmaps.gaussian_targets(keypoints, everywhere, (16, 12), STRIDE, 1.0)


def peaks(column: int, row: int, people: int, height: float = 1.0) -> Tensor:
    """(N, K, 12, 16) maps with one cell above 0."""
    maps = torch.zeros(people, len(SKELETON), 12, 16)
    maps[:, :, row, column] = height
    return maps


def with_box_scores(people: Instances, box_score: list[float]) -> Instances:
    """The people as a detector's."""
    return replace(people, measures=dict(people.measures) | {"box_score": np.array(box_score)})
