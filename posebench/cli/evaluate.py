"""Commands that need no network: evaluate, compare, report. Heavy modules are imported inside the command that needs them."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.options import (  # fmt: skip
    convention_option,
    data_option,
    json_option,
    name_option,
    protocol_option,
    read_size,
    read_thresholds,
    results_option,
    split_option,
)
from posebench.errors import PosebenchError

if TYPE_CHECKING:
    pass

if TYPE_CHECKING:
    from posebench.plugins.protocol import Protocol


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@protocol_option
@data_option
@split_option
@convention_option
@name_option
@click.option(
    "--thresholds",
    metavar="FROM:TO:STEP",
    callback=read_thresholds,
    help="Show the scores over these thresholds, such as 0:1:0.1; write nothing.",
)
@click.option(
    "--explain", "explained", is_flag=True, help="Show FILE under every convention, and why they differ; write nothing."
)
@click.option(
    "--arch", metavar="NAME", help="The network that made FILE, where FILE does not say: for cost beside accuracy."
)
@click.option("--input-size", callback=read_size, metavar="HEIGHTxWIDTH", help="Of that network, such as 256x256.")
@click.option("--overlays", is_flag=True, help="Draw the best and the worst cases; needs the photographs.")
@json_option
@results_option
def evaluate(file: Path, protocol_name: str, data: Path | None, split: str | None, **options: Any) -> None:
    """Score a predictions FILE: posebench's own, or the field's (MPII and FLIC .h5/.mat, COCO results JSON)."""
    from posebench.cli import console as console_cli
    from posebench.cli import show_scores
    from posebench.plugins import registry
    from posebench.results.record import save_record
    from posebench.tasks import evaluate as evaluate_tasks
    from posebench.tasks import people as people_tasks

    console = console_cli.console(stderr=options["as_json"])
    protocol = registry.protocol(protocol_name)
    console_cli.say_people(console, data, protocol_name)
    split = split or protocol.report_split
    if options["explained"]:
        _check_alone(options)
        _explain(file, protocol, data, split, options["as_json"])
        return
    people = people_tasks.load_people(protocol, data, split, options["convention"])
    if options["thresholds"] is not None:
        curves = evaluate_tasks.curves(file, protocol, people, options["convention"], options["thresholds"])
        if options["as_json"]:
            click.echo(json.dumps({"curves": [vars(curve) for curve in curves]}))
        else:
            show_scores.print_curves(console, curves)
        return
    network = evaluate_tasks.Network(options["arch"], options["input_size"]) if options["arch"] else None
    record, scores, made = evaluate_tasks.evaluate(
        file, protocol, people, options["convention"], options["name"], network
    )
    if not options["as_json"]:
        show_scores.print_scores(console, record)  # before anything is written: a full disk must not cost the numbers
    path = save_record(record, options["results"])
    if not options["as_json"]:
        console.print(f"Record: {path}", highlight=False, soft_wrap=True)
    if options["overlays"]:
        try:
            drawn = evaluate_tasks.overlays(record, scores, made, people, options["results"])
        except PosebenchError as error:
            raise PosebenchError(f"The record is written ({path}), but its overlays are not. {error}") from error
        console.print(f"Overlays: {drawn or 'not drawn; this protocol does not score people one by one'}")
    if options["as_json"]:
        click.echo(json.dumps(record.model_dump(mode="json") | {"record": str(path)}))


def _check_alone(options: Mapping[str, Any]) -> None:
    """--explain is about all conventions and writes nothing, so some options say nothing to it."""
    given = [f"--{name}" for name in ("convention", "name", "thresholds", "overlays") if options[name] is not None]
    given = [name for name in given if name != "--overlays" or options["overlays"]]
    if given:
        raise click.UsageError(
            f"--explain shows every convention and writes nothing, so {' and '.join(given)} would be ignored. "
            "Leave out one or the other."
        )


def _explain(file: Path, protocol: "Protocol", data: Path | None, split: str, as_json: bool) -> None:
    from posebench.cli import console as console_cli
    from posebench.cli import show_scores
    from posebench.scoring.scores import known
    from posebench.tasks.explain import explain

    explained = explain(file, protocol, data, split)
    if not as_json:
        show_scores.print_explained(console_cli.console(), protocol, explained)
        return
    rows = [
        vars(entry.convention)
        | {"ground_truth": entry.ground_truth, "problem": entry.problem}
        | {
            "metrics": None
            if entry.scores is None
            else _plain({name: known(value) for name, value in entry.scores.metrics.items()})
        }
        | _plain({"from_ground_truth": entry.from_ground_truth, "from_rule": entry.from_rule})
        for entry in explained
    ]
    click.echo(json.dumps({"file": str(file), "headline": protocol.headline, "conventions": rows}))


def _plain(values: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no NaN."""
    return {name: None if math.isnan(value) else value for name, value in values.items()}
