"""`posebench recipe`: the shipped recipes, to read and to copy."""

from pathlib import Path

import click

from posebench.cli.complete import shipped_recipes
from posebench.errors import PosebenchError

name_argument = click.argument("name", metavar="NAME", shell_complete=shipped_recipes)


@click.group()
def recipe() -> None:
    """List, show and copy the recipes of training."""


@recipe.command("list")
def list_() -> None:
    """List the recipes that ship with posebench."""
    from posebench.plugins.recipe_files import shipped_names, summary

    names = shipped_names()
    width = max(map(len, names))
    for name in names:
        click.echo(f"{name:<{width}}  {summary(name)}")


@recipe.command()
@name_argument
def show(name: str) -> None:
    """Print a recipe: a TOML file with comments."""
    from posebench.plugins.recipe_files import shipped_file

    click.echo(shipped_file(name).read_text("utf-8"), nl=False)


@recipe.command()
@name_argument
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.toml")
def copy(name: str, file: Path) -> None:
    """Copy a recipe to a file to edit.

    `--recipe FILE.toml` then trains by it. Its name becomes the file's.
    """
    from posebench.files.writing import write_text
    from posebench.plugins.recipe_files import copied

    if file.suffix != ".toml":
        raise PosebenchError(f"{file} should end in .toml, the form of a recipe.")
    text = copied(name, file.stem)
    if file.exists():
        raise PosebenchError(f"{file} already exists; name another file, or remove it.")
    write_text(file, text)
    click.echo(f"{file}: edit it, then train with --recipe {file}")
