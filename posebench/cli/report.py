"""`posebench report`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from posebench.cli.options import results_option
from posebench.errors import PosebenchError, counted

if TYPE_CHECKING:
    from posebench.report.plot_files import Format


@click.command()
@results_option
@click.option(
    "--format", "formats", type=click.Choice(["png", "pdf", "svg"]), multiple=True, default=["png"], show_default=True,
    help="Format of plots; may be repeated. PNG is always written, for the page.",
)  # fmt: skip
def report(results: Path, formats: "tuple[Format, ...]") -> None:
    """Write leaderboards, plots and the page from the records."""
    from posebench.cli.console import open_console, print_notes
    from posebench.cli.show_leaderboard import print_leaderboards
    from posebench.report.contents import read_contents
    from posebench.report.page import write_pages

    contents = read_contents(results)
    paths = write_pages(contents, formats)
    print_notes(open_console(stderr=True), contents.notes)
    print_leaderboards(open_console(), contents.boards)
    # One line each for what a reader opens: a long list would push the tables off the screen.
    first = [path for path in paths if path.name in ("index.html", "leaderboard.md")]
    for path in first:
        click.echo(path)
    if len(paths) > len(first):
        click.echo(f"and {counted(len(paths) - len(first), 'more file', 'more files')} below {results}")
    if contents.notes:
        left = counted(len(contents.notes), "file is", "files are")
        raise PosebenchError(f"{left} left out of the report, because of what is said above.")
