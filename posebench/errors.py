"""The one kind of error that a user can mend: what is wrong, the value, and the fix."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class PosebenchError(Exception):
    """Something outside the code is wrong. The message is a sentence for the user; the CLI prints it alone."""

    exit_code = 1


class NoAnnotation(PosebenchError):
    """The annotation file of a split is not there."""


class Interrupted(PosebenchError):
    """The user stopped long work. The message says how to go on."""

    exit_code = 130  # as a shell reports Ctrl-C


SHORTEST = 3
"""Letters of a name or of its beginning, below which it suggests nothing."""


MOST_LISTED = 30
"""Known names that an error lists."""


def unknown(
    what: str, name: str, known: Iterable[str], label: str = "Known", others: Iterable[str] = ()
) -> PosebenchError:
    """The error for a name that is not among `known`, with the nearest ones suggested, whatever their case.

    Args:
        others: names that may be suggested, too, but are not listed.
    """
    names = sorted(known, key=natural)
    near = " or ".join(map(repr, _nearest(name, [*names, *sorted(others, key=natural)])))
    guess = f" Did you mean {near}?" if near else ""
    return PosebenchError(f"No {what} is named {name!r}.{guess} {label}: {listed(names, MOST_LISTED)}.")


def _nearest(name: str, known: Iterable[str]) -> list[str]:
    """The names that begin with `name`, at most three; else the most similar one, or one with which `name` begins."""
    folded = {one.casefold(): one for one in known}
    typed = name.casefold()
    begun = [one for one in folded if one.startswith(typed)] if len(typed) >= SHORTEST else []
    # Difflib finds `val` too unlike `validation`.
    shorter = [one for one in folded if len(one) >= SHORTEST and typed.startswith(one)]
    return [folded[one] for one in begun[:3] or get_close_matches(typed, folded, n=1) or shorter[:1]]


def listed(names: Iterable[str], most: int | None = None) -> str:
    """Names with commas between them, all in quotation marks if one of them contains a comma; `none` if there is none.

    Args:
        most: how many are listed; the others are counted. None for all.
    """
    found = list(names)
    shown = [repr(one) for one in found] if any("," in one for one in found) else found
    more = len(shown) - len(shown[:most])
    return (", ".join(shown[:most]) or "none") + f", and {more:,} more" * bool(more)


def natural(text: str) -> list[str | int]:
    """Sort key under which hourglass2 comes before hourglass10."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", text)]


def counted(number: int, one: str, many: str) -> str:
    """Such as `1 person` or `2,958 people`."""
    return f"{number:,} {one if number == 1 else many}"


def duration(seconds: float) -> str:
    """A time as a person reads it, such as `12 s`, `4 min 47 s`, `33 min`, `2 h 8 min` or `3 d 4 h`."""
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 59.5:
        return f"{round(seconds)} s"
    if minutes < 10:
        return f"{round(seconds) // 60} min {round(seconds) % 60} s"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 24 * 60 else f"{hours // 24} d {hours % 24} h"


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


def existing_or_folder(path: Path, what: str) -> Path:
    """`path` as `existing`, or a folder: whether predictions may be a folder depends on the protocol.

    Raises:
        PosebenchError: nothing is there, or it is a device or empty.
    """
    return path if path.is_dir() else existing(path, what)
