"""`posebench decode`."""

import json
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.gathered import gathered
from posebench.cli.options import GroundTruth, Output, output_options, truth_of_file_options
from posebench.errors import existing

if TYPE_CHECKING:
    from posebench.cli.console import Update


STEPS = {"people": "decode people of", "decodings": "score decodings of"}
"""What is counted → the title of its progress."""


@dataclass(frozen=True)
class Chosen:
    """The decodings that are asked for; all decoders, stacks or mirrors where none is named."""

    decoders: tuple[str, ...]
    stacks: tuple[int, ...]
    mirrors: tuple[str, ...]


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@truth_of_file_options
@gathered(
    "chosen",
    Chosen,
    click.option(
        "--decoder", "decoders", multiple=True, metavar="NAME",
        help="argmax, quarter, dark, udp, soft-argmax or integral; may be repeated. Default: all.",
    ),
    click.option(
        "--stack", "stacks", type=click.IntRange(1), multiple=True, metavar="N",
        help="A stack of the network, counted from 1; may be repeated. Default: all.",
    ),
    click.option(
        "--mirror", "mirrors", multiple=True, metavar="NAME",
        help="off (upright pass alone), on (mean with the mirrored pass) or on+1 (mirrored pass moved right by a column); may be "
        "repeated. Default: all.",
    ),
)  # fmt: skip
@click.option(
    "--table", type=click.Path(path_type=Path), metavar="FILE", help="Also write the table: .csv at full precision, or .md."
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE.h5",
    help="Write the predictions of one decoding; what --decoder, --stack and --mirror leave open is then the network's own.",
)  # fmt: skip
@output_options
def decode(
    file: Path, truth: GroundTruth, chosen: Chosen, table: Path | None, out: Path | None, output: Output
) -> None:
    """Decode the heatmaps in FILE in every way; score each.

    FILE is what `posebench predict --keep-heatmaps FILE` wrote. The table has a row for each stack, mirror and decoder, with the
    headline of the protocol and its paired difference from the network's own decoding. No network is run, and nothing is
    written without --table or --out.
    """
    from posebench.cli.console import open_console, print_notes, progress, say_synthetic
    from posebench.cli.show_decodings import print_decodings
    from posebench.tasks.prediction import decode as tasks

    if table is not None:
        tasks.check_table(table)
    notes = open_console(stderr=True, quiet=output.quiet)
    protocol = truth.protocol
    existing(file, "a heatmap file")
    say_synthetic(notes, truth.data, truth.protocol_name)
    asked = tasks.Asked(chosen.decoders, chosen.stacks, chosen.mirrors, out)
    with ExitStack() as bars:
        updates: dict[str, Update] = {}

        def show(done: int, total: int, what: str) -> None:
            if what not in updates:
                bars.close()  # the bar before
                updates[what] = bars.enter_context(progress(notes, f"{STEPS[what]} {file.name}"))
            updates[what](done, total, "")

        found = tasks.decode(file, protocol, truth.data, truth.split, truth.convention, asked, show)
    print_notes(notes, found.notes)
    if table is not None:
        found.save(table)
    if output.as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        print_decodings(open_console(), found, output.quiet)
    for path in filter(None, (table, out)):
        click.echo(path, err=output.as_json)
