"""Checks of annotated people that need no pixels: regions, boxes, keypoints."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import UNLABELLED, Instances

NAMED = 3
"""Examples that are named of every finding."""
FAR = 1.0
"""Widths of an image (heights likewise) beyond its edges from which a keypoint is called far away."""
FAR_PIXELS = 10_000
"""The same where the image's size is not known: pixels from its first pixel."""


@dataclass(frozen=True)
class Finding:
    """Something that was counted.

    Attributes:
        count: how many. what: what they have, with its noun, such as `photographs are grayscale`.
        first: the first three, as a reader finds them in the dataset; none where they are the usual case.
    """

    count: int
    what: str
    first: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Such as `12 photographs are grayscale: a.jpg, b.jpg, c.jpg, …`."""
        if not self.first:
            return f"{self.count:,} {self.what}."
        more = ", …" if self.count > len(self.first) else ""
        return f"{self.count:,} {self.what}: {', '.join(self.first)}{more}"


def finding(names: Iterable[str], one: str, many: str) -> list[Finding]:
    """A finding of these names; none where there are none.

    Args:
        one: what is said of one, such as `photograph is grayscale`. many: of several.
    """
    every = list(names)
    return [Finding(len(every), one if len(every) == 1 else many, tuple(every[:NAMED]))] if every else []


def annotation_findings(people: Instances, sizes: Array) -> list[Finding]:
    """What is unusual in the annotations of a split.

    Args:
        sizes: (M, 2) width and height of the images; infinite where unknown.
    """
    split, size = people.split, sizes[people.image]
    labelled = people.visibility > UNLABELLED
    asked = people.usable

    def found(rows: Array, one: str, many: str) -> list[Finding]:
        return finding(_described(people, rows), f"{one} of {split}", f"{many} of {split}")

    boxes = _boxes(people)
    flat: Array = ~np.asarray((boxes[:, 2:] > 0).all(axis=1))
    beside: Array = ~flat & ((boxes[:, :2] + boxes[:, 2:] < 0) | (boxes[:, :2] > size)).any(axis=1)
    low, high = -FAR * size, (1 + FAR) * size
    low, high = (np.where(np.isfinite(bound), bound, side * FAR_PIXELS) for bound, side in ((low, -1), (high, 1)))
    far = ((people.keypoints < low[:, None]) | (people.keypoints > high[:, None])).any(axis=2) & labelled
    return [
        *found(flat, "box without width or height", "boxes without width or height"),
        *found(beside, "box off its image", "boxes off their images"),
        *_far_keypoints(people, far),
        *found(asked & ~labelled.any(axis=1), "person without keypoints", "people without keypoints"),
        *finding(
            _described(people, ~asked),
            f"further person of {split} is neither trained on nor predicted (a crowd, or without keypoints or a box)",
            f"further people of {split} are neither trained on nor predicted (crowds, or without keypoints or a box)",
        ),
    ]


def _boxes(people: Instances) -> Array:
    """(N, 4) x, y, width, height: the dataset's boxes, else the regions that a network should see."""
    if people.bbox is not None:
        return people.bbox
    return np.concatenate([people.center - people.size / 2, people.size], axis=1)


def _described(people: Instances, rows: Array) -> list[str]:
    return [people.describe(int(row)) for row in np.flatnonzero(rows)]


def _far_keypoints(people: Instances, far: Array) -> list[Finding]:
    """Labelled keypoints far outside their images, each with its coordinates."""
    names = [
        f"{people.skeleton.keypoints[joint]} of {people.describe(row)} at "
        + ", ".join(f"{value:,.0f}" for value in people.keypoints[row, joint])
        for row, joint in np.argwhere(far).tolist()
    ]
    return finding(
        names,
        f"keypoint of {people.split} far outside its image",
        f"keypoints of {people.split} far outside their images",
    )


def size_findings(people: Instances, sizes: Array) -> list[Finding]:
    """Photographs of another size than the annotation states.

    Args:
        sizes: (M, 2) width and height of the photographs; infinite where unknown.
    """
    if people.image_sizes is None:
        return []
    stated = people.image_sizes
    differ = (np.isfinite(stated) & np.isfinite(sizes) & (stated != sizes)).any(axis=1)
    names = [
        f"{people.images[row]} ({_size(sizes[row])}, annotated {_size(stated[row])})" for row in np.flatnonzero(differ)
    ]
    text = "of another size than annotated (height × width)"
    return finding(names, f"photograph {text}", f"photographs {text}")


def _size(size: Array) -> str:
    """Height × width, as everywhere."""
    return f"{size[1]:.0f}×{size[0]:.0f}"
