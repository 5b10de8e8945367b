"""`posebench export`."""

from pathlib import Path

import click

from posebench.cli.options import convention_option, split_option
from posebench.errors import counted


@click.command()
@click.argument("form", metavar="FORM")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The dataset's folder, or its annotation file.",
)
@split_option
@convention_option
@click.option(
    "--protocol", "protocol_name", metavar="NAME", help="Default: the first part of FORM; coco:FILE.toml for your own."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Where to write.")
def export(
    form: str, file: Path, data: Path, split: str | None, convention: str | None, protocol_name: str | None, out: Path
) -> None:
    """Write predictions FILE in a FORM that others' evaluators and servers take.

    \b
    mpii-mat    what the MPII evaluation server takes
    coco-json   what pycocotools and the COCO server take; --convention hrnet rescores and suppresses first
    """
    from posebench.cli import console
    from posebench.plugins import registry
    from posebench.tasks import people as flow

    protocol = registry.protocol(protocol_name or form.rpartition("-")[0] or form)
    people = flow.load_people(protocol, data, split or protocol.report_split, convention)
    given = protocol.read_predictions(file, people)
    made = protocol.processed(given, convention or next(iter(protocol.conventions)))
    sentences = protocol.export(form, made, people, out)
    if made is not given:
        gone = counted(len(given) - len(made), "detection is", "detections are")
        sentences = [f"As {convention} does, scores are changed and {gone} left out.", *sentences]
    for sentence in sentences:
        console.console(stderr=True).print(sentence, highlight=False, markup=False, soft_wrap=True)
    click.echo(out)
