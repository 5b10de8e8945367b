"""`posebench export`."""

from dataclasses import replace
from pathlib import Path

import click

from posebench.cli.gathered import gathered
from posebench.cli.option_values import read_size
from posebench.cli.options import GroundTruth, convention_option, quiet_option, stated_split_option


@click.command()
@click.argument("form", metavar="FORM")
@click.argument("file", type=click.Path(path_type=Path))
@gathered(
    "truth",
    GroundTruth,
    click.option(
        "--data", type=click.Path(path_type=Path), required=True, metavar="DIR",
        help="Folder of the dataset, or one annotation file.",
    ),
    stated_split_option,
    convention_option,
    click.option(
        "--protocol", "protocol_name", default="", metavar="NAME",
        help="Default: the first part of FORM; coco:FILE.toml for your own dataset.",
    ),
)  # fmt: skip
@click.option(
    "--input-size", callback=read_size, metavar="HEIGHTxWIDTH",
    help="Input of the network that made FILE, such as 256x192, for a convention that suppresses. Default: as FILE states, "
    "else of 3:4.",
)  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="File to write.")
@quiet_option
def export(
    form: str, file: Path, truth: GroundTruth, input_size: tuple[int, int] | None, out: Path, quiet: bool
) -> None:
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
    from posebench.tasks.export import export as write
    from posebench.tasks.scoring.evaluate import Network

    truth = replace(truth, protocol_name=truth.protocol_name or form.rpartition("-")[0] or form)
    people = truth.people_of([file])
    console = open_console(stderr=True, quiet=quiet)
    network = None if input_size is None else Network(input_size=input_size)
    for sentence in write(form, file, truth.protocol, people, out, truth.convention, network):
        console.print(sentence, highlight=False, markup=False, soft_wrap=True)
    click.echo(out)
