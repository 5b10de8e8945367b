"""Loader: from instances to batches of crops. Batches are uint8; a network normalises them on its device."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from posebench.array_type import Array
from posebench.data.geometry import Crop, inverse, transform
from posebench.data.instances import UNLABELLED, Instances
from posebench.errors import PosebenchError
from posebench.plugins.pipeline import Pipeline
from posebench.plugins.recipe import Augmentation
from posebench.samples.augment import perturb
from posebench.samples.colour import factors, recolour
from posebench.samples.half_body import Region as Place
from posebench.samples.half_body import half_body, lower_half
from posebench.samples.images import Change, Image, ImageReader, Region, cut
from posebench.samples.pack import Pack
from posebench.samples.workers import begin, replaced_once

OWN = Pipeline()
"""posebench's own processing around a network."""
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


@dataclass(frozen=True)
class Loading:
    """How samples are loaded; what they are depends on `change` alone.

    Attributes:
        workers: processes that make batches.
        pack: the pixels of the people; None to read their photographs.
        say: called with what the user should know on the way.
        divided: whether each of several processes that predict loads a part of the people; they all must predict then.
        change: what is done to every photograph that is read; None for nothing.
        batch_size: samples of a batch of people who are predicted; in training the recipe says it.
    """

    workers: int = 0
    pack: Pack | None = None
    say: Callable[[str], None] = lambda sentence: None
    divided: bool = False
    change: Change | None = None
    batch_size: int = 32


HERE = Loading()
"""In this process, from photographs."""


class Samples(Dataset[dict[str, Any]]):
    """The samples of `instances`, addressed by (epoch, row)."""

    def __init__(
        self, instances: Instances, input_size: tuple[int, int], augmentation: Augmentation | None = None,
        seed: int = 0, pipeline: Pipeline = OWN, pack: Pack | None = None,
    ) -> None:  # fmt: skip
        """
        Args:
            instances: all rows may be asked for; use `usable` ones.
            input_size: (width, height) of the crops.
            augmentation: None for upright crops.
            seed: of the augmentation.
            pipeline: by its rule boxes become regions, and crops are aligned on them.
            pack: the pixels of these people; None to read their photographs.
        """
        self.instances = instances
        self.input_size = input_size
        self.augmentation = augmentation
        self.seed = seed
        self.alignment = pipeline.alignment
        self.center, self.size = instances.region(pipeline.regions)
        self.lower = lower_half(instances.skeleton)
        self.pack = pack
        if pack is None:
            self.read = ImageReader(instances)

    def __getitem__(self, key: Key) -> dict[str, Any]:
        """One sample: the fields of a batch without their first dimension, as numpy arrays."""
        return {name: value[0] for name, value in self._arrays([key]).items()}

    def batch(self, keys: Sequence[Key]) -> Batch:
        """The samples of some addresses, in that order."""
        return Batch(**{name: torch.from_numpy(value) for name, value in self._arrays(keys).items()})

    def __getitems__(self, keys: Sequence[Key]) -> Batch | PosebenchError:
        """A batch as torch's loader asks for it. An error is a value there: torch would add a traceback to its sentence."""
        try:
            return self.batch(keys)
        except PosebenchError as error:
            return error

    def crop(self, key: Key) -> Crop:
        """The crop of a sample, augmented where samples are."""
        epoch, row = key
        center, size = self.half(key) or (self.center[row], self.size[row])
        crop = Crop.around(center, size, self.input_size, self.alignment)
        return crop if self.augmentation is None else perturb(crop, self.augmentation, self.seed, epoch, row)

    def half(self, key: Key) -> Place | None:
        """Middle and size of the region of half a person, where a sample shows half."""
        epoch, row = key
        if self.augmentation is None or not self.augmentation.half_body:
            return None
        labelled = self.instances.visibility[row] > UNLABELLED
        return half_body(
            self.augmentation, self.instances.keypoints[row], labelled, self.lower, (self.seed, epoch, row)
        )

    def _arrays(self, keys: Sequence[Key]) -> dict[str, Array]:
        """The fields of `Batch`. What numpy can do for all samples at once is not done for each."""
        people, (width, height) = self.instances, self.input_size
        rows = np.array([row for _, row in keys], np.int64)
        crops = [self.crop(key) for key in keys]
        matrices = np.stack([crop.matrix for crop in crops])
        inverses = inverse(matrices)
        if self.pack is not None:
            corners = transform(inverses, np.array([[x, y] for x in (0, width - 1) for y in (0, height - 1)], float))
            self.pack.check(rows, corners.min(1), corners.max(1))
        images = np.empty((len(keys), height, width, 3), np.uint8)
        readable = np.array([self._cut(*each) for each in zip(rows.tolist(), crops, images, strict=True)])
        self._recolour(keys, images)
        keypoints = transform(matrices, people.keypoints[rows])
        visible = people.visibility[rows] > UNLABELLED
        mirrored = np.array([crop.mirrored for crop in crops])
        order = list(people.skeleton.flip_order)
        keypoints[mirrored], visible[mirrored] = keypoints[mirrored][:, order], visible[mirrored][:, order]
        return {
            "images": images,
            "keypoints": keypoints.astype(np.float32),
            "visible": visible & readable[:, None],
            "to_image": inverses,
            "rows": rows,
            "readable": readable,
        }

    def _cut(self, row: int, crop: Crop, out: Image) -> bool:
        """Write a sample's pixels to `out`; whether its photograph is readable. The caller counts those that are not."""
        region = self._region(row)
        if region is None:
            out[:] = 0
            return False
        cut(region.pixels, crop, region.corner, out)
        return True

    def _recolour(self, keys: Sequence[Key], images: Image) -> None:
        """Change the colours of the samples' images (B, h, w, 3) in place, where the augmentation does."""
        if self.augmentation is None or not self.augmentation.colour:
            return
        for (epoch, row), image in zip(keys, images, strict=True):
            by = factors(self.augmentation, (self.seed, epoch, row))
            if by is not None:
                recolour(image, by)

    def _region(self, row: int) -> Region | None:
        """The pixels around a person; None where the photograph is not readable."""
        if self.pack is not None:
            return self.pack.region(row)
        try:
            return Region(self.read(int(self.instances.image[row])))
        except PosebenchError:
            return None


