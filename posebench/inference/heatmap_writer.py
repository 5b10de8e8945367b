"""Heatmap writer: keeps what a network puts out while people are predicted. `heatmap_file` has the layout."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, TypeVar

import h5py
import numpy as np
import torch
from torch import Tensor

from posebench.array_type import Array
from posebench.data.geometry import cell_to_pixel
from posebench.data.instances import Instances
from posebench.data.predictions import write_texts
from posebench.data.provenance import Provenance
from posebench.errors import PosebenchError
from posebench.files import checksum
from posebench.files.writing import free_bytes, shown_bytes, write_atomically
from posebench.inference.heatmap_file import FORMAT, MAPS, MIRRORED, UPRIGHT
from posebench.inference.scales import stacked
from posebench.plugins import heatmaps
from posebench.plugins.architecture import Architecture
from posebench.plugins.decoders import DECODERS
from posebench.plugins.outputs import Outputs
from posebench.plugins.registry import errors_of
from posebench.samples.loader import Batch

Made = TypeVar("Made")
OPTION = "--keep-heatmaps"
SAME = 0.01
"""Cells within which a decoder gives the network's own keypoint: in bfloat16 a mean of cells is no more exact."""


@dataclass(frozen=True)
class HeatmapForm:
    """What of a network's outputs is kept.

    Attributes:
        people, keypoints: how many.
        stacks: which, counted from 1. passes: `upright`, and `mirrored` with a flip test.
        cells: (height, width) of a heatmap. stride: crop pixels per cell.
        decoder: which of `DECODERS` decodes the last stack as the network itself does; empty where none does.
    """

    people: int
    keypoints: int
    stacks: tuple[int, ...]
    passes: tuple[str, ...]
    cells: tuple[int, int]
    stride: int
    decoder: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, P, S, K, h, w)."""
        return self.people, len(self.passes), len(self.stacks), self.keypoints, *self.cells

    @property
    def bytes(self) -> int:
        """What the heatmaps take."""
        return prod(self.shape) * 2

    @property
    def sentence(self) -> str:
        """What is kept and the space that it takes."""
        height, width = self.cells
        stacks = f"stack {self.stacks[0]}" if len(self.stacks) == 1 else f"{len(self.stacks)} stacks"
        return (
            f"heatmaps of {self.people:,} people × {' and '.join(self.passes)} × {stacks} × {self.keypoints} keypoints × "
            f"{height}×{width} cells, float16: {shown_bytes(self.bytes)}"
        )


@torch.inference_mode()
def form_of(
    model: Architecture, images: Tensor, people: int, flip_test: bool, last_stack: bool, option: str = OPTION
) -> HeatmapForm:  # fmt: skip
    """The form of a network's heatmaps, from its outputs for some images.

    Args:
        images: (B, H, W, 3) uint8 on the model's device.
        people: how many will be predicted.
        flip_test: whether the mirrored crops are predicted, too.
        last_stack: keep the last stack alone.
        option: what needs heatmaps, for the message.

    Raises:
        PosebenchError: its outputs are no heatmaps, or it un-flips them by a rule of its own.
    """
    with errors_of("architecture", model.name, "forward"):
        outputs: Outputs = model(model.prepare(images))
    maps = stacked(model, outputs, option)
    count, cells = maps.shape[1], (maps.shape[3], maps.shape[4])
    if flip_test:
        with errors_of("architecture", model.name, "unflip"):
            own = stacked(model, model.unflip(outputs), option)
        if not torch.equal(own, heatmaps.unflip(maps, model.skeleton.flip_order, model.pipeline.flip_shift)):
            raise PosebenchError(
                f"{model.name} un-flips its outputs by a rule of its own, so its mirrored heatmaps cannot be kept. "
                f"Leave out {option}."
            )
    stacks = (count,) if last_stack else tuple(range(1, count + 1))
    passes = (UPRIGHT, MIRRORED) if flip_test else (UPRIGHT,)
    stride = model.input_size[0] // cells[1]
    return HeatmapForm(people, maps.shape[2], stacks, passes, cells, stride, _own_decoder(model, outputs, stride))


def _own_decoder(model: Architecture, outputs: Outputs, stride: int) -> str:
    """The decoder that gives the network's own keypoints of the last stack; empty where none does."""
    with errors_of("architecture", model.name, "decode"):
        own = model.decode(outputs)[0].flatten(0, 1).double().cpu().numpy()
    last = stacked(model, outputs, OPTION)[:, -1].flatten(0, 1).float().cpu().numpy()
    for name, decoder in DECODERS.items():
        pixels = cell_to_pixel(decoder(last, model.pipeline.peak), stride, model.pipeline.alignment)
        if np.allclose(pixels, own, rtol=0, atol=SAME * stride):
            return name
    return ""


def check_space(path: Path, form: HeatmapForm) -> None:
    """Raise PosebenchError where the disk of `path` has less room than the heatmaps need."""
    free = free_bytes(path)
    if form.bytes > free:
        last = "" if len(form.stacks) == 1 else ", keep the last stack alone (--last-stack)"
        raise PosebenchError(
            f"--keep-heatmaps {path} needs {shown_bytes(form.bytes)}, but {shown_bytes(free)} are free there: "
            f"{shown_bytes(form.bytes - free)} are missing. Free some space{last}, or name another folder."
        )


