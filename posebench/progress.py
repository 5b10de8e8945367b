"""Progress of long work: a bar with the time left on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

QUIET_SECONDS = 20
"""How often a line is written where there is no terminal."""

Update = Callable[[int, int, str], None]
"""Called with how much is done, of how much, and what to say of it."""


@contextmanager
def progress(console: Console, title: str) -> Iterator[Update]:
    """Show one task.

    Args:
        console: where to.
        title: what is being done.

    Yields:
        The function to call with each step.
    """
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"),
                   TimeElapsedColumn(), TextColumn("eta"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"))  # fmt: skip
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(title, total=None, note="")
            yield lambda done, total, note: bar.update(task, completed=done, total=total, note=note)
    else:
        yield _lines(console, title)


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
            f"{title} {done:,}/{total:,}  {spent}  eta {timedelta(seconds=round(left))}  {note}", highlight=False
        )

    return update
