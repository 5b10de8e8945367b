"""Watching: what happens after an epoch beside training, and what ends a run before its last epoch."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from posebench.errors import PosebenchError
from posebench.plugins.architecture import Architecture
from posebench.results.history import SCORE
from posebench.training import processes
from posebench.training.run import Run
from posebench.training.validation import Validation, undisturbed

DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


@cache
def seconds_of(text: str) -> int:
    """`1h30m` → 5400.

    Raises:
        PosebenchError: it is no duration, or none at all.
    """
    found = DURATION.fullmatch(text.strip().lower())
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if not total:
        raise PosebenchError(
            f"--max-time {text!r} is no time: give hours, minutes and seconds, such as 30m, 1h30m or 90s."
        )
    return total


def _nothing(*_: object) -> None:
    """Nobody watches."""


@dataclass(frozen=True)
class Watch:
    """What watches a run. Every function is called in the first process only, and changes nothing of the training.

    Attributes:
        validation: how it is validated; None for not at all.
        begun: called before the first step.
        told: called after every epoch with the network and the run, after validation.
        max_time: such as `30m`; None for no limit.
    """

    validation: Validation | None = None
    begun: Callable[[], None] = field(default=_nothing)
    told: Callable[[Architecture, Run], None] = field(default=_nothing)
    max_time: str | None = None

    def reason_to_end(self, run: Run) -> str:
        """The option by which a run ends after this step; empty where it goes on."""
        if self.validation is not None and self.validation.exhausted(run.selection):
            return f"--early-stop {self.validation.patience}"
        if self.max_time is not None and time.monotonic() - run.started >= seconds_of(self.max_time):
            return f"--max-time {self.max_time}"
        return ""

    def begin(self, run: Run) -> None:
        """What comes before the first step: perhaps the validation of an epoch in which a run was killed."""
        run.collect()
        processes.by_first(self.begun)
        if run.at_epoch_end and self._due(run) and SCORE not in run.history[-1]:
            processes.by_first(lambda: self._validate_and_tell(run))

    def end_epoch(self, run: Run) -> None:
        """What comes after an epoch. The checkpoint is written first: a run that is killed in here loses no step."""
        run.keep()
        processes.by_first(lambda: self._validate_and_tell(run))
        run.clock.start()

    def _due(self, run: Run) -> bool:
        return self.validation is not None and self.validation.due(len(run.history), run.recipe.epochs)

    def _validate_and_tell(self, run: Run) -> None:
        with undisturbed(run.model):
            if self.validation is not None and self._due(run):
                with run.updater.scored_weights():
                    score = self.validation.score(run.model)
                run.judge(self.validation, score)
            with run.updater.scored_weights():
                self.told(run.model, run)
