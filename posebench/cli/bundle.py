"""`posebench bundle`."""

from pathlib import Path

import click

from posebench.cli.options import kept_predictions_option, records_argument, results_to_read_option


@click.command()
@records_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Zip archive to write, such as evidence.zip.",
)
@kept_predictions_option
@results_to_read_option
def bundle(named: tuple[str, ...], out: Path, predictions: Path | None, results: Path) -> None:
    """Pack records with their predictions, for a paper's supplement.

    RECORD is a record's file, or its id or name in the results folder. The archive also has recipes, versions, hashes and a text on
    how to verify it; `posebench verify FILE` does that.
    """
    from posebench.results.find_record import record_path
    from posebench.tasks.bundle import write_bundle

    click.echo(write_bundle([record_path(text, results) for text in named], out, predictions))
