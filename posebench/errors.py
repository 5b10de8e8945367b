"""The one kind of error that a user can mend: what is wrong, the value, and the fix."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class PosebenchError(Exception):
    """Something outside the code is wrong. The message is a sentence for the user; the CLI prints it alone."""


def unknown(what: str, name: str, known: Iterable[str], label: str = "Known") -> PosebenchError:
    """The error for a name that is not among `known`, with the nearest one suggested."""
    names = sorted(known, key=natural)
    near = get_close_matches(name, names, n=1)
    guess = f" Did you mean {near[0]!r}?" if near else ""
    return PosebenchError(f"No {what} is named {name!r}.{guess} {label}: {', '.join(names) or 'none'}.")


def natural(text: str) -> list[str | int]:
    """Sort key under which hourglass2 comes before hourglass10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", text)]


def existing(path: Path, what: str) -> Path:
    """`path` if it is a file, else a sentence that says what was looked for and where.

    Raises:
        PosebenchError: nothing is there, or it is a folder.
    """
    if path.is_file():
        return path
    if path.is_dir():
        raise PosebenchError(f"{path} is a folder; {what} should be a file.")
    raise PosebenchError(f"{path} does not exist; {what} should be there.")
