"""Text of others: what acts on a terminal or reorders a line is shown instead."""

import os

import pytest

from posebench.plain_text import one_line, printable, shown_name


@pytest.mark.parametrize(
    "text, shown",
    [
        ("café 人.jpg", "café 人.jpg"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b]0;title\x07", r"\x1b]0;title\x07"),
        ("a\x9b31m", r"a\x9b31m"),
        ("\u202egpj.exe", r"\u202egpj.exe"),
        (os.fsdecode(b"caf\xe9.jpg"), r"caf\udce9.jpg"),
        ("[/y] [red]", "[/y] [red]"),
    ],
)
def test_characters_that_act_become_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


def test_a_name_is_on_one_line() -> None:
    assert shown_name("a\nb\x1b[31m.jpg") == r"a\nb\x1b[31m.jpg"


def test_one_line_drops_what_would_break_or_reorder_a_line() -> None:
    assert one_line("a\r\n\tb\x1b[31m\u202ec  d") == "a b [31m c d"
