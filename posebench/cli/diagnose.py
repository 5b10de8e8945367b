"""`posebench diagnose`."""

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
@click.argument("file", type=click.Path(path_type=Path))
@protocol_option
@data_option
@split_option
@convention_option
@json_option
@quiet_option
def diagnose(
    file: Path, protocol_name: str, data: Path | None, split: str | None, convention: str | None, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Say why a predictions FILE scores what it scores; write nothing.

    The kind of every error, and what repairing each kind alone would add to the headline.
    """
    from posebench.cli.console import open_console, say_synthetic
    from posebench.cli.show_diagnosis import print_diagnosis
    from posebench.plugins import registry
    from posebench.tasks.diagnose import diagnose as diagnosis_of
    from posebench.tasks.people import load_people

    protocol = registry.protocol(protocol_name)
    say_synthetic(open_console(stderr=as_json, quiet=quiet), data, protocol_name)
    diagnosis = diagnosis_of(file, protocol, load_people(protocol, data, split, convention), convention)
    if as_json:
        click.echo(json.dumps(diagnosis.as_json()))
    else:
        print_diagnosis(open_console(), diagnosis, quiet)
