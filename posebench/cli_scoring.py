"""Commands that need no network: evaluate, compare, report. Heavy modules are imported inside the command that needs them."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli_options import (
    convention_option,
    data_option,
    json_option,
    name_option,
    protocol_option,
    read_size,
    read_thresholds,
    results_option,
    split_option,
)  # fmt: skip
from posebench.errors import PosebenchError, counted

if TYPE_CHECKING:
    from posebench.results import Record

if TYPE_CHECKING:
    from posebench.protocol import Protocol


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
    from posebench import flow, plugins, terminal
    from posebench.results import save_record

    console = terminal.console(stderr=options["as_json"])
    protocol = plugins.protocol(protocol_name)
    terminal.say_people(console, data, protocol_name)
    split = split or protocol.report_split
    if options["explained"]:
        _check_alone(options)
        _explain(file, protocol, data, split, options["as_json"])
        return
    people = flow.load_people(protocol, data, split, options["convention"])
    if options["thresholds"] is not None:
        curves = flow.curves(file, protocol, people, options["convention"], options["thresholds"])
        if options["as_json"]:
            click.echo(json.dumps({"curves": [vars(curve) for curve in curves]}))
        else:
            terminal.print_curves(console, curves)
        return
    network = flow.Network(options["arch"], options["input_size"]) if options["arch"] else None
    record, scores, made = flow.evaluate(file, protocol, people, options["convention"], options["name"], network)
    if not options["as_json"]:
        terminal.print_scores(console, record)  # before anything is written: a full disk must not cost the numbers
    path = save_record(record, options["results"])
    if not options["as_json"]:
        console.print(f"Record: {path}", highlight=False, soft_wrap=True)
    if options["overlays"]:
        try:
            drawn = flow.overlays(record, scores, made, people, options["results"])
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
    from posebench import terminal
    from posebench.explain import explain
    from posebench.scores import known

    explained = explain(file, protocol, data, split)
    if not as_json:
        terminal.print_explained(terminal.console(), protocol, explained)
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


@click.command()
@click.argument("form", metavar="FORM")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The dataset's folder, or its annotation file.",
)
@split_option
@convention_option
@click.option(
    "--protocol", "protocol_name", metavar="NAME", help="Default: the first part of FORM; coco:FILE.toml for your own."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where to write.")
def export(
    form: str, file: Path, data: Path, split: str | None, convention: str | None, protocol_name: str | None, out: Path
) -> None:
    """Write predictions FILE in a FORM that others' evaluators and servers take.

    \b
    mpii-mat    what the MPII evaluation server takes
    coco-json   what pycocotools and the COCO server take; --convention hrnet rescores and suppresses first
    """
    from posebench import flow, plugins, terminal

    protocol = plugins.protocol(protocol_name or form.rpartition("-")[0] or form)
    people = flow.load_people(protocol, data, split or protocol.report_split, convention)
    given = protocol.read_predictions(file, people)
    made = protocol.processed(given, convention or next(iter(protocol.conventions)))
    sentences = protocol.export(form, made, people, out)
    if made is not given:
        gone = counted(len(given) - len(made), "detection is", "detections are")
        sentences = [f"As {convention} does, scores are changed and {gone} left out.", *sentences]
    for sentence in sentences:
        terminal.console(stderr=True).print(sentence, highlight=False, markup=False, soft_wrap=True)
    click.echo(out)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="A B ...", type=click.Path(path_type=Path))
@protocol_option
@data_option
@split_option
@convention_option
@click.option("--name", "names", multiple=True, metavar="TEXT", help="A file's label; once per file, in their order.")
@json_option
def compare(
    files: tuple[Path, ...],
    protocol_name: str,
    data: Path | None,
    split: str | None,
    convention: str | None,
    **options: Any,
) -> None:
    """Say by how much predictions files differ, and whether that is more than chance.

    Differences are taken on the same people, with 95 % intervals over resamples of the images and p-values corrected for
    how many differences are looked at. Two files: every metric and keypoint. More: the headline of every pair.
    """
    from posebench import comparison, flow, plugins, terminal

    console = terminal.console(stderr=options["as_json"])
    protocol = plugins.protocol(protocol_name)
    labels = _labels(files, options["names"])
    terminal.say_people(console, data, protocol_name)
    people = flow.load_people(protocol, data, split or protocol.report_split, convention)
    scored = [flow.evaluate(path, protocol, people, convention, name) for path, name in zip(files, labels, strict=True)]
    records = _told_apart([record for record, _, _ in scored], files)
    runs = [(record.name, scores) for record, (_, scores, _) in zip(records, scored, strict=True)]
    pairs = comparison.compare(runs, protocol.headline)
    if options["as_json"]:
        about = {"runs": [record.model_dump(mode="json", exclude={"resampled"}) for record in records]}
        click.echo(json.dumps(about | comparison.as_json(pairs)))
    else:
        terminal.print_comparison(console, records, pairs)


def _labels(files: tuple[Path, ...], names: tuple[str, ...]) -> tuple[str | None, ...]:
    if len(files) < 2:
        raise PosebenchError(f"compare takes two predictions files or more; {files[0]} is one. `evaluate` scores one.")
    if names and len(names) != len(files):
        raise PosebenchError(
            f"There are {len(files)} files, but {counted(len(names), '--name', '--names')}. Name all of them, in order, or none."
        )
    return names or (None,) * len(files)


def _told_apart(records: "list[Record]", files: tuple[Path, ...]) -> "list[Record]":
    """Records whose names are alike are called by their files; where these are alike too, also by their place."""
    names = [record.name for record in records]
    for more in ([str(path) for path in files], [f"{path} ({place})" for place, path in enumerate(files, start=1)]):
        names = [new if names.count(name) > 1 else name for name, new in zip(names, more, strict=True)]
    return [record.model_copy(update={"name": name}) for record, name in zip(records, names, strict=True)]


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
    # One line each for what a reader opens: a long list would push the tables off the screen.
    first = [path for path in paths if path.name in ("index.html", "leaderboard.md")]
    for path in first:
        console.print(str(path), highlight=False, soft_wrap=True)
    if len(paths) > len(first):
        console.print(
            f"and {counted(len(paths) - len(first), 'more file', 'more files')} below {results}",
            highlight=False,
            soft_wrap=True,
        )
