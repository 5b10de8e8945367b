"""The text in a bundle: what is in it, and how its numbers are verified."""

from collections.abc import Iterator, Sequence
from textwrap import fill

import posebench
from posebench.plain_text import one_line
from posebench.results.record import Record
from posebench.scoring.bootstrap import LEVEL
from posebench.scoring.scores import shown_decimals

WIDTH = 80
Content = tuple[Record, str, str, str]
"""A record, and the names in the archive of its file, its predictions and its recipe (empty where it has none)."""


def readme(contents: Sequence[Content]) -> str:
    """The text, in lines of at most 80 characters but for names."""
    blocks = [
        f"Evidence of {'a posebench record' if len(contents) == 1 else f'{len(contents)} posebench records'}",
        "posebench is a benchmark of networks for 2D human poses. A record states scores with the rule, the data and the "
        "predictions file that they are from. This archive has the records, their predictions files, and the recipes of the "
        "networks where they are known. It has no dataset: datasets have licences of their own.",
        "To compute every number again:",
        f"1. Install posebench {posebench.__version__}. environment.txt has the versions of all packages.",
        "2. Get the ground truth:",
        *_ground_truth(contents),
        "3. posebench verify FILE --data DIR",
        "FILE is this archive. DIR is the dataset's folder, or a folder with a folder for each protocol (DIR/mpii, DIR/lsp). "
        "The command compares every number, count and hash to the last digit, names what differs, and ends with exit code 0 "
        "only if nothing does.",
        "The records:",
        *(_record(*content) for content in contents),
        "The files' hashes: sha256sum -c SHA256SUMS",
    ]
    return (
        "\n\n".join(block if "\n" in block else fill(block, WIDTH, break_long_words=False) for block in blocks) + "\n"
    )


def _ground_truth(contents: Sequence[Content]) -> Iterator[str]:
    """Each annotation file once, with its hash."""
    needed = {record.data.annotations_sha256: record.data for record, *_ in contents}
    for digest, data in needed.items():
        text = f"   {one_line(data.what)}: {one_line(data.annotations)}"
        yield f"{text}\n   (posebench draws it)" if data.synthetic else f"{text}\n   SHA-256 {digest}"


def _record(record: Record, file: str, predictions: str, recipe: str) -> str:
    rule, decimals = record.rule, shown_decimals(record.rule.unit)
    value, bounds = record.metrics.get(rule.headline), record.intervals.get(rule.headline)
    score = "unknown" if value is None else f"{value:.{decimals}f}{f' {rule.unit}' if rule.unit else ''}"
    if bounds is not None:
        score += f", {LEVEL} % interval {bounds[0]:.{decimals}f} to {bounds[1]:.{decimals}f}"
    lines = [
        record.name,
        f"   {rule.protocol} version {rule.version}, {rule.short_scope}, {record.data.what}",
        f"   {rule.headline} {score}",
        *(f"   {name}" for name in (file, predictions, recipe) if name),
    ]
    return "\n".join(f"   {one_line(line)}" if line.startswith(" ") else one_line(line) for line in lines)
