"""A skeleton: which keypoints a person has, in which order, and which of them mirror each other."""

from dataclasses import dataclass
from functools import cached_property

from posebench.errors import PosebenchError


@dataclass(frozen=True)
class Skeleton:
    """Names of the K keypoints in file order, and the bones that are drawn between them.

    Which keypoints swap under a mirror follows from the names: `left_wrist` and `right_wrist`.

    Raises:
        PosebenchError: there is no name, a name appears twice, or a bone joins a keypoint that is not there.
    """

    keypoints: tuple[str, ...]
    bones: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        twice = sorted({name for name in self.keypoints if self.keypoints.count(name) > 1})
        if not self.keypoints:
            raise PosebenchError("A skeleton needs at least one keypoint name; none is given.")
        if twice:
            raise PosebenchError(f"A skeleton needs distinct keypoint names; twice: {', '.join(twice)}.")
        loose = [name for bone in self.bones for name in bone if name not in self.keypoints]
        if loose:
            raise PosebenchError(f"A bone ends at {loose[0]!r}, which is no keypoint of this skeleton.")

    def __len__(self) -> int:
        return len(self.keypoints)

    def index(self, *names: str) -> list[int]:
        """Positions of the named keypoints.

        Raises:
            PosebenchError: this skeleton lacks one.
        """
        missing = [name for name in names if name not in self.keypoints]
        if missing:
            raise PosebenchError(f"This skeleton has no {missing[0]!r}; it has {', '.join(self.keypoints)}.")
        return [self.keypoints.index(name) for name in names]

    @cached_property
    def flip_pairs(self) -> tuple[tuple[int, int], ...]:
        """(left, right) positions of the keypoints that a mirror swaps."""
        return tuple(
            (self.keypoints.index(name), self.keypoints.index(other))
            for name in self.keypoints
            if (other := name.replace("left", "right", 1)) != name and other in self.keypoints
        )

    @cached_property
    def flip_order(self) -> tuple[int, ...]:
        """`keypoints[flip_order]` names what each position holds after a mirror."""
        order = list(range(len(self)))
        for left, right in self.flip_pairs:
            order[left], order[right] = right, left
        return tuple(order)

    @cached_property
    def bone_indices(self) -> tuple[tuple[int, int], ...]:
        """The bones as positions."""
        return tuple((self.keypoints.index(a), self.keypoints.index(b)) for a, b in self.bones)
