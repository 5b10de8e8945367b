"""`posebench report`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.options import results_option
from posebench.cli.wrapping import terminal_width, wrapped
from posebench.errors import PosebenchError, counted

if TYPE_CHECKING:
    from posebench.report.plots.plot_files import Format


@click.command()
@results_option
@click.option(
    "--format", "formats", type=click.Choice(["png", "pdf", "svg"]), multiple=True, default=["png"], show_default=True,
    help="Format of plots; may be repeated. PNG is always written, for the page.",
)  # fmt: skip
@click.option(
    "--columns", metavar="NAME,...",
    help="Columns of the tables, in this order, by their headers: `rank,name,Mean,95 %`. Default: all.",
)  # fmt: skip
@click.option(
    "--only", multiple=True, metavar="PATTERN",
    help="Rows of the tables, by name or record id: `'hourglass*'`. May be repeated. Ranks are among these rows.",
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR",
    help="Folder for the report. Default: the one of --results; chosen rows or columns are then printed and not written.",
)  # fmt: skip
@click.option(
    "--single-file", is_flag=True,
    help="Put style, scripts and pictures into index.html, so that it can be sent alone. Links to other files are left out.",
)  # fmt: skip
def report(
    results: Path, formats: "tuple[Format, ...]", columns: str | None, only: tuple[str, ...], out: Path | None,
    single_file: bool,
) -> None:  # fmt: skip
    """Write leaderboards, plots and the page from the records."""
    from posebench.cli.console import open_console, print_fonts_note, print_notes
    from posebench.cli.show_leaderboard import print_leaderboards
    from posebench.report.tables.contents import placed, read_contents

    contents = read_contents(results, columns, only)
    chosen = columns is not None or bool(only)
    written = out is not None or not chosen
    if out is not None:
        contents = placed(contents, out)
    paths = []
    if written:
        from posebench.report.pages.page import write_pages  # and matplotlib, which tables alone do not need

        paths = write_pages(contents, formats, single_file)
        print_fonts_note(record.name for board in contents.boards for record in board.records)
    print_notes(open_console(stderr=True), contents.notes)
    print_leaderboards(open_console(), contents.boards, written)
    if written:
        _say_written(paths, contents.folder.path, single_file)
    else:
        said = f"Not written: the leaderboards in {results} keep all rows and columns. --out DIR writes this choice."
        click.echo(wrapped(said, terminal_width(sys.stdout)))
    if contents.notes:
        left = counted(len(contents.notes), "file is", "files are")
        raise PosebenchError(f"{left} left out of the report, because of what is said above.")


def _say_written(paths: list[Path], folder: Path, single_file: bool) -> None:
    """One line each for what a reader opens: a long list would push the tables off the screen."""
    first = [path for path in paths if path.name in ("index.html", "leaderboard.md")]
    for path in first:
        click.echo(path)
    if len(paths) > len(first):
        click.echo(f"and {counted(len(paths) - len(first), 'more file', 'more files')} below {folder}")
    if single_file:
        click.echo("index.html has everything within itself: send this one file.")
