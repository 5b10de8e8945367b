"""The report: leaderboards, plots and one page that shows them, made from records alone."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from posebench.files.writing import write_text
from posebench.report.pages.compare_page import write_compare_page
from posebench.report.pages.facts import facts
from posebench.report.pages.frame import environment, write_assets
from posebench.report.pages.page_pictures import Picture, gallery_picture, picture
from posebench.report.pages.robustness_sections import sections
from posebench.report.pages.run_pages import write_run_pages
from posebench.report.pages.study_sections import study_sections
from posebench.report.plots.board_plots import write_plots
from posebench.report.plots.plot_files import Format
from posebench.report.plots.plots import FILE_NAME as PLOT_NAME
from posebench.report.plots.plots import Plot
from posebench.report.plots.robustness_report import write_robustness
from posebench.report.tables import cost_tables
from posebench.report.tables.board import SYNTHETIC_NOTE, Board
from posebench.report.tables.choice import NAME
from posebench.report.tables.columns import UNKNOWN, Column, bounds
from posebench.report.tables.contents import Contents
from posebench.report.tables.grids import grids
from posebench.report.tables.leaderboard import PREAMBLE, write_leaderboards
from posebench.report.tables.published_beside import APART, apart, beside, heading
from posebench.report.tables.rows import Row
from posebench.results.folder import ResultsFolder
from posebench.results.telling_apart import labels
from posebench.scoring.scores import shown_decimals

TABLE_NAME = re.compile(r"[a-z0-9-]+-[0-9a-f]{8}\.(csv|tex)")
"""Names that `ResultsFolder.leaderboard_csv` and `leaderboard_tex` give with a board's slug."""
OPEN_GALLERIES = 6
"""Galleries of one leaderboard that are not folded away."""
LONGEST_LINE = 30
"""Letters of a text in a leaderboard that are not broken into lines."""


def write_pages(contents: Contents, formats: Collection[Format] = (), single_file: bool = False) -> list[Path]:
    """Write `leaderboard.md`, `leaderboards/`, `plots/`, `robustness/`, `assets/`, the pages of runs, `compare.html`, `index.html`.

    The same records make the same bytes. Tables, plots and pages of what is no longer there are removed.

    Args:
        formats: of plots, beside PNG.
        single_file: whether `index.html` has style, scripts and pictures within itself, and no links to other files.

    Returns:
        the files' paths, `index.html` last.
    """
    folder = contents.folder
    paths = write_leaderboards(contents.boards, folder, contents.literature)
    plots = {board.slug: write_plots(board, contents.costs, folder, formats) for board in contents.boards}
    paths += [path for made in plots.values() for plot in made for path in plot.files]
    paths += write_robustness(folder, contents.robustness)
    paths += [*write_assets(folder), *write_run_pages(contents), *write_compare_page(contents)]
    write_text(folder.index, page(contents, plots, single_file))
    _remove_stale(folder, set(paths))
    return [*paths, folder.index]


def page(contents: Contents, plots: Mapping[str, Sequence[Plot]], single_file: bool = False) -> str:
    """The page as HTML.

    Args:
        plots: slug → the plots of that leaderboard.
        single_file: as of `write_pages`.
    """
    folder = contents.folder
    return (
        environment()
        .get_template("index.html.jinja")
        .render(
            root=None if single_file else "",
            boards=contents.boards,
            records=[record for board in contents.boards for record in board.records],
            pages={} if single_file else _pages(contents),
            plots={
                slug: [picture(folder, plot.path, plot.alt, inside=single_file) for plot in own]
                for slug, own in plots.items()
            },
            csv={board.slug: folder.link(folder.leaderboard_csv(board.slug)) for board in contents.boards},
            galleries=_galleries(contents, single_file),
            open_galleries=OPEN_GALLERIES,
            literature={board.slug: beside(board, contents.literature) for board in contents.boards},
            literature_heading={board.slug: heading(board, contents.literature) for board in contents.boards},
            apart={board.slug: apart(board, contents.literature) for board in contents.boards},
            apart_heading=APART,
            facts=facts,
            grids=grids,
            best=_best,
            columns=_columns,
            interval=_interval,
            sources=_sources,
            synthetic_note=SYNTHETIC_NOTE,
            preamble=PREAMBLE,
            costs=cost_tables.tables(contents.costs),
            robustness=sections(contents, inside=single_file),
            studies=study_sections(contents, inside=single_file),
        )
    )


def _pages(contents: Contents) -> dict[str, str]:
    """Id of a record → address of its page."""
    ids = (identity for board in contents.boards for row in board.rows for identity in row.ids)
    return {identity: contents.folder.link(contents.folder.run_page(identity)) for identity in ids}


def _best(board: Board) -> tuple[str, str]:
    """The headline of a leaderboard's best row with its 95 % interval, as shown."""
    row, headline = board.rows[0], board.rule.headline
    if math.isnan(row.headline):
        return UNKNOWN, ""
    return f"{row.headline:.{board.decimals}f}", _interval(row, headline) if headline in row.intervals else ""


def _columns(board: Board) -> list[tuple[Column, str]]:
    """The columns of a leaderboard, each with its classes in `page.css`."""
    found = []
    for column in board.columns:
        long = max(map(len, column.cells)) > LONGEST_LINE
        look = "number" if column.number else "name" if column.header == NAME else "text long" if long else "text"
        found.append((column, look + " headline" * (column.header == board.rule.headline)))
    return found


def _interval(row: Row, metric: str) -> str:
    return bounds(row.intervals[metric], shown_decimals(row.rule.unit)) or ""


def _sources(row: Row) -> str:
    """Which files a row's scores come from and when they were scored."""
    lines = (
        f"{record.predictions}, SHA-256 {record.predictions_sha256[:12]}…, scored on {record.created[:10]}"
        for record in row.records
    )
    return "\n".join(lines)


def _galleries(contents: Contents, single_file: bool) -> dict[str, list[Picture]]:
    """Slug → the pictures of people that the folder has for records of that leaderboard, each once, the best row's first."""
    folder, known = contents.folder, contents.folder.galleries()
    found: dict[str, list[Picture]] = {}
    for board in contents.boards if known else ():
        ids = (identity for row in board.rows for identity in row.ids)
        told = labels([(record,) for record in board.records], [record.name for record in board.records])
        older = {record.older_id: label for record, label in zip(board.records, told, strict=True)}
        names = older | dict(zip(ids, told, strict=True))
        pictures: dict[Path, Picture] = {}
        for identity, name in names.items():
            for gallery in known.get(identity, []):
                if gallery.path not in pictures:
                    pictures[gallery.path] = gallery_picture(folder, gallery, name, names, inside=single_file)
        found[board.slug] = list(pictures.values())
    return found


def _remove_stale(folder: ResultsFolder, kept: set[Path]) -> None:
    """Remove tables and plots of an earlier report. Files with other names stay."""
    for place, ours in ((folder.leaderboards, TABLE_NAME), (folder.plots, PLOT_NAME)):
        for path in place.glob("*"):
            if ours.fullmatch(path.name) and path not in kept and path.is_file():
                path.unlink()
