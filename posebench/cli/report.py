"""`posebench report`."""

from pathlib import Path

import click

from posebench.cli.options import results_option
from posebench.errors import counted


@click.command()
@results_option
def report(results: Path) -> None:
    """Write leaderboards, plots and the page from the records."""
    from posebench.cli.console import open_console
    from posebench.cli.show_leaderboard import print_leaderboards
    from posebench.report.page import write_report
    from posebench.results.record import load_records

    paths = write_report(results)
    print_leaderboards(open_console(), load_records(results))
    # One line each for what a reader opens: a long list would push the tables off the screen.
    first = [path for path in paths if path.name in ("index.html", "leaderboard.md")]
    for path in first:
        click.echo(path)
    if len(paths) > len(first):
        click.echo(f"and {counted(len(paths) - len(first), 'more file', 'more files')} below {results}")
