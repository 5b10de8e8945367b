"""`posebench compare`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.gathered import gathered
from posebench.cli.options import GroundTruth, Output, output_options, results_folder, truth_of_file_options
from posebench.errors import PosebenchError, existing_or_folder

if TYPE_CHECKING:
    from posebench.results.record import Record

ENDINGS = (".csv", ".h5", ".hdf5", ".json", ".mat", ".npy", ".npz")
"""Endings of predictions files: an argument with one is a file even where there is none of that name."""


@dataclass(frozen=True)
class Written:
    """What is written beside the table, and the results folder."""

    overlays: bool
    save: bool
    pictures: Path | None
    results: Path


@click.command()
@click.argument("arguments", nargs=-1, required=True, metavar="A B ...")
@truth_of_file_options
@click.option("--name", "names", multiple=True, metavar="TEXT", help="Name of a file; once per file, in their order.")
@gathered(
    "written",
    Written,
    click.option(
        "--overlays", is_flag=True,
        help="Draw the people on whom two files differ most, side by side, below --results; of people whose photographs are there.",
    ),
    click.option(
        "--save", is_flag=True,
        help="Keep the differences of the files beside their records below --results; compare.html of posebench report shows them.",
    ),
    click.option(
        "--pictures", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
        help="Folder for a picture of the differences by keypoint, with intervals.",
    ),
    results_folder("Results folder in which rows are looked up and overlays are written."),
)  # fmt: skip
@output_options
def compare(
    arguments: tuple[str, ...], truth: GroundTruth, names: tuple[str, ...], written: Written, output: Output
) -> None:
    """Compare predictions files, or rows of a leaderboard.

    An argument that is no file is the name of a row in the results folder, or the id of a record in it, of which the beginning or
    the last eight letters are enough; rows are taken from the leaderboard that has all of them. Differences are taken on the same
    people, with 95 % intervals over resamples of the images and corrected p-values. Two files: every metric and keypoint. More
    files: the headline of every pair. Rows: the headline; a row of several seeds varies over its seeds too.

    --data, --name, --overlays, --save and --pictures are for files: rows are compared from their records alone.
    """
    from posebench.tasks.scoring.compare import check_names

    if not _all_files(arguments):
        _refuse_for_rows({
            "--data": truth.data, "--name": names, "--overlays": written.overlays, "--save": written.save,
            "--pictures": written.pictures,
        })  # fmt: skip
        _compare_rows(arguments, truth, written.results, output)
        return
    check_names(arguments, names)
    _compare_files([Path(one) for one in arguments], truth, names, written, output)


def _compare_rows(names: Sequence[str], truth: GroundTruth, results: Path, output: Output) -> None:
    from posebench.cli.console import open_console
    from posebench.cli.show_comparison import print_row_comparison
    from posebench.tasks.scoring.compare_rows import compare_named

    rows = compare_named(_records(results, output.quiet), names, truth.protocol, truth.split, truth.convention)
    if output.as_json:
        click.echo(json.dumps(rows.as_json()))
    else:
        print_row_comparison(open_console(), rows, quiet=output.quiet)


def _compare_files(
    files: Sequence[Path], truth: GroundTruth, names: Sequence[str], written: Written, output: Output
) -> None:
    from posebench.cli.console import open_console, print_fonts_note, print_overlays, say_synthetic
    from posebench.cli.show_comparison import print_comparison
    from posebench.results.folder import check_folder
    from posebench.tasks.scoring.compare import compare as compare_files

    for file in files:
        existing_or_folder(file, "a predictions file")
    if written.overlays and len(files) != 2:
        raise PosebenchError(f"--overlays compares two files, but there are {len(files)}. Name two.")
    if written.save:
        check_folder(written.results)  # nothing is computed for a folder that is not there
    as_json, pictures = output.as_json, written.pictures
    say_synthetic(open_console(stderr=as_json, quiet=output.quiet), truth.data, truth.protocol_name)
    comparison = compare_files(files, truth.protocol, truth.people_of(files), truth.convention, names)
    if as_json:
        click.echo(json.dumps(comparison.as_json()))
    else:
        print_comparison(open_console(), comparison.records, comparison.pairs, quiet=output.quiet)
    if written.overlays or pictures is not None:
        print_fonts_note(record.name for record in comparison.records)
    if pictures is not None:
        click.echo(comparison.draw(pictures), err=as_json)
    if written.save:
        click.echo("\n".join(map(str, comparison.save(written.results))), err=as_json)
    if written.overlays:
        drawn = comparison.draw_overlays(written.results)
        print_overlays(open_console(stderr=as_json), drawn)


def _refuse_for_rows(given: Mapping[str, object]) -> None:
    """End with a sentence where an option is set that rows have no use for."""
    option = next((option for option, value in given.items() if value), None)
    if option is not None:
        raise PosebenchError(
            f"{option} is for predictions files; rows are compared from their records alone. Leave it out, or name files."
        )


def _records(results: Path, quiet: bool) -> "tuple[Record, ...]":
    """All readable records; the others are named."""
    from posebench.cli.console import open_console, print_notes
    from posebench.results.record import find_records

    found = find_records(results)
    print_notes(open_console(stderr=True, quiet=quiet), found.notes)
    return found.records


def _all_files(arguments: Sequence[str]) -> bool:
    """Whether the arguments are files; if not, all are names of rows.

    Raises:
        PosebenchError: some are files and some are not.
    """
    files = [one for one in arguments if Path(one).exists() or one.lower().endswith(ENDINGS)]
    others = [one for one in arguments if one not in files]
    if files and others:
        raise PosebenchError(
            f"There is no file {others[0]!r}. All arguments should be predictions files, as {files[0]} is, or all names of rows "
            "of a leaderboard."
        )
    return not others
