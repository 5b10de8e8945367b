"""`posebench data check`."""

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.complete import protocols
from posebench.cli.options import json_option, quiet_option, results_option
from posebench.errors import Interrupted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from posebench.tasks.dataset.check import DataCheck, SplitCheck


NAMES, FOLDERS = "looked for ", " in "
"""Before the names of files that were looked for, and before the folders."""
SHORT = 8
"""Digits of a hash in the table; `--json` has all of them."""


@click.command()
@click.argument("protocol_name", metavar="PROTOCOL", shell_complete=protocols)
@click.option(
    "--data", "folder", type=click.Path(path_type=Path), required=True, metavar="DIR", help="Folder of the dataset."
)
@click.option(
    "--workers", type=click.IntRange(0), metavar="N",
    help="Processes that read photographs. Default: one less than the number of cores, at most 8.",
)  # fmt: skip
@results_option
@json_option
@quiet_option
@click.pass_context
def check(
    context: click.Context,
    protocol_name: str,
    folder: Path,
    workers: int | None,
    results: Path,
    as_json: bool,
    quiet: bool,
) -> None:
    """Check a dataset: files, photographs, annotations, duplicates.

    What was found of each photograph is kept below --results, in checks, so an interrupted check goes on where it was. The exit
    code is 1 if training or scoring is impossible.
    """
    from posebench.cli.console import open_console, progress
    from posebench.plugins import registry
    from posebench.results.folder import ResultsFolder
    from posebench.tasks.dataset.check import check_data
    from posebench.tasks.worker_count import worker_count

    protocol = registry.protocol(protocol_name)
    try:
        with progress(open_console(stderr=True, quiet=quiet or as_json), "photographs") as update:
            found = check_data(
                protocol, folder, ResultsFolder(results), workers=worker_count(workers),
                show=lambda done, total: update(done, total, ""),
            )  # fmt: skip
    except KeyboardInterrupt:
        raise Interrupted(
            "Stopped. Type the same command again to go on; the photographs that were checked are not read again."
        ) from None
    if as_json:
        click.echo(json.dumps(found.as_json()))
    else:
        _print(open_console(), found, quiet)
    context.exit(1 if found.problems else 0)


def _print(out: "Console", found: "DataCheck", quiet: bool) -> None:
    """The summary: a row per split, what was counted, notes, and last whether training and scoring are possible."""
    out.print(f"{found.protocol} in {found.data}", style="bold", highlight=False, markup=False)
    _print_splits(out, found)
    scored = {found.train_split, found.report_split}
    lacking = [split for split in found.splits if split.split in scored and split.unannotated]
    # Of these two the problem is said at the end, and where their files are looked for; the table says which others are missing.
    others = [split for split in found.splits if split.problem and split.split not in scored]
    absent = _unreadable([split for split in others if not (split.unannotated and lacking)], found.problems)
    _section(out, "Found", (*(its.sentence for its in found.findings), *_of_photographs(found), *absent))
    _section(out, "Damaged", found.damaged, "red")
    _section(out, "Notes", () if quiet else found.notes, "yellow")
    _section(out, "Problems", _folders_once(found.problems) if len(lacking) > 1 else found.problems, "red")
    if found.download and any(split.problem or split.missing for split in found.splits):
        _section(out, "Where the files come from", (found.download,))
    if any(split.present for split in found.splits):
        _section(out, "Facts and hashes of every photograph", (found.cache,))
    if not found.problems:
        out.print("Training and scoring are possible.", style="green")


def _unreadable(splits: "Sequence[SplitCheck]", said: "Sequence[str]") -> list[str]:
    """Why splits cannot be read, each reason once with its splits; not where a problem says it anyway."""
    reasons: dict[str, list[str]] = {}
    for split in splits:
        if not any(problem.endswith(split.problem) for problem in said):
            reasons.setdefault(split.problem, []).append(split.split)
    return [f"{', '.join(names)}: {reason}" for reason, names in reasons.items()]


def _folders_once(problems: "Sequence[str]") -> list[str]:
    """Problems of missing annotations; one that ends with the folders of the one before it says `in the same folders`."""
    told = list(problems[:1])
    for before, problem in pairwise(problems):
        folders = before[before.find(FOLDERS, before.find(NAMES)) :]
        same = NAMES in before and problem.endswith(folders)
        told.append(f"{problem.removesuffix(folders)} in the same folders." if same else problem)
    return told


def _of_photographs(found: "DataCheck") -> list[str]:
    """Sentences on what the photographs of two splits share; nothing where one split has no photographs."""
    present = {split.split: split.present for split in found.splits}
    if not (present[found.train_split] and present[found.report_split]):
        return []
    if found.duplicates:
        return [its.sentence for its in found.duplicates]
    return [f"No photograph is in both {found.train_split} and {found.report_split}, and no two look alike."]


def _print_splits(out: "Console", found: "DataCheck") -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("split", "people", "photographs"):
        table.add_column(column, no_wrap=True)
    table.add_column("annotation", overflow="fold")
    table.add_column("sha256", no_wrap=True)
    for split in found.splits:
        table.add_row(*_cells(split))
    out.print(table, highlight=False, markup=False)


def _cells(split: "SplitCheck") -> tuple[str, ...]:
    if split.problem:
        known = "–" if split.known is None else f"0 of {split.known:,}"
        return split.split, known, "–", "missing" if split.unannotated else "cannot be read", ""
    people = f"{split.people:,}" + ("" if split.known is None else f" of {split.known:,}")
    present = f"{split.present:,} of {split.needed:,}"
    return split.split, people, present, split.annotation, split.annotation_sha256[:SHORT]


def _section(out: "Console", title: str, lines: "Sequence[str]", style: str = "") -> None:
    """A title, and each line indented below it; nothing where there are no lines."""
    from rich.padding import Padding
    from rich.text import Text

    if lines:
        out.print(title, style="bold")
    for line in lines:
        out.print(Padding(Text(line, style=style), (0, 0, 0, 2)))
