"""`posebench evaluate`."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.gathered import gathered
from posebench.cli.option_values import read_size, read_thresholds
from posebench.cli.options import (
    GroundTruth,
    Subset,
    json_option,
    name_option,
    quiet_option,
    results_option,
    subset_options,
    truth_of_file_options,
)
from posebench.errors import PosebenchError, existing_or_folder

if TYPE_CHECKING:
    from posebench.tasks.scoring.evaluate import Evaluation, Network
    from posebench.tasks.scoring.explain import Explanation


@dataclass(frozen=True)
class Instead:
    """What is shown instead of writing a record: scores over (T,) thresholds, or under every convention."""

    thresholds: Any
    explained: bool


@dataclass(frozen=True)
class Made:
    """What made FILE, where FILE does not state it; the size is (width, height) in pixels."""

    arch: str | None
    input_size: tuple[int, int] | None
    trained_on: str | None

    @property
    def network(self) -> "Network | None":
        """As `evaluate` takes it.

        Raises:
            click.UsageError: there is a size without a network.
        """
        from posebench.tasks.scoring.evaluate import Network

        if self.input_size is not None and self.arch is None:
            raise click.UsageError("--input-size is the input of the network that --arch names; add --arch.")
        return Network(self.arch, self.input_size, self.trained_on) if self.arch or self.trained_on else None


@dataclass(frozen=True)
class Output:
    """What is written and printed: the record below `results`, pictures of cases, JSON, and how much beside."""

    overlays: bool
    as_json: bool
    results: Path
    quiet: bool


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@truth_of_file_options
@name_option
@gathered(
    "instead",
    Instead,
    click.option(
        "--thresholds", metavar="VALUES", callback=read_thresholds,
        help="Show the scores at these thresholds, such as 0.3, 0.1,0.2,0.5 or 0:1:0.1 (FROM:TO:STEP); write nothing.",
    ),
    click.option(
        "--explain", "explained", is_flag=True,
        help="Show the scores under every convention, and why they differ; write nothing.",
    ),
)  # fmt: skip
@gathered(
    "made",
    Made,
    click.option("--arch", metavar="NAME", help="Network that made FILE, where FILE does not state it."),
    click.option(
        "--input-size", callback=read_size, metavar="HEIGHTxWIDTH", help="Input of that network, such as 256x192."
    ),
    click.option(
        "--trained-on", metavar="TEXT",
        help="Data that network was trained on, such as 'LSP, LSPET, MPII', where FILE does not state it.",
    ),
)  # fmt: skip
@subset_options
@gathered(
    "output",
    Output,
    click.option("--overlays", is_flag=True, help="Draw the best, median and worst cases; needs the photographs."),
    json_option,
    results_option,
    quiet_option,
)
def evaluate(
    file: Path, truth: GroundTruth, name: str | None, instead: Instead, made: Made, subset: Subset, output: Output
) -> None:
    """Score a predictions FILE and write its record.

    Reads posebench's own files, MPII, FLIC and LSP predictions (.h5, .mat), COCO results (.json), PoseTrack results (a folder or
    zip archive of .json), and tables (.npz, .csv).

    --explain and --thresholds show the whole file's scores and write no record; they are not for --joints, --mapping, --name,
    --trained-on or --overlays.
    """
    from posebench.cli.console import open_console, say_synthetic
    from posebench.results.record import check_writable
    from posebench.tasks.scoring.evaluate import evaluate as evaluation_of
    from posebench.tasks.scoring.explain import explain
    from posebench.tasks.scoring.keypoints_in_common import asked_keypoints

    _refuse_ignored(truth, name, instead, made, subset, output)
    network = made.network
    protocol = truth.protocol
    existing_or_folder(file, "a predictions file")
    say_synthetic(open_console(stderr=output.as_json, quiet=output.quiet), truth.data, truth.protocol_name)
    keypoints = asked_keypoints(protocol, subset.joints, subset.mapping)
    if instead.explained:
        _explain(explain(file, protocol, truth.data, truth.split, network), file, output.as_json)
    elif instead.thresholds is not None:
        _show_curves(file, truth, instead.thresholds, output)
    else:
        check_writable(output.results)
        people = truth.people_of([file])
        _show_and_save(evaluation_of(file, protocol, people, truth.convention, name, network, keypoints), output)


def _refuse_ignored(
    truth: GroundTruth, name: str | None, instead: Instead, made: Made, subset: Subset, output: Output
) -> None:
    """End with a sentence where an option is set that --explain or --thresholds would ignore."""
    given = {
        "--convention": truth.convention, "--name": name, "--thresholds": None if instead.thresholds is None else "given",
        "--arch": made.arch, "--input-size": made.input_size, "--trained-on": made.trained_on,
        "--joints": subset.joints or None, "--mapping": subset.mapping, "--overlays": output.overlays or None,
    }  # fmt: skip
    ways = (
        (instead.explained, "--explain shows every convention", ("--arch", "--input-size")),
        (instead.thresholds is not None, "--thresholds shows curves", ("--thresholds", "--convention")),
    )
    for asked, shows, used in ways:
        ignored = [option for option, value in given.items() if value is not None and option not in used]
        if asked and ignored:
            raise click.UsageError(
                f"{shows} and writes nothing, so {' and '.join(ignored)} would be ignored. Leave out one or the other."
            )


def _show_curves(file: Path, truth: GroundTruth, thresholds: Any, output: Output) -> None:
    from posebench.cli.console import open_console
    from posebench.cli.show_scores import curves_table, print_notes
    from posebench.tasks.scoring.curves import curves

    found, notes = curves(file, truth.protocol, truth.people_of([file]), truth.convention, thresholds)
    if output.as_json:
        known = [vars(curve) | {"values": [_plain(value) for value in curve.values]} for curve in found]
        click.echo(json.dumps({"curves": known, "notes": notes}))
    else:
        out = open_console()
        out.print(curves_table(found, truth.protocol.unit))
        print_notes(out, notes)


def _show_and_save(evaluation: "Evaluation", output: Output) -> None:
    from posebench.cli.console import open_console, print_overlays
    from posebench.cli.show_scores import print_scores

    out = open_console(stderr=output.as_json, quiet=output.quiet and output.as_json)
    if not output.as_json:
        # before anything is written: a full disk must not cost the numbers
        print_scores(out, evaluation.record, output.quiet)
    path = evaluation.save(output.results)
    if not output.as_json:
        out.print(f"Record: {path}", highlight=False, markup=False, soft_wrap=True)
    if output.overlays:
        try:
            drawn = evaluation.draw_overlays(output.results)
        except PosebenchError as error:
            raise PosebenchError(f"The record is written ({path}), but its overlays are not. {error}") from error
        print_overlays(out, drawn)
    if output.as_json:
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
            "published_by": convention.published_by, "difference": entry.reason,
            "ground_truth": entry.ground_truth, "problem": entry.problem,
            "notes": list(entry.notes),
            "metrics": None if entry.scores is None else {name: _plain(value) for name, value in entry.scores.metrics.items()},
            "from_ground_truth": _plain(entry.from_ground_truth), "from_rule": _plain(entry.from_rule),
        })  # fmt: skip
    click.echo(json.dumps({"file": str(file), "headline": explained.headline, "conventions": rows}))


def _plain(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value
