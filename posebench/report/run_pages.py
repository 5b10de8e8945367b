"""A page for each record."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from posebench.files.writing import write_text
from posebench.report import cost_tables
from posebench.report.board import SYNTHETIC_NOTE
from posebench.report.contents import Contents
from posebench.report.diagnosis_tables import PAIRED
from posebench.report.facts import facts
from posebench.report.frame import environment
from posebench.report.page_pictures import Picture, picture
from posebench.report.published_beside import HEADING, beside
from posebench.report.run_page import Run
from posebench.results.folder import Gallery
from posebench.results.record import Record

ROOT = "../"
"""From a page to the results folder."""
PAGE_NAME = re.compile(r"[a-z0-9-]+-[0-9a-f]{8}\.html")
"""Names that `ResultsFolder.run_page` gives with a record's id."""
IN_JSON_ALONE = {"resampled", "curves", "metrics", "intervals", "per_joint", "per_joint_intervals", "slices", "notes"}
"""Fields of a record that are not written out again: they are shown above, or are long lists of numbers."""


def write_run_pages(contents: Contents) -> list[Path]:
    """Write `runs/<id>.html` for each record. Pages that are as they were are not written again; those of other records go.

    Returns:
        the files' paths.
    """
    folder = contents.folder
    template = environment().get_template("run.html.jinja")
    galleries = folder.galleries()
    paths = []
    for run in runs(contents):
        path = folder.run_page(run.record.id)
        text = template.render(root=ROOT, run=run, **_beside(run, contents, galleries))
        if not (path.is_file() and path.read_bytes() == text.encode()):
            write_text(path, text)
        paths.append(path)
    for path in folder.runs.glob("*.html"):
        if PAGE_NAME.fullmatch(path.name) and path not in paths:
            path.unlink()
    return paths


def runs(contents: Contents) -> Iterator[Run]:
    """Every record with its leaderboard and diagnosis, in the leaderboards' order."""
    for board in contents.boards:
        for place, row in enumerate(board.rows):
            for record in row.records:
                yield Run(record, board, place, contents.diagnoses.get(record.id))


def _beside(run: Run, contents: Contents, galleries: Mapping[str, Sequence[Gallery]]) -> dict[str, Any]:
    """What a page shows besides its run."""
    record, folder = run.record, contents.folder
    own = [
        cost for cost in contents.costs if (cost.arch, cost.input_size) == (record.model.arch, record.model.input_size)
    ]
    files = [folder.record(identity) for identity in (record.id, record.older_id)]
    file = next((path for path in files if path.is_file()), files[0])
    return {
        "published": beside(run.board, contents.literature),
        "literature_heading": HEADING,
        "synthetic_note": SYNTHETIC_NOTE,
        "paired": PAIRED,
        "pictures": _pictures(run, contents, galleries),
        "costs": cost_tables.tables(own),
        "file": file.name,
        "linked": file.is_file(),
        "whole": whole(record),
    }


def _pictures(run: Run, contents: Contents, galleries: Mapping[str, Sequence[Gallery]]) -> list[Picture]:
    """The galleries of a record, as its page shows them."""
    record, names = run.record, {record.id: record.name for record in run.board.records}
    found = []
    for identity in dict.fromkeys((record.id, record.older_id)):
        for gallery in galleries.get(identity, ()):
            title = f"The best, the median and the worst people of {record.name}"
            if gallery.other:
                title = f"The people on whom {record.name} and {names.get(gallery.other, gallery.other)} differ most"
            made = picture(contents.folder, gallery.path, title)
            found.append(replace(made, light=ROOT + made.light, dark=None if made.dark is None else ROOT + made.dark))
    return found


def whole(record: Record) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the record states, as (field, its facts); without `IN_JSON_ALONE`."""
    stated = record.model_dump(mode="json", exclude=IN_JSON_ALONE)
    plain = {name: value for name, value in stated.items() if not isinstance(value, dict)}
    nested = {name: value for name, value in stated.items() if isinstance(value, dict)}
    found = [("record", facts(plain)), *((name, facts(value)) for name, value in nested.items())]
    return [(name, pairs) for name, pairs in found if pairs]
