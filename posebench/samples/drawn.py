"""Drawn pictures: those of synthetic people, drawn once and kept for all epochs in memory that worker processes share."""

import mmap
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posebench.array_type import Array
from posebench.synthetic.people import draw
from posebench.synthetic.scenes import LONGEST_SIDE

CHANNELS = 3
MOST_BYTES = 2**30
"""Of the memory for pictures. It is reserved at once, but taken only by pictures that are drawn."""


@dataclass(frozen=True)
class DrawnPictures:
    """Pictures of synthetic people by row; those that find no place are drawn anew each time.

    Attributes:
        pixels: (N, LONGEST_SIDE, LONGEST_SIDE, 3) uint8; each picture is in the upper left corner.
        sizes: (N, 2) int32, height and width; 0 where nothing is drawn yet.
    """

    pixels: NDArray[np.uint8]
    sizes: NDArray[np.int32]

    @classmethod
    def room(cls, count: int) -> "DrawnPictures":
        """Room for the first `count` pictures, or as many as MOST_BYTES hold. Processes forked from this one share it."""
        shape = LONGEST_SIDE, LONGEST_SIDE, CHANNELS
        count = min(count, MOST_BYTES // int(np.prod(shape)))
        return cls(_shared((count, *shape), np.uint8), _shared((count, 2), np.int32))

    def picture(self, row: int, name: str) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB: the picture of that name, which belongs to that row."""
        if row >= len(self.sizes):
            return draw(name)
        height, width = self.sizes[row].tolist()
        if not height:
            drawn = draw(name)
            height, width = drawn.shape[:2]
            self.pixels[row, :height, :width] = drawn
            self.sizes[row] = height, width  # last: another process must not read a picture that is half drawn
        return self.pixels[row, :height, :width]

    def __reduce__(self) -> Any:
        # A process that is spawned instead of forked shares no memory: it gets room of its own.
        return DrawnPictures.room, (len(self.sizes),)


def _shared(shape: tuple[int, ...], kind: type) -> Array:
    """An array of zeros, not in this process's memory until it is written to."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    return np.frombuffer(mmap.mmap(-1, max(size, 1)), kind, count=int(np.prod(shape))).reshape(shape)
