"""The report: leaderboards, plots and one page that shows them, made from records alone."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from posebench.cost import record as cost
from posebench.errors import PosebenchError
from posebench.files.writing import write_text
from posebench.report import cost_tables, plot_cost
from posebench.report.board import EMBEDDED, Board, boards
from posebench.report.columns import UNKNOWN, bounds
from posebench.report.leaderboard import PREAMBLE, write_leaderboards
from posebench.report.plot_scores import write_plots
from posebench.report.published_scores import HEADING, beside, published
from posebench.results.record import load_records

# What `Board.slug` and the modules that write by it make; whatever else lies there is somebody's own.
OURS = {"leaderboards": re.compile(r"[a-z0-9-]+-[0-9a-f]{8}\.csv"),
        "plots": re.compile(r"[a-z0-9-]+-[0-9a-f]{8}-(ranks|joints|curves|cost)\.png")}  # fmt: skip

PICTURES = {
    "ranks": "Every row with its interval",
    "joints": "Scores by keypoint",
    "curves": "Scores over thresholds",
    "cost": "Scores against cost",
}
"""What a plot shows, by the end of its file name."""


def write_report(results: Path) -> list[Path]:
    """Write `leaderboard.md`, `leaderboards/`, `plots/` and `index.html` from `results/records/`.

    The same records make the same bytes. Tables and plots of groups that are no longer there are removed.

    Returns:
        the files' paths, `index.html` last.

    Raises:
        PosebenchError: there is no record, or a record is damaged.
    """
    records = load_records(results)
    if not records:
        raise PosebenchError(
            f"{results / 'records'} has no records. `posebench run` trains and scores a network, "
            "`posebench evaluate` scores a predictions file; either writes one."
        )
    tables = boards(records)
    paths = write_leaderboards(tables, results)
    costs = cost.load(results)
    plots = {
        board.slug: [*write_plots(board, results), *plot_cost.write_plots(board, costs, results)] for board in tables
    }
    paths += [path for made in plots.values() for path in made]
    write_text(results / "index.html", page(tables, plots, results, cost_tables.html(costs)))
    _remove_stale(results, {path.name for path in paths})
    return [*paths, results / "index.html"]


def page(tables: list[Board], plots: Mapping[str, list[Path]], results: Path, costs: str = "") -> str:
    """The page as HTML: one file without scripts, with links to the pictures beside it.

    Args:
        tables: the leaderboards, in their order.
        plots: slug → the pictures of that leaderboard.
        results: the folder in which the page will lie.
        costs: the section about cost, as `cost_tables.html` makes it.
    """
    from jinja2 import Environment, StrictUndefined

    # Autoescape is on for all: names are other people's.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["facts"] = facts
    template = environment.from_string(files(__package__).joinpath("page.html.jinja").read_text("utf-8"))
    records = [record for board in tables for record in board.records]
    known = published(results)
    return template.render(
        boards=tables,
        records=records,
        plots={slug: [path.relative_to(results).as_posix() for path in made] for slug, made in plots.items()},
        overlays={record.id for record in records if (results / "overlays" / f"{record.id}.png").is_file()},
        literature={board.slug: beside(board, known) for board in tables},
        literature_heading=HEADING,
        joints=_joints,
        slices=_slices,
        pictures=PICTURES,
        embedded=EMBEDDED,
        preamble=PREAMBLE,
        costs=costs,
    )


def facts(nested: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """What a record says of its model, flat: `recipe.epochs`, `140`."""
    flat = []
    for key, value in nested.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
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


def _remove_stale(results: Path, kept: set[str]) -> None:
    for folder, ours in OURS.items():
        for path in (results / folder).glob("*"):
            if ours.fullmatch(path.name) and path.name not in kept and path.is_file():
                path.unlink()
