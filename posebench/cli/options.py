"""Options that several commands share. A command declares each of them as a parameter of its own."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.complete import architectures, conventions, protocols, recipes, splits

if TYPE_CHECKING:
    from posebench.plugins.registry import Kind

MOST_THRESHOLDS = 1000

Command = Callable[..., Any]


class PluginName(click.ParamType):  # type: ignore[type-arg] # generic only in newer releases of click
    """The name of a plugin; where it is missing, the error lists the installed ones."""

    name = "text"

    def __init__(self, kind: "Kind") -> None:
        self.kind = kind

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        from posebench.plugins.registry import installed

        return f"Installed: {', '.join(plugin.name for plugin in installed(self.kind))}."


class ArchitectureName(PluginName):
    """The name of an architecture, checked with its options before anything is read or built."""

    def __init__(self) -> None:
        super().__init__("architecture")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from posebench.plugins.registry import check_architecture

        check_architecture(value)
        return value


arch_option = click.option(
    "--arch",
    type=ArchitectureName(),
    required=True,
    metavar="NAME",
    shell_complete=architectures,
    help="Architecture; see `posebench list`.",
)
archs_option = click.option(
    "--arch", "archs", type=ArchitectureName(), required=True, multiple=True, metavar="NAME", shell_complete=architectures,
    help="Architecture; may be repeated. See `posebench list`.",
)  # fmt: skip
protocol_option = click.option(
    "--protocol", "protocol_name", type=PluginName("protocol"), required=True, metavar="NAME", shell_complete=protocols,
    help="Dataset and scoring rules; see `posebench list`.",
)  # fmt: skip
data_option = click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR",
    help="Folder of the dataset, or one annotation file. Default: synthetic people, drawn by posebench.",
)  # fmt: skip
split_option = click.option(
    "--split",
    metavar="NAME",
    shell_complete=splits,
    help="Split of the dataset. Default: the one that published numbers are about.",
)
stated_split_option = click.option(
    "--split", metavar="NAME", shell_complete=splits,
    help="Split of the dataset. Default: as stated in the file, else the one that published numbers are about.",
)  # fmt: skip
results_option = click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True, metavar="DIR",
    help="Folder for checkpoints, predictions, records and the report.",
)  # fmt: skip
results_to_read_option = click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True, metavar="DIR",
    help="Results folder in which records are looked up by their id or name.",
)  # fmt: skip
kept_predictions_option = click.option(
    "--predictions", type=click.Path(path_type=Path), metavar="PATH",
    help="Predictions file, or a folder in which it is found by its hash. Default: the results folder of the record.",
)  # fmt: skip
records_argument = click.argument("named", nargs=-1, required=True, metavar="RECORD...")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout and nothing else.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="Print results only: no progress, no notes.")
name_option = click.option(
    "--name", metavar="TEXT", help="Name of the row in tables. Default: the architecture or the file's name."
)
convention_option = click.option(
    "--convention", metavar="NAME", shell_complete=conventions,
    help="Published scoring rule. Default: the protocol's first one; see `posebench list`.",
)  # fmt: skip
workers_option = click.option(
    "--workers", type=click.IntRange(0), metavar="N",
    help="Processes that load batches. Default: none on a CPU; on a GPU one less than there are cores, at most 8.",
)  # fmt: skip


def together(*options: Command) -> Command:
    """Options as one decorator, shown by `--help` in this order."""

    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


box_options = together(
    click.option(
        "--boxes", type=click.Path(path_type=Path), metavar="FILE",
        help="Detected boxes (COCO's result form) instead of the annotated ones.",
    ),
    click.option("--box-threshold", type=float, metavar="SCORE", help="Leave out boxes with a lower score. Default: 0."),
)  # fmt: skip

_training_options = together(
    click.option(
        "--recipe", metavar="NAME", shell_complete=recipes,
        help="paper, a name of `posebench recipe list`, or a TOML/JSON file. Default: paper with --data or --weights, else quick.",
    ),
    click.option("--epochs", type=click.IntRange(0), metavar="N", help="Number of epochs, instead of the recipe's."),
    click.option(
        "--input-size", metavar="HxW", callback=lambda context, parameter, value: read_size(context, parameter, value),
        help="Height x width of the crops in pixels, such as 256x192, instead of the recipe's.",
    ),
    click.option(
        "--batch-size", type=click.IntRange(1), metavar="N", help="Samples for each update, instead of the recipe's."
    ),
    click.option(
        "--lr", "learning_rate", type=click.FloatRange(0, min_open=True), metavar="X",
        help="Learning rate, instead of the recipe's.",
    ),
    click.option(
        "--device", metavar="NAME", help="cpu, cuda, cuda:1 or mps. Default: a GPU where there is one, else cpu."
    ),
    click.option(
        "--seed", type=click.IntRange(0), default=0, show_default=True,
        help="Random seed for initialisation, shuffling and augmentation.",
    ),
    click.option("--limit", type=click.IntRange(1), metavar="N", help="Train on the first N people only."),
    click.option(
        "--weights", type=click.Path(path_type=Path), metavar="FILE",
        help="Start from published weights; with --epochs 0, score them unchanged.",
    ),
    click.option(
        "--backbone-weights", type=click.Path(path_type=Path), metavar="FILE",
        help="Initial weights of the backbone: a state dict of timm, of torchvision's ResNets or of efficientnet_pytorch.",
    ),
    click.option(
        "--no-pretrained", is_flag=True,
        help="Start from random weights, also where the architecture starts from ImageNet weights.",
    ),
    click.option(
        "--packs", type=click.Path(path_type=Path), metavar="DIR",
        help="Folder of packs; see `posebench data pack`. Default: packs below --results.",
    ),
    click.option(
        "--fork", type=click.Path(path_type=Path), metavar="CHECKPOINT",
        help="Start a new run from the weights of a checkpoint.",
    ),
    click.option(
        "--resume", is_flag=True,
        help="Continue from this run's checkpoint, also with more --epochs or another --lr than before.",
    ),
    click.option("--restart", is_flag=True, help="Delete this run's checkpoint, if there is one, and train anew."),
    workers_option,
)  # fmt: skip

_watch_options = together(
    click.option(
        "--validate-every", type=click.IntRange(1), metavar="N",
        help="Score the selection people every N epochs, and keep the best checkpoint.",
    ),
    click.option(
        "--select-by", metavar="SPLIT", shell_complete=splits,
        help="Split of the selection people. Default: the protocol's, else 10 % of the training images.",
    ),
    click.option(
        "--early-stop", type=click.IntRange(1), metavar="N", help="End training after N validations without a better score."
    ),
    click.option("--max-time", metavar="TIME", help="End training after this time, such as 30m, 1h30m or 90s."),
    click.option(
        "--track", multiple=True, metavar="NAME",
        help="Send loss, rate and score to tensorboard, wandb, mlflow or another tracker of accelerate.",
    ),
)  # fmt: skip


def training_options(command: Command) -> Command:
    """The options of a training run. The command gets them as one parameter, `settings`, beside `packs`, `resume`, `restart`."""

    @_training_options
    @_watch_options
    @functools.wraps(command)
    def with_settings(
        *arguments: Any, recipe: str | None, epochs: int | None, input_size: tuple[int, int] | None, batch_size: int | None,
        learning_rate: float | None, device: str | None, seed: int, limit: int | None, weights: Path | None,
        backbone_weights: Path | None, fork: Path | None, no_pretrained: bool, workers: int | None,
        validate_every: int | None, select_by: str | None, early_stop: int | None, max_time: str | None,
        track: tuple[str, ...], **others: Any,
    ) -> Any:  # fmt: skip
        from posebench.tasks.training.train import Settings
        from posebench.tasks.training.watching import Watching

        watching = Watching(
            validate_every=validate_every, select_by=select_by, early_stop=early_stop, max_time=max_time, track=track
        )
        settings = Settings(
            recipe=recipe, epochs=epochs, input_size=input_size, batch_size=batch_size, learning_rate=learning_rate,
            device=device, seed=seed, limit=limit, weights=weights, backbone_weights=backbone_weights, fork=fork,
            pretrained=not no_pretrained, workers=workers, watching=watching,
        )  # fmt: skip
        return command(*arguments, settings=settings, **others)

    trained: Command = with_settings
    return trained


def read_names(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    """`left_wrist, right_wrist` → the names; () without the option."""
    names = tuple(name.strip() for name in (value or "").split(","))
    if value is not None and not all(names):
        raise click.BadParameter(f"{value!r} should be names with commas between them, such as left_wrist,right_wrist.")
    return () if value is None else names


joints_option = click.option(
    "--joints", callback=read_names, metavar="NAME,NAME...",
    help="Score these keypoints alone, in a table of their own; FILE may be of another skeleton.",
)  # fmt: skip
mapping_option = click.option(
    "--mapping", type=click.Path(path_type=Path), metavar="FILE.csv",
    help="What FILE calls the keypoints: lines of file,protocol in the order of FILE. Those that both have are scored.",
)  # fmt: skip


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
    """`256x192`, height first as in the field's tables → (width, height) = (192, 256)."""
    if value is None:
        return None
    from posebench.plugins.recipe import LARGEST_SIDE

    found = re.fullmatch(r"\s*([0-9]{1,6})\s*[x×X]\s*([0-9]{1,6})\s*", value)
    height, width = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
        raise click.BadParameter(
            f"{value!r} should be HEIGHTxWIDTH in pixels, at most {LARGEST_SIDE:,} each, such as 256x192: 256 high, 192 wide."
        )
    return width, height
