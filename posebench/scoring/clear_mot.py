"""CLEAR MOT: how well hypotheses follow objects through the frames of a sequence. Pure functions of arrays.

Bernardin, Stiefelhagen, "Evaluating Multiple Object Tracking Performance: The CLEAR MOT Metrics" (EURASIP Journal on Image and
Video Processing, 2008), with the rules of motmetrics where the paper leaves a choice. In every frame:

1. An object keeps the hypothesis that it was last matched with, where both are there and may be matched, however long ago that was.
2. Of the others as many as possible are matched, with the smallest sum of distances.
3. A match of step 2 is a switch where the object was last matched with another hypothesis.
4. Objects without a hypothesis are misses, hypotheses without an object are false positives.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from posebench.array_type import Array


class Frame(NamedTuple):
    """What is there in one frame.

    Attributes:
        objects: G numbers of objects, each different. hypotheses: P numbers of hypotheses, each different.
        distances: (G, P) between them; not finite where they may not be matched.
    """

    objects: list[int]
    hypotheses: list[int]
    distances: Array


class Counts(NamedTuple):
    """Sums over frames.

    Attributes:
        objects: how many were there. misses, switches, false_positives: see the module.
        distance: the sum over matches, switches among them.
        events: the sum over the rows of motmetrics' table of events (1.4.0): each pair that may be matched; each match; a switch
            again if its hypothesis was never matched before; a match of a hypothesis that last belonged to another object
            again, and once more if its object was never matched before.
    """

    objects: int = 0
    misses: int = 0
    switches: int = 0
    false_positives: int = 0
    distance: float = 0.0
    events: float = 0.0


def follow(frames: Iterable[Frame]) -> Counts:
    """Count what happens to the objects of a sequence.

    Args:
        frames: in their order.
    """
    sequence = _Sequence()
    for frame in frames:
        sequence.add(frame)
    return Counts(
        sequence.objects,
        sequence.misses,
        sequence.switches,
        sequence.false_positives,
        sequence.distance,
        sequence.events,
    )


class _Sequence:
    """The counts so far, and who was last matched with whom."""

    def __init__(self) -> None:
        self.objects = self.misses = self.switches = self.false_positives = 0
        self.distance = self.events = 0.0
        self._last: dict[int, int] = {}  # object → hypothesis
        self._owner: dict[int, int] = {}  # hypothesis → the object to which step 2 last gave it
        self._followed: set[int] = set()

    def add(self, frame: Frame) -> None:
        """Match the next frame."""
        objects, hypotheses, distances = frame
        possible = np.isfinite(distances)
        kept = self._keep(frame, possible)
        free = np.ones(len(objects), bool), np.ones(len(hypotheses), bool)
        for g, p in kept:
            free[0][g] = free[1][p] = False
        new = assign(np.where(possible & free[0][:, None] & free[1], distances, np.inf))
        for g, p in new:
            self._begin(objects[g], hypotheses[p], float(distances[g, p]))
        matched = sum(float(distances[pair]) for pair in (*kept, *new))
        self.distance += matched
        self.events += float(distances[possible].sum()) + matched
        self.objects += len(objects)
        self.misses += len(objects) - len(kept) - len(new)
        self.false_positives += len(hypotheses) - len(kept) - len(new)

    def _keep(self, frame: Frame, possible: Array) -> list[tuple[int, int]]:
        """Step 1: rows of objects and of the hypotheses that stay with them."""
        row = {hypothesis: p for p, hypothesis in enumerate(frame.hypotheses)}
        kept = []
        for g, one in enumerate(frame.objects):
            p = row.get(self._last[one]) if one in self._last else None
            if p is not None and possible[g, p]:
                kept.append((g, p))
                del row[frame.hypotheses[p]]
                self._followed.add(frame.hypotheses[p])
        return kept

    def _begin(self, one: int, hypothesis: int, distance: float) -> None:
        """Step 3: an object gets a hypothesis that it did not have."""
        known = one in self._last
        if known and self._last[one] != hypothesis:
            self.switches += 1
            self.events += distance * (hypothesis not in self._followed)
        if self._owner.get(hypothesis, one) != one:
            self.events += distance * (1 if known else 2)
        self._last[one], self._owner[hypothesis] = hypothesis, one
        self._followed.add(hypothesis)


def assign(distances: Array) -> list[tuple[int, int]]:
    """Rows and columns that belong together: as many as possible, and of these the smallest sum.

    Args:
        distances: (G, P), not below 0; infinite where a row and a column may not be put together.
    """
    possible = np.isfinite(distances)
    rows, columns = np.flatnonzero(possible.any(axis=1)), np.flatnonzero(possible.any(axis=0))
    if len(rows) <= 1 and len(columns) <= 1:
        return [(int(rows[0]), int(columns[0]))] if len(rows) else []
    from scipy.optimize import linear_sum_assignment  # takes 0.1 s to import

    part = distances[np.ix_(rows, columns)]
    # More than all possible distances together, so that none is given up for a smaller sum.
    forbidden = 1 + 2 * min(part.shape) * (1 + float(part[np.isfinite(part)].max()))
    chosen = linear_sum_assignment(np.where(np.isfinite(part), part, forbidden))
    return [(int(rows[g]), int(columns[p])) for g, p in zip(*chosen, strict=True) if np.isfinite(part[g, p])]
