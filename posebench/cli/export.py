"""`posebench export`."""

from pathlib import Path

import click

from posebench.cli.options import convention_option, quiet_option, stated_split_option


@click.command()
@click.argument("form", metavar="FORM")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Folder of the dataset, or one annotation file.",
)
@stated_split_option
@convention_option
@click.option(
    "--protocol",
    "protocol_name",
    metavar="NAME",
    help="Default: the first part of FORM; coco:FILE.toml for your own dataset.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="File to write.")
@quiet_option
def export(
    form: str, file: Path, data: Path, split: str | None, convention: str | None, protocol_name: str | None, out: Path,
    quiet: bool,
) -> None:  # fmt: skip
    """Write predictions FILE in a FORM of other evaluators.

    \b
    mpii-mat        for the MPII evaluation server
    coco-json       for pycocotools and the COCO server; --convention hrnet
                    rescores and suppresses first
    coco-presence   the same with /presence in the place of confidence,
                    for exococotools
    crowdpose-json  for xtcocotools
    wholebody-json  for xtcocotools
    posetrack-json  for poseval: a zip archive with a JSON file for each sequence
    """
    from posebench.cli.console import open_console
    from posebench.plugins import registry
    from posebench.tasks.export import export as write
    from posebench.tasks.people import people_of_files

    protocol = registry.protocol(protocol_name or form.rpartition("-")[0] or form)
    people = people_of_files([file], protocol, data, split, convention)
    console = open_console(stderr=True, quiet=quiet)
    for sentence in write(form, file, protocol, people, out, convention):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    click.echo(out)
