"""Pixels of instances: photographs from their folder, embedded people from the pen."""

from pathlib import Path

import numpy as np

from posebench import synthetic
from posebench.errors import PosebenchError
from posebench.images import Image, read_image
from posebench.instances import Instances


class ImageReader:
    """The pixels of `instances.images`, by row: photographs from their folder, embedded people from the pen.

    Raises:
        PosebenchError: on making one: the folder, or images in it, are missing; counts them and names the first.
            On a call: that image is not readable.
    """

    def __init__(self, instances: Instances) -> None:
        self.instances = instances
        if not instances.embedded:
            self._check_folder()

    def __call__(self, row: int) -> Image:
        name = self.instances.images[row]
        if self.instances.embedded:
            return synthetic.draw(name)
        return read_image(Path(self.instances.image_root or ".") / name)

    def _check_folder(self) -> None:
        people, root = self.instances, self.instances.image_root
        names = [people.images[row] for row in np.unique(people.image[people.usable]).tolist()]
        if root is None or not root.is_dir():
            raise PosebenchError(
                f"The photographs of {people.what} should be in {root}, which is not there. "
                f"It needs {len(names):,} of them, such as {names[0] if names else 'none'}."
            )
        # One listing, not a question per name: network file systems answer 118,000 questions slowly.
        present = {path.name for path in root.iterdir()}
        missing = [name for name in names if name not in present and not (root / name).is_file()]
        if missing:
            raise PosebenchError(
                f"{root} lacks {len(missing):,} of the {len(names):,} photographs of {people.what}; the first is {missing[0]}."
            )
