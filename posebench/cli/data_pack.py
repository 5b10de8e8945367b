"""`posebench data pack`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.complete import architectures, protocols, recipes, splits
from posebench.cli.gathered import gathered
from posebench.cli.options import quiet_option, results_option
from posebench.errors import Interrupted, counted

if TYPE_CHECKING:
    from posebench.samples.pack_files import Coding


@dataclass(frozen=True)
class Content:
    """Whose crops are stored, and how: for which recipe, and as JPEG or as they are."""

    split: str | None
    arch: str | None
    recipe: str | None
    jpeg: bool


@click.command()
@click.argument("protocol_name", metavar="PROTOCOL", shell_complete=protocols)
@click.option(
    "--data", "folder", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Folder of the dataset."
)
@gathered(
    "content",
    Content,
    click.option("--split", metavar="NAME", shell_complete=splits, help="Default: the split that is trained on."),
    click.option("--arch", metavar="NAME", shell_complete=architectures, help="Architecture, for its published recipe."),
    click.option(
        "--recipe", metavar="NAME", shell_complete=recipes,
        help="paper, a name of `posebench recipe list`, or a TOML/JSON file. Default: paper, which needs --arch.",
    ),
    click.option(
        "--jpeg", is_flag=True,
        help="Store JPEG-coded pixels: a smaller pack, slower to read; crops differ from the photographs'.",
    ),
)  # fmt: skip
@click.option(
    "--packs", "--out", "packs", type=click.Path(path_type=Path), metavar="DIR",
    help="Folder of packs. Default: packs below --results.",
)  # fmt: skip
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Threads. Default: one less than the number of cores, at most 8.",
)
@results_option
@quiet_option
def pack(
    protocol_name: str,
    folder: Path,
    content: Content,
    packs: Path | None,
    workers: int | None,
    results: Path,
    quiet: bool,
) -> None:
    """Store the pixels that training needs, for speed.

    Prints the pack's folder. For each person, a pack has the part of the photograph that the recipe's augmentation can show,
    decoded. `train` and `run` use the pack by themselves. The same command continues an interrupted pack and mends a damaged one.
    """
    from posebench.cli.console import open_console, print_notes, progress
    from posebench.files.writing import shown_bytes
    from posebench.plugins import registry
    from posebench.results.folder import ResultsFolder
    from posebench.tasks.dataset import pack as tasks
    from posebench.tasks.training.train import unreadable_notes
    from posebench.tasks.worker_count import worker_count

    coding: Coding = "jpeg" if content.jpeg else "raw"
    out = open_console(stderr=True, quiet=quiet)
    packing = tasks.plan_pack(
        registry.protocol(protocol_name), folder, packs or ResultsFolder(results).packs,
        split=content.split, arch=content.arch, recipe=content.recipe, coding=coding,
    )  # fmt: skip
    people = counted(len(packing.people), "person", "people")
    photographs = counted(len(packing.images), "photograph", "photographs")
    size, free = shown_bytes(packing.bytes_needed), shown_bytes(packing.bytes_free)
    print_notes(out, [f"{people} in {photographs}: about {size}. Free in {packing.folder.parent}: {free}."])
    tasks.check_space(packing)
    try:
        with progress(out, f"pack {packing.people.what}") as update:
            parts = packing.make(worker_count(workers) or 1, lambda done, total: update(done, total, ""))
    except KeyboardInterrupt:
        raise Interrupted("Stopped. Type the same command again to go on; the finished parts are kept.") from None
    if kept := sum(part.kept for part in parts):
        print_notes(out, [f"{kept:,} of {len(parts):,} parts were there already; their checksums are right."])
    unreadable = [name for part in parts for name in part.unreadable]
    print_notes(out, unreadable_notes(unreadable, "will not be trained on"))
    click.echo(packing.folder)
