"""Run: a job becomes a record. What `posebench run` does for each network, and a study for each of its runs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol as Interface

from posebench import torchrun
from posebench.data.instances import Instances
from posebench.results.record import Record
from posebench.tasks.prediction.predict import Predicted, Predicting, predict, predictions_path
from posebench.tasks.scoring.evaluate import evaluate
from posebench.tasks.training.job import Job
from posebench.tasks.training.train import Show, train

Counted = Callable[[int, int], None]
"""Called with how many people are done, and of how many."""


class Viewer(Interface):
    """Whom a run tells how far it is."""

    def training(self, job: Job) -> AbstractContextManager[Show]:
        """Entered while a network is trained; gives the function to call after every step."""

    def predicting(self, asked: Instances) -> AbstractContextManager[Counted]:
        """Entered while people are predicted; gives the function to call with how many are done, and of how many."""

    def say(self, note: str) -> None:
        """Called with a sentence on what was left out or decided."""


def run(job: Job, people: Instances, asked: Instances, viewer: Viewer, name: str | None = None) -> Record | None:
    """Train a network, predict people, score them, and keep the record and its overlays below the job's results.

    Args:
        people: whom to score. asked: whom to predict: the same people, or those in a detector's boxes.
        name: of the record; None for the architecture.

    Returns:
        The record; None in every process but the first.

    Raises:
        PosebenchError: as `train`, `predict` and `evaluate`.
        Interrupted: Ctrl-C or SIGTERM.
    """
    with viewer.training(job) as show:
        trained = train(job, show, viewer.say)
    for note in trained.notes:
        viewer.say(note)
    predicted = _predict(job, trained.checkpoint, asked, viewer)
    if not torchrun.is_first():
        return None
    evaluation = evaluate(predicted.predictions, job.protocol, people, name=name)
    evaluation.save(job.results.path)
    evaluation.draw_overlays(job.results.path)
    return evaluation.record


def _predict(job: Job, checkpoint: Path, asked: Instances, viewer: Viewer) -> Predicted:
    path = predictions_path(checkpoint, asked, job.results)
    with viewer.predicting(asked) as show:
        predicted = predict(checkpoint, job.protocol, asked, path, Predicting(job.workers), show)
    for note in predicted.notes:
        viewer.say(note)
    return predicted
