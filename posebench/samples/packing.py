"""Packing: make a pack, or mend one. What was made before an interruption stays."""

import fcntl
import os
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from posebench.array_type import Array
from posebench.data.geometry import Crop
from posebench.data.instances import UNLABELLED, Instances
from posebench.errors import PosebenchError
from posebench.files.writing import NotWritten, free_bytes, sha256, write_atomically, write_text
from posebench.opencv import cv2
from posebench.plugins.recipe import Recipe
from posebench.samples import pack_files
from posebench.samples.augment import Reach
from posebench.samples.half_body import lower_half, possible_halves
from posebench.samples.images import Image, ImageReader
from posebench.samples.pack_files import Coding, Contents, Manifest, Part, index_file, pixels_file

PHOTOGRAPHS_A_PART = 256
"""Few enough that an interruption loses seconds, many enough that a process can map all parts of COCO."""
SAMPLED = 48
"""Photographs from which the size of a pack is estimated."""
JPEG_QUALITY = 90

Show = Callable[[int, int], None]
"""Called with how many photographs are done, and of how many."""

Rectangle = tuple[int, int, int, int]
"""(left, top, width, height) in pixels."""


@dataclass(frozen=True)
class PartMade:
    """One part of a pack.

    Attributes:
        kept: it was there already.
        unreadable: names of photographs that could not be read; their people are black in training, as without a pack.
    """

    kept: bool
    unreadable: list[str]


