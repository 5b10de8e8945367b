"""A page for each record."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from posebench.files.writing import write_bytes
from posebench.report.pages.facts import facts
from posebench.report.pages.frame import environment
from posebench.report.pages.page_pictures import Picture, gallery_picture, picture
from posebench.report.pages.run_page import Run
from posebench.report.plots.diagnosis_pictures import CAPTIONS
from posebench.report.plots.plot_errors import COLORS
from posebench.report.plots.plot_files import dark_color
from posebench.report.tables import cost_tables
from posebench.report.tables.board import SYNTHETIC_NOTE, Board
from posebench.report.tables.contents import Contents
from posebench.report.tables.diagnosis_tables import PAIRED
from posebench.report.tables.published_beside import beside, heading
from posebench.results.folder import Gallery, ResultsFolder
from posebench.results.kept_comparison import KeptComparison
from posebench.results.record import Record

ROOT = "../"
"""From a page to the results folder."""
PAGE_NAME = re.compile(r"[a-z0-9-]+-[0-9a-f]{8}\.html")
"""Names that `ResultsFolder.run_page` gives with a record's id."""
IN_JSON_ALONE = {"resampled", "curves", "metrics", "intervals", "per_joint", "per_joint_intervals", "slices", "notes"}
"""Fields of a record that are not written out again: they are shown above, or are long lists of numbers."""


def write_run_pages(contents: Contents) -> list[Path]:
    """Write `pages/<id>.html` for each record. Pages that are as they were are not written again; those of other records go.

    Returns:
        the files' paths.
    """
    folder = contents.folder
    galleries = folder.galleries()
    template = environment().get_template("run.html.jinja")
    found = [(board, list(runs(board, contents))) for board in contents.boards]
    names = {run.id: run.record.name for _, of_board in found for run in of_board}
    paths = []
    for board, of_board in found:
        beside_all = {
            "published": beside(board, contents.literature),
            "published_heading": heading(board, contents.literature),
            "synthetic_note": SYNTHETIC_NOTE,
            "paired": PAIRED,
            "kind_colors": {kind: (color, dark_color(color)) for kind, color in COLORS.items()},
        }
        for run in of_board:
            shown = {
                "galleries": _galleries(run, folder, galleries, names),
                "diagnosis_pictures": _diagnosis_pictures(run, folder),
                **beside_all,
                **_files(run, contents),
            }
            path = folder.run_page(run.id)
            text = template.render(root=ROOT, run=run, **shown).encode()
            if not (path.is_file() and path.read_bytes() == text):
                write_bytes(path, text)
            paths.append(path)
    _remove_stale(folder, set(paths))
    return paths


def runs(board: Board, contents: Contents) -> Iterator[Run]:
    """Every record of a leaderboard, in its order."""
    kept: dict[str, list[KeptComparison]] = {}
    for one in contents.comparisons:
        for identity in (one.a, one.b):
            kept.setdefault(identity, []).append(one)
    for place, row in enumerate(board.rows):
        for identity, record in zip(row.ids, row.records, strict=True):
            yield Run(identity, record, board, place, contents.diagnoses.get(identity), kept.get(identity, ()))


def _files(run: Run, contents: Contents) -> dict[str, Any]:
    """The record's file and the costs of its network."""
    record = run.record
    files = [contents.folder.record(identity) for identity in run.ids]
    file = next((path for path in files if path.is_file()), files[0])
    network = record.model.arch, record.model.input_size
    own = [cost for cost in contents.costs if (cost.arch, cost.input_size) == network]
    return {"file": file.name, "linked": file.is_file(), "whole": whole(record), "costs": cost_tables.tables(own)}


def _galleries(
    run: Run, folder: ResultsFolder, galleries: Mapping[str, Sequence[Gallery]], names: Mapping[str, str]
) -> list[Picture]:
    """The galleries of a record, as its page shows them.

    Args:
        names: of all records, by their ids.
    """
    own = (gallery for identity in run.ids for gallery in galleries.get(identity, ()))
    return [_from_page(gallery_picture(folder, gallery, run.record.name, names, inside=False)) for gallery in own]


def _diagnosis_pictures(run: Run, folder: ResultsFolder) -> list[Picture]:
    """The pictures of `posebench diagnose --pictures`, where the folder has them."""
    place = folder.diagnosis_pictures(run.id)
    if not place.is_dir():
        return []
    found = ((place / f"{name}.png", caption) for name, caption in CAPTIONS.items())
    return [
        _from_page(picture(folder, path, f"{caption}: {run.record.name}", caption, inside=False))
        for path, caption in found
        if path.is_file()
    ]


def _from_page(made: Picture) -> Picture:
    """A picture with addresses that hold from the page of a run."""
    return replace(made, light=ROOT + made.light, dark=None if made.dark is None else ROOT + made.dark)


def _remove_stale(folder: ResultsFolder, kept: set[Path]) -> None:
    """Remove pages of records that are no longer there. Files with other names stay."""
    for path in folder.pages.glob("*.html"):
        if PAGE_NAME.fullmatch(path.name) and path not in kept:
            path.unlink()


def whole(record: Record) -> list[tuple[str, list[tuple[str, str]]]]:
    """What the record states, as (field, its facts); without `IN_JSON_ALONE`."""
    stated = record.model_dump(mode="json", exclude=IN_JSON_ALONE)
    plain = {name: value for name, value in stated.items() if not isinstance(value, dict)}
    nested = {name: value for name, value in stated.items() if isinstance(value, dict)}
    found = [("record", facts(plain)), *((name, facts(value)) for name, value in nested.items())]
    return [(name, pairs) for name, pairs in found if pairs]
