"""Heatmap file: the heatmaps of every person as a network put them out, kept so that they can be decoded in other ways.

One HDF5 file, readable without posebench. N people, P passes, S stacks, K keypoints:

/images        (M,) utf-8          file names
/image         (N,) int            row of /images in which this person is
/person        (N,) int            which annotated person; -1 for a detected one
/region        (N, 4) float        what the network saw: middle x, y, width, height, in image pixels
/to_image      (N, 2, 3) float     affine map from crop pixels to image pixels, both 0-based with pixel centres at integers
/missing       (N,) bool           True where the photograph could not be read; the heatmaps are then 0
/stacks        (S,) int            which stacks, counted from 1; (1,) of a network that has one output
/input_box     (N, 4) float        optional; as in a predictions file
/box_score     (N,) float          optional; as in a predictions file
/heatmaps      (N, P, S, K, h, w)  float16, not compressed
attributes: format, keypoint_names (JSON), passes (JSON: ["upright"], or ["upright", "mirrored"]), dataset, split, box_source,
input_width, input_height, stride (crop pixels per cell), pipeline (JSON: alignment, flip_shift, peak, … of
posebench.plugins.pipeline), decoder (which of posebench.plugins.decoders is the network's own; not there where none is),
provenance (JSON, as in a predictions file)

The pass `mirrored` is the network's output for the mirrored crop as it is: to lay it over `upright`, reverse its columns, swap the
keypoints of left and right, and move it right by the pipeline's flip_shift columns.

Behind the HDF5 content, posebench writes a checksum of it (`posebench.files.checksum`).
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import TypeAdapter, ValidationError

from posebench.array_type import Array
from posebench.data.geometry import cell_to_pixel, transform
from posebench.data.instances import SYNTHETIC, Instances
from posebench.data.provenance import Provenance
from posebench.data.skeleton import Skeleton
from posebench.data.stated_provenance import read_provenance
from posebench.errors import PosebenchError, existing
from posebench.files.arrays import datasets, open_hdf5
from posebench.plugins import heatmaps
from posebench.plugins.decoders import DECODERS
from posebench.plugins.pipeline import Pipeline

FORMAT = "posebench heatmaps 1"
UPRIGHT, MIRRORED = "upright", "mirrored"
MAPS = "heatmaps"
COLUMNS = "image", "person", "region", "to_image", "missing"
OPTIONAL = "input_box", "box_score"
LARGEST_SIDE = 4096
"""Cells of a heatmap's side, and keypoints and stacks: what states more is damaged."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Heatmaps:
    """An open heatmap file: the datasets and attributes of the file above. Heatmaps are read person by person.

    Attributes:
        input_size: (width, height) of the crops.
        decoder: the network's own, one of `DECODERS`; empty where the file does not state one.
        maps: (N, P, S, K, h, w), still in the file.
    """

    keypoint_names: tuple[str, ...]
    images: tuple[str, ...]
    image: Array
    person: Array
    region: Array
    to_image: Array
    missing: Array
    stacks: tuple[int, ...]
    passes: tuple[str, ...]
    dataset: str
    split: str
    box_source: str
    input_size: tuple[int, int]
    stride: int
    pipeline: Pipeline
    provenance: Provenance
    maps: Any
    input_box: Array | None = None
    box_score: Array | None = None
    decoder: str = ""

    def __len__(self) -> int:
        return len(self.image)

    def of_pass(self, row: int, name: str) -> Array:
        """(S, K, h, w) float32: a person's heatmaps of one pass, as the network put them out.

        Raises:
            PosebenchError: the file does not have this pass, or a value is not finite.
        """
        if name not in self.passes:
            raise PosebenchError(f"The heatmap file has no pass {name!r}; it has {', '.join(self.passes)}.")
        found = np.asarray(self.maps[row, self.passes.index(name)], np.float32)
        if not np.isfinite(found).all():
            raise PosebenchError(f"/{MAPS} has values that are not finite for person {row}. Was the file changed?")
        return found

    def mean(self, row: int, shift: int | None = None) -> Array:
        """(S, K, h, w) float32: what `posebench predict` decodes, the mean over the passes, the mirrored one un-flipped.

        Args:
            shift: columns by which the un-flipped heatmaps move right; None for the pipeline's.
        """
        upright = self.of_pass(row, UPRIGHT)
        if MIRRORED not in self.passes:
            return upright
        mirrored = torch.from_numpy(self.of_pass(row, MIRRORED))
        order = Skeleton(self.keypoint_names).flip_order
        columns = self.pipeline.flip_shift if shift is None else shift
        straight: Array = heatmaps.unflip(mirrored, order, columns).numpy()
        return (upright + straight) / 2

    def peaks(self, row: int) -> Array:
        """(S, K, 2) crop pixels: the middle of the highest cell of each of a person's mean heatmaps, without refinement."""
        maps = self.mean(row)
        width = maps.shape[-1]
        highest = maps.reshape(*maps.shape[:2], -1).argmax(axis=-1)
        cells = np.stack([highest % width, highest // width], axis=-1)
        return np.asarray(cell_to_pixel(cells.astype(float), self.stride, self.pipeline.alignment))

    def check_people(self, people: Instances, path: Path) -> None:
        """Raise PosebenchError where the heatmaps are of another split or of other keypoints.

        Args:
            path: the file's, for the message.
        """
        if (self.dataset, self.split) != (people.dataset, people.split):
            fix = f"Use --split {self.split}."
            if self.dataset != people.dataset:
                named = {
                    people.synthetic: "Name the dataset with --data.",
                    self.dataset == SYNTHETIC: "Leave out --data.",
                }
                fix = named.get(True, "Name the folder that was predicted with --data.")
            raise PosebenchError(
                f"{path} has heatmaps of {self.dataset} {self.split}, but these people are {people.what}. {fix}"
            )
        if self.keypoint_names != people.skeleton.keypoints:
            raise PosebenchError(
                f"{path} has heatmaps of {len(self.keypoint_names)} keypoints ({', '.join(self.keypoint_names[:3])}, …), but "
                f"{people.what} has {len(people.skeleton)} ({', '.join(people.skeleton.keypoints[:3])}, …). "
                "Was it written with another --protocol?"
            )

    def to_pixels(self, row: int, crop: Array) -> Array:
        """Crop pixels (…, 2) of a person → image pixels."""
        return transform(self.to_image[row], crop)


@contextmanager
def open_heatmaps(path: Path) -> Iterator[Heatmaps]:
    """Open a file that `posebench predict --keep-heatmaps` wrote; the heatmaps can be read until the context ends.

    Raises:
        PosebenchError: the file is missing, damaged or of another kind.
    """
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open_hdf5(existing(path, "a heatmap file")))
            opened = _read(file, path)
        except PosebenchError as error:
            raise error if str(path) in str(error) else PosebenchError(f"{path}: {error}") from error
        except Exception as error:  # a damaged file makes h5py and numpy raise whatever they meet
            raise PosebenchError(f"{path} cannot be read as heatmaps: {error}. Was it cut off?") from error
        yield opened


def _read(file: Any, path: Path) -> Heatmaps:
    text = _texts(file)
    if text.get("format") != FORMAT:
        raise PosebenchError(
            f"{path} is no {FORMAT!r} file (its format: {text.get('format', '')!r}). "
            "`posebench predict --keep-heatmaps FILE` writes one."
        )
    found = datasets(file, path, streamed=(MAPS,))
    if lacking := [name for name in ("images", "stacks", MAPS, *COLUMNS) if name not in found]:
        raise PosebenchError(f"{path} lacks /{lacking[0]}.")
    names = tuple(TypeAdapter(list[str]).validate_json(text["keypoint_names"]))
    passes = tuple(TypeAdapter(list[str]).validate_json(text["passes"]))
    size, stride = (int(file.attrs["input_width"]), int(file.attrs["input_height"])), int(file.attrs["stride"])
    opened = Heatmaps(
        **{name: found[name][()] for name in (*COLUMNS, *OPTIONAL) if name in found}, keypoint_names=names, passes=passes,
        images=tuple(name.decode() for name in found["images"][()].tolist()),
        stacks=tuple(found["stacks"][()].tolist()), dataset=text.get("dataset", ""), split=text.get("split", ""),
        box_source=text.get("box_source", ""), input_size=size, stride=stride, pipeline=_pipeline(text["pipeline"]),
        provenance=read_provenance(text.get("provenance", ""))[0], maps=found[MAPS], decoder=text.get("decoder", ""),
    )  # fmt: skip
    _check(opened)
    return opened


def _texts(file: Any) -> dict[str, str]:
    return {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in file.attrs.items()
        if isinstance(value, bytes | str)
    }


def _pipeline(text: str) -> Pipeline:
    try:
        return TypeAdapter(Pipeline).validate_json(text)
    except ValidationError as error:
        raise PosebenchError(f"its pipeline is not one that posebench knows: {text:.60}") from error


def _check(opened: Heatmaps) -> None:
    """Raise PosebenchError where columns do not fit together."""
    n, (width, height) = len(opened.image), opened.input_size
    s, k = len(opened.stacks), len(opened.keypoint_names)
    if opened.passes not in ((UPRIGHT,), (UPRIGHT, MIRRORED)):
        raise PosebenchError(
            f"its passes are {json.dumps(opened.passes):.60}, but should be upright, or upright and mirrored."
        )
    if not (0 < opened.stride <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE**2 and 0 < height <= LARGEST_SIDE**2):
        raise PosebenchError(f"its input is {height}×{width} with stride {opened.stride}, which cannot be.")
    maps = (n, len(opened.passes), s, k, height // opened.stride, width // opened.stride)
    expected = {
        "image": (n,), "person": (n,), "region": (n, 4), "to_image": (n, 2, 3), "missing": (n,), "maps": maps,
    }  # fmt: skip
    optional = {"input_box": (n, 4), "box_score": (n,)}
    expected |= {name: shape for name, shape in optional.items() if getattr(opened, name) is not None}
    kinds = {"image": "iu", "person": "iu", "missing": "b", "maps": "f"}
    for name, shape in expected.items():
        column = getattr(opened, name)
        if column.shape != shape or column.dtype.kind not in kinds.get(name, "f"):
            raise PosebenchError(
                f"/{MAPS if name == 'maps' else name} is {column.shape} {column.dtype}, but should be {shape}."
            )
    if opened.decoder and opened.decoder not in DECODERS:
        raise PosebenchError(f"its decoder is {opened.decoder:.20}, but should be one of {', '.join(DECODERS)}.")
    if max(maps[1:]) > LARGEST_SIDE:
        raise PosebenchError(
            f"/{MAPS} is {maps}; {LARGEST_SIDE:,} cells, keypoints or stacks are the most that are read."
        )
    if n and not (opened.image.min() >= 0 and opened.image.max() < len(opened.images)):
        raise PosebenchError(f"a person is in an image row outside 0..{len(opened.images) - 1}.")
    if not np.isfinite(opened.to_image).all():
        raise PosebenchError("/to_image has values that are not finite.")
