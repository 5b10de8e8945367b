"""Runs a command in a pseudo-terminal and reads what a person sees there."""

import fcntl
import os
import struct
import termios
from dataclasses import dataclass
from pathlib import Path

import entry
import pyte


@dataclass(frozen=True)
class Seen:
    """What stood on the terminal in the end, scrolled-off lines first.

    Attributes:
        returncode: the command's exit code.
        lines: without spaces at the end.
        raw: every byte that was written, so also what was overwritten later, such as the states of a bar.
    """

    returncode: int
    lines: list[str]
    raw: bytes

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)


def type_posebench(
    *arguments: object,
    cwd: Path,
    columns: int,
    rows: int = 24,
    people: int | None = None,
    resamples: int | None = None,
    **variables: str,
) -> Seen:
    """Run `posebench` with arguments on a terminal of that size, without a size in the environment.

    Args:
        people, resamples: as in `entry`.
    """
    primary, secondary = os.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    environment |= {"TERM": "xterm-256color"} | variables
    entry.start([str(entry.ENTRY), *map(str, arguments)], cwd, environment, (secondary,) * 3, people, resamples)
    os.close(secondary)
    raw = b"".join(iter(lambda: _read(primary), b""))
    os.close(primary)
    screen = pyte.HistoryScreen(columns, rows, history=10_000, ratio=0.5)
    pyte.ByteStream(screen).feed(raw)
    above = ["".join(line[column].data for column in range(columns)) for line in screen.history.top]
    lines = [line.rstrip() for line in (*above, *screen.display)]
    return Seen(entry.wait(), lines, raw)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that the other end is closed
        return b""
