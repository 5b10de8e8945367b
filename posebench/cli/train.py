"""Commands that need networks: run, train, predict. Heavy modules are imported inside the command that needs them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.options import (  # fmt: skip
    data_option,
    protocol_option,
    results_option,
    training_options,
)
from posebench.errors import PosebenchError

if TYPE_CHECKING:
    from posebench.plugins.protocol import Protocol
    from posebench.tasks.train import Job


def _job(arch: str, protocol: "Protocol", data: Path | None, results: Path, options: dict[str, Any]) -> "Job":
    from posebench.plugins import registry
    from posebench.tasks import train as jobs

    if options["resume"] and options["restart"]:
        raise PosebenchError("--resume goes on from a checkpoint and --restart discards it; give one of them.")
    registry.find("architecture", arch)  # a misspelt name should not wait for torch
    name = options["recipe"] or ("paper" if options["weights"] else None)
    recipe = jobs.choose_recipe(arch, protocol, data, name, options["epochs"])
    if options["no_pretrained"]:
        recipe = recipe.model_copy(update={"pretrained": False})
    return jobs.Job(
        arch, protocol, data, recipe, options["seed"], results, options["weights"], options["limit"],
        jobs.worker_count(options["workers"]),
    )  # fmt: skip


@click.command()
@click.option("--arch", required=True, metavar="NAME", help="See `posebench list`.")
@protocol_option
@data_option
@training_options
@results_option
def train(arch: str, protocol_name: str, data: Path | None, results: Path, **options: Any) -> None:
    """Train only; print the checkpoint's path."""
    from posebench.cli import console as terminal
    from posebench.plugins import registry
    from posebench.tasks import train as jobs

    console = terminal.console(stderr=True)
    protocol = registry.protocol(protocol_name)
    terminal.say_people(console, data, protocol_name)
    job = _job(arch, protocol, data, results, options)
    click.echo(jobs.train(job, console, options["resume"], options["restart"]))
