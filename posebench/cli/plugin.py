"""`posebench plugin`."""

import contextlib
import json
import sys
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import click

from posebench.cli.options import json_option

if TYPE_CHECKING:
    from posebench.plugin_checks.runner import Finding, Proof

MARKS = {"passed": ("✓", "green"), "failed": ("✗", "bold red"), "skipped": ("–", "yellow")}


@click.group()
def plugin() -> None:
    """Tools for authors of architectures and protocols."""


@plugin.command()
@click.argument("name")
@click.option("--no-train", is_flag=True, help="Skip the check that trains, the longest one.")
@click.option(
    "--seconds",
    type=click.FloatRange(1),
    default=120.0,
    show_default=True,
    help="Time limit for the check that trains.",
)
@json_option
@click.pass_context
def check(ctx: click.Context, name: str, no_train: bool, seconds: float, as_json: bool) -> None:
    """Run all checks on the plugin NAME.

    For each, prints that it passed, or the reason and a fix. Runs on the CPU with fixed seeds, in about a minute. The exit code is
    1 if a check fails.
    """
    from posebench.plugin_checks import suite

    proofs = []
    with contextlib.redirect_stdout(sys.stderr) if as_json else contextlib.nullcontext():  # a plugin may print
        for kind in suite.kinds(name):
            page = _Page(quiet=as_json)
            page.head(kind, name)
            made = suite.prove(kind, name, train=not no_train, seconds=seconds, watch=page.watch, tell=page.tell)
            page.foot(made)
            proofs.append(made)
    if as_json:
        passed = not any(made.failed for made in proofs)
        click.echo(json.dumps({"name": name, "passed": passed, "proofs": [made.as_json() for made in proofs]}))
    ctx.exit(int(any(made.failed for made in proofs)))


class _Page:
    """One page on the terminal: a line per check as it ends, reasons and fixes where it failed."""

    def __init__(self, quiet: bool) -> None:
        from posebench.cli.console import open_console

        self.out, self.quiet = open_console(), quiet
        self.errors = open_console(stderr=True)

    def head(self, kind: str, name: str) -> None:
        """Print the plugin and its package."""
        from rich.markup import escape

        from posebench.plugins.registry import find

        found = find("protocol" if kind == "protocol" else "architecture", name)
        origin = f"{kind} ({found.target} of {found.package} {found.version})"
        self._say(f"[bold]{escape(name)}[/bold], {escape(origin)}")

    def tell(self, finding: "Finding") -> None:
        """Print the finding of one check; with promise and fix if it failed."""
        from rich.markup import escape

        mark, style = MARKS[finding.outcome]
        self._say(f"[{style}]{mark}[/] {finding.check:<10} {escape(finding.detail)}")
        if finding.outcome == "failed":
            self._say(f"  {'':<10} [dim]promise:[/dim] {escape(finding.promise)}")
            self._say(f"  {'':<10} [bold]fix:[/bold] {escape(finding.fix)}")

    def foot(self, made: "Proof") -> None:
        """Print what the plugin costs, and how many checks passed."""
        facts = made.facts
        if facts:
            width, height = facts["input_size"]
            unused = facts["unused_parameters"]
            self._say(
                f"{facts['parameters']:,} parameters, {'?' if unused is None else f'{unused:,}'} unused; "
                f"{facts['milliseconds_per_crop']:g} ms per crop of {height}×{width} on one CPU thread"
            )
        counts = [sum(finding.outcome == outcome for finding in made.findings) for outcome in MARKS]
        verdict = "[bold red]FAILED[/]" if made.failed else "[bold green]passed[/]"
        self._say(f"{verdict}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped")

    def watch(self, title: str) -> AbstractContextManager[Any]:
        """A progress bar on stderr."""
        from posebench.cli.console import progress

        return progress(self.errors, title)

    def _say(self, text: str) -> None:
        if not self.quiet:
            self.out.print(text, highlight=False, soft_wrap=True)
