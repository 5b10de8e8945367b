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
def bundle(named: tuple[str, ...], out: Path, predictions: tuple[Path, ...], results: Path) -> None:
    """Pack records with their predictions into one archive.

    RECORD is a record's file, its id in the results folder (as of `posebench show`), or the name of a row, which means all its
    seeds. The archive, such as a paper's supplement, also has recipes, versions, hashes and a text on how to verify it;
    `posebench verify FILE` does that.
    """
    from posebench.tasks.row_records import record_paths
    from posebench.tasks.verification.bundle import write_bundle

    paths = [path for text in named for path in record_paths(text, results)]
    click.echo(write_bundle(paths, out, predictions))
