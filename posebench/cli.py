"""The command line. Heavy modules are imported inside the command that needs them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import posebench
from posebench.errors import PosebenchError

if TYPE_CHECKING:
    from posebench.flow import Job
    from posebench.protocol import Protocol


class Sentences(click.Group):
    """Turns what a user can mend into one sentence, and everything else that ends a program into its usual exit."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PosebenchError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(error.exit_code)
        except OSError as error:
            raise click.ClickException(f"{error.strerror or error}: {error.filename or ''}") from error


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(posebench.__version__)
def main() -> None:
    """Train, evaluate and compare 2D human pose architectures.

    \b
    posebench run --arch hourglass8 --protocol mpii      train, predict, score
    posebench evaluate FILE --protocol mpii --data DIR   score a predictions file
    posebench report                                     leaderboards and plots
    """


protocol_option = click.option(
    "--protocol", "protocol_name", required=True, metavar="NAME", help="See `posebench list`."
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR",
    help="The dataset's folder, or its annotation file. Without it: embedded people, drawn on the spot.",
)  # fmt: skip
split_option = click.option("--split", metavar="NAME", help="Default: the split that published numbers are about.")
results_option = click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True, metavar="DIR",
    help="Where records are kept.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else there.")
name_option = click.option(
    "--name", metavar="TEXT", help="The row's label in tables. Default: the architecture or file name."
)
convention_option = click.option("--convention", metavar="NAME", help="Default: the official evaluator's.")
workers_option = click.option(
    "--workers", type=click.IntRange(0), metavar="N", help="Processes that make batches. Default: by cores."
)


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `run` and `train` share."""
    for option in (
        workers_option,
        click.option("--restart", is_flag=True, help="Discard this run's checkpoint, if there is one."),
        click.option("--resume", is_flag=True, help="Go on from this run's checkpoint, if there is one."),
        click.option("--limit", type=click.IntRange(1), metavar="N", help="Train on the first N people only."),
        click.option(
            "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of weights, order, augmentation."
        ),
        click.option("--epochs", type=click.IntRange(0), metavar="N", help="Instead of the recipe's."),
        click.option(
            "--recipe",
            metavar="NAME",
            help="paper, quick, or a TOML/JSON file. Default: paper with --data, quick without.",
        ),
    ):
        command = option(command)
    return command


@main.command()
@click.option("--arch", "archs", required=True, multiple=True, metavar="NAME", help="Architecture; may be repeated.")
@protocol_option
@data_option
@training_options
@name_option
@results_option
def run(
    archs: tuple[str, ...], protocol_name: str, data: Path | None, results: Path, name: str | None, **options: Any
) -> None:
    """Train, predict, score, and show the leaderboard."""
    from posebench import flow, leaderboard, plugins, report, terminal
    from posebench.results import load_records, save_record

    console = terminal.console()
    protocol = plugins.protocol(protocol_name)
    terminal.say_people(console, data, protocol_name)
    if data is not None and data.is_file():
        raise PosebenchError(
            f"--data {data} is one file, so training and scoring would share their people. Name the folder."
        )
    jobs = [_job(arch, protocol, data, results, options) for arch in archs]
    people = flow.load_people(protocol, data, protocol.report_split)
    records = []
    for job in jobs:
        checkpoint = flow.train(job, console, options["resume"], options["restart"])
        out = flow.predictions_path(checkpoint, people, results)
        flow.predict(checkpoint, protocol, people, out, console, job.workers)
        record, scores, made = flow.evaluate(out, protocol, people, None, _label(name, job.arch, len(jobs)))
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
    from posebench import flow, plugins

    if options["resume"] and options["restart"]:
        raise PosebenchError("--resume goes on from a checkpoint and --restart discards it; give one of them.")
    plugins.find("architecture", arch)  # a misspelt name should not wait for torch
    recipe = flow.choose_recipe(arch, protocol, data, options["recipe"], options["epochs"])
    return flow.Job(
        arch, protocol, data, recipe, options["seed"], results, options["limit"], flow.worker_count(options["workers"])
    )


@main.command()
@click.option("--arch", required=True, metavar="NAME", help="See `posebench list`.")
@protocol_option
@data_option
@training_options
@results_option
def train(arch: str, protocol_name: str, data: Path | None, results: Path, **options: Any) -> None:
    """Train only; print the checkpoint's path."""
    from posebench import flow, plugins, terminal

    console = terminal.console(stderr=True)
    protocol = plugins.protocol(protocol_name)
    terminal.say_people(console, data, protocol_name)
    job = _job(arch, protocol, data, results, options)
    click.echo(flow.train(job, console, options["resume"], options["restart"]))


