"""Packs: the pixels that training needs, decoded beforehand and mapped into memory. Here they are found and read.

Processes share the memory of the mapped files.
"""

import glob
import mmap
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.files.writing import sha256
from posebench.plugins.recipe import Recipe
from posebench.samples.images import Region, decode
from posebench.samples.pack_files import (
    COLUMNS,
    FORMAT,
    MANIFEST,
    Coding,
    Contents,
    damaged,
    file_size,
    index_file,
    other,
    pixels_file,
    read_index,
    read_manifest,
    split_name,
)


class Pack:
    """The pixels of some people, by their row.

    Attributes:
        folder: where it is.
        coding: how pixels are stored.
    """

    def __init__(self, folder: Path, coding: Coding, index: Mapping[str, Array], part: Array) -> None:
        """
        Args:
            index: `COLUMNS` without names, one row for each person who may be asked for.
            part: (N,) which part has each person's pixels.
        """
        self.folder, self.coding = folder, coding
        self._index, self._part = index, part
        self._checked = np.zeros(len(part), bool)
        self._maps: dict[int, mmap.mmap] = {}

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_maps": {}}  # another process maps the files itself; the memory is the same

    def region(self, row: int) -> Region | None:
        """The stored part of a person's photograph; None where the photograph could not be read.

        Raises:
            PosebenchError: the pack is damaged. A person's pixels are checked when a process reads them first.
        """
        if not self._index["photograph"][row, 0]:
            return None
        left, top, width, height = self._index["rectangle"][row].tolist()
        offset, length = int(self._index["offset"][row]), int(self._index["length"][row])
        if not length:
            return Region(np.zeros((0, 0, 3), np.uint8))
        pixels = memoryview(self._map(int(self._part[row]), offset + length))[offset : offset + length]
        if not self._checked[row]:
            if zlib.crc32(pixels) != self._index["checksum"][row]:
                raise damaged(self.folder, f"{self._name(row)} does not have the checksum of its index")
            self._checked[row] = True
        image = np.frombuffer(pixels, np.uint8) if self.coding == "raw" else decode(bytes(pixels))
        if image is None or image.size != width * height * 3:
            raise damaged(self.folder, f"{self._name(row)} has an image of another size than its index states")
        return Region(image.reshape(height, width, 3), (left, top))

    def check(self, rows: Array, low: Array, high: Array) -> None:
        """Raise an error unless the pack has all the pixels that are needed.

        Args:
            rows: (B,) people.
            low, high: (B, 2) the corners of what their crops show, in image pixels.
        """
        photograph, rectangle = self._index["photograph"][rows], self._index["rectangle"][rows]
        # Interpolation reads the pixel before a place and the one after it; beside the photograph there is nothing to read.
        low, high = np.floor(low).clip(0), np.minimum(np.floor(high) + 1, photograph - 1)
        corner = rectangle[:, :2]
        inside = (corner <= low).all(1) & (corner + rectangle[:, 2:] - 1 >= high).all(1)
        lacking = ~inside & (low <= high).all(1)
        if lacking.any():
            raise PosebenchError(
                f"The pack {self.folder} lacks pixels that this augmentation shows. Delete it, and repeat `posebench data pack`."
            )

    def _name(self, row: int) -> str:
        return pixels_file(self.folder, int(self._part[row])).name

    def _map(self, part: int, least: int) -> mmap.mmap:
        """A part, mapped; at least so many bytes long. (Reading behind the end of a shortened file would end the process.)"""
        path = pixels_file(self.folder, part)
        try:
            if part not in self._maps:
                with path.open("rb") as file:
                    self._maps[part] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            if self._maps[part].size() >= least:
                return self._maps[part]
        except (OSError, ValueError) as error:
            raise damaged(self.folder, f"{path.name} cannot be read") from error
        raise damaged(self.folder, f"{path.name} is shorter than its index states")


