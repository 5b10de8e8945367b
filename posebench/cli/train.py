"""`posebench train`, and what it shares with `run`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench import torchrun
from posebench.cli.gathered import gathered
from posebench.cli.options import GroundTruth, arch_option, data_option, protocol_option, quiet_option, results_option
from posebench.cli.training_options import training_options

if TYPE_CHECKING:
    from rich.console import Console

    from posebench.tasks.training.job import Settings
    from posebench.training.run import Progress

CHECKING = "Loading PyTorch; checking that the network can be built and scored"
BEFORE_TRAINING = "reading the people, building the network, measuring its speed"
"""What stands on a terminal until there is a number: these take seconds, and many where other programs use the cores."""


@click.command()
@arch_option
@gathered("truth", GroundTruth, protocol_option, data_option)
@training_options
@results_option
@quiet_option
def train(arch: str, truth: GroundTruth, settings: "Settings", results: Path, quiet: bool) -> None:
    """Train a network; print the checkpoint's path."""
    from posebench.cli.console import open_console, print_notes, say_synthetic
    from posebench.tasks.people import run_splits
    from posebench.tasks.training import train as tasks
    from posebench.tasks.training.job import make_job
    from posebench.tasks.training.preflight import check_before_training

    out = open_console(stderr=True, quiet=quiet)
    protocol = truth.protocol
    say_synthetic(out, truth.data, truth.protocol_name)
    splits = run_splits(protocol, truth.data)
    print_notes(out, (splits.note,) if splits.note else ())
    with out.status(CHECKING):
        job = make_job(arch, protocol, truth.data, settings, results)
        problems = check_before_training(job)
    print_notes(out, problems)
    with training_shown(out, arch) as show:
        trained = tasks.train(job, show, say=lambda text: print_notes(out, [text]))
    print_notes(out, trained.notes)
    if torchrun.is_first():
        click.echo(trained.checkpoint)


@contextmanager
def training_shown(out: "Console", arch: str) -> "Iterator[Callable[[Progress], None]]":
    """A progress bar as the callback of `tasks.train`."""
    from posebench.cli.console import progress
    from posebench.cli.estimate import Estimate

    with progress(out, f"train {arch}", BEFORE_TRAINING) as update:
        estimate = Estimate(lambda sentence: out.print(sentence, highlight=False))

        def show(p: "Progress") -> None:
            update(p.step, p.steps, training_note(p))
            estimate(p)

        yield show


def training_note(p: "Progress") -> str:
    """The lines below the bar: loss and rate; then speed, waiting and, once there was a validation, its score."""
    lines = [f"epoch {p.epoch}/{p.epochs}  loss {p.loss:.6f}  rate {p.rate:.1e}"]
    more = f"{p.speed:,.{0 if p.speed >= 10 else 1}f} images/s  {100 * p.waiting:.0f} % waiting for data"
    if p.metric:
        digits = 2 if abs(p.best_score) > 1 else 3
        best = f" (best {p.best_score:.{digits}f}, epoch {p.best_epoch})" if p.best_epoch else ""
        more += f"  {p.metric} {p.score:.{digits}f}{best}"
    return "\n".join([*lines, more])
