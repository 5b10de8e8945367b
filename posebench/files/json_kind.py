"""What a JSON file that was given by mistake probably is."""

import re
from pathlib import Path

BEGINNING = 4096
"""Bytes that are read: enough for the first keys of every form."""
KINDS = (
    (r'"schema_version"', "It looks like a record of posebench; give the predictions file that the record names."),
    (r'"(annotations|images|joints|joints_vis)"', "It looks like annotations; give those with --data."),
    (r'^\s*\[.*"(keypoints|image_id|bbox)"', "It looks like COCO results; use --protocol coco."),
)
"""Pattern of the beginning → sentence; the first one that fits counts."""


def guess(path: Path) -> str:
    """A sentence on what the file looks like; empty where it looks like nothing known."""
    with path.open("rb") as file:
        beginning = file.read(BEGINNING).decode("utf-8", "replace")
    return next((sentence for pattern, sentence in KINDS if re.search(pattern, beginning, re.DOTALL)), "")
