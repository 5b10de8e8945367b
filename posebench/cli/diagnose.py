"""`posebench diagnose`."""

import json
from pathlib import Path

import click

from posebench.cli.options import (
    convention_option,
    data_option,
    joints_option,
    json_option,
    mapping_option,
    protocol_option,
    quiet_option,
    read_size,
    stated_split_option,
)
from posebench.errors import existing_or_folder


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@protocol_option
@data_option
@stated_split_option
@convention_option
@joints_option
@mapping_option
@click.option(
    "--input-size",
    callback=read_size,
    metavar="HEIGHTxWIDTH",
    help="Input of the network, for the size of heatmap cells. Default: what FILE states, else 256x256.",
)
@click.option(
    "--stride",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    metavar="N",
    help="Pixels of a heatmap cell in that input.",
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Labels of images (column image) or people (image, person); scores are sliced by every other column.",
)
@click.option(
    "--save",
    is_flag=True,
    help="Keep the diagnosis and its pictures beside the record of FILE; posebench report shows them in its page.",
)
@click.option(
    "--results",
    type=click.Path(path_type=Path),
    default=Path("results"),
    show_default=True,
    metavar="DIR",
    help="Results folder of --save.",
)
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder for pictures: kinds of errors, where predictions land, confusions, parts of the data, calibration.",
)
@json_option
@quiet_option
def diagnose(
    file: Path, protocol_name: str, data: Path | None, split: str | None, convention: str | None,
    joints: tuple[str, ...], mapping: Path | None, input_size: tuple[int, int] | None, stride: int, manifest: Path | None,
    save: bool, results: Path, pictures: Path | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Say why a predictions FILE scores what it scores.

    The kind of every error and what its repair would add; a constant offset; scores on parts of the data; whether confidences
    are right as often as they say; AP with other sigmas.
    """
    from posebench.cli.console import open_console, print_fonts_note, say_synthetic
    from posebench.cli.show_diagnosis import print_diagnosis
    from posebench.plugins import registry
    from posebench.results.folder import check_folder
    from posebench.tasks.diagnose import Asked
    from posebench.tasks.diagnose import diagnose as diagnosis_of
    from posebench.tasks.people import people_of_files
    from posebench.tasks.scoring.keypoints_in_common import asked_keypoints

    protocol = registry.protocol(protocol_name)
    existing_or_folder(file, "a predictions file")
    if save:
        check_folder(results)  # nothing is computed for a folder that is not there
    say_synthetic(open_console(stderr=as_json, quiet=quiet), data, protocol_name)
    asked = Asked(input_size, stride, manifest, asked_keypoints(protocol, joints, mapping))
    diagnosis = diagnosis_of(
        file, protocol, people_of_files([file], protocol, data, split, convention), convention, asked
    )
    if as_json:
        click.echo(json.dumps(diagnosis.as_json()))
    else:
        print_diagnosis(open_console(), diagnosis, quiet)
    if save or pictures is not None:
        print_fonts_note([diagnosis.evaluation.record.name])
    if pictures is not None:
        click.echo("\n".join(map(str, diagnosis.draw(pictures))), err=as_json)
    if save:
        # after the tables, which are of use also where there is no record
        paths = diagnosis.save(results, pictures=True)
        click.echo("\n".join(map(str, paths)), err=as_json)
