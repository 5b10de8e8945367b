"""The report: leaderboards, plots and one page that shows them, made from records alone."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import posebench
from posebench import cost, cost_report, cost_tables
from posebench.boards import EMBEDDED, UNKNOWN, Board, boards
from posebench.errors import PosebenchError
from posebench.leaderboard import PREAMBLE, write_leaderboards
from posebench.plots import write_plots
from posebench.predictions import write_text
from posebench.results import Record, load_records

# What `Board.slug` and the modules that write by it make; whatever else lies there is somebody's own.
OURS = {"leaderboards": re.compile(r"[a-z0-9-]+-[0-9a-f]{8}\.csv"),
        "plots": re.compile(r"[a-z0-9-]+-[0-9a-f]{8}-(joints|curves|cost)\.png")}  # fmt: skip


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
        board.slug: [*write_plots(board, results), *cost_report.write_plots(board, costs, results)] for board in tables
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
    template = environment.from_string(files(posebench).joinpath("report.html.jinja").read_text("utf-8"))
    records = [record for board in tables for record in board.records]
    return template.render(
        boards=tables,
        records=records,
        plots={slug: [path.relative_to(results).as_posix() for path in made] for slug, made in plots.items()},
        overlays={record.id for record in records if (results / "overlays" / f"{record.id}.png").is_file()},
        joints=_joints,
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


def _joints(board: Board) -> list[tuple[str, list[str]]]:
    """Rows of the table by keypoint: its name, and what each record scored there."""
    names = dict.fromkeys(name for record in board.records for name in record.per_joint)
    decimals = 2 if board.rule.unit == "%" else 3
    return [(name, [_score(record, name, decimals) for record in board.records]) for name in names]


def _score(record: Record, joint: str, decimals: int) -> str:
    value = record.per_joint.get(joint)
    return UNKNOWN if value is None else f"{value:.{decimals}f}"


def _remove_stale(results: Path, kept: set[str]) -> None:
    for folder, ours in OURS.items():
        for path in (results / folder).glob("*"):
            if ours.fullmatch(path.name) and path.name not in kept and path.is_file():
                path.unlink()
