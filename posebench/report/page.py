"""The report: leaderboards, plots and one page that shows them, made from records alone."""

import json
import re
from collections.abc import Collection, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from posebench.errors import counted
from posebench.files.writing import write_text
from posebench.plain_text import printable
from posebench.report import cost_tables
from posebench.report.board import SYNTHETIC_NOTE, Board
from posebench.report.board_plots import write_plots
from posebench.report.columns import UNKNOWN, bounds
from posebench.report.contents import Contents
from posebench.report.leaderboard import PREAMBLE, write_leaderboards
from posebench.report.plot_files import Format
from posebench.report.plots import FILE_NAME as PLOT_NAME
from posebench.report.plots import Plot
from posebench.report.published_beside import HEADING, beside
from posebench.results.folder import ResultsFolder

TABLE_NAME = re.compile(r"[a-z0-9-]+-[0-9a-f]{8}\.(csv|tex)")
"""Names that `ResultsFolder.leaderboard_csv` and `leaderboard_tex` give with a board's slug."""
HISTORY = "history"
"""Field of a record's provenance that is drawn instead of written out."""


def write_pages(contents: Contents, formats: Collection[Format] = ()) -> list[Path]:
    """Write `leaderboard.md`, `leaderboards/`, `plots/` and `index.html`.

    The same records make the same bytes. Tables and plots of groups that are no longer there are removed.

    Args:
        formats: of plots, beside PNG.

    Returns:
        the files' paths, `index.html` last.
    """
    folder = contents.folder
    paths = write_leaderboards(contents.boards, folder, contents.literature)
    plots = {board.slug: write_plots(board, contents.costs, folder, formats) for board in contents.boards}
    paths += [path for made in plots.values() for plot in made for path in plot.files]
    write_text(folder.index, page(contents, plots))
    _remove_stale(folder, set(paths))
    return [*paths, folder.index]


def page(contents: Contents, plots: Mapping[str, list[Plot]]) -> str:
    """The page as HTML: one file without scripts, with links to the pictures beside it.

    Args:
        plots: slug → the plots of that leaderboard.
    """
    from jinja2 import Environment, StrictUndefined

    # Autoescape is on for all: names are other people's.
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_seen
    )
    environment.filters["facts"] = facts
    template = environment.from_string(files(__package__).joinpath("page.html.jinja").read_text("utf-8"))
    folder = contents.folder
    records = [record for board in contents.boards for record in board.records]
    ids = [(record, identity) for record in records for identity in (record.older_id, record.id)]
    overlays = {record.id: path for record, identity in ids if (path := folder.overlay(identity)).is_file()}
    return template.render(
        boards=contents.boards,
        records=records,
        plots={slug: [(folder.link(plot.path), plot.title) for plot in made] for slug, made in plots.items()},
        csv={board.slug: folder.link(folder.leaderboard_csv(board.slug)) for board in contents.boards},
        overlays={identity: folder.link(path) for identity, path in overlays.items()},
        literature={board.slug: beside(board, contents.literature) for board in contents.boards},
        literature_heading=HEADING,
        joints=_joints,
        slices=_slices,
        synthetic_note=SYNTHETIC_NOTE,
        preamble=PREAMBLE,
        costs=cost_tables.html(contents.costs),
    )


def _seen(value: Any) -> Any:
    """Text as a reader sees it. What a template made (markup) and numbers stay."""
    return printable(value) if type(value) is str else value


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


def _joints(board: Board) -> list[tuple[str, list[tuple[str, str]]]]:
    """Rows of the table by keypoint: its name, and what each row of the board scored there, with its interval or ""."""
    names = dict.fromkeys(name for row in board.rows for name in row.per_joint)
    return [
        (name, [_cell(row.per_joint.get(name), row.per_joint_intervals.get(name), board) for row in board.rows])
        for name in names
    ]


def _slices(board: Board) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    """Rows of the table by part of the data: by what, its name, how many are in it, and what each row of the board scored there."""
    parts = {(part.by, part.name): part for row in board.rows for part in row.slices}
    order = list(dict.fromkeys(by for by, _ in parts))
    found = []
    for (by, name), part in sorted(parts.items(), key=lambda item: order.index(item[0][0])):
        own = [{(one.by, one.name): one for one in row.slices}.get((by, name)) for row in board.rows]
        counts = f"{part.people:,} people, {part.keypoints:,} keypoints"
        cells = [_cell(None, None, board) if one is None else _cell(one.value, one.interval, board) for one in own]
        found.append((by, name, counts, cells))
    return found


def _cell(value: float | None, interval: tuple[float, float] | None, board: Board) -> tuple[str, str]:
    if value is None:
        return UNKNOWN, ""
    return f"{value:.{board.decimals}f}", bounds(interval, board.decimals) or ""


def _remove_stale(folder: ResultsFolder, kept: set[Path]) -> None:
    """Remove tables and plots of an earlier report. Files with other names stay."""
    for place, ours in ((folder.leaderboards, TABLE_NAME), (folder.plots, PLOT_NAME)):
        for path in place.glob("*"):
            if ours.fullmatch(path.name) and path not in kept and path.is_file():
                path.unlink()
