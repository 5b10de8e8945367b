"""`posebench robustness`."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.gathered import gathered
from posebench.cli.option_values import read_names
from posebench.cli.options import (
    GroundTruth,
    Output,
    Row,
    box_threshold_option,
    boxes_option,
    convention_option,
    data_option,
    device_option,
    output_options,
    protocol_option,
    row_options,
    split_option,
    workers_option,
)

if TYPE_CHECKING:
    from posebench.tasks.robustness.conditions import RobustnessAsked


@dataclass(frozen=True)
class Loading:
    """The device of the network, and how many processes load its batches."""

    device: str | None
    workers: int | None


def read_severities(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, ...]:
    """`1,3,5` → the numbers; () without the option."""
    names = read_names(context, parameter, value)
    if not all(name.isdecimal() for name in names):
        raise click.BadParameter(f"{value!r} should be numbers from 1 to 5 with commas between them, such as 1,3,5.")
    return tuple(map(int, names))


def _asked(*, parts: tuple[str, ...], **values: Any) -> "RobustnessAsked":
    from posebench.tasks.robustness.conditions import PARTS, RobustnessAsked

    return RobustnessAsked(parts=parts or PARTS, **values)


asked_options = gathered(
    "asked",
    _asked,
    click.option(
        "--parts", callback=read_names, metavar="PART,PART...",
        help="Of corruptions, shift (of the boxes, and their scale) and boxes (annotated, jittered, detected). Default: all.",
    ),
    click.option(
        "--corruptions", callback=read_names, metavar="NAME,NAME...", help="Corruptions, such as fog,motion_blur. Default: all 15."
    ),
    click.option("--severities", callback=read_severities, metavar="N,N...", help="Severities from 1 to 5. Default: all."),
    click.option(
        "--people", type=click.IntRange(1), metavar="N",
        help="Measure on N people, evenly spread over the split; with --boxes, on everybody in their images. Default: all.",
    ),
    click.option(
        "--rule", type=click.Choice(["advmix", "exact"]), default="advmix", show_default=True,
        help="advmix: corrupted photographs are encoded as JPEG of quality 75 before they are predicted, as AdvMix's script does; "
        "exact: they are not.",
    ),
    click.option(
        "--seed", type=click.IntRange(0, 2**32 - 1), default=1, show_default=True, help="Seed of corruptions and jitter."
    ),
    boxes_option,
    box_threshold_option,
    click.option(
        "--write", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
        help="Also write the corrupted photographs below DIR/<corruption>/<severity>.",
    ),
)  # fmt: skip


@click.command()
@click.argument("network", metavar="CHECKPOINT|PLUGIN")
@gathered("truth", GroundTruth, protocol_option, data_option, split_option, convention_option)
@asked_options
@click.option("--dry-run", is_flag=True, help="Print what will be measured and how long it takes, and measure nothing.")
@gathered("loading", Loading, device_option, workers_option)
@row_options
@output_options
def robustness(
    network: str,
    truth: GroundTruth,
    asked: "RobustnessAsked",
    dry_run: bool,
    loading: Loading,
    row: Row,
    output: Output,
) -> None:
    """Measure scores on corrupted photographs and other boxes.

    \b
    posebench robustness CHECKPOINT --protocol mpii --data DIR
    posebench robustness CHECKPOINT --protocol mpii --data DIR --people 200 --dry-run

    The network is a checkpoint, an exported .onnx file, or an architecture whose plugin brings its own weights. Three parts are
    measured: 15 corruptions in 5 severities with their means mPC and rPC (AdvMix, CVPR 2021); curves over shift and scale of the
    people's boxes; annotated, jittered and detected boxes. With --boxes, the first two are on the detected boxes.

    The plan and its time are printed first. Stopped work goes on with the same command. Tables and pictures are written below
    --results, in robustness/.
    """
    from posebench.cli.console import open_console, print_notes, progress, say_synthetic
    from posebench.cli.predict import LOADING
    from posebench.cli.show_robustness import print_robustness
    from posebench.report.plots.robustness_report import pictures_of, write_robustness
    from posebench.results.folder import ResultsFolder
    from posebench.results.kept_robustness import find_robustness
    from posebench.tasks.people import load_people, run_splits
    from posebench.tasks.robustness import measure as tasks
    from posebench.tasks.robustness.cost import expected
    from posebench.tasks.worker_count import loader_count
    from posebench.training.devices import use_device

    use_device(loading.device)
    quiet, convention = output.quiet, truth.convention
    errors = open_console(stderr=True, quiet=quiet)
    protocol = truth.protocol
    say_synthetic(errors, truth.data, truth.protocol_name)
    splits = run_splits(protocol, truth.data)
    print_notes(errors, (splits.note,) if splits.note and truth.split is None else ())
    annotated = load_people(protocol, truth.data, truth.split or splits.report, convention)
    planned = tasks.plan(network, protocol, annotated, asked, results=row.results, convention=convention, name=row.name)
    count = loader_count(loading.workers, loading.device)
    if dry_run or not quiet:
        print_notes(open_console(stderr=not dry_run), expected(planned, count))
    if dry_run:
        return
    with progress(errors, f"robustness of {planned.name} on {planned.people.what}", LOADING) as update:
        kept = tasks.measure(planned, count, update)
    folder = ResultsFolder(row.results)
    paths = write_robustness(folder, find_robustness(row.results).kept)
    own = [path for path in paths if path.suffix != ".png"] + pictures_of((kept,), folder)
    if output.as_json:
        click.echo(kept.model_dump_json())
    else:
        print_robustness(open_console(), kept, quiet)
        click.echo("\n".join(map(str, own)))
