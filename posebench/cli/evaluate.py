"""`posebench evaluate`."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.options import (
    convention_option,
    data_option,
    joints_option,
    json_option,
    mapping_option,
    name_option,
    protocol_option,
    quiet_option,
    read_size,
    read_thresholds,
    results_option,
    stated_split_option,
)
from posebench.errors import PosebenchError, existing_or_folder

if TYPE_CHECKING:
    from rich.console import Console

    from posebench.tasks.scoring.evaluate import Evaluation
    from posebench.tasks.scoring.explain import Explanation


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@protocol_option
@data_option
@stated_split_option
@convention_option
@name_option
@click.option(
    "--thresholds",
    metavar="FROM:TO:STEP",
    callback=read_thresholds,
    help="Show the scores over these thresholds, such as 0:1:0.1; write nothing.",
)
@click.option(
    "--explain",
    "explained",
    is_flag=True,
    help="Show the scores under every convention, and why they differ; write nothing.",
)
@click.option("--arch", metavar="NAME", help="Network that made FILE, where FILE does not state it.")
@click.option(
    "--input-size", callback=read_size, metavar="HEIGHTxWIDTH", help="Input of that network, such as 256x192."
)
@click.option(
    "--trained-on",
    metavar="TEXT",
    help="Data that network was trained on, such as 'LSP, LSPET, MPII', where FILE does not state it.",
)
@joints_option
@mapping_option
@click.option("--overlays", is_flag=True, help="Draw the best, median and worst cases; needs the photographs.")
@json_option
@results_option
@quiet_option
def evaluate(
    file: Path, protocol_name: str, data: Path | None, split: str | None, convention: str | None, name: str | None,
    thresholds: Any, explained: bool, arch: str | None, input_size: tuple[int, int] | None, trained_on: str | None,
    joints: tuple[str, ...], mapping: Path | None, overlays: bool, as_json: bool, results: Path, quiet: bool,
) -> None:  # fmt: skip
    """Score a predictions FILE and write its record.

    Reads posebench's own files, MPII, FLIC and LSP predictions (.h5, .mat), COCO results (.json), PoseTrack results (a folder or
    zip archive of .json), and tables (.npz, .csv).

    --explain and --thresholds show the whole file's scores and write no record; they are not for --joints, --mapping, --name,
    --trained-on or --overlays.
    """
    from posebench.cli.console import open_console, say_synthetic
    from posebench.cli.show_scores import print_curves
    from posebench.plugins import registry
    from posebench.results.record import check_writable
    from posebench.tasks.people import people_of_files
    from posebench.tasks.scoring import evaluate as tasks
    from posebench.tasks.scoring.explain import explain
    from posebench.tasks.scoring.keypoints_in_common import asked_keypoints

    given = {
        "--convention": convention, "--name": name, "--thresholds": None if thresholds is None else "given",
        "--arch": arch, "--input-size": input_size, "--trained-on": trained_on,
        "--joints": joints or None, "--mapping": mapping, "--overlays": overlays or None,
    }  # fmt: skip
    if explained:
        used = ("--arch", "--input-size")
        _refuse(
            "--explain shows every convention and writes nothing", {k: v for k, v in given.items() if k not in used}
        )
    if thresholds is not None:
        used = ("--thresholds", "--convention")
        _refuse("--thresholds shows curves and writes nothing", {k: v for k, v in given.items() if k not in used})
    if input_size is not None and arch is None:
        raise click.UsageError("--input-size is the input of the network that --arch names; add --arch.")
    out = open_console(stderr=as_json, quiet=quiet and as_json)
    protocol = registry.protocol(protocol_name)
    existing_or_folder(file, "a predictions file")
    say_synthetic(open_console(stderr=as_json, quiet=quiet), data, protocol_name)
    network = tasks.Network(arch, input_size, trained_on) if arch or trained_on else None
    keypoints = asked_keypoints(protocol, joints, mapping)
    if explained:
        _explain(explain(file, protocol, data, split, network), file, as_json)
        return
    if thresholds is None:
        check_writable(results)
    people = people_of_files([file], protocol, data, split, convention)
    if thresholds is not None:
        curves = tasks.curves(file, protocol, people, convention, thresholds)
        if as_json:
            click.echo(json.dumps({"curves": [vars(curve) for curve in curves]}))
        else:
            print_curves(out, curves)
        return
    evaluation = tasks.evaluate(file, protocol, people, convention, name, network, keypoints)
    _show_and_save(evaluation, out, results, overlays, as_json, quiet)


def _refuse(reason: str, given: Mapping[str, object]) -> None:
    """End with a sentence where an option is set that would be ignored."""
    ignored = [option for option, value in given.items() if value is not None]
    if ignored:
        raise click.UsageError(f"{reason}, so {' and '.join(ignored)} would be ignored. Leave out one or the other.")


def _show_and_save(
    evaluation: "Evaluation", out: "Console", results: Path, overlays: bool, as_json: bool, quiet: bool
) -> None:
    from posebench.cli.console import print_overlays
    from posebench.cli.show_scores import print_scores

    if not as_json:
        print_scores(out, evaluation.record, quiet)  # before anything is written: a full disk must not cost the numbers
    path = evaluation.save(results)
    if not as_json:
        out.print(f"Record: {path}", highlight=False, markup=False, soft_wrap=True)
    if overlays:
        try:
            drawn = evaluation.draw_overlays(results)
        except PosebenchError as error:
            raise PosebenchError(f"The record is written ({path}), but its overlays are not. {error}") from error
        print_overlays(out, drawn)
    if as_json:
        click.echo(json.dumps(evaluation.record.model_dump(mode="json") | {"record": str(path)}))


def _explain(explained: "Explanation", file: Path, as_json: bool) -> None:
    from posebench.cli.console import open_console
    from posebench.cli.show_scores import print_explained

    if not as_json:
        print_explained(open_console(), explained)
        return
    rows = []
    for entry in explained:
        convention = entry.convention
        rows.append({
            "name": convention.name, "rule": convention.rule, "source": convention.source,
            "published_by": convention.published_by, "difference": convention.difference,
            "ground_truth": entry.ground_truth, "problem": entry.problem,
            "assumptions": list(entry.assumptions),
            "metrics": None if entry.scores is None else _plain(entry.scores.metrics),
            **_plain({"from_ground_truth": entry.from_ground_truth, "from_rule": entry.from_rule}),
        })  # fmt: skip
    click.echo(json.dumps({"file": str(file), "headline": explained.headline, "conventions": rows}))


def _plain(values: Mapping[str, float]) -> dict[str, float | None]:
    """JSON has no NaN."""
    return {name: None if math.isnan(value) else value for name, value in values.items()}
