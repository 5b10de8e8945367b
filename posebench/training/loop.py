"""Training: one loop for every architecture. It knows people, a recipe and a network, and no protocol."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from posebench.data.instances import Instances
from posebench.errors import Interrupted, PosebenchError
from posebench.plugins.architecture import Architecture
from posebench.plugins.recipe import Recipe
from posebench.samples.loader import HERE, Loading, Samples, batches, epoch_steps, training_keys
from posebench.samples.pack import Pack
from posebench.training import checkpoints, processes
from posebench.training.checkpoints import Checkpoint
from posebench.training.devices import fast_kernels
from posebench.training.run import Progress, Run
from posebench.training.step import Updater
from posebench.training.stopping import asked_to_stop, kept_if_killed, stopped
from posebench.training.watching import Watch

UNWATCHED = Watch()


def train(  # noqa: PLR0913 - what is trained, how, and who watches
    model: Architecture,
    instances: Instances,
    recipe: Recipe,
    seed: int,
    path: Path,
    show: Callable[[Progress], None] = lambda progress: None,
    loading: Loading = HERE,
    watch: Watch = UNWATCHED,
) -> Checkpoint:
    """Train `model` in place and keep its checkpoint at `path`; goes on from there where one is.

    Args:
        instances: whom to train on; `usable` rows are used.
        show: called after every step, on a GPU after every 20th.
        loading: how samples are loaded.
        watch: what happens after an epoch, and what ends training before its last epoch.

    Returns:
        The last checkpoint; `stopped` says whether `watch` ended training.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; the checkpoint is written.
        WorkerDied: a process that makes batches was killed, for the second time; the checkpoint is written.
        PosebenchError: there is no one to train on, the loss is not finite, or the pack is damaged.
    """
    rows = np.flatnonzero(instances.usable)
    if not len(rows):
        raise PosebenchError(f"{instances.what} has no one to train on.")
    accelerator = Accelerator()
    if processes.index():  # initial weights are the first one's, but dropout should not drop the same in all
        torch.manual_seed(seed + processes.index() * 2**32)
    updater = Updater(model, recipe, accelerator, loading.say)
    run = Run(updater, recipe, seed, path, _trained_on(instances, rows, loading.pack))
    keep_last = recipe.last_batch == "keep"
    run.steps = recipe.epochs * epoch_steps(len(rows), recipe.batch_size, keep_last)
    run.restore()
    _check_same_step(run)
    watch.begin(run)
    # A run that is resumed may have no patience left.
    done = run.steps if _ended(run, watch, False) else run.step
    whole = training_keys(rows, recipe.batch_size, seed, range(recipe.epochs), keep_last)
    keys, weights = processes.own_shares(whole, done)
    samples = Samples(instances, recipe.input_size, recipe.augmentation, seed, model.pipeline, loading.pack)
    updater.begin()
    with asked_to_stop() as stop, fast_kernels(updater.device):
        made = batches(samples, keys, loading.workers, updater.device.type == "cuda", loading.say)
        own = run.clock.timed(kept_if_killed(processes.in_step(made), run))
        for batch, weight in zip(own, weights, strict=False):
            with processes.losing_others():
                parts = updater(batch, run.rate, run.step + 1, weight)
            run.advance(parts, batch, instances)
            if not (run.at_epoch_end or run.losses.due(updater.device)):
                continue
            run.read_losses()
            if run.at_epoch_end:
                run.end_epoch()
                watch.end_epoch(run)
            show(run.progress)
            if _ended(run, watch, stop.is_set()):
                break
    run.keep()
    processes.by_first(run.complete_best)
    return checkpoints.load(path)


def _check_same_step(run: Run) -> None:
    """Raise PosebenchError where the processes did not find the same checkpoint."""
    found = processes.gathered(run.step)
    if len(set(found)) > 1:
        raise PosebenchError(
            f"The processes begin at different steps ({', '.join(map(str, found))}), so they do not see the same "
            f"{run.path}. Name a results folder on a disk that all machines share."
        )


def _ended(run: Run, watch: Watch, interrupted: bool) -> bool:
    """Whether `watch` ends a run before its last step; the checkpoint is written.

    Args:
        interrupted: whether Ctrl-C or SIGTERM has reached this process.

    Raises:
        Interrupted: one of them has reached any process; the checkpoint is written.
    """
    reason = watch.reason_to_end(run)
    interrupted, ended, due = processes.any_process((interrupted, bool(reason), run.due))
    if due:
        run.keep()
    if run.step >= run.steps or not (interrupted or ended):
        return False
    reason = next(filter(None, processes.gathered(reason)), "")
    run.end_early("" if interrupted else reason)
    run.keep()
    if interrupted:
        raise Interrupted(stopped(run))
    return True


def _trained_on(instances: Instances, rows: Any, pack: Pack | None) -> dict[str, Any]:
    said = {
        "dataset": instances.dataset, "split": instances.split, "people": len(rows),
        "annotations": Path(instances.source.file).name, "annotations_sha256": instances.source.sha256,
    }  # fmt: skip
    # Pixels of a raw pack are the photographs'; those of a JPEG-coded one are others.
    return said | ({"pixels": "JPEG-coded pack"} if pack is not None and pack.coding == "jpeg" else {})
