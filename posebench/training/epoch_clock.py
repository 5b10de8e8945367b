"""Epoch clock: how fast an epoch of training is, and how long it waits for data."""

import time
from collections.abc import Callable, Iterable, Iterator

from posebench.results.history import SPEED, WAIT
from posebench.samples.loader import Batch


class EpochClock:
    """Measures an epoch between `start` and `facts`; what is done at its end is not counted.

    Args:
        world: number of processes; each has so many images of a batch.
        now: seconds of a clock.
    """

    def __init__(self, world: int = 1, now: Callable[[], float] = time.monotonic) -> None:
        self.world, self.now = world, now
        self.start()

    def start(self) -> None:
        """Begin an epoch, or the rest of one."""
        self.started, self.waited, self.images = self.now(), 0.0, 0

    def timed(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """The batches, as training asks for them."""
        iterator = iter(batches)
        while True:
            asked = self.now()
            batch = next(iterator, None)
            if batch is None:
                return
            self.waited += self.now() - asked
            self.images += len(batch.rows) * self.world
            yield batch

    def facts(self) -> dict[str, float]:
        """Images per second of all processes, and the share of time in which this one waited for data."""
        spent = self.now() - self.started
        return {
            SPEED: round(self.images / spent, 1) if spent else 0.0,
            WAIT: round(self.waited / spent, 3) if spent else 0.0,
        }
