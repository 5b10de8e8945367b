"""`posebench data show`."""

import click


@click.command()
def show() -> None:
    """Placeholder."""
