"""Shows people of a dataset as a network sees them in training."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posebench.array_type import Array
from posebench.data.geometry import transform
from posebench.data.instances import OCCLUDED, Instances
from posebench.errors import PosebenchError, counted, unknown
from posebench.plugins.protocol import Protocol
from posebench.plugins.recipe import Augmentation, Recipe
from posebench.samples.augment import Reach
from posebench.tasks.training.initial_weights import recipe_network

if TYPE_CHECKING:
    from posebench.plugins.architecture import Architecture
    from posebench.report.galleries.contact_sheet import SeenSample
    from posebench.samples.loader import Samples

COUNT = 6
"""People on a sheet, or crops of one person."""


def show_data(
    protocol: Protocol, people: Instances, arch: str, recipe: Recipe, path: Path, *, keys: list[tuple[int, int]]
) -> None:
    """Write a contact sheet.

    Args:
        people: of a split, with `usable` as `with_photographs` sets it.
        recipe: its input size and its augmentation are used.
        path: the PNG to write.
        keys: (epoch, row) of every sample, as training counts them.

    Raises:
        PosebenchError: a photograph cannot be read, or the input size does not fit the architecture.
    """
    import torch

    from posebench.report.galleries.contact_sheet import Heading, contact_sheet
    from posebench.report.tables.board import SYNTHETIC_NOTE
    from posebench.samples.loader import Samples

    with torch.device("meta"):  # only its targets are asked for
        model = recipe_network(arch, protocol.skeleton, recipe)
    samples = Samples(people, recipe.input_size, recipe.augmentation, pipeline=model.pipeline)
    seen = [_seen(samples, model, epoch, row) for epoch, row in keys]
    width, height = recipe.input_size
    about = (
        f"recipe {recipe.name}: input {height}×{width} (height × width), {augmentation_in_words(recipe.augmentation)}"
    )
    title = f"{people.what} as {arch} sees it in training"
    box = "box of the dataset" if people.bbox is not None else "region before augmentation"
    heading = Heading(title, about, SYNTHETIC_NOTE if people.synthetic else "", box)
    contact_sheet(seen, protocol.skeleton, path, heading)


def augmentation_in_words(augmentation: Augmentation) -> str:
    """Such as `region ×0.65–1.35, rotation up to 90° with probability 0.6, mirrored with probability 0.5`."""
    low, high = augmentation.scale
    degrees = Reach.of(augmentation).angle
    often = f" with probability {augmentation.rotated:g}" if augmentation.rotated < 1 else ""
    parts = [
        f"region ×{low:.3g}–{high:.3g}",
        f"rotation up to {degrees:g}°{often}",
        f"mirrored with probability {augmentation.flip:g}",
    ]
    if augmentation.half_body:
        parts.append(f"half of the body with probability {augmentation.half_body:g}")
    if augmentation.colour:
        parts.append(f"channels ×{1 - augmentation.colour:g}–{1 + augmentation.colour:g}")
    return ", ".join(parts)


def keys_of(people: Instances, row: int | None, image: str | None) -> list[tuple[int, int]]:
    """(epoch, row) of the samples to show: one person in six epochs, the people of an image, or six people of the split.

    Raises:
        PosebenchError: there is no such row or image, or its people are not trained on; or both are named.
    """
    if row is not None and image is not None:
        raise PosebenchError("--row names one person and --image one photograph; give one of them.")
    usable = np.flatnonzero(people.usable)
    if row is not None:
        if not 0 <= row < len(people):
            raise PosebenchError(f"{people.what} has rows 0 to {len(people) - 1:,}; --row {row} is not among them.")
        if not people.usable[row]:
            raise PosebenchError(f"{people.describe(row)} cannot be shown: no keypoints, a crowd, or no photograph.")
        return [(epoch, row) for epoch in range(COUNT)]
    if image is not None:
        if image not in people.images:
            raise unknown(f"image of {people.what}", image, people.images[:COUNT], label="The first")
        rows = usable[people.image[usable] == people.images.index(image)]
        if not len(rows):
            raise PosebenchError(f"{image} cannot be shown: none of its people has keypoints, or it is not there.")
        return [(0, int(one)) for one in rows[:COUNT]]
    return [(0, int(usable[place])) for place in np.linspace(0, len(usable) - 1, min(COUNT, len(usable))).astype(int)]


def with_photographs(people: Instances) -> tuple[Instances, tuple[str, ...]]:
    """The people, with `usable` only where the photograph is there, and a note on the others. Rows keep their numbers.

    Raises:
        PosebenchError: no photograph is there.
    """
    if people.synthetic:
        return people, ()
    root = people.image_root or Path()
    there = np.array([people.photograph(row).is_file() for row in range(len(people.images))], bool)
    needed = np.unique(people.image[people.usable])
    lacking = int((~there[needed]).sum())
    many = counted(len(needed), "photograph", "photographs")
    if lacking == len(needed):
        first = people.images[needed[0]] if len(needed) else "none"
        raise PosebenchError(f"{root} has none of the {many} of {people.what}; the first is {first}.")
    note = (f"{root} lacks {lacking:,} of the {many} of {people.what}; people of the others are shown.",)
    return replace(people, usable=people.usable & there[people.image]), note if lacking else ()


def _seen(samples: "Samples", model: "Architecture", epoch: int, row: int) -> "SeenSample":
    """A sample of training with what it was made from."""
    import torch

    from posebench.data.geometry import Crop
    from posebench.plugins.registry import errors_of
    from posebench.report.galleries.contact_sheet import SeenSample
    from posebench.samples.images import ImageReader

    people = samples.instances
    photograph = ImageReader(people)(int(people.image[row]))  # unlike a sample, it raises where it cannot be read
    sample = samples[epoch, row]
    with errors_of("architecture", model.name, "targets"):
        drawn = model.targets(torch.as_tensor(sample["keypoints"])[None], torch.as_tensor(sample["visible"])[None])
    back = np.asarray(sample["to_image"])
    crop = np.asarray(sample["images"])
    height, width = crop.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]]) - 0.5
    mirrored = bool(np.linalg.det(back[:, :2]) < 0)
    visible = np.asarray(sample["visible"])[:, None]
    occluded = people.visibility[row] == OCCLUDED
    half = samples.half((epoch, row))
    center, size = half or (samples.center[row], samples.size[row])
    upright = Crop.around(center, size, samples.input_size, samples.alignment)
    annotated = people.visibility[row][:, None] > 0
    return SeenSample(
        title=f"row {row} · {Path(people.images[people.image[row]]).name}",
        subtitle=f"person {people.person[row]}, epoch {epoch + 1}",
        change=("half body · " if half else "") + _change(back, upright.inverse, mirrored),
        photograph=photograph, region=transform(back, corners),
        box=np.concatenate([samples.center[row] - samples.size[row] / 2, samples.size[row]])
        if people.bbox is None else people.bbox[row],
        on_photograph=np.where(annotated, people.keypoints[row], np.nan), crop=crop,
        keypoints=np.where(visible, sample["keypoints"], np.nan),
        occluded=occluded[list(people.skeleton.flip_order)] if mirrored else occluded,
        targets=None if drawn is None else drawn[0].numpy(),
    )  # fmt: skip


def _change(back: Array, upright: Array, mirrored: bool) -> str:
    """How augmentation changed the crop, such as `mirrored · turned 12° · ×1.10`: the last is the region's size.

    Args:
        back: (2, 3) crop pixels → photograph pixels. upright: the same without augmentation.
    """
    scale = float(np.sqrt(abs(np.linalg.det(back[:, :2]) / np.linalg.det(upright[:, :2]))))
    turned = np.linalg.inv(back[:, :2]) @ upright[:, :2]  # content of the upright crop → of this one
    if mirrored:
        turned[0] *= -1
    angle = float(np.degrees(np.arctan2(turned[1, 0], turned[0, 0])))
    turned_by = [f"turned {angle:.0f}°"] if round(angle) else []
    return " · ".join([*(["mirrored"] if mirrored else []), *turned_by, f"×{scale:.2f}"])
