"""Pixels: reading a photograph, and the one warp that cuts a crop out of it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from posebench.errors import PosebenchError
from posebench.geometry import Crop

Image = NDArray[np.uint8]

cv2.setNumThreads(0)  # one sample is too small to share; workers and the network need the cores


def read_image(path: Path) -> Image:
    """A photograph as (H, W, 3) uint8 RGB, without its EXIF rotation: annotations are in the stored pixels.

    Raises:
        PosebenchError: the file is missing, no image, or cut off (decoders fill the rest with grey and say nothing).
    """
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise PosebenchError(f"{path} cannot be read: {error.strerror}.") from error
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image: Any = cv2.imdecode(data, flags) if data.size and not _cut_off(data) else None
    if image is None:
        raise PosebenchError(f"{path} is no whole image ({data.size:,} bytes).")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _cut_off(data: Image) -> bool:
    """Whether a JPEG's last scan has no end. A thumbnail has scans and ends of its own, but before the picture's."""
    content = data.tobytes()
    return content[:2] == b"\xff\xd8" and content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda")


def cut(image: Image, crop: Crop) -> Image:
    """The crop (height, width, 3): bilinear, black outside the image, as the published pipelines' warpAffine."""
    warped = cv2.warpAffine(image, crop.matrix, (crop.width, crop.height), flags=cv2.INTER_LINEAR)
    return np.asarray(warped, np.uint8)
