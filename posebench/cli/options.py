"""Options that several commands share."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

MOST_THRESHOLDS = 1000
LARGEST_SIDE = 8192

protocol_option = click.option(
    "--protocol", "protocol_name", required=True, metavar="NAME", help="See `posebench list`."
)
data_option = click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR",
    help="The dataset's folder, or its annotation file. Without it: embedded people, drawn on the spot.",
)  # fmt: skip
split_option = click.option("--split", metavar="NAME", help="Default: the split that published numbers are about.")
results_option = click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True, metavar="DIR",
    help="Where records are kept.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else there.")
name_option = click.option(
    "--name", metavar="TEXT", help="The row's label in tables. Default: the architecture or file name."
)
convention_option = click.option(
    "--convention",
    metavar="NAME",
    help="Default: the official evaluator's; for flic the literature's.",
)
workers_option = click.option(
    "--workers", type=click.IntRange(0), metavar="N", help="Processes that make batches. Default: by cores."
)


def box_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of commands that predict: whose boxes."""
    for option in (
        click.option("--box-threshold", type=float, metavar="T", help="Leave out boxes of a lower score. Default: 0."),
        click.option(
            "--boxes",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="A detector's boxes (COCO's result form) instead of the annotated ones.",
        ),
    ):
        command = option(command)
    return command


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that `run` and `train` share."""
    for option in (
        workers_option,
        click.option("--restart", is_flag=True, help="Discard this run's checkpoint, if there is one."),
        click.option("--resume", is_flag=True, help="Go on from this run's checkpoint, if there is one."),
        click.option(
            "--no-pretrained",
            is_flag=True,
            help="Start from random weights where the architecture starts from ImageNet's.",
        ),
        click.option(
            "--weights",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Begin with published weights; with --epochs 0, score them as they are.",
        ),
        click.option("--limit", type=click.IntRange(1), metavar="N", help="Train on the first N people only."),
        click.option(
            "--seed", type=click.IntRange(0), default=0, show_default=True, help="Of weights, order, augmentation."
        ),
        click.option("--epochs", type=click.IntRange(0), metavar="N", help="Instead of the recipe's."),
        click.option(
            "--recipe",
            metavar="NAME",
            help="paper, quick, or a TOML/JSON file. Default: paper with --data, quick without.",
        ),
    ):
        command = option(command)
    return command


def speed_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """How `predict` runs the network."""
    for option in (
        click.option(
            "--precision", type=click.Choice(["fp32", "tf32", "bf16"]), default="fp32", show_default=True,
            help="bf16 changes results a little and says by how much; tf32 is for NVIDIA GPUs.",
        ),
        click.option("--compile", "compiled", is_flag=True, help="--fast, and torch.compile: minutes before the first batch."),
        click.option(
            "--fast", is_flag=True,
            help="Fold batch normalisations into convolutions. Outputs may differ by 1e-5, relatively; more is refused.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


def read_speed(speed: dict[str, Any]) -> Any:
    """`fast.How` of the values of `speed_options`; None where none was given."""
    from posebench.inference.ways import How

    how = How(speed["fast"] or speed["compiled"], speed["compiled"], speed["precision"])
    return None if how == How() else how


def read_thresholds(context: click.Context, parameter: click.Parameter, value: str | None) -> Any:
    """`0:1:0.02` → (T,) ascending, both ends included."""
    import numpy as np

    if value is None:
        return None
    try:
        first, last, step = (float(part) for part in value.split(":"))
        count = round((last - first) / step)
        if not (0 <= first < last and 1 <= count <= MOST_THRESHOLDS and abs(first + count * step - last) < step / 1000):
            raise ValueError
    except (ValueError, ZeroDivisionError, OverflowError):
        raise click.BadParameter(
            f"{value!r} should be FROM:TO:STEP with whole steps, at most {MOST_THRESHOLDS:,}, such as 0:1:0.02."
        ) from None
    # A product, not a sum: 0.3 must be the number that a rule's own 0.3 is.
    return first + np.round(np.arange(count + 1) * step, 12)


def read_size(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """`256x192`, height first as the field's tables have it → (width, height) = (192, 256)."""
    if value is None:
        return None
    found = re.fullmatch(r"\s*([0-9]{1,6})\s*[x×X]\s*([0-9]{1,6})\s*", value)
    height, width = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
        raise click.BadParameter(
            f"{value!r} should be HEIGHTxWIDTH in pixels, at most {LARGEST_SIDE:,} each, such as 256x192: 256 high, 192 wide."
        )
    return width, height
