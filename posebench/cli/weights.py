"""`posebench weights`. Heavy modules are imported inside the command that needs them."""

from pathlib import Path

import click

from posebench.cli.option_values import read_size


@click.group()
def weights() -> None:
    """Convert published weights to a checkpoint, and back."""


@weights.command(name="import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--arch", required=True, metavar="NAME", help="Architecture of the weights; see `posebench list`.")
@click.option(
    "--protocol",
    "protocol_name",
    metavar="NAME",
    help="Protocol with the keypoints of the weights. Default: the one with as many keypoints.",
)
@click.option(
    "--input-size", callback=read_size, metavar="HEIGHTxWIDTH",
    help="Size of the crops, such as 384x288. Default: the published one.",
)  # fmt: skip
@click.option("--partial", is_flag=True, help="Import the tensors that fit; the others keep their initial values.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Checkpoint to write. Default: FILE with the ending .posebench.pt.",
)
def import_(
    file: Path,
    arch: str,
    protocol_name: str | None,
    input_size: tuple[int, int] | None,
    partial: bool,
    out: Path | None,
) -> None:
    """Convert published weights in FILE to a checkpoint; print its path.

    Reads checkpoints of HRNet, SimpleBaseline, Newell's PyTorch release, pytorch-pose, and mmpose (heatmap networks on
    HRNet and ResNet). The checkpoint includes the pipeline of the weights: channels, mean, alignment, decoding.
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
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="File to write.")
@click.option(
    "--family", metavar="NAME", help="Naming scheme, such as hrnet or mmpose. Default: the one they were imported from."
)
def export(checkpoint: Path, out: Path, family: str | None) -> None:
    """Export the weights of a CHECKPOINT with published names.

    Writes a state dict and prints its path.
    """
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