def keep_heatmaps(
    path: Path, model: Architecture, form: HeatmapForm, people: Instances, region: Array, provenance: Provenance,
    predict: Callable[["HeatmapWriter"], Made],
) -> Made:  # fmt: skip
    """Write a heatmap file while `predict` runs: whole, or not at all.

    Args:
        people: the usable ones. region: (N, 4) what the network sees of each.
        predict: predicts these people and hands each batch to the writer.

    Returns:
        What `predict` returns.

    Raises:
        PosebenchError: the folder cannot be written to, the disk is full, or a heatmap does not fit float16.
    """
    made: list[Made] = []

    def write(partial: Path) -> None:
        with HeatmapWriter(partial, model, form, people, region, provenance) as writer:
            made.append(predict(writer))
        checksum.append(partial)

    write_atomically(path, write, size=form.bytes)
    return made[0]


class HeatmapWriter:
    """An HDF5 file of which h5py makes the layout first, and Python then writes the content in place.

    HDF5's library ends the process where the disk is full; Python raises an error.
    """

    def __init__(
        self, path: Path, model: Architecture, form: HeatmapForm, people: Instances, region: Array, provenance: Provenance
    ) -> None:  # fmt: skip
        """Write everything that is known before the first person is predicted; the arguments are those of `keep_heatmaps`."""
        self.model, self.form = model, form
        self._to_image, self._missing = np.zeros((len(people), 2, 3)), np.ones(len(people), bool)
        texts = {
            "format": FORMAT, "keypoint_names": json.dumps(model.skeleton.keypoints), "passes": json.dumps(form.passes),
            "dataset": people.dataset, "split": people.split, "box_source": people.box_source,
            "pipeline": json.dumps(model.pipeline.plain()), "decoder": form.decoder, "provenance": provenance.model_dump_json(),
        }  # fmt: skip
        _reserve(path, form.bytes)  # before the library meets a full disk
        with h5py.File(path, "w") as file:
            write_texts(file, texts)
            file.attrs["input_width"], file.attrs["input_height"] = model.input_size
            file.attrs["stride"] = form.stride
            file["images"] = np.array([name.encode() for name in people.images])
            for name, column in _columns(people).items():
                file[name] = column
            file["region"], file["stacks"] = region, np.array(form.stacks)
            self._places = {
                name: _reserved(file, name, shape, kind)
                for name, shape, kind in (
                    ("to_image", self._to_image.shape, np.float64),
                    ("missing", self._missing.shape, np.bool_),
                    (MAPS, form.shape, np.float16),
                )
            }
        _reserve(path, path.stat().st_size)  # predicting may take hours, in which others write
        self._file: BinaryIO = path.open("rb+")

    def __enter__(self) -> "HeatmapWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if error is None:
                self._write("to_image", 0, self._to_image)
                self._write("missing", 0, self._missing)

    def add(self, batch: Batch, upright: Outputs, mirrored: Outputs | None) -> None:
        """Keep the outputs for a batch of people.

        Args:
            mirrored: outputs for the mirrored crops, not un-flipped; None without a flip test.

        Raises:
            PosebenchError: a value does not fit float16.
        """
        passes = [upright] if mirrored is None else [upright, mirrored]
        first = self.form.stacks[0] - 1
        maps = torch.stack([stacked(self.model, one, OPTION)[:, first:] for one in passes], dim=1).half().cpu().numpy()
        if not np.isfinite(maps).all():
            raise PosebenchError(
                f"{self.model.name} has heatmaps beyond ±65,504, which float16 does not hold. Leave out --keep-heatmaps."
            )
        for place, row in enumerate(batch.rows.tolist()):
            if batch.readable[place]:
                self._to_image[row], self._missing[row] = batch.to_image[place].numpy(), False
                self._write(MAPS, row, maps[place])

    def _write(self, name: str, row: int, values: Array) -> None:
        self._file.seek(self._places[name] + row * values.nbytes)
        self._file.write(np.ascontiguousarray(values).data)


def _columns(people: Instances) -> dict[str, Array]:
    """Who is predicted, as a predictions file says it."""
    box_score = people.measures.get("box_score")
    columns = {
        "image": people.image, "person": people.person if box_score is None else np.full(len(people), -1),
        "input_box": people.bbox, "box_score": box_score,
    }  # fmt: skip
    return {name: column for name, column in columns.items() if column is not None}


def _reserve(path: Path, size: int) -> None:
    """Take disk space for a file, which becomes that long.

    Raises:
        OSError: there is too little, or a process may not write files of that size.
    """
    with path.open("rb+") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:  # not on macOS and Windows
            file.truncate(size)


def _reserved(file: Any, name: str, shape: tuple[int, ...], kind: Any) -> int:
    """Make a dataset without content; where its content begins in the file."""
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.CONTIGUOUS)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    properties.set_obj_track_times(False)  # the same heatmaps make the same bytes
    space = h5py.h5s.create_simple(shape)
    made = h5py.h5d.create(file.id, name.encode(), h5py.h5t.py_create(np.dtype(kind), logical=True), space, properties)
    return int(made.get_offset())
