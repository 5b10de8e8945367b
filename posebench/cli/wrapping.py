"""Wrapping: sentences in lines of a terminal's width. Without rich, because errors need it before anything is imported."""

import shutil
from textwrap import fill
from typing import TextIO

from posebench.plain_text import printable


def terminal_width(file: TextIO) -> int | None:
    """Characters of a line where the file is a terminal, else None."""
    return shutil.get_terminal_size().columns if file.isatty() else None


def wrapped(text: str, width: int | None) -> str:
    """Printable text in lines of at most `width` characters, broken at spaces only; None keeps its lines.

    A longer word, such as a path, stays whole, so that it can be copied. Indented lines go on indented.
    """
    text = printable(text)
    if width is None:
        return text
    lines = []
    for line in text.split("\n"):
        indent = " " * (len(line) - len(line.lstrip()))
        lines.append(fill(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False))
    return "\n".join(lines)
