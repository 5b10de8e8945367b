"""A stranger's plugins: an architecture without heatmaps, and a protocol on two keypoints."""

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from posebench.data.matching import align
from posebench.data.skeleton import Skeleton
from posebench.plugins.architecture import Architecture
from posebench.plugins.protocol import Convention, Protocol
from posebench.plugins.recipe import Augmentation, Recipe
from posebench.scoring.pck import hits, normalised_distances, percentage
from posebench.scoring.scores import Scores
from posebench.synthetic.people import instances


class Tiny(Architecture):
    """Regresses each keypoint's place, in parts of the crop."""

    paper = Recipe(
        name="paper", input_size=(24, 32), epochs=2, batch_size=8, optimizer="adam", learning_rate=1e-3,
        augmentation=Augmentation(flip=0.5),
    )  # fmt: skip

    def __init__(self, skeleton: Skeleton, input_size: tuple[int, int]) -> None:
        super().__init__(skeleton, input_size)
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=4, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
            nn.Linear(128, len(skeleton) * 2),
        )  # fmt: skip

    def forward(self, images: Tensor) -> Tensor:
        return self.body(images).reshape(len(images), -1, 2)

    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> dict[str, Tensor]:
        target = keypoints / torch.tensor(self.input_size, device=keypoints.device)
        return {"place": ((outputs - target).abs() * visible[..., None]).mean()}

    def decode(self, outputs: Tensor) -> tuple[Tensor, Tensor]:
        return outputs * torch.tensor(self.input_size, device=outputs.device), torch.ones_like(outputs[..., 0])

    def unflip(self, outputs: Tensor) -> Tensor:
        places = outputs[:, list(self.skeleton.flip_order)]
        return torch.stack([1 - 1 / self.input_size[0] - places[..., 0], places[..., 1]], dim=-1)


def tiny(skeleton: Skeleton, input_size: tuple[int, int] = Tiny.paper.input_size) -> Tiny:
    """The entry point."""
    return Tiny(skeleton, input_size)


def impostor(skeleton: Skeleton, input_size: tuple[int, int]) -> str:
    """An entry point that makes something else."""
    return "not a network"


class Corners(Protocol):
    """Nose and one wrist, within half a torso."""

    name = "corners"
    version = 4
    skeleton = Skeleton(keypoints=("nose", "left_wrist"))
    headline = "Both"
    conventions: ClassVar = {"half": Convention("half", "Within half a torso.", "a stranger")}

    def instances(self, root, split):
        return instances(self.skeleton, split, 5)

    def score(self, predictions, instances, convention):
        rows, missing = align(predictions, instances)
        lengths = instances.measures["torso_diameter"]
        distances = normalised_distances(predictions.keypoints[rows], instances.keypoints, lengths, missing)
        counted = instances.visibility > 0
        number = hits(distances, counted, np.array([0.5]))
        return Scores(
            metrics={"Both": float(percentage(number.sum(), counted.sum()))},
            people=len(instances),
            images=len(instances),
        )
