"""`posebench predict`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.options import (
    box_options,
    data_option,
    protocol_option,
    quiet_option,
    results_option,
    speed_options,
    split_option,
    workers_option,
)

if TYPE_CHECKING:
    from posebench.inference.ways import Precision


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@protocol_option
@data_option
@split_option
@box_options
@workers_option
@click.option(
    "--out",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Predictions file to write. Default: predictions/<run>-<split>-<data>.h5 below --results.",
)
@speed_options
@results_option
@quiet_option
def predict(
    checkpoint: Path, protocol_name: str, data: Path | None, split: str | None, boxes: Path | None,
    box_threshold: float | None, workers: int | None, file: Path | None, fast: bool, compiled: bool, precision: "Precision",
    results: Path, quiet: bool,
) -> None:  # fmt: skip
    """Predict with a CHECKPOINT; print the predictions file's path."""
    from posebench.cli.console import open_console, print_notes, progress, say_synthetic
    from posebench.inference.ways import How
    from posebench.plugins import registry
    from posebench.results.folder import ResultsFolder
    from posebench.tasks import predict as tasks
    from posebench.tasks.people import load_people, people_to_predict, run_splits
    from posebench.tasks.train import worker_count

    out = open_console(stderr=True, quiet=quiet)
    protocol = registry.protocol(protocol_name)
    say_synthetic(out, data, protocol_name)
    splits = run_splits(protocol, data)
    print_notes(out, (splits.note,) if splits.note and split is None else ())
    people = people_to_predict(protocol, load_people(protocol, data, split or splits.report), boxes, box_threshold)
    if boxes is not None:
        print_notes(out, (f"{len(people):,} boxes of {people.box_source} to predict.", *people.source.notes))
    how = How(fast or compiled, compiled, precision)
    path = tasks.predictions_path(checkpoint, people, ResultsFolder(results))
    if how != How():  # beside the plain network's, not over them
        path = path.with_name(f"{path.stem}-{how.label.replace(' ', '-')}.h5")
    with progress(out, f"predict {people.what}") as update:
        predicted = tasks.predict(
            checkpoint, protocol, people, file or path, workers=worker_count(workers),
            how=None if how == How() else how, show=lambda done, total: update(done, total, ""),
        )  # fmt: skip
    print_notes(out, predicted.notes)
    click.echo(predicted.predictions)
