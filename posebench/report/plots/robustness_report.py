"""The report of robustness, from what is kept: tables and pictures. The same files make the same bytes."""

import csv
import html
import io
from collections.abc import Sequence
from pathlib import Path

from posebench.diagnosis.estimate import Estimate
from posebench.files.writing import write_text
from posebench.plain_text import one_line
from posebench.report.plots.drawn_plots import is_drawn, note_drawn, source_of
from posebench.report.plots.plot_files import dark, write_figure
from posebench.report.plots.plot_robustness import plot_boxes, plot_corruptions
from posebench.report.plots.plot_style import style
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.report.tables.leaderboard import escape
from posebench.report.tables.robustness_groups import Group, group_slug, group_title, groups
from posebench.report.tables.robustness_tables import (
    RobustnessTable,
    by_corruption,
    corruptions,
    scales,
    shifts,
    sources,
    summary,
)
from posebench.results.folder import ResultsFolder
from posebench.results.kept_robustness import KeptRobustness

COLUMNS = (
    "network", "arch", "protocol", "convention", "dataset", "split", "boxes", "people", "part", "name", "level", "value", "low",
    "high", "change", "change_low", "change_high",
)  # fmt: skip
DRAWN = {"corruptions": plot_corruptions, "boxes": plot_boxes}
"""Kind of picture, the end of its name → what draws it for a group."""
PREAMBLE = (
    "Scores of networks on corrupted photographs and with other boxes. Networks share a table only where protocol, convention, "
    "people and what was measured agree. In brackets: 95 % intervals by a bootstrap over images, the same resamples everywhere."
)


def write_robustness(folder: ResultsFolder, kept: Sequence[KeptRobustness]) -> list[Path]:
    """Write the tables and pictures of all networks below `robustness/`; nothing where there are none.

    Returns:
        the files' paths, without the pictures for dark pages.
    """
    found, place = groups(kept), folder.robustness
    if not found:
        return []
    paths = [path for group in found for kind in DRAWN if (path := _drawn(group, kind, folder)) is not None]
    for path in set(place.glob("*.png")) - {*paths, *map(dark, paths)}:
        path.unlink()
    texts = {place / "robustness.md": markdown(found, paths), place / "robustness.csv": table(found)}
    for path, text in texts.items():
        write_text(path, text)
    return [*texts, *paths]


def _drawn(group: Group, kind: str, folder: ResultsFolder) -> Path | None:
    """A picture of a group, drawn unless it was drawn from the same numbers before; None where these lack what it shows."""
    path = folder.robustness_picture(group_slug(group), kind)
    source = source_of((kept.name for kept in group), group)
    if is_drawn(folder, path, source):
        return path
    with style():
        figure = DRAWN[kind](group)
        if figure is None:
            return None
        write_figure(figure, path)
    note_drawn(folder, [path], source)
    return path


def pictures_of(group: Group, folder: ResultsFolder) -> list[Path]:
    """The pictures of a group that were written."""
    paths = (folder.robustness_picture(group_slug(group), kind) for kind in DRAWN)
    return [path for path in paths if path.is_file()]


def markdown(found: Sequence[Group], pictures: Sequence[Path]) -> str:
    """All groups as one page of GitHub's Markdown, with those of the pictures that are theirs."""
    blocks = ["# Robustness", PREAMBLE]
    for group in found:
        first = group[0]
        blocks += [f"## {escape(group_title(first))}", *([f"> **{SYNTHETIC_NOTE}**"] if first.data.synthetic else [])]
        blocks.append(escape(f"{first.rule.protocol} {first.rule.scope}: {first.rule.sentence}"))
        tables = [summary(group), by_corruption(group)]
        blocks += [block for one in tables if one is not None for block in _table(one)]
        own_pictures = (path.name for path in pictures if path.name.startswith(group_slug(group)))
        blocks += [f"![{escape(group_title(first))}]({name})" for name in own_pictures]
        for kept in group:
            own = [one for one in (corruptions(kept), shifts(kept), scales(kept), sources(kept)) if one is not None]
            inside = [block for one in own for block in _table(one)] + [f"Note: {escape(note)}" for note in kept.notes]
            blocks += [
                f"<details><summary>{html.escape(one_line(kept.name))}: every condition</summary>",
                *inside,
                "</details>",
            ]
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
