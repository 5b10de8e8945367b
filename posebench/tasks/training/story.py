"""Story: what a run's folder tells of its training, written after every epoch: the history, curves, and prediction sheets."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posebench.data.instances import Instances
from posebench.errors import PosebenchError
from posebench.results.folder import CURVES, HISTORY, SHEETS
from posebench.results.history import write_history

if TYPE_CHECKING:
    from posebench.plugins.architecture import Architecture
    from posebench.samples.loader import Batch
    from posebench.samples.pack import Pack
    from posebench.tasks.training.tracking import Tracker
    from posebench.training.run import Run

SHOWN = 6
"""People on a sheet."""
BETWEEN = 20.0
"""Seconds from one drawing of the curves to the next; they are drawn at the end in any case."""


def shown_people(people: Instances) -> Instances:
    """The same few people for every sheet: usable ones, spread over all."""
    usable = np.flatnonzero(people.usable)
    return people.take(usable[np.unique(np.linspace(0, len(usable) - 1, SHOWN).round().astype(int))])


@dataclass
class Story:
    """Tells a run's story in its folder.

    Attributes:
        folder: the run's. people: on the sheets, with their pixels in `pack`, or in photographs where it is None.
        flip_test: of the recipe. trackers: told of every epoch as well.
    """

    folder: Path
    people: Instances
    pack: "Pack | None"
    flip_test: bool
    trackers: Sequence["Tracker"] = ()
    batch: "Batch | None" = None
    drawn: float = field(default_factory=time.monotonic)

    def begin(self) -> None:
        """Open the trackers."""
        for tracker in self.trackers:
            tracker.open()

    def tell(self, model: "Architecture", run: "Run") -> None:
        """Write what the epoch that has just ended was like."""
        write_history(self.folder / HISTORY, run.history)
        self.draw_sheet(model, len(run.history))
        if time.monotonic() - self.drawn > BETWEEN:
            self.draw_curves(run.history, run.selection)
        for tracker in self.trackers:
            tracker.log(run.history[-1])

    def draw_curves(self, history: list[dict[str, float]], selection: dict[str, object]) -> None:
        """Draw loss and score over epochs, if there is one."""
        from posebench.data.provenance import Provenance
        from posebench.report.plots.plot_training import line_of, write_run

        if not history:
            return
        facts = {"history": history} | ({"selection": selection} if selection else {})
        line = line_of(Provenance.model_validate(facts), self.folder.name)
        write_run(line, self.people.synthetic, self.folder / CURVES)
        self.drawn = time.monotonic()

    def draw_sheet(self, model: "Architecture", epoch: int) -> None:
        """Draw the people with what the network predicts now."""
        import torch

        from posebench.inference.predict import decoded, samples_for
        from posebench.report.galleries.draw_pictures import write_photograph
        from posebench.report.galleries.prediction_sheet import Seen, prediction_sheet

        if self.batch is None:
            try:
                samples = samples_for(model, self.people, self.pack)
            except PosebenchError:  # photographs that are gone by now must not end training
                return
            self.batch = samples.batch([(0, row) for row in range(len(self.people))])
        device = next(model.parameters()).device
        with torch.inference_mode():
            predicted, _ = decoded(model.eval(), self.batch.images.to(device), self.flip_test)
        seen = Seen(
            self.batch.images.numpy(), self.batch.keypoints.numpy(), self.batch.visible.numpy(), np.asarray(predicted)
        )  # fmt: skip
        caption = f"{model.name}, epoch {epoch}: above annotated, below predicted"
        sheet = prediction_sheet(seen, self.people.skeleton, caption)
        write_photograph(sheet, self.folder / SHEETS / f"epoch-{epoch:03d}.jpg")

    def close(self) -> None:
        """Close the trackers."""
        for tracker in self.trackers:
            tracker.close()