def batches(
    samples: Samples, keys: Iterable[list[Key]], workers: int, pin: bool = False,
    say: Callable[[str], None] = lambda sentence: None,
) -> Iterator[Batch]:  # fmt: skip
    """One batch per element of `keys`, made ahead of time by `workers` processes; 0 makes them here.

    Args:
        pin: in pinned memory, for a faster copy to a GPU.
        say: called with what the user should know of the processes.

    Raises:
        PosebenchError: the samples' pack is damaged, or processes were killed.
    """

    def loader(keys: Iterable[list[Key]]) -> DataLoader[Any]:
        return DataLoader(
            samples, batch_sampler=keys, num_workers=workers, collate_fn=_as_made, pin_memory=pin,
            worker_init_fn=begin, prefetch_factor=4 if workers else None,
            generator=torch.Generator(),  # seeds the workers, which draw nothing: the network's random numbers stay
        )  # fmt: skip

    for batch in replaced_once(loader, keys, say) if workers else loader(keys):
        if isinstance(batch, PosebenchError):
            raise batch
        yield batch


def _as_made(batch: Any) -> Any:
    """What `Samples` makes is a batch already."""
    return batch


def epoch_steps(people: int, batch_size: int, keep_last: bool = False) -> int:
    """Batches in an epoch over so many people: whole ones, but at least one; or all, the last one perhaps not full."""
    return -(-people // batch_size) if keep_last else max(people // batch_size, 1)


def training_keys(
    rows: NDArray[np.int64], batch_size: int, seed: int, epochs: range, keep_last: bool = False
) -> Iterator[list[Key]]:
    """Batches of sample addresses over some epochs, each a shuffle that depends on (seed, epoch) alone.

    What `batch_size` leaves over is left out, others in each epoch: batch normalisation makes a small last batch count
    more than the rest, and cannot work on one sample at all (one person alone comes twice). Published codes keep it.
    """
    for epoch in epochs:
        order = np.random.default_rng((seed, epoch)).permutation(rows).tolist()
        for step in range(epoch_steps(len(order), batch_size, keep_last)):
            batch = [(epoch, row) for row in order[step * batch_size : (step + 1) * batch_size]]
            yield batch * 2 if len(order) == 1 else batch


def prediction_keys(
    image: NDArray[np.int64], batch_size: int, workers: int, share: tuple[int, int] = (0, 1)
) -> Iterator[list[Key]]:
    """Batches of sample addresses that have every person once, such that a photograph is decoded as rarely as possible.

    The people of a photograph follow each other. Batch i goes to worker i modulo `workers`, so batches are dealt out such
    that a worker's own follow each other, too: with batches of one person, workers would else all decode every photograph.

    Args:
        image: (N,) which photograph shows each person.
        share: (i, n) for the i-th, from 0, of n equal parts of the batches; a batch does not depend on n.
    """
    rows = np.argsort(image, kind="stable").tolist()
    whole = [[(0, row) for row in rows[i : i + batch_size]] for i in range(0, len(rows), batch_size)]
    part, parts = share
    own = whole[len(whole) * part // parts : len(whole) * (part + 1) // parts]
    each, more = divmod(len(own), max(workers, 1))
    first = [worker * each + min(worker, more) for worker in range(max(workers, 1))]
    for i in range(each):
        yield from (own[start + i] for start in first)
    yield from (own[start + each] for start in first[:more])
