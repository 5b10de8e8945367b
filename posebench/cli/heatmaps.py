"""`posebench heatmaps`."""

from pathlib import Path

import click

from posebench.cli.gathered import gathered
from posebench.cli.options import GroundTruth, data_option, protocol_option, quiet_option, stated_split_option
from posebench.errors import PosebenchError, existing


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@gathered("truth", GroundTruth, protocol_option, data_option, stated_split_option)
@click.option(
    "--row", "rows", type=click.IntRange(0), multiple=True, metavar="N",
    help="A person: a row of the split, from 0; may be repeated. Default: six people whom the last stack corrects.",
)  # fmt: skip
@click.option(
    "--joint", "keypoints", multiple=True, metavar="NAME",
    help="A keypoint, such as left_wrist; may be repeated. Default: the keypoints that the last stack corrects most.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE.png", help="The picture to write. Default: beside FILE, with its name."
)  # fmt: skip
@quiet_option
def heatmaps(
    file: Path, truth: GroundTruth, rows: tuple[int, ...], keypoints: tuple[str, ...], out: Path | None, quiet: bool
) -> None:
    """Draw the heatmaps of every stack for chosen people.

    FILE is what `posebench predict --keep-heatmaps FILE` wrote. A line of the picture has the annotation, then the heatmap of each
    stack with its highest cell, so that one sees what a later stack corrects.
    """
    from posebench.cli.console import open_console, say_synthetic
    from posebench.tasks.people import load_people, split_of_files
    from posebench.tasks.prediction.show_heatmaps import show_heatmaps

    path = out or file.with_suffix(".png")
    if path.suffix.lower() != ".png":
        raise PosebenchError(f"--out {path} should end in .png, the form of the picture.")
    protocol = truth.protocol
    existing(file, "a heatmap file")
    say_synthetic(open_console(stderr=True, quiet=quiet), truth.data, truth.protocol_name)
    people = load_people(  # --row is a row of the whole split
        protocol, truth.data, truth.split or split_of_files([file], protocol)
    )
    show_heatmaps(file, people, path, rows, keypoints)
    click.echo(path)
