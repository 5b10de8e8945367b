"""The conditions under which robustness is measured: whom a network is asked about, and what is done to the photographs."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from posebench.data.instances import Instances
from posebench.data.moved_boxes import jittered, moved
from posebench.errors import unknown
from posebench.results.kept_robustness import CLEAN, Part

if TYPE_CHECKING:
    from posebench.samples.corruption import Corruption, Rule

SHIFTS = -52, -39, -26, -13, 13, 26, 39, 52
"""Pixels of a crop that is 256 high. The hourglass paper's figure 10 shows a network that changes the person at 26."""
SCALES = 0.6, 0.7, 0.8, 0.9, 1.1, 1.25, 1.5, 1.75
"""Factors of the box: at 0.6 parts of most people are outside, at 1.75 they are small."""
JITTERS = (13, 0.1), (26, 0.25)
"""(pixels of a crop that is 256 high, share of the scale) by which boxes are moved at random."""
PARTS = "corruptions", "shift", "boxes"
"""What is measured: corrupted photographs; curves over shift and scale of the box; sources of boxes."""


@dataclass(frozen=True)
class RobustnessAsked:
    """What is measured.

    Attributes:
        parts: of `PARTS`.
        corruptions, severities: those that are measured; empty for all.
        people: how many, evenly spread over the split; with `boxes`, everybody in their images. None for all.
        rule, seed: of the corruptions; the seed is also of the jitter.
        boxes: a detector's; None for the annotated ones alone. box_threshold: as of `people_to_predict`.
        write: folder for the corrupted photographs; None to write none.
    """

    parts: tuple[str, ...] = PARTS
    corruptions: tuple[str, ...] = ()
    severities: tuple[int, ...] = ()
    people: int | None = None
    rule: "Rule" = "advmix"
    seed: int = 1
    boxes: Path | None = None
    box_threshold: float | None = None
    write: Path | None = None

    def __post_init__(self) -> None:
        from posebench.samples.corruption import check_corruptions

        for part in self.parts:
            if part not in PARTS:
                raise unknown("part of robustness", part, PARTS)
        check_corruptions(self.corruptions, self.severities)

    @property
    def cells(self) -> tuple[tuple[str, int], ...]:
        """(corruption, severity) of everything that is measured, in the order of the papers' tables."""
        from posebench.samples.corruption import CORRUPTIONS, SEVERITIES

        if "corruptions" not in self.parts:
            return ()
        names = [one for one in CORRUPTIONS if one in (self.corruptions or CORRUPTIONS)]
        return tuple((name, one) for name in names for one in SEVERITIES if one in (self.severities or SEVERITIES))

    @property
    def chosen_cells(self) -> tuple[tuple[str, int], ...]:
        """As `cells`, where they are not all."""
        return () if self.cells == replace(self, corruptions=(), severities=()).cells else self.cells


@dataclass(frozen=True, eq=False)
class PredictedCondition:
    """One condition.

    Attributes:
        part, name, level: as of `results.kept_robustness.Condition`.
        people: with the boxes that the network is given.
        corruption: of their photographs; None for none.
    """

    part: Part
    name: str
    level: float
    people: Instances
    corruption: "Corruption | None" = None

    @property
    def label(self) -> str:
        """Such as `fog 3`, for the progress."""
        return self.name if not self.level else f"{self.name} {self.level:g}"

    @property
    def file_name(self) -> str:
        """Name of its predictions file: another one for whatever changes a pixel or a box."""
        from posebench.samples.corruption import library_versions

        made = self.corruption
        facts = (
            (
                self.people.box_source,
                self.people.source.identity,
                self.people.center.tobytes(),
                self.people.size.tobytes(),
            )
            if made is None
            else (made.rule, made.seed, library_versions())
        )
        return f"{self.part}-{self.name}-{self.level:g}-{hashlib.sha256(repr(facts).encode()).hexdigest()[:8]}.h5"


def conditions(
    people: Instances, asked: RobustnessAsked, input_size: tuple[int, int], detected: Instances | None
) -> list[PredictedCondition]:
    """All conditions, the clean one first: on detected boxes where there are such, else on the annotated ones.

    Args:
        people: with the annotated boxes.
        input_size: (width, height) of the network's crops.
        detected: the people of a detector's boxes; None where there are none.
    """
    base = people if detected is None else detected
    found = [PredictedCondition("clean", CLEAN, 0, base)]
    found += _corruptions(base, asked)
    if "shift" in asked.parts:
        found += [PredictedCondition("shift", "right", n, moved(base, input_size, right=n)) for n in SHIFTS]
        found += [PredictedCondition("shift", "down", n, moved(base, input_size, down=n)) for n in SHIFTS]
        found += [PredictedCondition("scale", "scale", by, moved(base, input_size, scale=by)) for by in SCALES]
    if "boxes" in asked.parts:
        if detected is not None:
            found.append(PredictedCondition("boxes", "annotated", 0, people))
        found += [
            PredictedCondition("boxes", "jittered", pixels, jittered(people, input_size, pixels, share, asked.seed))
            for pixels, share in JITTERS
        ]
    return found


def _corruptions(people: Instances, asked: RobustnessAsked) -> Iterator[PredictedCondition]:
    from posebench.samples.corruption import Corruption

    for name, severity in asked.cells:
        folder = None if asked.write is None else asked.write / name / str(severity)
        made = Corruption(name, severity, asked.rule, asked.seed, folder)
        yield PredictedCondition("corruption", name, severity, people, made)
