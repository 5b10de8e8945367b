"""The report: leaderboards, plots and one page that shows them, made from records alone."""

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from posebench.errors import counted
from posebench.files.writing import write_text
from posebench.report import cost_tables
from posebench.report.board import SYNTHETIC_NOTE, Board
from posebench.report.board_plots import write_plots
from posebench.report.columns import UNKNOWN, bounds
from posebench.report.contents import Contents
from posebench.report.frame import environment, write_assets
from posebench.report.grids import grids
from posebench.report.leaderboard import PREAMBLE, write_leaderboards
from posebench.report.page_pictures import Picture, picture
from posebench.report.plot_files import Format
from posebench.report.plots import FILE_NAME as PLOT_NAME
from posebench.report.plots import Plot
from posebench.report.published_beside import APART, apart, beside, heading
from posebench.report.rows import Row
from posebench.results.folder import ResultsFolder
from posebench.scoring.scores import shown_decimals

TABLE_NAME = re.compile(r"[a-z0-9-]+-[0-9a-f]{8}\.(csv|tex)")
"""Names that `ResultsFolder.leaderboard_csv` and `leaderboard_tex` give with a board's slug."""
HISTORY = "history"
"""Field of a record's provenance that is drawn instead of written out."""
OPEN_GALLERIES = 6
"""Galleries of one leaderboard that are not folded away."""


def write_pages(contents: Contents, formats: Collection[Format] = (), single_file: bool = False) -> list[Path]:
    """Write `leaderboard.md`, `leaderboards/`, `plots/`, `assets/` and `index.html`.

    The same records make the same bytes. Tables and plots of groups that are no longer there are removed.

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
    paths += write_assets(folder)
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
    made = environment().overlay()
    made.filters["facts"] = facts
    return made.get_template("index.html.jinja").render(
        root=None if single_file else "",
        boards=contents.boards,
        records=[record for board in contents.boards for record in board.records],
        pages={},
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
        grids=grids,
        best=_best,
        interval=_interval,
        sources=_sources,
        synthetic_note=SYNTHETIC_NOTE,
        preamble=PREAMBLE,
        costs=cost_tables.tables(contents.costs),
    )


def facts(nested: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """What a record says of its model, flat: `recipe.epochs`, `140`."""
    flat = []
    for key, value in nested.items():
        name = f"{above}{key}"
        if name == HISTORY:
            flat.append((name, f"{counted(len(value), 'epoch', 'epochs')}, drawn above"))
        elif isinstance(value, Mapping):
            flat += facts(value, f"{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            flat.append((name, text if len(text) <= 300 else f"{text[:299]}…"))
    return flat


def _best(board: Board) -> tuple[str, str]:
    """The headline of a leaderboard's best row with its 95 % interval, as shown."""
    row, headline = board.rows[0], board.rule.headline
    if math.isnan(row.headline):
        return UNKNOWN, ""
    return f"{row.headline:.{board.decimals}f}", _interval(row, headline) if headline in row.intervals else ""


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
    for board in contents.boards:
        names = {identity: record.name for record in board.records for identity in (record.older_id, record.id)}
        pictures = {}
        for identity, name in names.items():
            for gallery in known.get(identity, []):
                about = f"{name} and {names.get(gallery.other, gallery.other)} differ most" if gallery.other else ""
                caption = f"The people on whom {about}" if about else f"Best, median and worst people of {name}"
                alt = f"{caption}: photographs with predicted and annotated skeletons"
                if gallery.path not in pictures:
                    pictures[gallery.path] = picture(folder, gallery.path, alt, caption, inside=single_file)
        found[board.slug] = list(pictures.values())
    return found


def _remove_stale(folder: ResultsFolder, kept: set[Path]) -> None:
    """Remove tables and plots of an earlier report. Files with other names stay."""
    for place, ours in ((folder.leaderboards, TABLE_NAME), (folder.plots, PLOT_NAME)):
        for path in place.glob("*"):
            if ours.fullmatch(path.name) and path not in kept and path.is_file():
                path.unlink()
