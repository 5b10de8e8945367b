"""The report: leaderboards, plots and one page that shows them, made from records alone."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from posebench.files.writing import write_text
from posebench.report import cost_tables, plot_cost, plot_training
from posebench.report.board import SYNTHETIC_NOTE
from posebench.report.compare_page import write_compare_page
from posebench.report.contents import Contents
from posebench.report.facts import facts
from posebench.report.frame import environment, write_assets
from posebench.report.grids import grids
from posebench.report.leaderboard import PREAMBLE, write_leaderboards
from posebench.report.page_pictures import Picture, picture
from posebench.report.plot_scores import write_plots
from posebench.report.plots import FILE_NAME as PLOT_NAME
from posebench.report.plots import Plot
from posebench.report.published_beside import HEADING, beside
from posebench.report.run_pages import write_run_pages
from posebench.results.folder import ResultsFolder

TABLE_NAME = re.compile(r"[a-z0-9-]+-[0-9a-f]{8}\.(csv|tex)")
"""Names that `ResultsFolder.leaderboard_csv` and `leaderboard_tex` give with a board's slug."""


def write_pages(contents: Contents) -> list[Path]:
    """Write `leaderboard.md`, `leaderboards/`, `plots/`, `assets/`, the pages of runs, `compare.html` and `index.html`.

    The same records make the same bytes. Tables, plots and pages of what is no longer there are removed.

    Returns:
        the files' paths, `index.html` last.
    """
    folder = contents.folder
    paths = write_leaderboards(contents.boards, folder, contents.literature)
    plots = {
        board.slug: [
            *write_plots(board, folder),
            *plot_cost.write_plots(board, contents.costs, folder),
            *plot_training.write_plots(board, folder),
        ]
        for board in contents.boards
    }
    paths += [plot.path for made in plots.values() for plot in made]
    paths += [*write_assets(folder), *write_run_pages(contents), *write_compare_page(contents)]
    write_text(folder.index, page(contents, plots))
    _remove_stale(folder, set(paths))
    return [*paths, folder.index]


def page(contents: Contents, plots: Mapping[str, Sequence[Plot]]) -> str:
    """The page as HTML, with links to the pictures, style and scripts beside it.

    Args:
        plots: slug → the plots of that leaderboard.
    """
    folder = contents.folder
    made = environment().overlay()
    made.filters["facts"] = facts
    return made.get_template("index.html.jinja").render(
        root="",
        boards=contents.boards,
        records=[record for board in contents.boards for record in board.records],
        pages={
            record.id: folder.link(folder.run_page(record.id)) for board in contents.boards for record in board.records
        },
        plots={slug: [picture(folder, plot.path, plot.title) for plot in own] for slug, own in plots.items()},
        csv={board.slug: folder.link(folder.leaderboard_csv(board.slug)) for board in contents.boards},
        overlays=_overlays(contents),
        literature={board.slug: beside(board, contents.literature) for board in contents.boards},
        literature_heading=HEADING,
        grids=grids,
        synthetic_note=SYNTHETIC_NOTE,
        preamble=PREAMBLE,
        costs=cost_tables.tables(contents.costs),
    )


def _overlays(contents: Contents) -> dict[str, Picture]:
    """Record → its picture of best and worst cases, where that exists."""
    folder, found = contents.folder, {}
    for record in (record for board in contents.boards for record in board.records):
        for identity in (record.older_id, record.id):
            if (path := folder.overlay(identity)).is_file():
                title = f"Predicted and annotated skeletons of the best and the worst cases of {record.name}"
                found[record.id] = picture(folder, path, title)
    return found


def _remove_stale(folder: ResultsFolder, kept: set[Path]) -> None:
    """Remove tables and plots of an earlier report. Files with other names stay."""
    for place, ours in ((folder.leaderboards, TABLE_NAME), (folder.plots, PLOT_NAME)):
        for path in place.glob("*"):
            if ours.fullmatch(path.name) and path not in kept and path.is_file():
                path.unlink()
