"""Preflight: everything that would make scoring impossible is found before the first step of training."""

import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from posebench.data import predictions
from posebench.data.instances import UNLABELLED, Instances
from posebench.errors import PosebenchError
from posebench.files.writing import free_bytes
from posebench.plugins.protocol import Protocol
from posebench.plugins.registry import errors_of
from posebench.results.folder import ResultsFolder
from posebench.tasks.people import load_people, missing_notes, run_splits
from posebench.tasks.training.initial_weights import fresh_network, load_backbone, recipe_network

if TYPE_CHECKING:
    from posebench.tasks.training.job import Job

COPIES = {"sgd": 1, "rmsprop": 2, "adam": 3, "adamw": 3}
"""Numbers that a checkpoint holds for each parameter: its value, and up to two of the optimizer."""
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
    networks = [network_problem(job) for job in jobs]
    if len(jobs) > 1:
        networks = [problem and f"{job.arch}: {problem}" for job, problem in zip(jobs, networks, strict=True)]
    people = people_problems(protocol, scored, asked, convention)
    unwritable = writing_problem(results)
    found = [*networks, *people, unwritable]
    if not any(networks) and not unwritable:
        each = int(asked.usable.sum()) * len(asked.skeleton) * BYTES_PER_KEYPOINT
        found.append(space_problem(results, sum(checkpoint_bytes(job) + each for job in jobs) + OTHER_FILES))
    _raise("Nothing was trained, because this run could not be scored" if people else "Nothing was trained", found)


def check_before_training(job: "Job") -> tuple[str, ...]:
    """Find out whether a network can be trained, and say what its scoring will lack.

    Returns:
        sentences on what would make scoring impossible: training alone does not need it.

    Raises:
        PosebenchError: the network does not fit its recipe, or no checkpoint can be written; names every reason.
    """
    found = [network_problem(job), writing_problem(job.results)]
    if not any(found):
        found.append(space_problem(job.results, checkpoint_bytes(job)))
    _raise("Nothing was trained", found)
    try:
        scored = load_people(job.protocol, job.data, run_splits(job.protocol, job.data).report)
    except PosebenchError as error:
        return (f"Scoring is not possible here: {error}",)
    return tuple(f"Scoring is not possible here: {it}" for it in people_problems(job.protocol, scored, scored))


def check_initial_weights(jobs: Sequence["Job"]) -> None:
    """Load the weights that networks begin with, so that those of ImageNet are downloaded now and not after hours of training.

    Raises:
        PosebenchError: some cannot be had; names every network.
    """
    found: dict[tuple[str, tuple[int, int]], str] = {}
    for job in jobs:
        network = job.arch, job.recipe.input_size
        if job.recipe.pretrained and network not in found:
            try:
                fresh_network(job, resumed=False)
                found[network] = ""
            except PosebenchError as error:
                found[network] = f"{job.arch}: {error}"
    _raise("Nothing was trained", list(found.values()))


def _raise(what: str, found: Sequence[str]) -> None:
    """Raise one sentence of all problems; empty ones are none."""
    if problems := [problem for problem in dict.fromkeys(found) if problem]:
        if len(problems) == 1:
            raise PosebenchError(f"{what}: {problems[0]}")
        raise PosebenchError(f"{what}:" + "".join(f"\n  {number}. {it}" for number, it in enumerate(problems, 1)))


def people_problems(
    protocol: Protocol, scored: Instances, asked: Instances, convention: str | None = None
) -> tuple[str, ...]:
    """Why these people could not be predicted or scored, as sentences; empty where they can."""
    found = photograph_problem(asked), scoring_problem(protocol, scored, convention)
    return tuple(problem for problem in found if problem)


def photograph_problem(people: Instances) -> str:
    """Why the photographs of these people cannot be read: which of them are missing; empty where they are there."""
    try:
        missing_notes(people)
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
    """Why the network cannot be built for the recipe's input size, or begin with its weights; empty where it can."""
    try:
        parameters(job)
        if job.backbone_weights is not None:
            load_backbone(recipe_network(job.arch, job.protocol.skeleton, job.recipe), job.backbone_weights)
    except PosebenchError as error:
        return str(error)
    return ""


def parameters(job: "Job") -> int:
    """Number of the network's parameters.

    Raises:
        PosebenchError: it cannot be built.
    """
    import torch

    with torch.device("meta"):
        model = recipe_network(job.arch, job.protocol.skeleton, job.recipe)
    return sum(parameter.numel() for parameter in model.parameters())


def checkpoint_bytes(job: "Job") -> int:
    """Bytes of the checkpoints, twice: a new one is written beside the old one. The best one has no state of the optimizer.

    Raises:
        PosebenchError: the network cannot be built.
    """
    recipe = job.recipe
    copies = COPIES[recipe.optimizer] + (recipe.momentum > 0) + (recipe.ema is not None)
    copies += job.watching.validate_every is not None  # the best checkpoint
    return 2 * 4 * copies * parameters(job)


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