@main.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@protocol_option
@data_option
@split_option
@workers_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Default: predictions/<run>-<split>-<data>.h5 below --results.",
)
@results_option
def predict(
    checkpoint: Path,
    protocol_name: str,
    data: Path | None,
    split: str | None,
    workers: int | None,
    out: Path | None,
    results: Path,
) -> None:
    """Predict with a CHECKPOINT; print the predictions file's path."""
    from posebench import flow, plugins, terminal

    console = terminal.console(stderr=True)
    protocol = plugins.protocol(protocol_name)
    terminal.say_people(console, data, protocol_name)
    people = flow.load_people(protocol, data, split or protocol.report_split)
    out = out or flow.predictions_path(checkpoint, people, results)
    click.echo(flow.predict(checkpoint, protocol, people, out, console, flow.worker_count(workers)))


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@protocol_option
@data_option
@split_option
@convention_option
@name_option
@click.option("--overlays", is_flag=True, help="Draw the best and the worst cases; needs the photographs.")
@json_option
@results_option
def evaluate(
    file: Path,
    protocol_name: str,
    data: Path | None,
    split: str | None,
    convention: str | None,
    name: str | None,
    **options: Any,
) -> None:
    """Score a predictions FILE: posebench's own, or the field's (MPII and FLIC .h5/.mat, COCO results JSON)."""
    from posebench import flow, plugins, terminal
    from posebench.results import save_record

    console = terminal.console(stderr=options["as_json"])
    protocol = plugins.protocol(protocol_name)
    terminal.say_people(console, data, protocol_name)
    people = flow.load_people(protocol, data, split or protocol.report_split)
    record, scores, made = flow.evaluate(file, protocol, people, convention, name)
    if not options["as_json"]:
        terminal.print_scores(console, record)  # before anything is written: a full disk must not cost the numbers
    path = save_record(record, options["results"])
    if not options["as_json"]:
        console.print(f"Record: {path}", highlight=False, soft_wrap=True)
    if options["overlays"]:
        drawn = flow.overlays(record, scores, made, people, options["results"])
        console.print(f"Overlays: {drawn or 'not drawn; this protocol does not score people one by one'}")
    if options["as_json"]:
        click.echo(json.dumps(record.model_dump(mode="json") | {"record": str(path)}))


@main.command()
@results_option
def report(results: Path) -> None:
    """Regenerate leaderboards, plots and the page from the records."""
    from posebench import leaderboard, terminal
    from posebench.report import write_report
    from posebench.results import load_records

    console = terminal.console()
    paths = write_report(results)
    for table in leaderboard.terminal_tables(load_records(results), console.width):
        console.print(table)
    for path in paths:
        console.print(str(path), highlight=False, soft_wrap=True)


@main.command(name="list")
@json_option
def list_(as_json: bool) -> None:
    """Name the architectures and protocols, and where each comes from."""
    from posebench.plugins import installed

    found = {"architectures": installed("architecture"), "protocols": installed("protocol")}
    if as_json:
        click.echo(json.dumps({kind: [vars(plugin) for plugin in plugins] for kind, plugins in found.items()}))
        return
    for kind, plugins in found.items():
        click.echo(f"{kind}:")
        for plugin in plugins:
            click.echo(f"  {plugin.name:<24} {plugin.package} {plugin.version:<10} {plugin.target}")
