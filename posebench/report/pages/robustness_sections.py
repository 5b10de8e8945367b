"""Robustness on the report's page: for each group of networks its tables and pictures."""

from dataclasses import dataclass

from posebench.report.pages.page_pictures import Picture, picture
from posebench.report.plots.robustness_report import pictures_of
from posebench.report.tables.contents import Contents
from posebench.report.tables.robustness_groups import group_title, groups
from posebench.report.tables.robustness_tables import RobustnessTable, by_corruption, summary


@dataclass(frozen=True)
class RobustnessSection:
    """One group of networks.

    Attributes:
        synthetic: whether the people are drawn.
        notes: what a reader of the numbers should know, each once.
    """

    title: str
    synthetic: bool
    tables: tuple[RobustnessTable, ...]
    pictures: tuple[Picture, ...]
    notes: tuple[str, ...]


def sections(contents: Contents, *, inside: bool) -> list[RobustnessSection]:
    """Every group, after `write_robustness` has written its pictures.

    Args:
        inside: whether the page holds the pictures.
    """
    found = []
    for group in groups(contents.robustness):
        first = group[0]
        title = group_title(first)
        pictures = [
            picture(contents.folder, path, title, inside=inside) for path in pictures_of(group, contents.folder)
        ]
        tables = [one for one in (summary(group), by_corruption(group)) if one is not None]
        notes = tuple(dict.fromkeys(note for kept in group for note in kept.notes))
        found.append(RobustnessSection(title, first.data.synthetic, tuple(tables), tuple(pictures), notes))
    return found