def find_pack(packs: Path, people: Instances, recipe: Recipe, regions: str = "") -> Pack | None:
    """The pack of these people for this recipe in a folder of packs, ready to use; None where there is no whole one.

    Args:
        people: those of a split, or some of them.
        regions: of the network's pipeline.

    Raises:
        PosebenchError: there is one, but it is damaged or made from other data.
    """
    for coding in ("raw", "jpeg"):
        contents = Contents.of(people, recipe, regions, coding)
        if (packs / contents.folder_name / MANIFEST).exists():
            return open_pack(packs / contents.folder_name, contents, people)
    return None


def packs_of(packs: Path, people: Instances) -> list[Path]:
    """The whole packs of these people's split, for whatever recipe and annotation file."""
    name = split_name(people.dataset, people.split)
    return sorted(path.parent for path in packs.glob(f"{glob.escape(name)}-????????/{MANIFEST}"))


def open_pack(folder: Path, contents: Contents, people: Instances) -> Pack:
    """A pack whose rows are those of `people`.

    Raises:
        PosebenchError: it is damaged or made from other data.
    """
    manifest = read_manifest(folder)
    if manifest.format != FORMAT or manifest.contents != contents.stated:
        raise other(folder, "pack.json states other contents than the folder's name")
    indices = []
    for number, part in enumerate(manifest.parts):
        pixels, index = pixels_file(folder, number), index_file(folder, number)
        if not pixels.is_file() or pixels.stat().st_size != part.size:
            raise damaged(folder, f"{pixels.name} is missing or does not have {part.size:,} bytes")
        if not index.is_file() or sha256(index) != part.index_sha256:
            raise damaged(folder, f"{index.name} is missing or does not have the checksum in {MANIFEST}")
        indices.append(read_index(index))
    rows = _rows_of(people, contents.regions, indices, folder)
    _check_photographs(people, indices, folder)
    columns = {name: np.concatenate([index[name] for index in indices])[rows] for name in COLUMNS}
    columns["photograph"][~people.usable] = 0  # they are in no pack
    part_of = np.repeat(np.arange(len(indices)), [len(index["image"]) for index in indices])
    return Pack(folder, contents.coding, columns, part_of[rows])


def _rows_of(people: Instances, regions: str, indices: Sequence[Mapping[str, Array]], folder: Path) -> Array:
    """(N,) where in the pack each person is; 0 for those who are not usable."""
    names = np.concatenate([index["names"][index["image"]] for index in indices])
    persons, center, size = (
        np.concatenate([index[name] for index in indices]) for name in ("person", "center", "size")
    )
    place = {key: i for i, key in enumerate(_keys(names, persons, center, size))}
    usable = np.flatnonzero(people.usable)
    center, size = people.region(regions)
    shown = np.array(people.images)[people.image[usable]]
    rows = np.zeros(len(people), np.int64)
    for row, key in zip(
        usable.tolist(), _keys(shown, people.person[usable], center[usable], size[usable]), strict=True
    ):
        if key not in place:
            raise other(folder, f"it lacks {people.describe(row)}, or has another box for this person")
        rows[row] = place[key]
    return rows


def _keys(names: Array, persons: Array, center: Array, size: Array) -> Iterator[tuple[Any, ...]]:
    """What tells people apart: two with one photograph, number and box have the same pixels."""
    return zip(names.tolist(), persons.tolist(), *center.T.tolist(), *size.T.tolist(), strict=True)


def _check_photographs(people: Instances, indices: Sequence[Mapping[str, Array]], folder: Path) -> None:
    """Raise an error where a photograph's file has another size than when it was packed. Those not there are not needed."""
    if people.image_root is None or not people.image_root.is_dir():
        return
    needed = {people.images[row]: people.photograph(row) for row in np.unique(people.image[people.usable]).tolist()}
    for index in indices:
        for name, size in zip(index["names"].tolist(), index["bytes"].tolist(), strict=True):
            now = file_size(needed[name]) if name in needed else size
            if now not in (size, -1):
                raise other(folder, f"{needed[name]} is not the file that was packed ({now:,} bytes)")
