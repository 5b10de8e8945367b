"""`posebench decode`."""

import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.options import (
    convention_option,
    data_option,
    json_option,
    protocol_option,
    quiet_option,
    stated_split_option,
)
from posebench.errors import existing

if TYPE_CHECKING:
    from posebench.cli.console import Update


STEPS = {"people": "decode people of", "decodings": "score decodings of"}
"""What is counted → the title of its progress."""


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@protocol_option
@data_option
@stated_split_option
@convention_option
@click.option(
    "--decoder", "decoders", multiple=True, metavar="NAME",
    help="argmax, quarter, dark, udp, soft-argmax or integral; may be repeated. Default: all.",
)  # fmt: skip
@click.option(
    "--stack", "stacks", type=click.IntRange(1), multiple=True, metavar="N",
    help="A stack of the network, counted from 1; may be repeated. Default: all.",
)  # fmt: skip
@click.option(
    "--mirror", "mirrors", multiple=True, metavar="NAME",
    help="off (upright pass alone), on (mean with the mirrored pass) or on+1 (mirrored pass moved right by a column); may be "
    "repeated. Default: all.",
)  # fmt: skip
@click.option(
    "--table", type=click.Path(path_type=Path), metavar="FILE", help="Also write the table: .csv at full precision, or .md."
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE.h5",
    help="Write the predictions of one decoding; what --decoder, --stack and --mirror leave open is then the network's own.",
)  # fmt: skip
@json_option
@quiet_option
def decode(
    file: Path, protocol_name: str, data: Path | None, split: str | None, convention: str | None, decoders: tuple[str, ...],
    stacks: tuple[int, ...], mirrors: tuple[str, ...], table: Path | None, out: Path | None, as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Decode the heatmaps in FILE in every way; score each.

    FILE is what `posebench predict --keep-heatmaps FILE` wrote. The table has a row for each stack, mirror and decoder, with the
    headline of the protocol and its paired difference from the network's own decoding. No network is run, and nothing is
    written without --table or --out.
    """
    from posebench.cli.console import open_console, print_notes, progress, say_synthetic
    from posebench.cli.show_decodings import print_decodings
    from posebench.plugins import registry
    from posebench.tasks.prediction import decode as tasks

    if table is not None:
        tasks.check_table(table)
    notes = open_console(stderr=True, quiet=quiet)
    protocol = registry.protocol(protocol_name)
    existing(file, "a heatmap file")
    say_synthetic(notes, data, protocol_name)
    asked = tasks.Asked(decoders, stacks, mirrors, out)
    with ExitStack() as bars:
        updates: dict[str, Update] = {}

        def show(done: int, total: int, what: str) -> None:
            if what not in updates:
                bars.close()  # the bar before
                updates[what] = bars.enter_context(progress(notes, f"{STEPS[what]} {file.name}"))
            updates[what](done, total, "")

        found = tasks.decode(file, protocol, data, split, convention, asked, show)
    print_notes(notes, found.notes)
    if table is not None:
        found.save(table)
    if as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        print_decodings(open_console(), found, quiet)
    for path in filter(None, (table, out)):
        click.echo(path, err=as_json)
