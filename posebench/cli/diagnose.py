"""`posebench diagnose`."""

import json
from dataclasses import dataclass
from pathlib import Path

import click

from posebench.cli.gathered import gathered
from posebench.cli.option_values import read_size
from posebench.cli.options import (
    GroundTruth,
    Output,
    Subset,
    output_options,
    results_folder,
    subset_options,
    truth_of_file_options,
)
from posebench.errors import existing_or_folder


@dataclass(frozen=True)
class Cells:
    """The size of a heatmap cell: a network's input (width, height) and the stride, in pixels."""

    input_size: tuple[int, int] | None
    stride: int


@dataclass(frozen=True)
class Written:
    """Whether the diagnosis is kept in the results folder, and a folder for pictures alone."""

    save: bool
    results: Path
    pictures: Path | None


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@truth_of_file_options
@subset_options
@gathered(
    "cells",
    Cells,
    click.option(
        "--input-size", callback=read_size, metavar="HEIGHTxWIDTH",
        help="Input of the network, for the size of heatmap cells. Default: what FILE states, else 256x256.",
    ),
    click.option(
        "--stride", type=click.IntRange(1), default=4, show_default=True, metavar="N",
        help="Pixels of a heatmap cell in that input.",
    ),
)  # fmt: skip
@click.option(
    "--manifest", type=click.Path(path_type=Path), metavar="FILE.csv",
    help="Labels of images (column image) or people (image, person); scores are sliced by every other column.",
)  # fmt: skip
@gathered(
    "written",
    Written,
    click.option(
        "--save", is_flag=True,
        help="Keep the diagnosis and its pictures beside the record of FILE; posebench report shows them in its page.",
    ),
    results_folder("Results folder of --save."),
    click.option(
        "--pictures", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
        help="Folder for pictures: kinds of errors, where predictions land, confusions, parts of the data, calibration.",
    ),
)  # fmt: skip
@output_options
def diagnose(
    file: Path,
    truth: GroundTruth,
    subset: Subset,
    cells: Cells,
    manifest: Path | None,
    written: Written,
    output: Output,
) -> None:
    """Say why a predictions FILE scores what it scores.

    The kind of every error and what its repair would add; a constant offset; scores on parts of the data; whether confidences
    are right as often as they say; AP with other sigmas.
    """
    from posebench.cli.console import open_console, print_fonts_note, say_synthetic
    from posebench.cli.show_diagnosis import print_diagnosis
    from posebench.results.folder import check_folder
    from posebench.tasks.diagnose import Asked
    from posebench.tasks.diagnose import diagnose as diagnosis_of
    from posebench.tasks.scoring.keypoints_in_common import asked_keypoints

    protocol, as_json = truth.protocol, output.as_json
    existing_or_folder(file, "a predictions file")
    if written.save:
        check_folder(written.results)  # nothing is computed for a folder that is not there
    say_synthetic(open_console(stderr=as_json, quiet=output.quiet), truth.data, truth.protocol_name)
    keypoints = asked_keypoints(protocol, subset.joints, subset.mapping)
    asked = Asked(cells.input_size, cells.stride, manifest, keypoints)
    diagnosis = diagnosis_of(file, protocol, truth.people_of([file]), truth.convention, asked)
    if as_json:
        click.echo(json.dumps(diagnosis.as_json()))
    else:
        print_diagnosis(open_console(), diagnosis, output.quiet)
    if written.save or written.pictures is not None:
        print_fonts_note([diagnosis.evaluation.record.name])
    if written.pictures is not None:
        click.echo("\n".join(map(str, diagnosis.draw(written.pictures))), err=as_json)
    if written.save:
        # after the tables, which are of use also where there is no record
        paths = diagnosis.save(written.results, pictures=True)
        click.echo("\n".join(map(str, paths)), err=as_json)
