"""The console, and the progress of long work."""

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Column
from rich.text import Text

from posebench import torchrun
from posebench.cli.wrapping import wrapped
from posebench.plain_text import printable

WIDTH_IN_FILE = 150
"""Characters of a line where there is no terminal and COLUMNS does not say."""


class _PrintableConsole(Console):
    """Prints text as it is seen: names of others may have terminal escape sequences, or marks that reorder a line."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """The segments of what is printed. Rich's own escape sequences are added to them later."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


def open_console(stderr: bool = False, quiet: bool = False) -> Console:
    """The console of a command, as wide as the terminal; COLUMNS says otherwise."""
    silent = quiet or not torchrun.is_first()
    told = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal()
    return _PrintableConsole(stderr=stderr, quiet=silent, width=None if told else WIDTH_IN_FILE)


def say_synthetic(out: Console, data: Path | None, protocol: str) -> None:
    """The first line of every command that works on synthetic people."""
    if data is None:
        out.print(
            f"[yellow]No --data: synthetic people, drawn by posebench. These numbers are not comparable with {protocol}'s."
        )


def print_notes(out: Console, notes: Iterable[str]) -> None:
    """A line per note."""
    for note in notes:
        text = wrapped(note, out.width if out.is_terminal else None)
        out.print(text, style="yellow", highlight=False, markup=False, soft_wrap=True)


def print_fonts_note(names: Iterable[str]) -> None:
    """Say once which letters of names the pictures lack."""
    from posebench.report.plots.fonts import note

    print_notes(open_console(stderr=True), filter(None, [note(names)]))


def print_overlays(out: Console, path: Path | None) -> None:
    """Where overlays are; None where the protocol has none."""
    out.print(
        f"Overlays: {path or 'not drawn; this protocol does not score people one by one'}",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip


QUIET_SECONDS = 20
"""How often a line is written where there is no terminal."""

Update = Callable[[int, int, str], None]
"""Called with how much is done, of how much, and what to say of it, on one line or several."""


class _Bar(Progress):
    """One task: a line of title, bar, count and times; below it the note's lines, which then never displace a time."""

    def get_renderables(self) -> Iterable[RenderableType]:
        """The lines to draw."""
        yield self.make_tasks_table(self.tasks)
        for task in self.tasks:
            for line in task.fields["note"].splitlines():
                yield Text(f"  {line}", style="dim", no_wrap=True, overflow="ellipsis")


@contextmanager
def progress(console: Console, title: str, first: str = "") -> Iterator[Update]:
    """Show one task.

    Args:
        console: where to.
        title: what is being done.
        first: what is done before the first step, for a terminal.

    Yields:
        The function to call with each step.
    """
    if not console.is_terminal:
        yield _lines(console, title)
        return
    columns = (
        TextColumn("{task.description}", markup=False, table_column=Column(ratio=3, no_wrap=True, overflow="ellipsis")),
        BarColumn(bar_width=None, table_column=Column(ratio=2)),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("eta"),
        TimeRemainingColumn(),
    )
    with _Bar(*columns, console=console, expand=True) as bar:
        task = bar.add_task(title, total=None, note=first)
        try:
            yield lambda done, total, note: bar.update(task, completed=done, total=total, note=note)
        finally:
            bar.tasks[0].visible = bar.tasks[0].total is not None  # a bar that never began would stay as `0/?`


def _lines(console: Console, title: str) -> Update:
    started = said = time.monotonic()
    first: int | None = None

    def update(done: int, total: int, note: str) -> None:
        nonlocal said, first
        now = time.monotonic()
        first = done - 1 if first is None else first
        if done < total and now - said < QUIET_SECONDS:
            return
        said = now
        left = (now - started) / max(done - first, 1) * (total - done)
        spent = timedelta(seconds=round(now - started))
        console.print(
            f"{title} {done:,}/{total:,}  {spent}  eta {timedelta(seconds=round(left))}  {'  '.join(note.splitlines())}",
            highlight=False,
            markup=False,
        )

    return update
