"""`posebench predict`."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench import torchrun
from posebench.cli.complete import protocols
from posebench.cli.options import (
    Command,
    box_options,
    data_option,
    quiet_option,
    results_option,
    split_option,
    together,
    workers_option,
)

if TYPE_CHECKING:
    from posebench.inference.ways import How, Precision

DRAW_ABOVE = 0.2
"""Score of a keypoint above which it is drawn."""
LOADING = "loading PyTorch and the network"
"""What stands on a terminal until there is a number."""

_speed_options = together(
    click.option(
        "--fast", is_flag=True,
        help="Fold batch normalisation into convolutions. A relative change of the outputs above 1e-5 is refused.",
    ),
    click.option("--compile", "compiled", is_flag=True, help="--fast and torch.compile; compiling takes minutes."),
    click.option(
        "--precision", type=click.Choice(["fp32", "tf32", "bf16"]), default="fp32", show_default=True,
        help="Arithmetic of the network; the change of the outputs is measured and printed. tf32 needs an NVIDIA GPU.",
    ),
)  # fmt: skip


def speed_options(command: Command) -> Command:
    """Ways of running a network. The command gets them as one parameter, `how`; None is the plain way."""

    @_speed_options
    @functools.wraps(command)
    def with_way(*arguments: Any, fast: bool, compiled: bool, precision: "Precision", **others: Any) -> Any:
        from posebench.inference.ways import How

        how = How(fast or compiled, compiled, precision)
        return command(*arguments, how=None if how == How() else how, **others)

    run: Command = with_way
    return run


def read_scales(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, ...]:
    """`0.8,1,1.3` → the scales; () without the option."""
    if value is None:
        return ()
    try:
        return tuple(float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{value!r} should be numbers with commas between them, such as 0.8,0.9,1,1.1,1.2,1.3."
        ) from None


@click.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.argument("pictures", nargs=-1, type=click.Path(path_type=Path), metavar="[PICTURE]...")
@click.option(
    "--protocol", "protocol_name", metavar="NAME", shell_complete=protocols,
    help="Dataset with the people to predict; see `posebench list`. Not with PICTURE.",
)  # fmt: skip
@data_option
@split_option
@box_options
@click.option(
    "--people", type=click.IntRange(1), metavar="N",
    help="Predict N people, evenly spread over the split; with --boxes, the boxes in their images. Default: all.",
)  # fmt: skip
@workers_option
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Predictions file to write; with PICTURE, folder. Default: below --results, predictions/<run>-<split>-<data>.h5 "
    "or pictures/<first picture>.",
)
@click.option(
    "--draw-above", type=float, metavar="SCORE",
    help=f"With PICTURE: draw keypoints with a higher score. Default: {DRAW_ABOVE}.",
)  # fmt: skip
@click.option("--no-drawings", is_flag=True, help="With PICTURE: write the predictions only.")
@click.option(
    "--keep-heatmaps", type=click.Path(path_type=Path), metavar="FILE",
    help="Also write the heatmaps of every person and stack to this HDF5 file; the space is printed first.",
)  # fmt: skip
@click.option("--last-stack", is_flag=True, help="With --keep-heatmaps: the last stack alone.")
@click.option(
    "--scales", callback=read_scales, metavar="SCALE,SCALE...",
    help="Decode the mean of the heatmaps of regions that are so many times as large as the person's, such as "
    "0.8,0.9,1,1.1,1.2,1.3.",
)  # fmt: skip
@click.option(
    "--corruption", metavar="NAME:SEVERITY",
    help="Predict corrupted photographs, such as fog:3, as `posebench robustness` does under all corruptions.",
)  # fmt: skip
@speed_options
@results_option
@quiet_option
def predict(
    checkpoint: Path, pictures: tuple[Path, ...], protocol_name: str | None, data: Path | None, split: str | None,
    boxes: Path | None, box_threshold: float | None, workers: int | None, out: Path | None, draw_above: float | None,
    no_drawings: bool, keep_heatmaps: Path | None, last_stack: bool, scales: tuple[float, ...], corruption: str | None,
    people: int | None, how: "How | None", results: Path, quiet: bool,
) -> None:  # fmt: skip
    """Predict the people of a dataset or of pictures.

    CHECKPOINT is a network trained here or imported, or an exported .onnx file.

    \b
    posebench predict CHECKPOINT --protocol mpii --data DIR   a dataset
    posebench predict CHECKPOINT photo.jpg folder clip.mp4    pictures

    The first form predicts the people of a dataset's split and prints the predictions file's path.

    The second form predicts the people of photographs, folders and videos and draws their skeletons. It takes one person per
    picture; --boxes FILE gives the boxes of several (COCO's JSON, a .csv with the header image,x,y,width,height,score, or a
    predictions file). It writes predictions.h5, predictions.json and drawings/, and prints their folder.
    """
    from posebench.results.find_checkpoint import existing_checkpoint
    from posebench.results.folder import ResultsFolder

    existing_checkpoint(checkpoint)
    if pictures:
        given: dict[str, object] = {
            "--protocol": protocol_name, "--data": data, "--split": split, "--workers": workers, "--people": people,
            "--keep-heatmaps": keep_heatmaps, "--scales": scales or None, "--corruption": corruption,
        }  # fmt: skip
        _refuse(given, "a PICTURE")
        if no_drawings:
            _refuse({"--draw-above": draw_above}, "--no-drawings")
        above = None if no_drawings else DRAW_ABOVE if draw_above is None else draw_above
        folder = out or ResultsFolder(results).pictures / (pictures[0].resolve().stem or "root")
        predict_pictures(checkpoint, pictures, folder, boxes, box_threshold, above, how, quiet)
        return
    if protocol_name is None:
        raise click.UsageError("Name a dataset with --protocol, or a photograph, folder or video after the checkpoint.")
    _refuse({"--draw-above": draw_above, "--no-drawings": no_drawings or None}, "--protocol")
    if last_stack and keep_heatmaps is None:
        raise click.UsageError("--last-stack applies to --keep-heatmaps, which is not given.")
    kept = None if keep_heatmaps is None else (keep_heatmaps, last_stack)
    asked = SplitAsked(
        protocol_name, data, split, boxes, box_threshold, workers, results, kept, scales or (1.0,), corruption, people
    )
    _predict_split(checkpoint, asked, out, how, quiet)


def _refuse(options: dict[str, object], beside: str) -> None:
    """Raise a usage error if one of these options is given."""
    for name, value in options.items():
        if value is not None:
            raise click.UsageError(f"{name} does not apply to {beside}. Leave one of the two out.")


def predict_pictures(
    checkpoint: Path, pictures: tuple[Path, ...], folder: Path, boxes: Path | None, box_threshold: float | None,
    above: float | None, how: "How | None", quiet: bool,
) -> None:  # fmt: skip
    """Predict pictures and print the folder of the results."""
    from posebench.cli.console import open_console, print_notes, progress
    from posebench.tasks.prediction import predict_pictures as tasks

    out = open_console(stderr=True, quiet=quiet)
    job = tasks.PictureJob(checkpoint, pictures, folder, boxes, box_threshold, above, how)
    with progress(out, "predict pictures", LOADING) as update:
        predicted = tasks.predict_pictures(job, lambda done, total: update(done, total, ""))
    print_notes(out, predicted.notes)
    click.echo(folder)


@dataclass(frozen=True)
class SplitAsked:
    """The options of the form that predicts a dataset's split, as `posebench predict --help` explains them."""

    protocol: str
    data: Path | None
    split: str | None
    boxes: Path | None
    box_threshold: float | None
    workers: int | None
    results: Path
    kept: tuple[Path, bool] | None
    scales: tuple[float, ...]
    corruption: str | None
    people: int | None


