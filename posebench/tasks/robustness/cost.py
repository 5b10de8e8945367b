"""What a measurement of robustness will take, from one photograph and one batch."""

import time
from collections import Counter
from collections.abc import Mapping

import numpy as np

from posebench.data.instances import Instances
from posebench.errors import PosebenchError, counted, duration
from posebench.tasks.robustness.measure import Measurement

TIMED = 4
"""People in the batch that is timed."""
PARTS = {
    "clean": "clean", "corruption": "corrupted", "shift": "with shifted boxes", "scale": "with scaled boxes",
    "boxes": "with other boxes",
}  # fmt: skip
"""Part → its conditions, in a sentence."""


def expected(planned: Measurement, workers: int) -> tuple[str, ...]:
    """The plan with its cost, as sentences."""
    people, left, counts = planned.conditions[0].people, planned.left, Counter(one.part for one in planned.conditions)
    part = planned.people.chosen
    chosen = f"all {planned.of_split:,} people" if part is None else part.sentence
    boxes = f", {len(people):,} boxes of {people.box_source}," if planned.asked.boxes is not None else ""
    parts = ", ".join(f"{count} {PARTS[part]}" for part, count in counts.items())
    done = len(planned.conditions) - len(left)
    what = (
        f"{planned.name} on {chosen} of {people.what}{boxes} under "
        f"{counted(len(planned.conditions), 'condition', 'conditions')} ({parts})"
        + (f"; {done:,} are done." if done else ".")
    )
    if not left:
        return (what,)
    asked = Counter(one.name for one in left if one.part == "corruption")
    network, corruption = _network_seconds(planned), corruption_seconds(people, asked)
    photographs = len(np.unique(people.image[people.usable]))
    seconds = network * sum(int(one.people.usable.sum()) for one in left) + corruption * photographs / max(workers, 1)
    damage = f", {corruption:.2g} s for all corruptions of a photograph" if corruption else ""
    return (
        what,
        f"About {duration(seconds)} on this machine, from one batch and one photograph: "
        f"{1000 * network:.0f} ms for a person{damage}.",
    )


def _network_seconds(planned: Measurement) -> float:
    """Seconds that the network takes for a person, its mirror image included."""
    import torch

    from posebench.inference.predict import decoded, first_images

    used, crops = planned.network, first_images(planned.network.model, planned.conditions[0].people, TIMED)
    with torch.inference_mode():
        decoded(used.model, crops, used.flip_test)  # the first pass prepares what later ones use
        start = time.perf_counter()
        decoded(used.model, crops, used.flip_test)
    return (time.perf_counter() - start) / len(crops)


def corruption_seconds(people: Instances, asked: Mapping[str, int]) -> float:
    """Seconds that corruptions take on the first photograph of usable people; 0 where it cannot be read or corrupted.

    Args:
        asked: corruption → in how many severities.
    """
    from posebench.samples.corruption import corrupted
    from posebench.samples.images import ImageReader

    seconds = 0.0
    if not asked:
        return seconds
    try:
        image = ImageReader(people)(int(people.image[people.usable][0]))
        for name, count in asked.items():
            if name == "glass_blur":
                corrupted(image[:64, :64], name, 1)  # compiled on its first call
            start = time.perf_counter()
            corrupted(image, name, 3)
            seconds += count * (time.perf_counter() - start)
    except PosebenchError:
        return 0.0
    return seconds
