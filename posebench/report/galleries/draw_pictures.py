"""Draw pictures: drawn images as photographs and videos, each file whole or not at all."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from posebench.errors import PosebenchError
from posebench.files.writing import write_atomically, write_bytes
from posebench.opencv import cv2
from posebench.samples.images import Image

CODEC = "mp4v"
"""MPEG-4 part 2: the one that OpenCV's wheels write into .mp4 everywhere; H.264 has licences."""


class CannotEncode(PosebenchError):
    """OpenCV has no encoder for this video here; nothing is written."""


def write_photograph(image: Image, path: Path) -> None:
    """Write (H, W, 3) uint8 RGB in the form of the path's ending; as PNG where OpenCV does not write that form.

    Raises:
        PosebenchError: the folder cannot be written to.
    """
    if not cv2.haveImageWriter(path.name):
        path = path.with_name(f"{path.name}.png")
    _, encoded = cv2.imencode(path.suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    write_bytes(path, encoded.tobytes())


def write_video(images: Iterable[Image], rate: float, path: Path) -> None:
    """Write images (H, W, 3) uint8 RGB as the frames of an .mp4 file.

    Args:
        rate: frames per second.

    Raises:
        PosebenchError: the folder cannot be written to.
        CannotEncode: OpenCV does not write videos of this size, or none at all, here.
    """
    # FFmpeg chooses the form of the file by its ending.
    write_atomically(path, lambda partial: _encode(iter(images), rate, partial), ending=path.suffix)


def _encode(images: Iterator[Image], rate: float, path: Path) -> None:
    first = next(images)
    height, width = first.shape[:2]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*CODEC), rate, (width, height))
    try:
        if not writer.isOpened():
            raise CannotEncode(f"OpenCV does not write videos of {height}x{width} pixels (height x width) here.")
        for image in itertools.chain([first], images):
            if image.shape[:2] != (height, width):  # a stream may change its size; the writer would drop the frame
                image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
            writer.write(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
    finally:
        writer.release()
