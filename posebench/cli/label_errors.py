"""`posebench label-errors`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.options import GroundTruth, Output, output_options, results_to_read_option, truth_of_file_options
from posebench.errors import PosebenchError

if TYPE_CHECKING:
    from rich.console import Console

    from posebench.tasks.label_errors import Suspects

SHOWN = 10
"""Keypoints in the terminal."""


@click.command("label-errors")
@click.argument("named", nargs=-1, metavar="[RUN]...")
@truth_of_file_options
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE.csv",
    help="The table to write; the gallery is beside it. Default: PROTOCOL-SPLIT-label-errors.csv in this folder.",
)  # fmt: skip
@results_to_read_option
@output_options
def label_errors(named: tuple[str, ...], truth: GroundTruth, out: Path | None, results: Path, output: Output) -> None:
    """Find keypoints that may be annotated wrongly.

    RUN is a predictions file, a record (file or id) or a row (name: all its seeds) of which the predictions are kept; without any,
    all such records of the leaderboard. A keypoint is listed where all runs agree with each other within the protocol's threshold
    and none agrees with the annotation, the farthest first. Writes a CSV for an annotator and, where photographs are there, a
    gallery of the first 30.
    """
    from posebench.cli.console import open_console, print_notes, say_synthetic
    from posebench.results.folder import plain
    from posebench.tasks.label_errors import files_named, files_of_table, find_label_errors

    protocol = truth.protocol
    files = files_named(named, results)
    notes = open_console(stderr=True, quiet=output.quiet)
    say_synthetic(notes, truth.data, truth.protocol_name)
    people = truth.people_of(files)
    path = out or Path(f"{plain(protocol.name)}-{plain(people.split)}-label-errors.csv")
    if path.suffix.lower() != ".csv":
        raise PosebenchError(f"--out {path} should end in .csv, the form of the table.")
    files, told = (files, ()) if named else files_of_table(results, protocol, people, truth.convention)
    print_notes(notes, told)
    suspects = find_label_errors(files, protocol, people, truth.convention)
    gallery = path.with_suffix(".jpg")
    suspects.save(path)
    drawn = suspects.draw(gallery)
    if output.as_json:
        found = [one.as_json() for one in suspects.errors.found]
        counts = {name: getattr(suspects.errors, name) for name in ("runs", "counted", "agreed", "right", "right_if")}
        written = {"csv": str(path), "gallery": str(gallery) if drawn else None}
        click.echo(json.dumps(counts | written | {"files": [str(file) for file in files], "found": found}))
        return
    console = open_console()
    _print(console, suspects, output.quiet)
    console.print(f"Table: {path}", highlight=False, markup=False, soft_wrap=True)
    if drawn:
        console.print(f"Gallery: {gallery}", highlight=False, markup=False, soft_wrap=True)
    elif suspects.errors.found:
        print_notes(notes, ("No gallery: none of the photographs is there.",))


def _print(console: "Console", suspects: "Suspects", quiet: bool) -> None:
    """How many keypoints there are, and the first ones."""
    from rich.table import Table

    from posebench.cli.wrapping import wrapped

    errors = suspects.errors
    found = len(errors.found)
    mixed = errors.agreed - errors.right - found
    sentence = (
        f"Of {errors.counted:,} keypoints, {'both' if errors.runs == 2 else f'all {errors.runs}'} runs agree on {errors.agreed:,}: "
        f"on {errors.right:,} with the annotation too ({errors.right_if}), on {found:,} against it"
        + (f", and on {mixed:,} where a part of them is right." if mixed else ".")
    )
    console.print(wrapped(sentence, console.width if console.is_terminal else None), highlight=False, soft_wrap=True)
    if not found:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, right in (
        ("image", False),
        ("person", True),
        ("keypoint", False),
        ("× threshold", True),
        ("agreed place", False),
    ):
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "image", overflow="ellipsis")
    for one in errors.found[:SHOWN]:
        table.add_row(
            Path(one.image).name, str(one.person), one.keypoint.replace("_", " "), f"{one.times:.1f}", PLACES[one.kind]
        )
    console.print()
    console.print(table, markup=False)
    if not quiet:
        note = (
            "These are suspicions: runs that learned from the same annotations share mistakes, above all left for right. Look at "
            "the photograph before you change a label."
        )
        console.print()
        console.print(wrapped(note, console.width if console.is_terminal else None), highlight=False, soft_wrap=True)


PLACES = {
    "inversion": "at the other side", "swap": "at another person", "jitter": "near the annotation", "miss": "elsewhere",
}  # fmt: skip
"""Kind of an agreed place → how it is told."""
