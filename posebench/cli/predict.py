"""`posebench predict`."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench import torchrun
from posebench.cli.complete import protocols
from posebench.cli.gathered import gathered
from posebench.cli.options import (
    GroundTruth,
    allow_missing_option,
    box_threshold_option,
    boxes_option,
    data_option,
    device_option,
    quiet_option,
    results_option,
    split_option,
    workers_option,
)

if TYPE_CHECKING:
    from posebench.inference.ways import How, Precision
    from posebench.results.folder import ResultsFolder

DRAW_ABOVE = 0.2
"""Score of a keypoint above which it is drawn."""
LOADING = "loading PyTorch and the network"
"""What stands on a terminal until there is a number."""


@dataclass(frozen=True)
class Boxes:
    """In which boxes people are predicted, and by how many processes the crops are made.

    Attributes:
        boxes: a detector's file; None for the annotated boxes.
        box_threshold: boxes of a lower score are left out; None for none.
        people: how many people of the split; None for all.
        allow_missing: whether photographs may be missing.
        workers: processes that load batches; None for the default.
    """

    boxes: Path | None
    box_threshold: float | None
    people: int | None
    allow_missing: bool
    workers: int | None


@dataclass(frozen=True)
class Written:
    """The file or folder that is written, and which keypoints of pictures are drawn."""

    out: Path | None
    draw_above: float | None
    no_drawings: bool


@dataclass(frozen=True)
class Output:
    """The folder of results where no other is named, and whether notes are printed."""

    results: Path
    quiet: bool

    @property
    def folder(self) -> "ResultsFolder":
        """The layout of the folder."""
        from posebench.results.folder import ResultsFolder

        return ResultsFolder(self.results)


@dataclass(frozen=True)
class Network:
    """Where and how the network is run, and whether its heatmaps are kept."""

    device: str | None
    keep_heatmaps: Path | None
    last_stack: bool
    scales: tuple[float, ...]
    corruption: str | None
    fast: bool
    compiled: bool
    precision: "Precision"

    @property
    def how(self) -> "How | None":
        """The way of running it; None for the plain way."""
        from posebench.inference.ways import How

        how = How(self.fast or self.compiled, self.compiled, self.precision)
        return None if how == How() else how


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
@gathered(
    "truth",
    GroundTruth,
    click.option(
        "--protocol", "protocol_name", default="", metavar="NAME", shell_complete=protocols,
        help="Dataset with the people to predict; see `posebench list`. Not with PICTURE.",
    ),
    data_option,
    split_option,
)  # fmt: skip
@gathered(
    "boxes",
    Boxes,
    boxes_option,
    box_threshold_option,
    click.option(
        "--people", type=click.IntRange(1), metavar="N",
        help="Predict N people, evenly spread over the split; with --boxes, the boxes in their images. Default: all.",
    ),
    allow_missing_option,
    workers_option,
)  # fmt: skip
@gathered(
    "written",
    Written,
    click.option(
        "--out", type=click.Path(path_type=Path), metavar="PATH",
        help="Predictions file to write; with PICTURE, folder. Default: below --results, predictions/<run>-<split>-<data>.h5 "
        "or pictures/<first picture>.",
    ),
    click.option(
        "--draw-above", type=float, metavar="SCORE",
        help=f"With PICTURE: draw keypoints with a higher score. Default: {DRAW_ABOVE}.",
    ),
    click.option("--no-drawings", is_flag=True, help="With PICTURE: write the predictions only."),
)  # fmt: skip
@gathered(
    "network",
    Network,
    device_option,
    click.option(
        "--keep-heatmaps", type=click.Path(path_type=Path), metavar="FILE",
        help="Also write the heatmaps of every person and stack to this HDF5 file; the space is printed first.",
    ),
    click.option("--last-stack", is_flag=True, help="With --keep-heatmaps: the last stack alone."),
    click.option(
        "--scales", callback=read_scales, metavar="SCALE,SCALE...",
        help="Decode the mean of the heatmaps of regions that are so many times as large as the person's, such as "
        "0.8,0.9,1,1.1,1.2,1.3.",
    ),
    click.option(
        "--corruption", metavar="NAME:SEVERITY",
        help="Predict corrupted photographs, such as fog:3, as `posebench robustness` does under all corruptions.",
    ),
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
@gathered("output", Output, results_option, quiet_option)
def predict(
    checkpoint: Path, pictures: tuple[Path, ...], truth: GroundTruth, boxes: Boxes, written: Written, network: Network,
    output: Output,
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

    existing_checkpoint(checkpoint)
    if pictures:
        _refuse_for_pictures(truth, boxes, written, network)
        _predict_pictures(checkpoint, pictures, boxes, written, network, output)
        return
    if not truth.protocol_name:
        raise click.UsageError("Name a dataset with --protocol, or a photograph, folder or video after the checkpoint.")
    _refuse({"--draw-above": written.draw_above, "--no-drawings": written.no_drawings or None}, "--protocol")
    if network.last_stack and network.keep_heatmaps is None:
        raise click.UsageError("--last-stack applies to --keep-heatmaps, which is not given.")
    _predict_split(checkpoint, truth, boxes, written.out, network, output)


def _refuse_for_pictures(truth: GroundTruth, boxes: Boxes, written: Written, network: Network) -> None:
    """Raise a usage error if an option is given that is about a dataset."""
    given: dict[str, object] = {
        "--protocol": truth.protocol_name or None, "--data": truth.data, "--split": truth.split, "--workers": boxes.workers,
        "--people": boxes.people, "--keep-heatmaps": network.keep_heatmaps, "--scales": network.scales or None,
        "--corruption": network.corruption, "--allow-missing": boxes.allow_missing or None,
    }  # fmt: skip
    _refuse(given, "a PICTURE")
    if written.no_drawings:
        _refuse({"--draw-above": written.draw_above}, "--no-drawings")


def _refuse(options: dict[str, object], beside: str) -> None:
    """Raise a usage error if one of these options is given."""
    for name, value in options.items():
        if value is not None:
            raise click.UsageError(f"{name} does not apply to {beside}. Leave one of the two out.")


def _predict_pictures(
    checkpoint: Path, pictures: tuple[Path, ...], boxes: Boxes, written: Written, network: Network, output: Output
) -> None:
    """Predict pictures and print the folder of the results."""
    from posebench.cli.console import open_console, print_notes, progress
    from posebench.tasks.prediction import predict_pictures as tasks
    from posebench.training.devices import use_device

    folder = written.out or output.folder.pictures / (pictures[0].resolve().stem or "root")
    above = None if written.no_drawings else DRAW_ABOVE if written.draw_above is None else written.draw_above
    out = open_console(stderr=True, quiet=output.quiet)
    job = tasks.PictureJob(checkpoint, pictures, folder, boxes.boxes, boxes.box_threshold, above, network.how)
    with progress(out, "predict pictures", LOADING) as update:
        use_device(network.device)
        predicted = tasks.predict_pictures(job, lambda done, total: update(done, total, ""))
    print_notes(out, predicted.notes)
    click.echo(folder)


def _predict_split(
    checkpoint: Path, truth: GroundTruth, boxes: Boxes, file: Path | None, network: Network, output: Output
) -> None:
    """Predict the people of a split and print the predictions file's path."""
    from posebench.cli.console import open_console, print_notes, progress, say_synthetic
    from posebench.samples.corruption import read_corruption
    from posebench.tasks.people import load_people, missing_notes, people_to_predict, run_splits
    from posebench.tasks.prediction import predict as tasks
    from posebench.tasks.worker_count import loader_count
    from posebench.training.devices import use_device

    use_device(network.device)
    out = open_console(stderr=True, quiet=output.quiet)
    damage = None if network.corruption is None else read_corruption(network.corruption)
    protocol = truth.protocol
    say_synthetic(out, truth.data, truth.protocol_name)
    splits = run_splits(protocol, truth.data)
    print_notes(out, (splits.note,) if splits.note and truth.split is None else ())
    annotated = load_people(protocol, truth.data, truth.split or splits.report)
    people = people_to_predict(protocol, annotated, boxes.boxes, boxes.box_threshold, boxes.people)
    people = replace(people, allow_missing=boxes.allow_missing)
    if people.chosen is not None:
        print_notes(out, (f"To predict: {people.chosen.sentence} of {people.what}.",))
    if boxes.boxes is not None:
        print_notes(out, (f"{len(people):,} boxes of {people.box_source} to predict.", *people.notes))
    print_notes(out, missing_notes(people))
    file_of_heatmaps, say = network.keep_heatmaps, lambda sentence: print_notes(out, (sentence,))
    keep = None if file_of_heatmaps is None else tasks.KeptHeatmaps(file_of_heatmaps, network.last_stack, say)
    asked = tasks.Predicting(
        loader_count(boxes.workers, network.device), network.how, keep, network.scales or (1.0,), damage
    )
    path = file or tasks.predictions_path(checkpoint, people, output.folder, asked)
    with progress(out, f"predict {people.what}", LOADING) as update:
        predicted = tasks.predict(
            checkpoint, protocol, people, path, asked, lambda done, total: update(done, total, "")
        )
    print_notes(out, predicted.notes)
    if torchrun.is_first():
        click.echo(predicted.predictions)
