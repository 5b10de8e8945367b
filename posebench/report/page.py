"""The report: leaderboards, plots and one page that shows them, made from records alone."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from posebench.files.writing import write_text
from posebench.report import cost_tables
from posebench.report.board import SYNTHETIC_NOTE
from posebench.report.board_plots import write_plots
from posebench.report.compare_page import write_compare_page
from posebench.report.contents import Contents
from posebench.report.facts import facts
from posebench.report.frame import environment, write_assets
from posebench.report.grids import grids
from posebench.report.leaderboard import PREAMBLE, write_leaderboards
from posebench.report.page_pictures import Picture, picture
from posebench.report.plot_files import Format
from posebench.report.plots import FILE_NAME as PLOT_NAME
from posebench.report.plots import Plot
from posebench.report.published_beside import APART, apart, beside, heading
from posebench.report.run_pages import write_run_pages
from posebench.results.folder import ResultsFolder

TABLE_NAME = re.compile(r"[a-z0-9-]+-[0-9a-f]{8}\.(csv|tex)")
"""Names that `ResultsFolder.leaderboard_csv` and `leaderboard_tex` give with a board's slug."""


def write_pages(contents: Contents, formats: Collection[Format] = ()) -> list[Path]:
    """Write `leaderboard.md`, `leaderboards/`, `plots/`, `assets/`, the pages of runs, `compare.html` and `index.html`.

    The same records make the same bytes. Tables, plots and pages of what is no longer there are removed.

    Args:
        formats: of plots, beside PNG.

    Returns:
        the files' paths, `index.html` last.
    """
    folder = contents.folder
    paths = write_leaderboards(contents.boards, folder, contents.literature)
    plots = {board.slug: write_plots(board, contents.costs, folder, formats) for board in contents.boards}
    paths += [path for made in plots.values() for plot in made for path in plot.files]
    pages = write_run_pages(contents)
    paths += [*write_assets(folder), *pages.values(), *write_compare_page(contents)]
    write_text(folder.index, page(contents, plots, pages))
    _remove_stale(folder, set(paths))
    return [*paths, folder.index]


def page(contents: Contents, plots: Mapping[str, Sequence[Plot]], pages: Mapping[str, Path]) -> str:
    """The page as HTML, with links to the pictures, style and scripts beside it.

    Args:
        plots: slug → the plots of that leaderboard.
        pages: id of a record → its page.
    """
    folder = contents.folder
    made = environment().overlay()
    made.filters["facts"] = facts
    return made.get_template("index.html.jinja").render(
        root="",
        boards=contents.boards,
        records=[record for board in contents.boards for record in board.records],
        pages={identity: folder.link(path) for identity, path in pages.items()},
        plots={slug: [picture(folder, plot.path, plot.title) for plot in own] for slug, own in plots.items()},
        csv={board.slug: folder.link(folder.leaderboard_csv(board.slug)) for board in contents.boards},
        overlays=_overlays(contents, pages),
        literature={board.slug: beside(board, contents.literature) for board in contents.boards},
        literature_heading={board.slug: heading(board, contents.literature) for board in contents.boards},
        apart={board.slug: apart(board, contents.literature) for board in contents.boards},
        apart_heading=APART,
        grids=grids,
        synthetic_note=SYNTHETIC_NOTE,
        preamble=PREAMBLE,
        costs=cost_tables.tables(contents.costs),
    )


def _overlays(contents: Contents, pages: Iterable[str]) -> dict[str, Picture]:
    """Record → its picture of best and worst cases, where that exists.

    Args:
        pages: ids of the records, in the leaderboards' order.
    """
    folder, found = contents.folder, {}
    records = (record for board in contents.boards for record in board.records)
    for identity, record in zip(pages, records, strict=True):
        for name in (record.older_id, identity):
            if (path := folder.overlay(name)).is_file():
                title = f"Predicted and annotated skeletons of the best and the worst cases of {record.name}"
                found[identity] = picture(folder, path, title)
    return found


def _remove_stale(folder: ResultsFolder, kept: set[Path]) -> None:
    """Remove tables and plots of an earlier report. Files with other names stay."""
    for place, ours in ((folder.leaderboards, TABLE_NAME), (folder.plots, PLOT_NAME)):
        for path in place.glob("*"):
            if ours.fullmatch(path.name) and path not in kept and path.is_file():
                path.unlink()
