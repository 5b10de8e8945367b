"""Commands about networks themselves: weights. Heavy modules are imported inside the command that needs them."""

from pathlib import Path

import click

from posebench.cli.options import read_size


@click.group()
def weights() -> None:
    """Import published weights, and export to their names."""


@weights.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--arch", required=True, metavar="NAME", help="The network that the weights are of; see `posebench list`."
)
@click.option("--protocol", "protocol_name", metavar="NAME", help="Whose keypoints. Default: by their number.")
@click.option(
    "--input-size", callback=read_size, metavar="HEIGHTxWIDTH",
    help="Of the crops, such as 384x288: 384 high, 288 wide. Default: the published one.",
)  # fmt: skip
@click.option("--partial", is_flag=True, help="Import what fits, and leave the rest as it is initialised.")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="Default: FILE with the ending .posebench.pt."
)
def import_(
    file: Path,
    arch: str,
    protocol_name: str | None,
    input_size: tuple[int, int] | None,
    partial: bool,
    out: Path | None,
) -> None:
    """Make a checkpoint of a published FILE, and print its path.

    Reads HRNet's, SimpleBaseline's, Newell's PyTorch and pytorch-pose checkpoints, and mmpose's heatmap networks on HRNet
    and ResNet. The pipeline that the weights expect (channels, mean, alignment, decoding) comes with them.
    """
    from posebench.cli.console import open_console
    from posebench.plugins import registry
    from posebench.training import checkpoints

    registry.find("architecture", arch)  # a misspelt name should not wait for torch
    skeleton = registry.protocol(protocol_name).skeleton if protocol_name else None
    out = out or file.with_name(f"{file.stem}.posebench.pt")
    fit = checkpoints.import_published(arch, file, out, keypoints=skeleton, input_size=input_size, partial=partial)
    console = open_console(stderr=True)
    for line in fit.lines():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    click.echo(out)


@weights.command()
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The state dict's file.")
@click.option(
    "--family", metavar="NAME", help="Whose names. Default: whose weights they were, or the network's authors'."
)
def export(checkpoint: Path, out: Path, family: str | None) -> None:
    """Write the weights of a CHECKPOINT as a state dict under published names, and print its path."""
    import torch

    from posebench.data.skeleton import Skeleton
    from posebench.files.writing import write_atomically
    from posebench.training import checkpoints
    from posebench.training import published_weights as published

    trained = checkpoints.load(checkpoint)
    model = trained.network(Skeleton(trained.keypoints), checkpoint)
    exported = published.export(model, family)
    write_atomically(out, lambda partial: torch.save(exported, partial))
    click.echo(out)
