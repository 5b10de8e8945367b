"""Images: read a photograph, and cut a crop out of it."""

import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from posebench.data.geometry import Crop
from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.opencv import MOST_PIXELS, cv2
from posebench.samples.drawn import DrawnPictures
from posebench.samples.headers import Header, read_header

Image = NDArray[np.uint8]
Change = Callable[[str, Image], Image]
"""What is done to a photograph when it is read: its name and its pixels → its pixels."""
BEGINNINGS = 1 << 12, 1 << 17
"""Bytes of a file in which its header is looked for: first few, then so many that thumbnails and profiles may stand before it."""
AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Opening a pipe does not wait for its other end; on Windows, line ends stay."""

cv2.setNumThreads(0)  # one sample is too small to share; workers and the network need the cores


@dataclass(frozen=True)
class Region:
    """A part of a photograph.

    Attributes:
        pixels: (h, w, 3) uint8 RGB.
        corner: (left, top) of it in the photograph, in pixels; (0, 0) for a whole photograph.
    """

    pixels: Image
    corner: tuple[int, int] = (0, 0)


def read_image(path: Path) -> Image:
    """A photograph as (H, W, 3) uint8 RGB, without its EXIF rotation: annotations are in the stored pixels.

    Raises:
        PosebenchError: the file is missing, no regular file, not an image, states too many pixels, or is truncated (decoders would
            fill the rest with grey).
    """
    try:
        data = _content(path)
    except (OSError, ValueError) as error:  # ValueError: a name with a null character
        raise PosebenchError(f"{path} cannot be read: {getattr(error, 'strerror', error)}.") from error
    if (pixels := _stated_pixels(data)) > MOST_PIXELS:
        raise PosebenchError(f"{path} states {pixels:,} pixels; {MOST_PIXELS:,} is the most that is read.")
    image = None if _cut_off(data) else decode(data)
    if image is None:
        raise PosebenchError(f"{path} is damaged or not an image ({len(data):,} bytes).")
    return image


def stated_header(path: Path) -> Header | None:
    """The header of a photograph, read without the rest of the file; None where it has none that can be read."""
    for most in BEGINNINGS:
        try:
            return read_header(_content(path, most))
        except PosebenchError:
            continue
        except (OSError, ValueError):  # ValueError: a name with a null character
            return None
    return None


def _content(path: Path, most: int = -1) -> bytes:
    """The bytes of a regular file, or so many of the first ones. Whoever reads a pipe or a device may wait for ever."""
    handle = os.open(path, os.O_RDONLY | AT_ONCE)
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "it is not a file but a folder, a pipe or a device")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(handle)


def _stated_pixels(data: bytes) -> int:
    """How many pixels the header of an encoded image states; 0 where it cannot be read, so that the decoder says so."""
    try:
        header = read_header(data)
    except PosebenchError:
        return 0
    return 0 if header is None else header.width * header.height


def decode(data: bytes) -> Image | None:
    """An encoded image as (H, W, 3) uint8 RGB; None where it cannot be decoded."""
    if not data:
        return None
    # The decoder writes RGB at no cost; the conversion of a whole photograph is one more pass over it.
    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image: Any = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error:
        return None
    return None if image is None else np.asarray(image, np.uint8)


def _cut_off(data: bytes) -> bool:
    """Whether a JPEG is truncated: its last scan has no end marker. A thumbnail's markers come earlier."""
    return data[:2] == b"\xff\xd8" and data.find(b"\xff\xda", max(data.rfind(b"\xff\xd9"), 0)) >= 0


def cut(image: Image, crop: Crop, corner: tuple[int, int] = (0, 0), out: Image | None = None) -> Image:
    """The crop (height, width, 3): bilinear, black outside the image, as the published pipelines' warpAffine.

    Args:
        image: a photograph, or the region of one that has every pixel which the crop shows and one more on each side.
        corner: (left, top) of that region in the photograph.
        out: where to write the crop; None for a new array.
    """
    made = np.empty((crop.height, crop.width, 3), np.uint8) if out is None else out
    if not image.size:  # no part of the crop is in the photograph
        made[:] = 0
        return made
    matrix = crop.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ corner
    cv2.warpAffine(image, matrix, (crop.width, crop.height), dst=made, flags=cv2.INTER_LINEAR)
    return made


class ImageReader:
    """The pixels of `instances.images`, by row: photographs from their folder, synthetic people drawn once.

    The last image is kept, so that the people of one image cost one decoding where they follow each other.

    Attributes:
        change: what is done to every image; None for nothing.

    Raises:
        PosebenchError: on making one: as `check_photographs`, for photographs.
            On a call: that image is not readable.
    """

    def __init__(self, instances: Instances) -> None:
        self.instances = instances
        self.change: Change | None = None
        self._last: tuple[int, Image] | None = None
        if instances.synthetic:
            self._drawn = DrawnPictures.room(len(instances.images))
        else:
            check_photographs(instances)

    def __call__(self, row: int) -> Image:
        if self._last is None or self._last[0] != row:
            self._last = None  # not two photographs in memory at once
            self._last = row, self.read(row)
        return self._last[1]

    def read(self, row: int) -> Image:
        """The image, decoded anew; may be called by several threads.

        Raises:
            PosebenchError: it is not readable.
        """
        name = self.instances.images[row]
        image = (
            self._drawn.picture(row, name) if self.instances.synthetic else read_image(self.instances.photograph(row))
        )
        return image if self.change is None else self.change(name, image)


def missing_photographs(people: Instances) -> list[str]:
    """Names of the photographs of usable people that are not there; synthetic people need none.

    Raises:
        PosebenchError: their folder is not there.
    """
    if people.synthetic:
        return []
    root = people.image_root
    rows = np.unique(people.image[people.usable]).tolist()
    names = [people.images[row] for row in rows]
    if root is None or not root.is_dir():
        raise PosebenchError(
            f"The photographs of {people.what} should be in {root}, which does not exist. "
            f"{len(names):,} are needed, such as {names[0] if names else 'none'}."
        )
    for row in rows:
        people.photograph(row)  # an image outside the folder is an error before anything is read
    # One listing, not a question per name: network file systems answer 118,000 questions slowly.
    present = {path.name for path in root.iterdir()}
    return [name for name in names if name not in present and not (root / name).is_file()]


def check_photographs(people: Instances) -> list[str]:
    """Names of the photographs that are missing, where that is allowed.

    Raises:
        PosebenchError: some are missing and that is not allowed, or all are; counts them and names the first.
    """
    missing = missing_photographs(people)
    needed = len(np.unique(people.image[people.usable]))
    if missing and (len(missing) == needed or not people.allow_missing):
        raise PosebenchError(
            f"{people.image_root} lacks {len(missing):,} of the {needed:,} photographs of {people.what}; the first is {missing[0]}."
        )
    return missing
