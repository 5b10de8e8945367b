"""Differences as text, in notebooks and on a terminal."""

import io

from records import record
from rich.console import Console

from posebench.cli.show_comparison import print_comparison
from posebench.report.tables.comparison_table import html
from posebench.scoring.comparison import Difference, Pair


def test_a_difference_that_rounds_to_0_has_no_minus() -> None:
    least = Difference("Mean", a=88.001, b=88.002, interval=(-0.004, 0.003), p=0.9)
    pair, out = Pair("a", "b", least, (least,), ()), io.StringIO()
    print_comparison(Console(file=out, width=120), [record("a"), record("b", predictions_sha256="d" * 64)], [pair])
    for text in (out.getvalue(), html([pair], record("a"))):
        assert "+0.00" in text and "[+0.00, +0.00]" in text
        assert "-0.00" not in text
