"""Text of others (names in files, paths, messages of libraries) as text that a terminal, a page and a file can hold."""

import unicodedata

KEPT = frozenset("\n\t")
"""Control characters that stay in `printable`."""


def printable(text: str) -> str:
    """Text with the characters that act instead of being seen as escapes, such as `\\x1b` or `\\u202e`.

    These are control characters but line ends and tabs, marks that reorder text, and bytes that are no Unicode.
    """
    if text.isprintable():
        return text
    return "".join(one if one in KEPT or not _acts(one) else one.encode("unicode_escape").decode() for one in text)


def one_line(text: str) -> str:
    """Text without line breaks, control characters and marks that reorder it; white space becomes a space."""
    return " ".join("".join(" " if _acts(one) else one for one in text).split())


def shown_name(text: str) -> str:
    """A file name on one line: as `printable`, and line ends and tabs become escapes, too."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def _acts(one: str) -> bool:
    """Whether a character is of Unicode's categories C: control, format, surrogate, private or unassigned."""
    return unicodedata.category(one)[0] == "C"
