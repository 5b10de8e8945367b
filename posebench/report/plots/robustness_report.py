"""The report of robustness, from what is kept: tables and pictures. The same files make the same bytes."""

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from posebench.diagnosis.estimate import Estimate
from posebench.errors import natural
from posebench.files.writing import write_text
from posebench.plain_text import one_line
from posebench.report.plots.plot_files import dark, write_figure
from posebench.report.plots.plot_robustness import plot_boxes, plot_corruptions
from posebench.report.plots.plot_style import style
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.report.tables.leaderboard import escape
from posebench.report.tables.robustness_tables import (
    RobustnessTable,
    by_corruption,
    corruptions,
    scales,
    shifts,
    sources,
    summary,
)
from posebench.results.folder import ResultsFolder, slug
from posebench.results.kept_robustness import KeptRobustness, find_robustness

Group = tuple[KeptRobustness, ...]
"""Networks that were measured alike, best first."""
COLUMNS = (
    "network", "arch", "protocol", "convention", "dataset", "split", "boxes", "people", "part", "name", "level", "value", "low",
    "high", "change", "change_low", "change_high",
)  # fmt: skip
PREAMBLE = (
    "Scores of networks on corrupted photographs and with other boxes. Networks share a table only where protocol, convention, "
    "people and what was measured agree. In brackets: 95 % intervals by a bootstrap over images, the same resamples everywhere."
)


def write_robustness(results: Path) -> list[Path]:
    """Write the tables and pictures of all networks below `results/robustness`.

    Returns:
        the files' paths, without the pictures for dark pages.
    """
    found = groups(find_robustness(results).kept)
    folder = ResultsFolder(results).robustness
    drawn: dict[str, list[Path]] = {}
    with style():
        for group in found:
            for kind, draw in (("corruptions", plot_corruptions), ("boxes", plot_boxes)):
                if (figure := draw(group)) is not None:
                    path = folder / f"{group_slug(group)}-{kind}.png"
                    write_figure(figure, path)
                    drawn.setdefault(group_slug(group), []).append(path)
    paths = [path for own in drawn.values() for path in own]
    for path in set(folder.glob("*.png")) - {*paths, *map(dark, paths)}:
        path.unlink()
    texts = {
        folder / "robustness.md": markdown(found, {key: [path.name for path in own] for key, own in drawn.items()}),
        folder / "robustness.csv": table(found),
    }
    for path, text in texts.items():
        write_text(path, text)
    return [*texts, *paths]


def groups(kept: Sequence[KeptRobustness]) -> list[Group]:
    """Networks that share tables, best first by mPC, or by the clean score where nothing was corrupted."""
    found: dict[tuple[object, ...], list[KeptRobustness]] = {}
    for one in kept:
        found.setdefault(one.group, []).append(one)
    ordered = sorted(found.values(), key=lambda own: natural(_title(own[0])))
    return [tuple(sorted(own, key=_worse)) for own in ordered]


def group_slug(group: Group) -> str:
    """A group as part of a file name."""
    first = group[0]
    digest = hashlib.sha256(repr(first.group).encode()).hexdigest()[:8]
    return f"{slug(f'{first.rule.protocol} {first.data.what}')}-{digest}"


def markdown(found: Sequence[Group], pictures: dict[str, list[str]]) -> str:
    """All groups as one page of GitHub's Markdown.

    Args:
        pictures: slug of a group → names of its pictures.
    """
    blocks = ["# Robustness", PREAMBLE]
    for group in found:
        first = group[0]
        blocks += [f"## {escape(_title(first))}", *([f"> **{SYNTHETIC_NOTE}**"] if first.data.synthetic else [])]
        blocks.append(escape(f"{first.rule.protocol} {first.rule.scope}: {first.rule.sentence}"))
        tables = [summary(group), by_corruption(group)]
        blocks += [block for one in tables if one is not None for block in _table(one)]
        blocks += [f"![{escape(_title(first))}]({name})" for name in pictures.get(group_slug(group), [])]
        for kept in group:
            own = [one for one in (corruptions(kept), shifts(kept), scales(kept), sources(kept)) if one is not None]
            inside = [block for one in own for block in _table(one)] + [f"Note: {escape(note)}" for note in kept.notes]
            blocks += [f"<details><summary>{escape(kept.name)}: every condition</summary>", *inside, "</details>"]
    return "\n\n".join(blocks) + "\n"


def table(found: Sequence[Group]) -> str:
    """Every number at full precision as CSV, a row for each network and condition."""
    file = io.StringIO()
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(COLUMNS)
    for kept in (one for group in found for one in group):
        data, rule = kept.data, kept.rule
        about = (kept.name, kept.arch, rule.protocol, rule.scope, data.dataset, data.split, data.box_source)
        head = [*map(_inert, about), data.people]
        rows.writerow([*head, "clean", "clean", "", *_numbers(kept.clean), "", "", ""])
        if kept.corrupted is not None:
            means = {"mPC": kept.corrupted.mpc, "rPC": kept.corrupted.rpc} | kept.corrupted.means
            for name, value in means.items():
                rows.writerow([*head, "mean", name, "", *_numbers(value), "", "", ""])
        for one in kept.conditions:
            rows.writerow([*head, one.part, one.name, f"{one.level:g}", *_numbers(one.score), *_numbers(one.change)])
    return file.getvalue()


def _worse(kept: KeptRobustness) -> tuple[float, str]:
    """Sort key: the best first, equal ones by name."""
    value = kept.clean.value if kept.corrupted is None else kept.corrupted.mpc.value
    return -value if value == value else 1.0, kept.name


def _title(kept: KeptRobustness) -> str:
    return f"{kept.rule.protocol} · {kept.who} · {kept.rule.short_scope} · boxes: {kept.data.box_source}"


def _table(made: RobustnessTable) -> list[str]:
    rule = [":---", *["---:"] * (len(made.headers) - 1)]
    lines = [made.headers, rule, *made.rows]
    cells = [[*map(escape, line)] if line is not rule else rule for line in lines]
    text = "\n".join("| " + " | ".join(line) + " |" for line in cells)
    return [f"**{escape(made.title)}**", text, *([f"<sub>{escape(made.below)}</sub>"] if made.below else [])]


def _numbers(value: Estimate) -> list[str]:
    low, high = value.interval or ("", "")
    return ["" if value.value != value.value else repr(value.value), *(f"{bound}" for bound in (low, high))]


def _inert(text: str) -> str:
    """Text that a spreadsheet does not run as a formula."""
    text = one_line(text)
    return f"'{text}" if text[:1] in tuple("=+-@") else text
