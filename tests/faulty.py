"""Plugins with one fault each, by the name of the check that must find it; `sound` and `fair` have none."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from posebench.data.geometry import cell_to_pixel
from posebench.data.matching import align
from posebench.data.skeleton import Skeleton
from posebench.plugins import heatmaps
from posebench.plugins.architecture import Architecture, check_input_size
from posebench.plugins.protocol import Convention, Protocol
from posebench.plugins.recipe import QUICK, Targets
from posebench.scoring.pck import hits, normalised_distances, percentage
from posebench.scoring.scores import Scores
from posebench.synthetic.people import instances

STRIDE = 4


class Sound(Architecture):
    """The smallest network that keeps every promise but to learn much."""

    paper: Any = QUICK

    def __init__(self, skeleton: Skeleton, input_size: tuple[int, int]) -> None:
        check_input_size("sound", input_size, 8)
        super().__init__(skeleton, input_size)
        self.body = nn.Sequential(nn.Conv2d(3, 8, 8, STRIDE, 2), nn.BatchNorm2d(8), nn.ReLU())
        self.head = nn.Conv2d(8, len(skeleton), 1)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.body(images))

    def loss(self, outputs: Tensor, keypoints: Tensor, visible: Tensor) -> Any:
        height, width = outputs.shape[-2:]
        target = heatmaps.gaussian_targets(keypoints, visible, (width, height), STRIDE, 1.0)
        return {"maps": (outputs.float() - target).square().mean()}

    def decode(self, outputs: Tensor) -> Any:
        cells, scores = heatmaps.decode(outputs)
        return cell_to_pixel(cells, STRIDE), scores

    def unflip(self, outputs: Tensor) -> Tensor:
        return heatmaps.unflip(outputs, self.skeleton.flip_order)


class Pair(Sound):
    """Puts out a tuple, as SimCC does: one score per column and one per row of the crop, both (B, K, pixels)."""

    def forward(self, images):
        maps = super().forward(images)
        return tuple(F.interpolate(maps.mean(dim), scale_factor=STRIDE, mode="linear") for dim in (2, 3))

    def loss(self, outputs, keypoints, visible):
        parts = {}
        for name, scores, places in zip(("columns", "rows"), outputs, keypoints.unbind(-1), strict=True):
            distance = torch.arange(scores.shape[-1]) - places[..., None]
            errors = scores.float() - torch.exp(-((distance / STRIDE) ** 2))
            parts[name] = (errors.square() * visible[..., None]).mean()
        return parts

    def decode(self, outputs):
        columns, rows = outputs
        keypoints = torch.stack([columns.argmax(-1), rows.argmax(-1)], dim=-1).float()
        return keypoints, torch.minimum(columns.amax(-1), rows.amax(-1))

    def unflip(self, outputs):
        order = list(self.skeleton.flip_order)
        return outputs[0].flip(-1)[:, order], outputs[1][:, order]


class ForgetsALayer(Sound):
    def forward(self, images):
        return self.neck(super().forward(images))


class TooFewPlaces(Sound):
    def loss(self, outputs, keypoints, visible):
        return (outputs.mean((2, 3)) - keypoints[:, :-1, 0]).square().mean()


class NoJoints(Sound):
    def decode(self, outputs):
        return {"places": super().decode(outputs)}["joints"]


class OnlyColumns(Pair):
    def unflip(self, outputs):
        return super().unflip(outputs)[0]


class CannotCount(Sound):
    def __init__(self, skeleton, input_size):
        super().__init__(skeleton, input_size)
        self.share = 1 / (len(skeleton) - len(skeleton))


class BrokenMessage(Exception):
    def __str__(self):
        raise ValueError("not even this")


class CannotEvenSay(Sound):
    def forward(self, images):
        raise BrokenMessage


class FailsInTheSecondProcess(Sound):
    def forward(self, images):
        if os.environ.get("RANK") == "1":
            raise ValueError("here")
        return super().forward(images)


class Leaves(Sound):
    def __init__(self, skeleton, input_size):
        raise SystemExit("goodbye")


class Hostile(Sound):
    def __init__(self, skeleton, input_size):
        print("noise on stdout")
        raise ValueError("[bold]\n" + "x" * 10_000)


class HeightFirst(Sound):
    def __init__(self, skeleton, input_size):
        super().__init__(skeleton, input_size)
        self.input_size = input_size[1] + 8, input_size[0]


class ChannelsLast(Sound):
    def prepare(self, images):
        return images.float()


class Listed(Sound):
    def forward(self, images):
        return [super().forward(images)]


class Seventeen(Sound):
    def forward(self, images):
        maps = super().forward(images)
        return maps.reshape(len(images), 17, *maps.shape[-2:])


class SwapsSides(Sound):
    def forward(self, images):
        maps = super().forward(images)
        return maps.reshape(*maps.shape[:2], self.input_size[0] // STRIDE, self.input_size[0] // STRIDE)


class ChannelsOfPlaces(Sound):
    def decode(self, outputs):
        keypoints, scores = super().decode(outputs)
        return keypoints.transpose(1, 2), scores


class WholePixels(Sound):
    def decode(self, outputs):
        keypoints, scores = super().decode(outputs)
        return keypoints.long(), scores


class Unlimited(Sound):
    """Takes every size and then cannot add what it halved to what it did not."""

    def __init__(self, skeleton, input_size):
        super().__init__(skeleton, (64, 64))
        self.input_size = input_size

    def forward(self, images):
        maps = super().forward(images)
        return maps + F.interpolate(F.max_pool2d(maps, 2), scale_factor=2.0)


class ReadsItsWeights(Sound):
    def __init__(self, skeleton, input_size):
        super().__init__(skeleton, input_size)
        self.first = self.head.bias[0].item()


class ADict(Sound):
    paper: ClassVar = {"epochs": 3}


class OtherSize(Sound):
    paper = QUICK.model_copy(update={"input_size": (100, 101)})


class OwnTargets(Sound):
    paper = QUICK.model_copy(update={"targets": Targets(place="cell")})


class NoPaper(Sound):
    paper = None


class MeanOfNobody(Sound):
    def loss(self, outputs, keypoints, visible):
        error = (outputs.mean(dim=(2, 3)) - keypoints[..., 0] / 64).abs()
        return (error * visible).sum() / visible.sum()


class SeesUnlabelled(Sound):
    def loss(self, outputs, keypoints, visible):
        return super().loss(outputs, keypoints, torch.ones_like(visible))


class CountsCells(Sound):
    def loss(self, outputs, keypoints, visible):
        cells = (keypoints[..., 0] / STRIDE).long()
        classes = torch.arange(1000).expand(*cells.shape, 1000)
        chosen = classes.gather(2, cells[..., None].where(visible[..., None], 0))
        return outputs.mean() ** 2 + 0 * chosen.float().mean()


class ANumber(Sound):
    def loss(self, outputs, keypoints, visible):
        return super().loss(outputs, keypoints, visible)["maps"].item()


class PerPerson(Sound):
    def loss(self, outputs, keypoints, visible):
        return {"each": outputs.square().mean(dim=(1, 2, 3))}


class Spare(Sound):
    def __init__(self, skeleton, input_size):
        super().__init__(skeleton, input_size)
        self.spare = nn.Linear(5, 7)


class Detached(Sound):
    def loss(self, outputs, keypoints, visible):
        return super().loss(outputs.detach(), keypoints, visible)


class RootOfZero(Sound):
    def forward(self, images):
        maps = super().forward(images)
        return maps + 0 * (maps - maps).abs().sqrt()


class Dropped(Sound):
    def forward(self, images):
        return F.dropout(super().forward(images))


class BatchStatistics(Sound):
    def __init__(self, skeleton, input_size):
        super().__init__(skeleton, input_size)
        self.body[1] = nn.BatchNorm2d(8, track_running_stats=False)


class OneType(Sound):
    def forward(self, images):
        maps = super().forward(images)
        return torch.zeros(maps.shape).index_add(0, torch.arange(len(maps)), maps)


class Cancels(Sound):
    def forward(self, images):
        maps = super().forward(images)
        return (maps + 1000) - 1000 * torch.ones((), dtype=maps.dtype)


class PlainList(Sound):
    def __init__(self, skeleton, input_size):
        super().__init__(skeleton, input_size)
        self.others = [nn.Conv2d(len(skeleton), len(skeleton), 1)]

    def forward(self, images):
        return self.others[0](super().forward(images))


class MadeLater(Sound):
    def forward(self, images):
        maps = super().forward(images)
        if not hasattr(self, "late"):
            self.late = nn.Conv2d(maps.shape[1], maps.shape[1], 1)
        return self.late(maps)


class YThenX(Sound):
    def decode(self, outputs):
        keypoints, scores = super().decode(outputs)
        return keypoints.flip(2), scores


class CornerOfCell(Sound):
    def decode(self, outputs):
        cells, scores = heatmaps.decode(outputs)
        return cells * STRIDE, scores


class SameNames(Sound):
    def unflip(self, outputs):
        return outputs.flip(-1)


class SamePlaces(Sound):
    def unflip(self, outputs):
        return outputs[:, list(self.skeleton.flip_order)]


class Unturned(Sound):
    def unflip(self, outputs):
        return outputs


class UpsideDown(Sound):
    def unflip(self, outputs):
        return super().unflip(outputs).flip(-2)


class Aside(Sound):
    def unflip(self, outputs):
        return super().unflip(outputs).roll(1, -1)


class AsideAsTold(Sound):
    def unflip(self, outputs):
        """With the published shift of one column."""
        return super().unflip(outputs).roll(1, -1)


class Louder(Sound):
    def unflip(self, outputs):
        return 2 * super().unflip(outputs)


class Blind(Sound):
    def forward(self, images):
        return super().forward(0 * images)


class Fair(Protocol):
    """Nose and both wrists, within half a torso."""

    name: Any = "fair"
    version: Any = 1
    skeleton = Skeleton(keypoints=("nose", "left_wrist", "right_wrist"))
    headline = "All"
    conventions: ClassVar[Any] = {"half": Convention("half", "Within half a torso.", "these tests")}

    def instances(self, root, split):
        return instances(self.skeleton, split, 5)

    def score(self, predictions, instances, convention):
        rows, missing = align(predictions, instances)
        return self.count(predictions.keypoints[rows], instances, missing)

    def count(self, keypoints, instances, missing):
        lengths = instances.measures["torso_diameter"]
        distances = normalised_distances(keypoints, instances.keypoints, lengths, missing)
        counted = instances.visibility > 0
        number = hits(distances, counted, np.array([0.5]))
        return Scores(metrics={"All": float(percentage(number.sum(), counted.sum()))})


class Misnamed(Fair):
    name = "unfair"
    version = "1.0"
    unit = "percent"
    report_split = "test"


class Lawless(Fair):
    conventions: ClassVar[Any] = {}


class Mumbles(Fair):
    conventions: ClassVar[Any] = {"half": Convention("half", "half", "these tests")}


class Anonymous(Fair):
    conventions: ClassVar[Any] = {"half": Convention("half", "Within half a torso.", " ")}


class Headless(Fair):
    headline = "Mean"


class Fractions(Fair):
    def score(self, predictions, instances, convention):
        return Scores(metrics={"All": super().score(predictions, instances, convention).metrics["All"] / 100})


class Generous(Fair):
    def score(self, predictions, instances, convention):
        align(predictions, instances)
        return Scores(metrics={"All": 100.0})


class InOrder(Fair):
    def score(self, predictions, instances, convention):
        return self.count(predictions.keypoints, instances, predictions.missing)


class NeverMissed(Fair):
    def score(self, predictions, instances, convention):
        filled = replace(predictions, missing=predictions.missing & False, keypoints=instances.keypoints)
        return super().score(filled if predictions.missing.any() else predictions, instances, convention)


class ChokesOnMissing(Fair):
    def score(self, predictions, instances, convention):
        if predictions.missing.any():
            raise ArithmeticError("NaN at the gates")
        return super().score(predictions, instances, convention)


class DividesByNobody(Fair):
    name = "DividesByNobody"

    def count(self, keypoints, instances, missing):
        return Scores(metrics={"All": 100 / (len(instances) - len(keypoints))})


class NeedsAFile(Fair):
    def instances(self, root, split):
        return (root / "annotations.json").read_text()


def _entry(made: type[Sound]) -> Callable[..., Sound]:
    def build(skeleton: Skeleton, input_size: tuple[int, int] = (128, 128)) -> Sound:
        return made(skeleton, input_size)

    return build


def _every(base: type) -> dict[str, type]:
    found = {base.__name__: base}
    for made in base.__subclasses__():
        found |= _every(made)
    return found


ARCHITECTURES = {name: _entry(made) for name, made in _every(Sound).items()}
PROTOCOLS = _every(Fair)
globals().update({f"build_{name}": build for name, build in ARCHITECTURES.items()})


def variables(folder: Path) -> dict[str, str]:
    """The variables with which a command finds these plugins, installed in `folder`."""
    return {"PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parent}"}


def install(folder: Path) -> Path:
    """Make `folder` one on whose path these plugins count as installed, as the package faulty 1.0."""
    info = folder / "faulty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty\nVersion: 1.0\n")
    lines = ["[posebench.architectures]", *(f"{name} = faulty:build_{name}" for name in ARCHITECTURES)]
    lines += ["Fair = faulty:Fair", "[posebench.protocols]", "fair = faulty:Fair"]
    lines += [f"{name} = faulty:{name}" for name in PROTOCOLS]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return folder
