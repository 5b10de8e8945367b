"""`posebench verify`."""

import json
from pathlib import Path

import click

from posebench.cli.options import (
    json_option,
    kept_predictions_option,
    quiet_option,
    records_argument,
    results_to_read_option,
)
from posebench.errors import PosebenchError, counted


@click.command()
@records_argument
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR",
    help="Folder of the dataset, a folder with a folder for each protocol (DIR/mpii, DIR/lsp), or an annotation file.",
)  # fmt: skip
@kept_predictions_option
@click.option(
    "--protocol", "protocol_name", metavar="NAME",
    help="Protocol to score by, for a dataset of your own: coco:FILE. Default: the record's.",
)  # fmt: skip
@json_option
@results_to_read_option
@quiet_option
def verify(
    named: tuple[str, ...], data: Path | None, predictions: tuple[Path, ...], protocol_name: str | None, as_json: bool,
    results: Path, quiet: bool,
) -> None:  # fmt: skip
    """Compute records again from their predictions files.

    RECORD is a record's file, its id in the results folder (as of `posebench show`), the name of a row, which means all its seeds,
    or an archive of `posebench bundle`. Every number, count and hash is compared to the last digit; the dataset is needed, too.
    The exit code is 0 only if everything was computed again and nothing differs.
    """
    from posebench.cli.console import open_console
    from posebench.cli.show_verification import print_verification
    from posebench.files.archive import is_archive
    from posebench.tasks.row_records import record_paths
    from posebench.tasks.verification.bundle import verify_bundle
    from posebench.tasks.verification.verify import Places, verify

    places = Places(data, predictions, protocol_name)
    out = open_console()
    found = []
    for path in [path for text in named for path in record_paths(text, results)]:
        of_path = verify_bundle(path, places) if is_archive(path) else [verify(path, places)]
        found += of_path
        for one in [] if as_json else of_path:
            print_verification(out, one, quiet)
    if as_json:
        click.echo(json.dumps({"records": [one.as_json() for one in found]}))
    failed = [one.status for one in found if not one.verified]
    if failed:
        parts = [
            f"{counted(failed.count('differs'), 'record differs', 'records differ')}" * ("differs" in failed),
            f"{counted(failed.count('not checked'), 'record is', 'records are')} not checked"
            * ("not checked" in failed),
        ]
        of = f"Of {len(found)} records, " if len(found) > 1 else ""
        raise PosebenchError(f"{of}{' and '.join(filter(None, parts))}. The reasons are given above.")
