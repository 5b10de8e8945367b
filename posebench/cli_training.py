"""Commands that need networks: run, train, predict. Heavy modules are imported inside the command that needs them."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli_options import (
    box_options,
    data_option,
    name_option,
    protocol_option,
    read_speed,
    results_option,
    speed_options,
    split_option,
    training_options,
    workers_option,
)  # fmt: skip
from posebench.errors import PosebenchError

if TYPE_CHECKING:
    from posebench.jobs import Job
    from posebench.protocol import Protocol


@click.command()
@click.option("--arch", "archs", required=True, multiple=True, metavar="NAME", help="Architecture; may be repeated.")
@protocol_option
@data_option
@training_options
@box_options
@name_option
@results_option
def run(
    archs: tuple[str, ...], protocol_name: str, data: Path | None, results: Path, name: str | None, **options: Any
) -> None:
    """Train, predict, score, and show the leaderboard."""
    from posebench import flow, jobs, leaderboard, plugins, report, terminal
    from posebench.results import load_records, save_record

    console = terminal.console()
    protocol = plugins.protocol(protocol_name)
    terminal.say_people(console, data, protocol_name)
    scored_only = options["weights"] is not None and options["epochs"] == 0
    if data is not None and data.is_file() and not scored_only:
        raise PosebenchError(
            f"--data {data} is one file, so training and scoring would share their people. Name the folder."
        )
    asked_for = [_job(arch, protocol, data, results, options) for arch in archs]
    people = flow.load_people(protocol, data, protocol.report_split)
    asked = flow.people_to_predict(protocol, people, options["boxes"], options["box_threshold"], console)
    records = []
    for job in asked_for:
        checkpoint = jobs.train(job, console, options["resume"], options["restart"])
        out = jobs.predictions_path(checkpoint, asked, results)
        jobs.predict(checkpoint, protocol, asked, out, console, job.workers)
        record, scores, made = flow.evaluate(out, protocol, people, None, _label(name, job.arch, len(asked_for)))
        terminal.print_scores(console, record)
        save_record(record, results)
        flow.overlays(record, scores, made, people, results)
        records.append(record)
    pages = report.write_report(results)
    groups = {record.group for record in records}
    for table in leaderboard.terminal_tables([r for r in load_records(results) if r.group in groups], console.width):
        console.print(table)
    page = next(page for page in pages if page.suffix == ".html")
    console.print(f"Leaderboards and plots: {page}", highlight=False, soft_wrap=True)


def _label(name: str | None, arch: str, jobs: int) -> str | None:
    """Several rows cannot all have the one name that was given."""
    return f"{name} ({arch})" if name and jobs > 1 else name


def _job(arch: str, protocol: "Protocol", data: Path | None, results: Path, options: dict[str, Any]) -> "Job":
    from posebench import jobs, plugins

    if options["resume"] and options["restart"]:
        raise PosebenchError("--resume goes on from a checkpoint and --restart discards it; give one of them.")
    plugins.find("architecture", arch)  # a misspelt name should not wait for torch
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
    from posebench import jobs, plugins, terminal

    console = terminal.console(stderr=True)
    protocol = plugins.protocol(protocol_name)
    terminal.say_people(console, data, protocol_name)
    job = _job(arch, protocol, data, results, options)
    click.echo(jobs.train(job, console, options["resume"], options["restart"]))


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@protocol_option
@data_option
@split_option
@box_options
@workers_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Default: predictions/<run>-<split>-<data>.h5 below --results.",
)
@speed_options
@results_option
def predict(
    checkpoint: Path,
    protocol_name: str,
    data: Path | None,
    split: str | None,
    **options: Any,
) -> None:
    """Predict with a CHECKPOINT; print the predictions file's path."""
    from posebench import flow, jobs, plugins, terminal

    console = terminal.console(stderr=True)
    protocol = plugins.protocol(protocol_name)
    terminal.say_people(console, data, protocol_name)
    people = flow.load_people(protocol, data, split or protocol.report_split)
    people = flow.people_to_predict(protocol, people, options["boxes"], options["box_threshold"], console)
    how = read_speed(options)
    path = jobs.predictions_path(checkpoint, people, options["results"])
    if how is not None:  # beside the plain network's, not over them
        path = path.with_name(f"{path.stem}-{how.label.replace(' ', '-')}.h5")
    workers = jobs.worker_count(options["workers"])
    click.echo(jobs.predict(checkpoint, protocol, people, options["out"] or path, console, workers, how))