class Packing:
    """The pack of some people for a recipe, as it is to be made.

    Attributes:
        people: the usable people.
        contents: identity of the pack.
        folder: where it is made.
    """

    def __init__(
        self, people: Instances, recipe: Recipe, packs: Path, regions: str = "", coding: Coding = "raw"
    ) -> None:
        """
        Args:
            packs: the folder of packs.
            regions: of the network's pipeline. Its alignment moves crops by half a pixel, and no pixel's middle out of reach.

        Raises:
            PosebenchError: there is no one to pack, or photographs are missing.
        """
        self.people = people.take(people.usable)
        if not len(self.people):
            raise PosebenchError(f"{people.what} has no one to pack.")
        self.contents = Contents.of(people, recipe, regions, coding)
        self.folder = packs / self.contents.folder_name
        self.images, first = np.unique(np.sort(self.people.image), return_index=True)
        rows = np.split(np.argsort(self.people.image, kind="stable"), first[1:])
        self._rows = dict(zip(self.images.tolist(), rows, strict=True))
        self._input_size, self._augmentation = recipe.input_size, recipe.augmentation
        self._reach, self._lower = Reach.of(recipe.augmentation), lower_half(people.skeleton)
        self._center, self._size = self.people.region(regions)
        self._read = ImageReader(self.people)
        self._done, self._lock = 0, threading.Lock()

    @cached_property
    def bytes_needed(self) -> int:
        """About how large the pack will be, measured on `SAMPLED` photographs."""
        some = self.images[np.unique(np.linspace(0, len(self.images) - 1, SAMPLED).round().astype(int))]
        sizes = [sum(len(pixels) for pixels, _ in self._regions(image)[1]) for image in some.tolist()]
        return round(sum(sizes) / len(sizes) * len(self.images))

    @property
    def bytes_present(self) -> int:
        """What is already there of this pack."""
        return sum(path.stat().st_size for path in self.folder.glob("part-*.bin"))

    @property
    def bytes_free(self) -> int:
        """Free space where the pack will be."""
        return free_bytes(self.folder)

    def make(self, workers: int, show: Show = lambda done, total: None) -> list[PartMade]:
        """Make every part that is missing, damaged or of a photograph that changed since.

        Args:
            workers: threads; decoding and writing run in parallel.

        Raises:
            PosebenchError: the folder cannot be written, is full, or another process is writing it.
        """
        parts = [self.images[i : i + PHOTOGRAPHS_A_PART] for i in range(0, len(self.images), PHOTOGRAPHS_A_PART)]
        self._done = 0
        with _alone(self.folder), ThreadPoolExecutor(max(workers, 1)) as executor:
            running = [executor.submit(self._part, *each, show) for each in enumerate(parts)]
            try:
                made = [part.result() for part in running]
            except NotWritten as error:
                raise PosebenchError(f"{error} The finished parts stay; the same command continues.") from error
            except OSError as error:
                raise PosebenchError(
                    f"Cannot write {self.folder}: {error.strerror}. The finished parts stay; the same command continues."
                ) from error
            finally:
                executor.shutdown(cancel_futures=True)
            self._write_manifest(len(made))
        return made

    def _write_manifest(self, parts: int) -> None:
        stated = [
            Part(size=pixels_file(self.folder, i).stat().st_size, index_sha256=sha256(index_file(self.folder, i)))
            for i in range(parts)
        ]
        manifest = Manifest(format=pack_files.FORMAT, contents=self.contents.stated, parts=stated)
        write_text(self.folder / pack_files.MANIFEST, manifest.model_dump_json(indent=1) + "\n")

    def _part(self, number: int, images: Array, show: Show) -> PartMade:
        """Make one part unless it is there, undamaged."""
        people = np.concatenate([self._rows[image] for image in images.tolist()])
        names = [self.people.images[image] for image in images.tolist()]
        sizes = [pack_files.file_size(self.people.photograph(image)) for image in images.tolist()]
        expected = {
            "names": np.array(names), "bytes": np.array(sizes),
            "image": np.searchsorted(images, self.people.image[people]), "person": self.people.person[people],
            "center": self._center[people].astype(float), "size": self._size[people].astype(float),
        }  # fmt: skip
        index = self._good(number, expected)
        kept = index is not None
        if index is None:
            index = expected | self._write(number, images, people, show)
            write_atomically(index_file(self.folder, number), lambda path: _save(path, index))
        else:
            self._advance(len(images), show)
        unread = np.unique(index["image"][index["photograph"][:, 0] == 0])
        return PartMade(kept, [names[image] for image in unread.tolist()])

    def _good(self, number: int, expected: dict[str, Array]) -> dict[str, Array] | None:
        """The index of a part that is there, of these people and photographs, and undamaged."""
        try:
            index = pack_files.read_index(index_file(self.folder, number))
            if not all(np.array_equal(index[name], value) for name, value in expected.items()):
                return None
            with pixels_file(self.folder, number).open("rb") as file:
                places = zip(
                    index["offset"].tolist(), index["length"].tolist(), index["checksum"].tolist(), strict=True
                )
                whole = all(_checksum(file, offset, length) == checksum for offset, length, checksum in places)
        except (PosebenchError, OSError):
            return None
        return index if whole else None

    def _write(self, number: int, images: Array, people: Array, show: Show) -> dict[str, Array]:
        """Write a part's pixels; the columns of its index that follow from them."""
        row_of = {row: i for i, row in enumerate(people.tolist())}
        kinds = {"rectangle": 4, "photograph": 2, "offset": 0, "length": 0}
        columns: dict[str, Array] = {
            name: np.zeros((len(people), n) if n else len(people), np.int64) for name, n in kinds.items()
        }
        columns["checksum"] = np.zeros(len(people), np.uint32)

        def write(path: Path) -> None:
            with path.open("wb") as file:
                for image in images.tolist():
                    photograph, regions = self._regions(image)
                    for pixels, places in regions:
                        checksum = zlib.crc32(pixels)
                        for row, rectangle in places.items():
                            values = rectangle, photograph, file.tell(), len(pixels), checksum
                            for name, value in zip(columns, values, strict=True):
                                columns[name][row_of[row]] = value
                        file.write(pixels)
                    self._advance(1, show)

        write_atomically(pixels_file(self.folder, number), write)
        return columns

    def _regions(self, image: int) -> tuple[tuple[int, int], list[tuple[bytes, dict[int, Rectangle]]]]:
        """A photograph's (width, height), and the stored regions: their bytes, and the people who share each."""
        try:
            photograph = self._read.read(image)
        except PosebenchError:
            return (0, 0), []
        height, width = photograph.shape[:2]
        wanted = {row: self._rectangle(row, width, height) for row in self._rows[image].tolist()}
        around = _around(list(wanted.values()))
        overlap = sum(w * h for _, _, w, h in wanted.values()) > around[2] * around[3]
        if (
            overlap and self.contents.coding == "raw"
        ):  # one region for all saves space; coded, each would cost its decoding
            return (width, height), [(self._coded(photograph, around), dict.fromkeys(wanted, around))]
        return (width, height), [(self._coded(photograph, r), {row: r}) for row, r in wanted.items()]

    def _rectangle(self, row: int, width: int, height: int) -> Rectangle:
        """What any crop of a person can show of a photograph of that size, and the pixels around it."""
        if not self._size[row].max() > 1e-6:  # a box of no size has no crop, from the photograph either
            return 0, 0, 0, 0
        labelled = self.people.visibility[row] > UNLABELLED
        halves = possible_halves(self._augmentation, self.people.keypoints[row], labelled, self._lower)
        regions = [(self._center[row], self._size[row]), *halves]
        shown = np.array([self._reach.rectangle(Crop.around(*region, self._input_size)) for region in regions])
        left, top = shown[:, :2].min(0)
        right, bottom = shown[:, 2:].max(0)
        # One pixel for interpolation, and one for its coordinates, which OpenCV rounds.
        low = np.clip(np.floor([left - 2, top - 2]), 0, [width, height])
        high = np.clip(np.ceil([right + 3, bottom + 3]), 0, [width, height])
        w, h = np.maximum(high - low, 0).astype(int).tolist()
        return (int(low[0]), int(low[1]), w, h) if w and h else (0, 0, 0, 0)

    def _coded(self, photograph: Image, rectangle: Rectangle) -> bytes:
        left, top, width, height = rectangle
        part = np.ascontiguousarray(photograph[top : top + height, left : left + width])
        if self.contents.coding == "raw" or not part.size:
            return part.tobytes()
        flags = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        return cv2.imencode(".jpg", cv2.cvtColor(part, cv2.COLOR_RGB2BGR), flags)[1].tobytes()

    def _advance(self, photographs: int, show: Show) -> None:
        with self._lock:
            self._done += photographs
            show(self._done, len(self.images))


def _around(rectangles: list[Rectangle]) -> Rectangle:
    """The smallest rectangle around those that are not empty."""
    there = np.array([r for r in rectangles if r[2]]).reshape(-1, 4)
    if not len(there):
        return 0, 0, 0, 0
    left, top = there[:, :2].min(0).tolist()
    right, bottom = (there[:, :2] + there[:, 2:]).max(0).tolist()
    return left, top, right - left, bottom - top


def _checksum(file: BinaryIO, offset: int, length: int) -> int:
    file.seek(offset)
    return zlib.crc32(file.read(length))


def _save(path: Path, index: dict[str, Any]) -> None:
    with path.open("wb") as file:
        np.savez(file, **index)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make the folder, keep other processes from writing it, and delete what an interrupted one left half written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_CREAT | os.O_RDWR, 0o666)
    except OSError as error:
        raise PosebenchError(
            f"Cannot write to {folder}: {error.strerror}. Name another folder with --packs."
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PosebenchError(f"Another process is writing {folder}. Wait for it.") from error
        for path in folder.glob(".part-*"):
            path.unlink()
        yield
    finally:
        os.close(handle)  # which unlocks
