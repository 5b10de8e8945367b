"""Measuring: how long the runs of a study take on this device, from a few steps of each network."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from posebench.inference.predict import passes
from posebench.plugins.pipeline import Pipeline
from posebench.samples.loader import Batch, Samples, epoch_steps
from posebench.studies import corrupting
from posebench.studies.plan import PlannedRun
from posebench.studies.state import RunState, described
from posebench.tasks.robustness.cost import corruption_seconds
from posebench.tasks.training.initial_weights import recipe_network
from posebench.tasks.training.job import Job
from posebench.training.devices import fast_kernels, use_device
from posebench.training.step import Updater

SAMPLES_ON_CPU = 4
"""Samples of a measured step on a CPU, where time grows with their number; elsewhere a step has the recipe's batch."""
STEPS = 3
"""Measured steps; the shortest counts, as other work on the machine only makes them longer. One before them chooses kernels."""


@dataclass(frozen=True)
class SampleTime:
    """Seconds that the making of one sample takes.

    Attributes:
        first: the first time. again: in later epochs; less where pictures are kept, as those of synthetic people are.
    """

    first: float
    again: float


@dataclass(frozen=True)
class Speed:
    """How fast one network is.

    Attributes:
        step: seconds of a step of training, with the making of its batch. person: seconds to predict one.
        drawing: seconds more that each training person takes in the first epoch.
        corrupting: seconds that all corruptions of a photograph take, in all severities.
    """

    step: float
    person: float
    drawing: float = 0.0
    corrupting: float = 0.0

    def seconds(self, run: PlannedRun) -> float:
        """How long a run takes from its beginning: training and prediction, without validation, decoding, scoring and pictures."""
        recipe, people = run.job.recipe, run.people
        trained = int(people.train.usable.sum())
        steps = recipe.epochs * epoch_steps(trained, recipe.batch_size, recipe.last_batch == "keep")
        passes = 1 + bool(run.decodings)  # the second time to keep heatmaps
        passes += 0 if run.corruptions is None else corrupting.passes(run.corruptions)
        predicted = int(people.asked.usable.sum()) * passes
        photographs = len(np.unique(people.asked.image[people.asked.usable]))
        return steps * self.step + trained * self.drawing + predicted * self.person + photographs * self.corrupting


def measured(runs: Iterable[PlannedRun], show: Callable[[str], None] = lambda doing: None) -> dict[str, float]:
    """Key of a run → its seconds; runs that differ in the seed alone are measured once.

    Args:
        show: called with the network that is measured now.

    Raises:
        PosebenchError: there is no such device, or the network fails on it.
    """
    speeds: dict[tuple[str, str, str], Speed] = {}
    found = {}
    for run in runs:
        job = run.job
        network = job.arch, job.protocol.name, job.recipe.model_dump_json()
        if network not in speeds:
            show(run.name)
            speeds[network] = speed(run)
        found[run.key] = speeds[network].seconds(run)
    return found


def speed(run: PlannedRun) -> Speed:
    """Train and predict a few people of a run with random weights, which are not kept."""
    job = run.job
    use_device(job.device)
    accelerator = Accelerator()
    torch.manual_seed(job.seed)
    model = recipe_network(job.arch, job.protocol.skeleton, job.recipe)
    updater = Updater(model, job.recipe, accelerator, lambda sentence: None)
    device = updater.device
    batch, loading = _batch(run, model.pipeline, device)
    count = len(batch.rows)
    updater.begin()
    with fast_kernels(device):
        step = _seconds(device, lambda: updater(batch, job.recipe.learning_rate, 1))
    model.eval()
    with torch.inference_mode():
        images = model.prepare(batch.images.to(device))
        person = _seconds(device, lambda: passes(model, images, job.recipe.flip_test)) / count
    if device.type == "cuda":
        torch.cuda.empty_cache()
    size = job.recipe.batch_size
    return Speed(
        step=_with_loading(step * size / count, loading.again * size, job),
        person=_with_loading(person, loading.first, job),
        drawing=max(loading.first - loading.again, 0) / max(job.workers, 1),
        corrupting=_corrupting(run) / max(job.workers, 1),
    )


def _corrupting(run: PlannedRun) -> float:
    """Seconds that all corruptions of the run's first photograph take."""
    asked = run.corruptions
    counts = Counter(name for name, _ in asked.cells) if asked is not None else {}
    return corruption_seconds(run.people.asked, counts)


def _batch(run: PlannedRun, pipeline: Pipeline, device: torch.device) -> tuple[Batch, SampleTime]:
    """Samples of the training people, and how long the making of one takes."""
    job, people = run.job, run.people.train
    count = job.recipe.batch_size if device.type != "cpu" else min(job.recipe.batch_size, SAMPLES_ON_CPU)
    warm, *rows = np.resize(np.flatnonzero(people.usable), count + 1).tolist()
    samples = Samples(people, job.recipe.input_size, job.recipe.augmentation, job.seed, pipeline)
    samples.batch([(0, warm)])  # loads what making the first sample needs
    times = [time.perf_counter()]
    for epoch in range(2):
        batch = samples.batch([(epoch, row) for row in rows])
        times.append(time.perf_counter())
    first, again = np.diff(times) / count
    return batch, SampleTime(float(first), float(again))


def _with_loading(network: float, loading: float, job: Job) -> float:
    """Seconds with the making of samples: before the network's work, or beside it where other processes make them."""
    return max(network, loading / job.workers) if job.workers else network + loading


def _seconds(device: torch.device, work: Callable[[], object]) -> float:
    """The shortest of a few calls, after one that is not measured."""
    times = []
    for _ in range(STEPS + 1):
        started = time.perf_counter()
        work()
        if device.type != "cpu":
            torch.accelerator.synchronize(device)
        times.append(time.perf_counter() - started)
    return min(times[1:])


def as_json(states: Sequence[RunState], seconds: Mapping[str, float]) -> dict[str, Any]:
    """The plan as JSON values.

    Args:
        seconds: as `measured` returns them.
    """
    runs = [described(state) | {"seconds": seconds.get(state.run.key)} for state in states]
    return {"runs": runs, "seconds": sum(seconds.values())}
