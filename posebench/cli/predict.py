"""`posebench predict`."""

from pathlib import Path
from typing import Any

import click

from posebench.cli.options import (
    box_options,
    data_option,
    protocol_option,
    read_speed,
    results_option,
    speed_options,
    split_option,
    workers_option,
)


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
    from posebench.cli import console as terminal
    from posebench.plugins import registry
    from posebench.tasks import people as flow
    from posebench.tasks import predict as predict_tasks
    from posebench.tasks import train

    console = terminal.console(stderr=True)
    protocol = registry.protocol(protocol_name)
    terminal.say_people(console, data, protocol_name)
    people = flow.load_people(protocol, data, split or protocol.report_split)
    people = flow.people_to_predict(protocol, people, options["boxes"], options["box_threshold"], console)
    how = read_speed(options)
    path = predict_tasks.predictions_path(checkpoint, people, options["results"])
    if how is not None:  # beside the plain network's, not over them
        path = path.with_name(f"{path.stem}-{how.label.replace(' ', '-')}.h5")
    workers = train.worker_count(options["workers"])
    click.echo(predict_tasks.predict(checkpoint, protocol, people, options["out"] or path, console, workers, how))
