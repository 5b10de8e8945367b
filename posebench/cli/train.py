"""`posebench train`, and what it shares with `run`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.options import (
    arch_option,
    data_option,
    protocol_option,
    quiet_option,
    results_option,
    training_options,
)
from posebench.errors import PosebenchError

if TYPE_CHECKING:
    from rich.console import Console

    from posebench.plugins.recipe import Recipe
    from posebench.training.loop import Progress


@click.command()
@arch_option
@protocol_option
@data_option
@training_options
@results_option
@quiet_option
def train(
    arch: str, protocol_name: str, data: Path | None, recipe: str | None, epochs: int | None, seed: int,
    limit: int | None, weights: Path | None, no_pretrained: bool, packs: Path | None, resume: bool, restart: bool,
    workers: int | None, results: Path, quiet: bool,
) -> None:  # fmt: skip
    """Train a network; print the checkpoint's path."""
    from posebench.cli.console import open_console, print_notes, say_synthetic
    from posebench.plugins import registry
    from posebench.results.folder import ResultsFolder
    from posebench.tasks import train as tasks

    check_resume(resume, restart)
    out = open_console(stderr=True, quiet=quiet)
    registry.find("architecture", arch)  # a misspelt name should not wait for torch
    protocol = registry.protocol(protocol_name)
    say_synthetic(out, data, protocol_name)
    chosen = tasks.choose_recipe(arch, protocol, data, recipe or ("paper" if weights else None), epochs)
    job = tasks.Job(
        arch, protocol, data, without_pretrained(chosen, no_pretrained), seed, ResultsFolder(results), weights, limit,
        tasks.worker_count(workers),
    )  # fmt: skip
    with training_shown(out, arch) as show:
        trained = tasks.train(
            job, resume=resume, restart=restart, packs=packs, show=show, say=lambda text: print_notes(out, [text])
        )
    print_notes(out, trained.notes)
    click.echo(trained.checkpoint)


def check_resume(resume: bool, restart: bool) -> None:
    """Raise a sentence where both are set."""
    if resume and restart:
        raise PosebenchError("--resume continues from a checkpoint and --restart deletes it; give one of them.")


def without_pretrained(recipe: "Recipe", no_pretrained: bool) -> "Recipe":
    """The recipe with random initial weights, where that is asked for."""
    return recipe.model_copy(update={"pretrained": False}) if no_pretrained else recipe


@contextmanager
def training_shown(out: "Console", arch: str) -> "Iterator[Callable[[Progress], None]]":
    """A progress bar as the callback of `tasks.train`."""
    from posebench.cli.console import progress

    with progress(out, f"train {arch}") as update:
        yield lambda p: update(p.step, p.steps, f"epoch {p.epoch}/{p.epochs}  loss {p.loss:.6f}  rate {p.rate:.1e}")