def _predict_split(checkpoint: Path, asked: SplitAsked, file: Path | None, how: "How | None", quiet: bool) -> None:
    """Predict the people of a split and print the predictions file's path."""
    from posebench.cli.console import open_console, print_notes, progress, say_synthetic
    from posebench.plugins import registry
    from posebench.results.folder import ResultsFolder
    from posebench.samples.corruption import read_corruption
    from posebench.tasks.people import load_people, people_to_predict, run_splits
    from posebench.tasks.prediction import predict as tasks
    from posebench.tasks.worker_count import loader_count

    out = open_console(stderr=True, quiet=quiet)
    damage = None if asked.corruption is None else read_corruption(asked.corruption)
    protocol = registry.protocol(asked.protocol)
    say_synthetic(out, asked.data, asked.protocol)
    splits = run_splits(protocol, asked.data)
    print_notes(out, (splits.note,) if splits.note and asked.split is None else ())
    people = people_to_predict(
        protocol, load_people(protocol, asked.data, asked.split or splits.report), asked.boxes, asked.box_threshold,
        asked.people,
    )  # fmt: skip
    if people.chosen is not None:
        print_notes(out, (f"To predict: {people.chosen.sentence} of {people.what}.",))
    if asked.boxes is not None:
        print_notes(out, (f"{len(people):,} boxes of {people.box_source} to predict.", *people.notes))
    results = ResultsFolder(asked.results)
    path = file or tasks.predictions_path(checkpoint, people, results, how, asked.scales, damage)
    keep = (
        None
        if asked.kept is None
        else tasks.KeptHeatmaps(*asked.kept, say=lambda sentence: print_notes(out, (sentence,)))
    )
    with progress(out, f"predict {people.what}", LOADING) as update:
        predicted = tasks.predict(
            checkpoint, protocol, people, path, workers=loader_count(asked.workers), how=how, keep=keep, scales=asked.scales,
            corruption=damage, show=lambda done, total: update(done, total, ""),
        )  # fmt: skip
    print_notes(out, predicted.notes)
    if torchrun.is_first():
        click.echo(predicted.predictions)
