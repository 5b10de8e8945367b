"""`posebench data`: what a dataset's folder contains, how it looks to a network, and its pack for fast training."""

import click

from posebench.cli.data_check import check
from posebench.cli.data_pack import pack
from posebench.cli.data_show import show


@click.group()
def data() -> None:
    """Check, look at and pack a dataset."""


data.add_command(check)
data.add_command(show)
data.add_command(pack)
