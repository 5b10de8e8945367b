"""`posebench run`: train, predict, evaluate and report in a row."""

from pathlib import Path
from typing import Any

import click

from posebench.cli.options import (
    box_options,
    data_option,
    name_option,
    protocol_option,
    results_option,
    training_options,
)
from posebench.cli.train import _job
from posebench.errors import PosebenchError


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
    from posebench.cli import console as console_cli
    from posebench.cli import show_leaderboard, show_scores
    from posebench.plugins import registry
    from posebench.report import page as report
    from posebench.results.record import load_records, save_record
    from posebench.tasks import evaluate, train
    from posebench.tasks import people as people_tasks
    from posebench.tasks import predict as predict_tasks

    console = console_cli.console()
    protocol = registry.protocol(protocol_name)
    console_cli.say_people(console, data, protocol_name)
    scored_only = options["weights"] is not None and options["epochs"] == 0
    if data is not None and data.is_file() and not scored_only:
        raise PosebenchError(
            f"--data {data} is one file, so training and scoring would share their people. Name the folder."
        )
    asked_for = [_job(arch, protocol, data, results, options) for arch in archs]
    people = people_tasks.load_people(protocol, data, protocol.report_split)
    asked = people_tasks.people_to_predict(protocol, people, options["boxes"], options["box_threshold"], console)
    records = []
    for job in asked_for:
        checkpoint = train.train(job, console, options["resume"], options["restart"])
        out = predict_tasks.predictions_path(checkpoint, asked, results)
        predict_tasks.predict(checkpoint, protocol, asked, out, console, job.workers)
        record, scores, made = evaluate.evaluate(out, protocol, people, None, _label(name, job.arch, len(asked_for)))
        show_scores.print_scores(console, record)
        save_record(record, results)
        evaluate.overlays(record, scores, made, people, results)
        records.append(record)
    pages = report.write_report(results)
    groups = {record.group for record in records}
    for table in show_leaderboard.terminal_tables(
        [r for r in load_records(results) if r.group in groups], console.width
    ):
        console.print(table)
    page = next(page for page in pages if page.suffix == ".html")
    console.print(f"Leaderboards and plots: {page}", highlight=False, soft_wrap=True)


def _label(name: str | None, arch: str, jobs: int) -> str | None:
    """Several rows cannot all have the one name that was given."""
    return f"{name} ({arch})" if name and jobs > 1 else name
