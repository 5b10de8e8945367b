"""`posebench data`: what a dataset's folder contains, how it looks to a network, and its pack for fast training."""

import click


@click.group()
def data() -> None:
    """Check, look at and pack a dataset."""
