"""Leaderboards in LaTeX: the structure, the marks, and names that cannot act."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from records import COCO, FLIC, record

from posebench.report.tables.boards import boards
from posebench.report.tables.latex import COMMANDS, escape, tex
from posebench.report.tables.published_scores import published

RESULTS = Path(__file__).parents[2] / "results"
HOSTILE = r"\input{/etc/passwd} 50% & $x_1^2$ #1 ~{a} <b> |c| `d' \"e\" ?`f --- [2pt] \\"


def drawn(center: float, row: int) -> list[float]:
    """Resamples around a value: a part that all rows have, and one of each row's own."""
    return [center + 0.3 * (i * 7 % 11 - 5) + 0.1 * (i * (row + 2) % 13 - 6) for i in range(200)]


def three_rows() -> str:
    """Two rows that are close to each other, one far below."""
    rows = (("best", 70.0, 89.0), ("close", 95.5, 88.98), ("far", 95.499, 60.0))
    (board,) = boards(
        record(
            name, metrics={"Head": head, "Mean": mean}, intervals={"Mean": (mean - 0.75, mean + 0.5)},
            resampled=drawn(mean, place),
        )
        for place, (name, head, mean) in enumerate(rows)
    )  # fmt: skip
    return tex(board)


def cells(text: str, name: str) -> list[str]:
    """The cells of the row of that name."""
    (line,) = [line for line in text.splitlines() if f"& {name} &" in line]
    return line.strip().removesuffix(r" \\").split(" & ")


def test_a_table_is_a_booktabs_table_with_caption_and_label() -> None:
    text = three_rows()
    order = (
        r"\usepackage{booktabs}", r"\begin{table}", r"\caption{mpii val (valid.h5): mpii v1, official; 2,958 people.",
        r"\label{tab:mpii-official-", r"\begin{tabular}{llrrrr}", r"\toprule",
        r"Rank & Name & input (h$\times$w) & params (M) & Head & Mean \\", r"\midrule", "& best &", r"\addlinespace", "& far &",
        r"\bottomrule", r"\end{tabular}", r"\end{table}",
    )  # fmt: skip
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_the_best_of_each_metric_as_shown_is_bold() -> None:
    text = three_rows()
    assert cells(text, "best")[4] == "70.00"
    assert [cells(text, name)[4] for name in ("close", "far")] == [r"\textbf{95.50}"] * 2
    assert [cells(text, name)[5].startswith(r"\textbf{") for name in ("best", "close", "far")] == [True, False, False]


def test_what_is_not_resolved_from_the_best_is_marked_and_the_mark_explained() -> None:
    text = three_rows()
    marked = [r"$^{\dagger}$" in cells(text, name)[5] for name in ("best", "close", "far")]
    assert marked == [False, True, False]
    assert r"$^{\dagger}$ Not significantly worse than any row, at a joint level of 95 \%." in text
    assert "dagger" not in tex(boards([record()])[0])


def test_the_headline_has_its_interval_as_a_subscript() -> None:
    text = three_rows()
    assert cells(text, "best")[5] == r"\textbf{89.00}\,\textsubscript{88.25--89.50}"
    assert r"Subscripts: 95 \% intervals." in text
    assert "textsubscript" not in tex(boards([record()])[0])


def test_one_row_has_nothing_in_bold_and_unknown_values_are_dashes() -> None:
    text = tex(boards([record(metrics={"Mean": 88.0, "PCK": None})])[0])
    assert "textbf" not in text
    assert cells(text, "hourglass8")[4:] == ["88.00", "--"]


def test_the_annotators_agreement_stands_below_a_rule() -> None:
    ceiling = {"what": "Two annotations.", "metrics": {"Elbow": 98.5}, "curves": []}
    text = tex(boards([record(base=FLIC, ceiling=ceiling)])[0])
    last = text[text.rindex(r"\midrule") : text.index(r"\bottomrule")].splitlines()[1].strip()
    assert last == r" & annotators' own agreement & 98.50 &  \\".strip()
    assert "% annotators' own agreement: Two annotations." in text


def test_names_that_several_rows_have_are_told_apart_by_their_training() -> None:
    models = [{"arch": "net", "trained_on": {"dataset": data}} for data in ("LSP", "MPII")]
    text = tex(
        boards(
            record("net", model=model, predictions_sha256=digest * 64)
            for model, digest in zip(models, "12", strict=True)
        )[0]
    )
    assert "& net (on LSP) &" in text and "& net (on MPII) &" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b & 50% #1", r"a\_b \& 50\% \#1"),
        (r"\input{x}", r"\textbackslash{}input\{x\}"),
        ("$x^2$ ~ |y|", r"\$x\textasciicircum{}2\$ \textasciitilde{} \textbar{}y\textbar{}"),
        ("hg-s8 a--b a---b", r"hg-s8 a-{}-b a-{}-{}-b"),
        ("88–89, 256×256", r"88--89, 256$\times$256"),
        ("0.1 <= x < 2", r"0.1 $\leq$ x \textless{} 2"),
        ("line\nbreak \x1b[31m", "line break [31m"),
        ('?`"q"', r"?\textasciigrave{}''q''"),
    ],
)
def test_text_is_printed_as_it_is(text: str, shown: str) -> None:
    assert escape(text) == shown


def test_no_character_of_a_name_is_left_that_acts() -> None:
    plain = escape(HOSTILE)
    for command in sorted({*COMMANDS.values()} - {"''", "--", "---", "~"}, key=len, reverse=True):
        plain = plain.replace(command, "")
    assert not set(plain) & set("\\{}$&#_%^~")
    text = tex(boards([record(HOSTILE, notes=["a\n\\end{document}"])])[0])
    assert "% a \\end{document}\n" in text  # a comment of one line
    assert text.count(r"\end{document}") == 1
    assert len(re.findall(r"(?<!\\)&", next(line for line in text.splitlines() if "passwd" in line))) == 7


def test_the_tables_compile_with_nothing_but_booktabs(tmp_path: Path) -> None:
    pdflatex = shutil.which("pdflatex")
    if pdflatex is None:
        pytest.skip("pdflatex is not on this machine (Debian: texlive-latex-recommended)")
    tables = [
        three_rows(),
        tex(boards([record(rule={"convention": "bearpaw"})])[0], published(RESULTS)),
        *(tex(board) for board in boards([record(HOSTILE), record("é ü ß", base=FLIC), record(base=COCO)])),
    ]
    document = r"\documentclass{article}\usepackage{booktabs}\begin{document}%s\end{document}"
    (tmp_path / "x.tex").write_text(document.replace("%s", "\n".join(tables)))
    command = [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "x.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    assert b"Missing character" not in (tmp_path / "x.log").read_bytes()
