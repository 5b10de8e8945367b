"""The results folder: its layout and its names."""

import re

CHECKPOINT = "checkpoint.pt"
"""Its name in a run's folder."""


def plain(name: str) -> str:
    """A plugin's name as part of a file's, without the colon that not every system takes: `hourglass2-stem=bearpaw`."""
    return re.sub(r"[^\w.=-]+", "-", name)
