"""Images: read a photograph, and cut a crop out of it."""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from posebench.data.geometry import Crop
from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.synthetic import people as synthetic

Image = NDArray[np.uint8]

cv2.setNumThreads(0)  # one sample is too small to share; workers and the network need the cores


def read_image(path: Path) -> Image:
    """A photograph as (H, W, 3) uint8 RGB, without its EXIF rotation: annotations are in the stored pixels.

    Raises:
        PosebenchError: the file is missing, not an image, or truncated (decoders would fill the rest with grey).
    """
    try:
        data = np.fromfile(path, np.uint8)
    except OSError as error:
        raise PosebenchError(f"{path} cannot be read: {error.strerror}.") from error
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image: Any = cv2.imdecode(data, flags) if data.size and not _cut_off(data) else None
    if image is None:
        raise PosebenchError(f"{path} is damaged or not an image ({data.size:,} bytes).")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)


def _cut_off(data: Image) -> bool:
    """Whether a JPEG is truncated: its last scan has no end marker. A thumbnail's markers come earlier."""
    content = data.tobytes()
    return content[:2] == b"\xff\xd8" and content.rfind(b"\xff\xd9") < content.rfind(b"\xff\xda")


def cut(image: Image, crop: Crop) -> Image:
    """The crop (height, width, 3): bilinear, black outside the image, as the published pipelines' warpAffine."""
    warped = cv2.warpAffine(image, crop.matrix, (crop.width, crop.height), flags=cv2.INTER_LINEAR)
    return np.asarray(warped, np.uint8)


class ImageReader:
    """The pixels of `instances.images`, by row: photographs from their folder, synthetic people drawn.

    Raises:
        PosebenchError: on making one: the folder, or images in it, are missing; counts them and names the first.
            On a call: that image is not readable.
    """

    def __init__(self, instances: Instances) -> None:
        self.instances = instances
        if not instances.synthetic:
            self._check_folder()

    def __call__(self, row: int) -> Image:
        name = self.instances.images[row]
        if self.instances.synthetic:
            return synthetic.draw(name)
        return read_image(Path(self.instances.image_root or ".") / name)

    def _check_folder(self) -> None:
        people, root = self.instances, self.instances.image_root
        names = [people.images[row] for row in np.unique(people.image[people.usable]).tolist()]
        if root is None or not root.is_dir():
            raise PosebenchError(
                f"The photographs of {people.what} should be in {root}, which does not exist. "
                f"{len(names):,} are needed, such as {names[0] if names else 'none'}."
            )
        # One listing, not a question per name: network file systems answer 118,000 questions slowly.
        present = {path.name for path in root.iterdir()}
        missing = [name for name in names if name not in present and not (root / name).is_file()]
        if missing:
            raise PosebenchError(
                f"{root} lacks {len(missing):,} of the {len(names):,} photographs of {people.what}; the first is {missing[0]}."
            )
