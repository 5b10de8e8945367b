"""The verification of a record on a terminal."""

from collections import Counter

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from posebench.errors import counted
from posebench.plain_text import one_line
from posebench.results.record_fields import Difference
from posebench.tasks.verification.stated_files import StatedFile
from posebench.tasks.verification.verify import Verification

MOST = 12
"""Differences that a terminal shows in full; `--json` has all."""
SHORT = 12
"""Digits of a hash in the lines of files."""
LONG = 30
"""Letters from which two values stand below each other."""
COLOURS = {"verified": "green", "differs": "red", "not checked": "yellow"}


def print_verification(out: Console, found: Verification, quiet: bool = False) -> None:
    """One record: its files with their hashes, then whether it is verified, and every difference with both values.

    Args:
        quiet: the record's file and its status alone.
    """
    colour = COLOURS[found.status]
    if quiet:
        out.print(f"{_text(found.origin)}: [{colour}]{found.status}[/{colour}]", highlight=False, soft_wrap=True)
        return
    record = found.record
    rule = f"{record.rule.protocol} v{record.rule.version}, {record.rule.short_scope}, on {record.data.what}"
    out.print(f"[bold]{_text(found.origin)}[/bold]", highlight=False, soft_wrap=True)
    _indented(out, f"{_text(record.name)}: {_text(rule)}")
    for file in (found.predictions, found.ground_truth, *found.provenance):
        _indented(out, _file(file))
    for note in found.notes:
        _indented(out, f"[yellow]Note:[/yellow] {_text(note)}")
    for problem in found.unchecked:
        _indented(out, f"[yellow]Not checked:[/yellow] {_text(problem)}")
    _print_differences(out, found.differences, "in the record", "computed again")
    if found.reworded:
        _indented(
            out,
            f"{counted(len(found.reworded), 'sentence is', 'sentences are')} in other words, with the same numbers:",
        )
        _print_differences(out, found.reworded, "in the record", "today")
    _indented(out, f"[bold {colour}]{found.status}[/bold {colour}]: {_summary(found)}")


def _summary(found: Verification) -> str:
    if found.status == "verified":
        same = found.compared - len(found.reworded)
        return f"{same:,} numbers and texts are computed again and equal to the last digit."
    if not found.compared:
        return "no number was computed again."
    differing = len(found.differences)
    return f"{differing:,} of {found.compared:,} numbers and texts {'differs' if differing == 1 else 'differ'}."


def _print_differences(out: Console, differences: tuple[Difference, ...], stated: str, recomputed: str) -> None:
    for one in differences[:MOST]:
        both = (_value(one.stated), stated), (_value(one.recomputed), recomputed)
        if max(len(value) for value, _ in both) < LONG:
            _indented(out, f"{_text(one.field)}: {', '.join(f'{value} {where}' for value, where in both)}", 4)
            continue
        _indented(out, f"{_text(one.field)}:", 4)
        for value, where in both:
            _indented(out, f"{where}: {value}", 6)
    rest = Counter(one.field.partition(".")[0].partition("[")[0] for one in differences[MOST:])
    if rest:
        fields = ", ".join(f"{number:,} in {_text(field)}" for field, number in rest.items())
        _indented(out, f"and {rest.total():,} more: {fields}. --json has all of them.", 4)


def _file(file: StatedFile) -> str:
    """A line of a file: what was stated, what was found."""
    name = f"{file.what} {file.name}".strip()
    if file.path is None:
        return f"{_text(name)}: not found, SHA-256 {_text(file.sha256[:SHORT])}…"
    if file.differs:
        return f"{_text(name)}: [red]another file[/red], {_text(str(file.path))}"
    hashed = f"SHA-256 {file.sha256[:SHORT]}… as stated" if file.sha256 else "drawn again"
    return f"{_text(name)}: {_text(str(file.path))}, {_text(hashed)}"


def _indented(out: Console, text: str, by: int = 2) -> None:
    """Lines of the console's width; a longer word, such as a path, stays whole, so that it can be copied."""
    line = Text(" " * by)
    for word in Text.from_markup(text).split(" "):
        if len(line) > by and line.cell_len + 1 + word.cell_len > out.width:
            out.print(line, highlight=False, soft_wrap=True)
            line = Text(" " * by)
        line.append(" " * (len(line) > by)).append_text(word)
    out.print(line, highlight=False, soft_wrap=True)


def _value(value: object) -> str:
    return _text(repr(value) if isinstance(value, float | int) else str(value))


def _text(text: str) -> str:
    return escape(one_line(text))
