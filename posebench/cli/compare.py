"""`posebench compare`."""

import json
from pathlib import Path

import click

from posebench.cli.options import (
    convention_option,
    data_option,
    json_option,
    protocol_option,
    quiet_option,
    split_option,
)


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="A B ...", type=click.Path(path_type=Path))
@protocol_option
@data_option
@split_option
@convention_option
@click.option("--name", "names", multiple=True, metavar="TEXT", help="Name of a file; once per file, in their order.")
@json_option
@quiet_option
def compare(
    files: tuple[Path, ...], protocol_name: str, data: Path | None, split: str | None, convention: str | None,
    names: tuple[str, ...], as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Show by how much predictions files differ, and whether that is more than chance.

    Differences are taken on the same people, with 95 % intervals over resamples of the images and corrected p-values. Two
    files: every metric and keypoint. More files: the headline of every pair.
    """
    from posebench.cli.console import open_console, say_synthetic
    from posebench.cli.show_comparison import print_comparison
    from posebench.plugins import registry
    from posebench.tasks.compare import compare as compare_files
    from posebench.tasks.people import load_people

    protocol = registry.protocol(protocol_name)
    say_synthetic(open_console(stderr=as_json, quiet=quiet), data, protocol_name)
    people = load_people(protocol, data, split, convention)
    comparison = compare_files(files, protocol, people, convention, names)
    if as_json:
        click.echo(json.dumps(comparison.as_json()))
    else:
        print_comparison(open_console(), comparison.records, comparison.pairs, with_notes=not quiet)
