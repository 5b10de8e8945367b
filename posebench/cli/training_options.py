"""The options of a training run, which `train` and `run` share."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.complete import recipes, splits
from posebench.cli.gathered import gathered
from posebench.cli.option_values import read_size
from posebench.cli.options import device_option, workers_option

if TYPE_CHECKING:
    from posebench.tasks.training.job import Settings


def _settings(*, no_pretrained: bool, **values: Any) -> "Settings":
    """The other options have the names of the settings' fields, or of the fields of their `watching`."""
    from posebench.tasks.training.job import Settings
    from posebench.tasks.training.watching import Watching

    watching = Watching(**{field.name: values.pop(field.name) for field in fields(Watching)})
    return Settings(pretrained=not no_pretrained, watching=watching, **values)


training_options = gathered(
    "settings",
    _settings,
    click.option(
        "--recipe", metavar="NAME", shell_complete=recipes,
        help="paper, a name of `posebench recipe list`, or a TOML/JSON file. Default: paper with --data or --weights, else quick.",
    ),
    click.option("--epochs", type=click.IntRange(0), metavar="N", help="Number of epochs, instead of the recipe's."),
    click.option(
        "--input-size", metavar="HxW", callback=read_size,
        help="Height x width of the crops in pixels, such as 256x192, instead of the recipe's.",
    ),
    click.option(
        "--batch-size", type=click.IntRange(1), metavar="N", help="Samples for each update, instead of the recipe's."
    ),
    click.option(
        "--lr", "learning_rate", type=click.FloatRange(0, min_open=True), metavar="X",
        help="Learning rate, instead of the recipe's.",
    ),
    device_option,
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
