"""The one kind of error that a user can mend: what is wrong, the value, and the fix."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class PosebenchError(Exception):
    """Something outside the code is wrong. The message is a sentence for the user; the CLI prints it alone."""

    exit_code = 1


class Interrupted(PosebenchError):
    """The user stopped long work. The message says how to go on."""

    exit_code = 130  # as a shell reports Ctrl-C


SHORTEST = 3
"""Letters of a name or of its beginning, below which it suggests nothing."""


def _begins(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def unknown(what: str, name: str, known: Iterable[str], label: str = "Known") -> PosebenchError:
    """The error for a name that is not among `known`, with the nearest one suggested, whatever its case."""
    names = sorted(known, key=natural)
    folded = {one.casefold(): one for one in names}
    typed = name.casefold()
    # Difflib finds `val` too unlike `validation`.
    begun = [one for one in folded if len(one) >= SHORTEST and len(typed) >= SHORTEST and _begins(one, typed)]
    near = get_close_matches(typed, folded, n=1) or begun
    guess = f" Did you mean {folded[near[0]]!r}?" if near else ""
    return PosebenchError(f"No {what} is named {name!r}.{guess} {label}: {', '.join(names) or 'none'}.")


def natural(text: str) -> list[str | int]:
    """Sort key under which hourglass2 comes before hourglass10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", text)]


def counted(number: int, one: str, many: str) -> str:
    """Such as `1 person` or `2,958 people`."""
    return f"{number:,} {one if number == 1 else many}"


def existing(path: Path, what: str) -> Path:
    """`path` if it is a file with something in it, else a sentence that says what was looked for and where.

    Raises:
        PosebenchError: nothing is there, or it is a folder, a device, or empty.
    """
    if path.is_file() and path.stat().st_size:
        return path
    if path.is_dir():
        raise PosebenchError(f"{path} is a folder; {what} should be a file.")
    if path.is_file():
        raise PosebenchError(f"{path} is empty; {what} should be there.")
    if path.exists():
        raise PosebenchError(f"{path} is a device, not a file; {what} should be there.")
    raise PosebenchError(f"{path} does not exist; {what} should be there.")
