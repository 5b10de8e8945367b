"""Preflight: everything that would make scoring impossible is found before the first step of training."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from posebench.data import predictions
from posebench.data.instances import UNLABELLED, Instances
from posebench.errors import PosebenchError
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import errors_of
from posebench.results.folder import ResultsFolder
from posebench.samples.images import ImageReader

if TYPE_CHECKING:
    from posebench.tasks.train import Job

COPIES = {"rmsprop": 2, "adam": 3, "adamw": 3}
"""Numbers that a checkpoint holds for each parameter: its value, and one or two of the optimizer."""
BYTES_PER_KEYPOINT = 25
"""Of a predictions file: place and score as doubles, and whether it is missing."""
OTHER_FILES = 20_000_000
"""Bytes for the record, the pictures and the page of a run."""


def check_before_run(jobs: Sequence["Job"], scored: Instances, asked: Instances, convention: str | None = None) -> None:
    """Find out whether these runs can be trained, predicted and scored.

    Args:
        scored: the people of the split that will be scored. asked: those who will be predicted, perhaps from a detector's boxes.
        convention: of the score; None for the protocol's first one.

    Raises:
        PosebenchError: they cannot; names every reason.
    """
    protocol, results = jobs[0].protocol, jobs[0].results
    needs = sum(bytes_of(job, asked) for job in jobs) + OTHER_FILES
    found = [*(network_problem(job) for job in jobs), *people_problems(protocol, scored, asked, convention)]
    found += [writing_problem(results), space_problem(results, needs)]
    if problems := [problem for problem in dict.fromkeys(found) if problem]:
        lines = problems if len(problems) == 1 else [f"\n  {number}. {it}" for number, it in enumerate(problems, 1)]
        raise PosebenchError(f"Nothing was trained, because this run could not be scored: {''.join(lines)}")


def people_problems(
    protocol: Protocol, scored: Instances, asked: Instances, convention: str | None = None
) -> tuple[str, ...]:
    """Why these people could not be predicted or scored, as sentences; empty where they can."""
    found = photograph_problem(asked), scoring_problem(protocol, scored, convention)
    return tuple(problem for problem in found if problem)


def photograph_problem(people: Instances) -> str:
    """Why the photographs of these people cannot be read: which of them are missing; empty where they are there."""
    try:
        ImageReader(people)
    except PosebenchError as error:
        return str(error)
    return ""


def scoring_problem(protocol: Protocol, people: Instances, convention: str | None = None) -> str:
    """Why predictions of these people could not be scored; empty where they can.

    The annotations themselves are scored as predictions, so that whatever a protocol needs is asked for: head lengths, areas,
    labelled keypoints.
    """
    rows = np.flatnonzero(people.usable)
    if not len(rows):
        return f"{people.what} has no person to predict."
    asked = people.take(rows)
    labelled = (asked.visibility > UNLABELLED)[..., None]
    keypoints = np.where(labelled, asked.keypoints, asked.center[:, None])
    try:
        with errors_of("protocol", protocol.name, "score"):
            protocol.score(predictions.for_instances(asked, keypoints), people, protocol.convention(convention).name)
    except PosebenchError as error:
        return str(error)
    return ""


def network_problem(job: "Job") -> str:
    """Why the network cannot be built for the recipe's input size; empty where it can."""
    try:
        parameters(job)
    except PosebenchError as error:
        return str(error)
    return ""


def parameters(job: "Job") -> int:
    """Number of the network's parameters.

    Raises:
        PosebenchError: it cannot be built.
    """
    import torch

    from posebench.plugins.registry import architecture

    with torch.device("meta"):
        model = architecture(job.arch, job.protocol.skeleton, job.recipe.input_size)
    return sum(parameter.numel() for parameter in model.parameters())


def bytes_of(job: "Job", asked: Instances) -> int:
    """Bytes that a run writes: the checkpoint twice, since the new one is written beside the old one, and predictions."""
    predicted = int(asked.usable.sum()) * len(asked.skeleton) * BYTES_PER_KEYPOINT
    if network_problem(job):
        return predicted
    return 2 * 4 * COPIES[job.recipe.optimizer] * parameters(job) + predicted


def writing_problem(results: ResultsFolder) -> str:
    """Why no file can be written below the results; empty where one can."""
    try:
        results.path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=results.path):
            return ""
    except OSError as error:
        return f"Cannot write to {results.path}: {error.strerror}. Name another folder with --results, or change its rights."


def space_problem(results: ResultsFolder, needed: int) -> str:
    """A sentence where the disk of the results has fewer free bytes than a run needs; empty where it has enough."""
    free = free_bytes(results.path)
    if free >= needed:
        return ""
    return (
        f"{results.path} has {free / 1e6:,.0f} MB of free space, and checkpoints and predictions need {needed / 1e6:,.0f} MB. "
        "Free some, or name another folder with --results."
    )


def free_bytes(path: Path) -> int:
    """Free bytes of the disk on which a path lies or would lie."""
    existing = next(folder for folder in (path.absolute(), *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(existing).free
