"""Commands that need no network: evaluate, report. Heavy modules are imported inside the command that needs them."""

import json
from pathlib import Path
from typing import Any

import click

from posebench.cli_options import (
    convention_option,
    data_option,
    json_option,
    name_option,
    protocol_option,
    results_option,
    split_option,
)  # fmt: skip


@click.command()
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
    people = flow.load_people(protocol, data, split or protocol.report_split, convention)
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


@click.command()
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
