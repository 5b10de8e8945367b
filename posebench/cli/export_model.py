"""`posebench export-model`."""

from pathlib import Path

import click

from posebench.cli.complete import protocols
from posebench.cli.options import quiet_option, split_option


@click.command(name="export-model")
@click.argument("checkpoint", type=click.Path(path_type=Path))
@click.option("--onnx", type=click.Path(path_type=Path), required=True, metavar="FILE", help="ONNX file to write.")
@click.option(
    "--protocol", "protocol_name", metavar="NAME", shell_complete=protocols,
    help="Dataset with the people on whom the file is compared with the network. Default: synthetic people.",
)  # fmt: skip
@click.option(
    "--data", type=click.Path(path_type=Path), metavar="DIR", help="Folder of the dataset, or one annotation file."
)
@split_option
@quiet_option
def export_model(
    checkpoint: Path, onnx: Path, protocol_name: str | None, data: Path | None, split: str | None, quiet: bool
) -> None:
    """Export the network of a CHECKPOINT to an ONNX file.

    Prints its path. The file takes crops (batch, height, width, 3) as uint8 RGB and puts out heatmaps, keypoints in crop pixels and
    scores. It is compared with the network before it is written. `posebench predict FILE.onnx ...` predicts with it, so that
    `posebench compare` shows what exporting changes.
    """
    from posebench.cli.console import open_console
    from posebench.plugins import registry
    from posebench.tasks.prediction import export_model as tasks

    console = open_console(stderr=True, quiet=quiet)
    protocol = None if protocol_name is None else registry.protocol(protocol_name)
    with console.status("reading") as status:
        exported = tasks.export_model(checkpoint, onnx, protocol, data, split, status.update)
    sentence = f"Compared on {exported.crops}: {exported.difference.sentence}."
    console.print(sentence, highlight=False, markup=False)
    click.echo(onnx)
