"""`posebench track`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.complete import protocols
from posebench.cli.gathered import gathered
from posebench.cli.option_values import PluginName
from posebench.cli.options import quiet_option

if TYPE_CHECKING:
    from posebench.inference.tracker import Tracker


def _tracker(**values: Any) -> "Tracker":
    from posebench.inference.tracker import Tracker

    return Tracker(**values)


@dataclass(frozen=True)
class Drawing:
    """A picture of frames with their tracks, and the folder of the images; both or none."""

    picture: Path | None
    images: Path | None


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--protocol", "protocol_name", type=PluginName("protocol"), default="posetrack", show_default=True, metavar="NAME",
    shell_complete=protocols, help="Protocol by which FILE is read, where it is not posebench's own.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Predictions file to write."
)
@gathered(
    "tracker",
    _tracker,
    click.option(
        "--by", type=click.Choice(["pose", "box"]), default="pose", show_default=True,
        help="Similarity of two people: OKS of their poses, or intersection over union of their boxes.",
    ),
    click.option(
        "--threshold", type=click.FloatRange(0, 1), default=0.3, show_default=True, metavar="X",
        help="People who are less similar to every track begin a new one.",
    ),
    click.option(
        "--frames", type=click.IntRange(1), default=1, show_default=True, metavar="N",
        help="Frames with people after which a track ends where it has nobody.",
    ),
)  # fmt: skip
@click.option(
    "--above", type=float, metavar="SCORE",
    help="Leave out keypoints of a lower score, and people without any other. Default: none; MOTA counts each of them.",
)  # fmt: skip
@gathered(
    "drawing",
    Drawing,
    click.option(
        "--picture", type=click.Path(path_type=Path), metavar="PNG",
        help="Draw frames of up to three sequences, with a colour for each track; needs --images.",
    ),
    click.option(
        "--images", type=click.Path(path_type=Path), metavar="DIR", help="Folder below which the images of FILE lie."
    ),
)  # fmt: skip
@quiet_option
def track(
    file: Path, protocol_name: str, out: Path, tracker: "Tracker", above: float | None, drawing: Drawing, quiet: bool
) -> None:
    """Put the people of a predictions FILE into tracks.

    Prints the path of the new file. FILE is posebench's own (.h5), or PoseTrack's results: a JSON file for each sequence, in a
    folder or a zip archive, or one such file. Images of one folder are one sequence, in the file's order. From frame to frame,
    people are matched greedily, the most similar first (Xiao et al., ECCV 2018, without optical flow). `posebench evaluate
    --protocol posetrack` then scores MOTA.
    """
    from posebench.cli.console import open_console
    from posebench.plugins import registry
    from posebench.tasks.track import draw_tracks, track_file

    picture, images = drawing.picture, drawing.images
    if (picture is None) != (images is None):
        raise click.UsageError("--picture draws frames from the folder that --images names; give both.")
    made = track_file(file, registry.protocol(protocol_name), out, tracker, above)
    open_console(stderr=True, quiet=quiet).print(made.sentence, highlight=False, markup=False, soft_wrap=True)
    click.echo(out)
    if picture is not None and images is not None:
        draw_tracks(out, images, picture)
        click.echo(picture)
