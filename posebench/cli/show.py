"""`posebench show`."""

import json
from pathlib import Path

import click

from posebench.cli.options import json_option, results_to_read_option


@click.command()
@click.argument("named", metavar="RECORD")
@json_option
@results_to_read_option
def show(named: str, as_json: bool, results: Path) -> None:
    """Show one record: rule, data, scores, training, files.

    RECORD is a record's file, or its name or id in the results folder; the beginning of the id, or its last eight letters, are
    enough. `posebench verify` computes it again.
    """
    from posebench.cli.console import open_console, print_notes
    from posebench.cli.show_record import print_record
    from posebench.cost import record as cost
    from posebench.results.find_record import home, read_record
    from posebench.tasks.row_records import record_path

    path = record_path(named, results)
    record = read_record(path)
    if as_json:
        click.echo(json.dumps(record.model_dump(mode="json") | {"record": str(path)}))
        return
    costs = cost.load(home(path))
    print_notes(open_console(stderr=True), costs.notes)
    print_record(open_console(), record, path, costs.kept)
