"""`posebench report`."""

from pathlib import Path

import click

from posebench.cli.options import results_option
from posebench.errors import counted


@click.command()
@results_option
def report(results: Path) -> None:
    """Regenerate leaderboards, plots and the page from the records."""
    from posebench.cli import console as terminal
    from posebench.cli import show_leaderboard
    from posebench.report.page import write_report
    from posebench.results.record import load_records

    console = terminal.console()
    paths = write_report(results)
    for table in show_leaderboard.terminal_tables(load_records(results), console.width):
        console.print(table)
    # One line each for what a reader opens: a long list would push the tables off the screen.
    first = [path for path in paths if path.name in ("index.html", "leaderboard.md")]
    for path in first:
        console.print(str(path), highlight=False, soft_wrap=True)
    if len(paths) > len(first):
        console.print(
            f"and {counted(len(paths) - len(first), 'more file', 'more files')} below {results}",
            highlight=False,
            soft_wrap=True,
        )
