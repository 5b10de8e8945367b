"""`posebench data show`."""

from dataclasses import dataclass
from pathlib import Path

import click

from posebench.cli.complete import protocols, recipes
from posebench.cli.gathered import gathered
from posebench.cli.options import arch_option, data_option, quiet_option
from posebench.errors import PosebenchError


@dataclass(frozen=True)
class Chosen:
    """Whose crops are drawn: of a split (None for the training split) one row, one photograph, or examples."""

    split: str | None
    row: int | None
    image: str | None


@click.command()
@click.argument("protocol_name", metavar="PROTOCOL", shell_complete=protocols)
@arch_option
@data_option
@click.option(
    "--recipe",
    metavar="NAME",
    shell_complete=recipes,
    help="paper, a name of `posebench recipe list`, or a TOML/JSON file. Default: paper with --data, quick without.",
)
@gathered(
    "chosen",
    Chosen,
    click.option("--split", metavar="NAME", help="Default: the split to train on."),
    click.option(
        "--row", type=click.IntRange(0), metavar="N", help="One person, in six epochs: a row of the split, from 0."
    ),
    click.option("--image", metavar="NAME", help="The people of one photograph, by its file name."),
)
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE.png",
    help="The picture to write. Default: PROTOCOL-SPLIT-ARCH.png in this folder, with the row or image.",
)  # fmt: skip
@quiet_option
def show(
    protocol_name: str, arch: str, data: Path | None, recipe: str | None, chosen: Chosen, out: Path | None, quiet: bool
) -> None:
    """Draw what a network sees in training: crops, targets, boxes."""
    from posebench.cli.console import open_console, print_notes, say_synthetic
    from posebench.plugins import registry
    from posebench.results.folder import plain
    from posebench.tasks.dataset.show import keys_of, show_data, with_photographs
    from posebench.tasks.people import load_people, run_splits
    from posebench.tasks.training.job import Settings, make_job

    row, image = chosen.row, chosen.image
    if out is not None and out.suffix.lower() != ".png":
        raise PosebenchError(f"--out {out} should end in .png, the form of the picture.")
    console = open_console(stderr=True, quiet=quiet)
    protocol = registry.protocol(protocol_name)
    say_synthetic(console, data, protocol_name)
    trained = make_job(arch, protocol, data, Settings(recipe=recipe), Path("results")).recipe
    people, notes = with_photographs(load_people(protocol, data, chosen.split or run_splits(protocol, data).train))
    print_notes(console, notes)
    of = "" if row is None else f"-row{row}"
    of += "" if image is None else f"-{plain(image)}"
    path = out or Path(f"{plain(protocol.name)}-{plain(people.split)}-{plain(arch)}{of}.png")
    show_data(protocol, people, arch, trained, path, keys=keys_of(people, row, image))
    click.echo(path)
