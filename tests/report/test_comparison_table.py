"""Differences as text, in notebooks and on a terminal."""

import io
import math
import re

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


def test_equal_scores_are_equal_only_where_no_resample_differs() -> None:
    same = Difference("Mean", a=88.0, b=88.0, interval=(0.0, 0.0), p=1.0)
    chance = Difference("Head", a=95.0, b=95.0, interval=(-0.5, 0.4), p=1.0)
    unknown = Difference("nose", a=math.nan, b=math.nan)
    records = [record("a"), record("b", predictions_sha256="d" * 64)]
    for first, sentence in ((same, "Mean: no difference."), (chance, "Head: not resolved.")):
        pair, out = Pair("a", "b", first, (same, chance), (unknown,)), io.StringIO()
        print_comparison(Console(file=out, width=120), records, [pair])
        lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
        assert lines[0] == f"{sentence} a and b both score {first.a:.2f}."
        assert "Mean 88.00 88.00 +0.00 [+0.00, +0.00] 1.000 equal" in lines
        assert "Head 95.00 95.00 +0.00 [-0.50, +0.40] 1.000 not resolved" in lines
        assert "nose – – – – – –" in lines
        assert re.findall("<td[^>]*>(equal|not resolved)</td>", html([pair], records[0])) == ["equal", "not resolved"]
