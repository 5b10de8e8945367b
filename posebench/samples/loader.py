"""Loader: from instances to batches of crops. Batches are uint8; a network normalises them on its device."""

import signal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from posebench.data.geometry import Alignment, Crop, transform
from posebench.data.instances import UNLABELLED, Instances
from posebench.errors import PosebenchError
from posebench.plugins.recipe import Augmentation
from posebench.samples.augment import perturb
from posebench.samples.images import Image, ImageReader, cut

Key = tuple[int, int]
"""A sample's address: (epoch, row of the instances)."""


@dataclass(frozen=True)
class Batch:
    """B samples.

    Attributes:
        images: (B, H, W, 3) uint8 RGB.
        keypoints: (B, K, 2) float32, crop pixels.
        visible: (B, K) bool, labelled.
        to_image: (B, 2, 3) float64, crop pixels → image pixels.
        rows: (B,) int64, of the instances.
        readable: (B,) bool; where False the crop is black and nothing is visible.
    """

    images: Tensor
    keypoints: Tensor
    visible: Tensor
    to_image: Tensor
    rows: Tensor
    readable: Tensor

    def to(self, device: torch.device) -> "Batch":
        """This batch on a device; `to_image`, `rows` and `readable` stay where they are."""
        moved = {name: getattr(self, name).to(device, non_blocking=True) for name in ("images", "keypoints", "visible")}
        return Batch(**moved, to_image=self.to_image, rows=self.rows, readable=self.readable)

    def pin_memory(self) -> "Batch":
        """This batch in pinned memory, for a faster copy to a GPU; called by torch's loader."""
        return Batch(**{name: value.pin_memory() for name, value in vars(self).items()})


class Samples(Dataset[dict[str, Any]]):
    """The samples of `instances`, addressed by (epoch, row)."""

    def __init__(
        self, instances: Instances, input_size: tuple[int, int], augmentation: Augmentation | None = None,
        seed: int = 0, alignment: Alignment = "edges", regions: str = "",
    ) -> None:  # fmt: skip
        """
        Args:
            instances: all rows may be asked for; use `usable` ones.
            input_size: (width, height) of the crops.
            augmentation: None for upright crops.
            seed: of the augmentation.
            alignment: of the crops on the people's regions.
            regions: code base by whose rule the people's boxes become regions, see `Instances.regions`.
        """
        self.instances = instances
        self.input_size = input_size
        self.augmentation = augmentation
        self.seed = seed
        self.alignment = alignment
        self.center, self.size = instances.region(regions)
        self.read = ImageReader(instances)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        epoch, row = key
        people = self.instances
        crop = Crop.around(self.center[row], self.size[row], self.input_size, self.alignment)
        if self.augmentation is not None:
            crop = perturb(crop, self.augmentation, self.seed, epoch, row)
        order = list(people.skeleton.flip_order) if crop.mirrored else slice(None)
        visible = people.visibility[row][order] > UNLABELLED
        keypoints = transform(crop.matrix, people.keypoints[row])[order]
        image: Image | None
        try:
            image = self.read(int(people.image[row]))
        except PosebenchError:
            image = None  # the caller counts `readable`
        readable = image is not None
        return {
            "images": cut(image, crop) if image is not None else np.zeros((crop.height, crop.width, 3), np.uint8),
            "keypoints": keypoints.astype(np.float32),
            "visible": visible & readable,
            "to_image": crop.inverse,
            "rows": row,
            "readable": readable,
        }


def collate(samples: Sequence[dict[str, Any]]) -> Batch:
    """Samples → one batch."""
    return Batch(**{name: torch.from_numpy(np.stack([s[name] for s in samples])) for name in samples[0]})


def batches(samples: Samples, keys: Iterable[list[Key]], workers: int, pin: bool = False) -> Iterator[Batch]:
    """One batch per element of `keys`, made ahead of time by `workers` processes; 0 makes them here."""
    loader: DataLoader[Any] = DataLoader(
        samples, batch_sampler=keys, num_workers=workers, collate_fn=collate, pin_memory=pin,
        worker_init_fn=_quiet, prefetch_factor=4 if workers else None,
    )  # fmt: skip
    yield from loader


def _quiet(worker: int) -> None:
    """Let workers ignore Ctrl-C: the main process ends them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def epoch_steps(people: int, batch_size: int) -> int:
    """Batches in an epoch over so many people: whole ones, but at least one."""
    return max(people // batch_size, 1)


def training_keys(rows: NDArray[np.int64], batch_size: int, seed: int, epochs: range) -> Iterator[list[Key]]:
    """Batches of sample addresses over some epochs, each a shuffle that depends on (seed, epoch) alone.

    What `batch_size` leaves over is left out, others in each epoch: batch normalisation makes a small last batch count
    more than the rest, and cannot work on one sample at all (one person alone comes twice).
    """
    for epoch in epochs:
        order = np.random.default_rng((seed, epoch)).permutation(rows).tolist()
        for step in range(epoch_steps(len(order), batch_size)):
            batch = [(epoch, row) for row in order[step * batch_size : (step + 1) * batch_size]]
            yield batch * 2 if len(order) == 1 else batch
