"""`posebench compare`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.options import convention_option, data_option, json_option, protocol_option, split_option
from posebench.errors import PosebenchError, counted

if TYPE_CHECKING:
    from posebench.results.record import Record


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="A B ...", type=click.Path(path_type=Path))
@protocol_option
@data_option
@split_option
@convention_option
@click.option("--name", "names", multiple=True, metavar="TEXT", help="A file's label; once per file, in their order.")
@json_option
def compare(
    files: tuple[Path, ...],
    protocol_name: str,
    data: Path | None,
    split: str | None,
    convention: str | None,
    **options: Any,
) -> None:
    """Say by how much predictions files differ, and whether that is more than chance.

    Differences are taken on the same people, with 95 % intervals over resamples of the images and p-values corrected for
    how many differences are looked at. Two files: every metric and keypoint. More: the headline of every pair.
    """
    from posebench.cli import console as console_cli
    from posebench.cli import show_comparison
    from posebench.plugins import registry
    from posebench.scoring import comparison
    from posebench.tasks import evaluate
    from posebench.tasks import people as people_tasks

    console = console_cli.console(stderr=options["as_json"])
    protocol = registry.protocol(protocol_name)
    labels = _labels(files, options["names"])
    console_cli.say_people(console, data, protocol_name)
    people = people_tasks.load_people(protocol, data, split or protocol.report_split, convention)
    scored = [
        evaluate.evaluate(path, protocol, people, convention, name) for path, name in zip(files, labels, strict=True)
    ]
    records = _told_apart([record for record, _, _ in scored], files)
    runs = [(record.name, scores) for record, (_, scores, _) in zip(records, scored, strict=True)]
    pairs = comparison.compare(runs, protocol.headline)
    if options["as_json"]:
        about = {"runs": [record.model_dump(mode="json", exclude={"resampled"}) for record in records]}
        click.echo(json.dumps(about | comparison.as_json(pairs)))
    else:
        show_comparison.print_comparison(console, records, pairs)


def _labels(files: tuple[Path, ...], names: tuple[str, ...]) -> tuple[str | None, ...]:
    if len(files) < 2:
        raise PosebenchError(f"compare takes two predictions files or more; {files[0]} is one. `evaluate` scores one.")
    if names and len(names) != len(files):
        raise PosebenchError(
            f"There are {len(files)} files, but {counted(len(names), '--name', '--names')}. Name all of them, in order, or none."
        )
    return names or (None,) * len(files)


def _told_apart(records: "list[Record]", files: tuple[Path, ...]) -> "list[Record]":
    """Records whose names are alike are called by their files; where these are alike too, also by their place."""
    names = [record.name for record in records]
    for more in ([str(path) for path in files], [f"{path} ({place})" for place, path in enumerate(files, start=1)]):
        names = [new if names.count(name) > 1 else name for name, new in zip(names, more, strict=True)]
    return [record.model_copy(update={"name": name}) for record, name in zip(records, names, strict=True)]
