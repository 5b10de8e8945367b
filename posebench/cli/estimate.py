"""How long training will take, measured on its first steps and printed once."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from posebench.errors import duration

if TYPE_CHECKING:
    from posebench.training.run import Progress

WARM = 3
"""Steps that are not measured: the first ones start workers and choose kernels."""
ENOUGH_STEPS, ENOUGH_SECONDS = 20, 10.0
"""Measured until so many steps, or at least one that ends after so many seconds, are done."""
SHORTEST = 60.0
"""Seconds below which nothing is said: the bar is enough."""


class Estimate:
    """Says after the first steps how long training takes.

    Args:
        say: called once, with a sentence. now: seconds of a clock.
    """

    def __init__(self, say: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self.say, self.now = say, now
        self.steps = 0
        self.started = 0.0
        self.said = False

    def __call__(self, progress: "Progress") -> None:
        """Note a finished step."""
        if self.said:
            return
        self.steps += 1
        if self.steps == WARM:
            self.started = self.now()
        measured, spent = self.steps - WARM, self.now() - self.started
        if measured < 1 or (measured < ENOUGH_STEPS and spent < ENOUGH_SECONDS):
            return
        self.said = True
        each, left = spent / measured, progress.steps - progress.step
        if each * left >= SHORTEST:
            self.say(f"Training takes about {duration(each * left)} more: {each:.3g} s a step, {left:,} steps left.")
